/*
 * ratelimit.h - a token bucket per client address or per account, in a table of fixed size.
 *
 * When a row of the table is full, the key that has been quiet longest gives way: it loses at most the memory of
 * requests it sent that long ago. The buckets are this process's own memory: no other process can take them away.
 */
#ifndef GATEWAY_RATELIMIT_H
#define GATEWAY_RATELIMIT_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

enum { RATELIMIT_WAYS = 4, RATELIMIT_KEY = 16 };

struct bucket {
    unsigned char key[RATELIMIT_KEY];
    int64_t at_us; /* mono_us of the last request; 0: free */
    double tokens; /* then left */
};

struct ratelimit {
    double per_us, burst;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    size_t n_sets;
    struct bucket *table; /* n_sets rows of RATELIMIT_WAYS; NULL: no limit */
    uint64_t limited;
};

/* Remembers n_sets * RATELIMIT_WAYS keys. `per_second` 0: no limit. -1: memory is out. */
int ratelimit_open(struct ratelimit *limit, size_t n_sets, int64_t per_second, int64_t burst)
    __attribute__((warn_unused_result));
void ratelimit_close(struct ratelimit *limit);
/* Takes one request out of the key's bucket; false when there is none left. `now` is mono_us. */
bool ratelimit_take(struct ratelimit *limit, const unsigned char key[RATELIMIT_KEY], int64_t now);

#endif
