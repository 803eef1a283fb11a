/* as_of.h - subtrees as of any day: whoever asks about one finds its range of paths here. */
#ifndef IDENTITY_AS_OF_H
#define IDENTITY_AS_OF_H

#include "identity.h"

/*
 * The subtree below `unit_id` as of a day (has_day false: today). FORBIDDEN about unit_id when it is not the caller's;
 * NOT_FOUND about as_of when the unit was not there on that day. 0 or fail().
 */
MUST_CHECK int unit_range_as_of(struct ctx *ctx, struct uuid unit_id, bool has_day, int32_t day,
                                struct unit_range *ret_range);

#endif
