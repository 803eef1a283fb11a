/* ratelimit.c - token buckets, see ratelimit.h. */
#include "ratelimit.h"

int ratelimit_open(struct ratelimit *limit, int64_t per_second, int64_t burst)
{
    *limit = (struct ratelimit){.per_us = (double)per_second / 1e6, .burst = (double)burst};
    crypto_shorthash_keygen(limit->hash_key);
    if (per_second == 0)
        return 0;
    limit->table = calloc(RATELIMIT_SETS * RATELIMIT_WAYS, sizeof(*limit->table));
    return limit->table ? 0 : -1;
}

void ratelimit_close(struct ratelimit *limit)
{
    free(limit->table);
    limit->table = NULL;
}

/* The address's bucket, or the one that it takes over: a free one, or the one that was quiet longest. */
static struct bucket *find(struct ratelimit *limit, const struct address *address, bool *ret_known)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, address->b, sizeof(address->b), limit->hash_key);
    struct bucket *row = limit->table + hash % RATELIMIT_SETS * RATELIMIT_WAYS, *quiet = row;
    for (struct bucket *bucket = row; bucket < row + RATELIMIT_WAYS; bucket++) {
        if (bucket->at_us && address_equal(&bucket->address, address)) {
            *ret_known = true;
            return bucket;
        }
        if (bucket->at_us < quiet->at_us)
            quiet = bucket;
    }
    *ret_known = false;
    return quiet;
}

bool ratelimit_take(struct ratelimit *limit, const struct address *address, int64_t now)
{
    bool known;
    if (!limit->table)
        return true;
    struct address subscriber = address_subscriber(address);
    struct bucket *bucket = find(limit, &subscriber, &known);
    double tokens = limit->burst;
    if (known) {
        int64_t passed = now > bucket->at_us ? now - bucket->at_us : 0; /* the clock may be set back */
        tokens = bucket->tokens + (double)passed * limit->per_us;
        tokens = tokens < limit->burst ? tokens : limit->burst;
    }
    bool allowed = tokens >= 1;
    *bucket = (struct bucket){subscriber, now, allowed ? tokens - 1 : tokens};
    limit->limited += !allowed;
    return allowed;
}
