/*
 * response.h - what a learner of the demonstration answers to an item, rightly or wrongly. Knows the sample's keys;
 * speaks to nobody.
 */
#ifndef CTL_RESPONSE_H
#define CTL_RESPONSE_H

#include "proto.h"
#include "sample.h"

/* The item of the sample that is shown; NULL when its type, choices or targets are not those of the sample. */
const struct sample_item *response_item(const struct sample *sample, const struct item_shown *shown);

/*
 * A response to a shown item of the sample that is worth all of its points, or none of them, also where a part of an
 * answer brings a part of the points. `random` takes one of those there are. Lives in the arena. -1: there is none, or
 * the arena is full.
 */
MUST_CHECK int response_make(struct arena *arena, const struct sample_item *item, const struct item_shown *shown,
                             bool rightly, uint64_t random, struct span *ret_response);

#endif
