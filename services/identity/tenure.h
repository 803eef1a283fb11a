/* tenure.h - changes of tenures on record: a repeat is known by its id and the hash of what it asks. */
#ifndef IDENTITY_TENURE_H
#define IDENTITY_TENURE_H

#include "identity.h"

/* BLAKE2b-256 of a request, in the arena; the caller has taken personal numbers out of it. 0 or fail(). */
MUST_CHECK int tenure_content(struct ctx *ctx, const struct msg *desc, const void *request, struct span *ret_hash);

/* Is this very change on record already? Another content under its id is CONFLICT about `field`. 0 or fail(). */
MUST_CHECK int tenure_repeat(struct ctx *ctx, struct uuid change_id, struct span content, const char *field,
                             bool *ret_repeated);

#endif
