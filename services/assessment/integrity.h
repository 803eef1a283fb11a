/* integrity.h - the facts recorded about an attempt, for whoever has seen to it that the caller may know them. */
#ifndef ASSESSMENT_INTEGRITY_H
#define ASSESSMENT_INTEGRITY_H

#include "service.h"

/* In the arena, with their sentences, by kind and position; a thousand at most. 0 or fail(). */
MUST_CHECK int integrity_facts_of(struct ctx *ctx, const struct uuid *attempt_id, struct integrity_fact **ret_facts,
                                  uint32_t *ret_n);

#endif
