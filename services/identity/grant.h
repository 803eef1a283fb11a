/* grant.h - rights as the rest of the service sees them. */
#ifndef IDENTITY_GRANT_H
#define IDENTITY_GRANT_H

#include "identity.h"

enum { MOST_UNITS = 32 /* with rights, of one person: rights_held gives no more */ };

/* What a person may do today: what an access token says, and until when it may say so. */
struct rights {
    struct grant *grants; /* in the arena */
    uint32_t n;
    int64_t until_us; /* wall clock: the moment at which some of it is over; INT64_MAX: no such day is known */
};
/* Only grants whose whole chain up to the root holds, and only while the person has a tenure. 0 or fail(). */
MUST_CHECK int rights_of(struct ctx *ctx, struct uuid person_id, struct rights *ret_rights);
/* The same from rows that have been read. 0 or fail(). */
MUST_CHECK int rights_take(struct ctx *ctx, const struct right_row *rows, uint32_t n, struct rights *ret_rights);

/*
 * Opens a transaction (as pg_begin) in which nobody else changes grants. Whoever writes grants calls this, or runs
 * SQL_grants_lock in the transaction that he has; after the lock of imports, if he takes that too. 0 or fail().
 */
MUST_CHECK int grants_begin(struct ctx *ctx);

#endif
