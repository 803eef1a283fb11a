/* ratelimit.c - token buckets, see ratelimit.h. */
#include "ratelimit.h"

#include <stdlib.h>
#include <string.h>

int ratelimit_open(struct ratelimit *limit, size_t n_sets, int64_t per_second, int64_t burst)
{
    *limit = (struct ratelimit){.per_us = (double)per_second / 1e6, .burst = (double)burst, .n_sets = n_sets};
    crypto_shorthash_keygen(limit->hash_key);
    if (per_second == 0)
        return 0;
    limit->table = calloc(n_sets * RATELIMIT_WAYS, sizeof(*limit->table));
    return limit->table ? 0 : -1;
}

void ratelimit_close(struct ratelimit *limit)
{
    free(limit->table);
    limit->table = NULL;
}

/* The key's bucket, or the one that it takes over: a free one, or the one that was quiet longest. */
static struct bucket *find(struct ratelimit *limit, const unsigned char key[RATELIMIT_KEY], bool *ret_known)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, key, RATELIMIT_KEY, limit->hash_key);
    struct bucket *row = limit->table + hash % limit->n_sets * RATELIMIT_WAYS, *quiet = row;
    for (struct bucket *bucket = row; bucket < row + RATELIMIT_WAYS; bucket++) {
        if (bucket->at_us && !memcmp(bucket->key, key, RATELIMIT_KEY)) {
            *ret_known = true;
            return bucket;
        }
        if (bucket->at_us < quiet->at_us)
            quiet = bucket;
    }
    *ret_known = false;
    return quiet;
}

bool ratelimit_take(struct ratelimit *limit, const unsigned char key[RATELIMIT_KEY], int64_t now)
{
    bool known;
    if (!limit->table)
        return true;
    struct bucket *bucket = find(limit, key, &known);
    double tokens = limit->burst;
    if (known) {
        int64_t passed = now > bucket->at_us ? now - bucket->at_us : 0; /* the clock may be set back */
        tokens = bucket->tokens + (double)passed * limit->per_us;
        tokens = tokens < limit->burst ? tokens : limit->burst;
    }
    bool allowed = tokens >= 1;
    memcpy(bucket->key, key, RATELIMIT_KEY);
    bucket->at_us = now;
    bucket->tokens = allowed ? tokens - 1 : tokens;
    limit->limited += !allowed;
    return allowed;
}
