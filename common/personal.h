/*
 * personal.h - what a service keeps about a person: read section by section, erased as far as law allows. The service
 * names its sections in its main (.personal); person_data and person_erase are answered by the skeleton.
 */
#ifndef COMMON_PERSONAL_H
#define COMMON_PERSONAL_H

#include "service.h"

/* A page of a section. 0 or fail(). */
MUST_CHECK int personal_read(struct ctx *ctx, const struct personal *sections, const struct person_data_query *req,
                             struct person_data_part *ret_part);
/* All sections in one transaction, which a dry run takes back. 0 or fail(). */
MUST_CHECK int personal_erase(struct ctx *ctx, const struct personal *sections, const struct person_erasure *req,
                              struct erased_sections *ret_erased);

#endif
