/*
 * archive.h - what takes minutes about a person's data: the archive over all services, and erasing. Both ask every
 * service on the bus; tests give answers of their own.
 */
#ifndef IDENTITY_ARCHIVE_H
#define IDENTITY_ARCHIVE_H

#include "service.h"

/* How other services are asked. Errors' codes; replies live until the next question. */
struct asking {
    int (*data)(void *arg, uint8_t service, const struct person_data_query *query, struct person_data_part *ret_part);
    int (*erase)(void *arg, uint8_t service, const struct person_erasure *query, struct erased_sections *ret_sections);
    void *arg;
};

/* Does all requests that wait for it; one whose services do not answer waits for the next run. 0 or fail(). */
MUST_CHECK int privacy_work(struct ctx *ctx, const struct asking *asking);
/* The job: the same over the bus. */
int privacy_run(struct ctx *ctx);
/* A tick. */
int archives_prune(struct ctx *ctx);

#endif
