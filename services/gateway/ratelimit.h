/*
 * ratelimit.h - a token bucket per client address, in a table of fixed size.
 *
 * When a row of the table is full, the address that has been quiet longest gives way: it loses at most the memory of
 * requests it sent that long ago.
 */
#ifndef GATEWAY_RATELIMIT_H
#define GATEWAY_RATELIMIT_H

#include "address.h"

#include <sodium.h>

enum { RATELIMIT_SETS = 1024, RATELIMIT_WAYS = 4 };

struct bucket {
    struct address address;
    int64_t at_us; /* mono_us of the last request; 0: free */
    double tokens; /* then left */
};

struct ratelimit {
    double per_us, burst;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct bucket *table; /* NULL: no limit */
    uint64_t limited;
};

/* `per_second` 0: no limit. */
MUST_CHECK int ratelimit_open(struct ratelimit *limit, int64_t per_second, int64_t burst);
void ratelimit_close(struct ratelimit *limit);
/* Takes one request out of the address's bucket; false when there is none left. `now` is mono_us. */
bool ratelimit_take(struct ratelimit *limit, const struct address *address, int64_t now);

#endif
