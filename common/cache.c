/* cache.c - Redis over a unix socket: short timeouts, no error to the caller, reconnect at most once a second. */
#include "cache.h"
#include "service.h"
#include <hiredis/hiredis.h>
#include <pthread.h>

#define RETRY_US    INT64_C(1000000)
#define TIMEOUT_US  50000
#define VALUE_LIMIT (1u << 20)

struct cache {
    char *path;
    redisContext *redis;
    int64_t retry_at_us;
};

static const char *configured_path = "";
static pthread_key_t mine;
static pthread_once_t mine_once = PTHREAD_ONCE_INIT;

static void mine_free(void *cache)
{
    cache_free(cache);
}

static void mine_make(void)
{
    pthread_key_create(&mine, mine_free);
}

void cache_configure(const char *socket_path)
{
    configured_path = socket_path;
}

struct cache *cache_mine(void)
{
    pthread_once(&mine_once, mine_make);
    struct cache *cache = pthread_getspecific(mine);
    if (!cache && (cache = cache_new(configured_path)))
        pthread_setspecific(mine, cache);
    return cache;
}

struct cache *cache_new(const char *socket_path)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (cache)
        cache->path = strdup(socket_path);
    if (cache && !cache->path) {
        free(cache);
        return NULL;
    }
    return cache;
}

static void drop(struct cache *cache)
{
    if (cache->redis)
        redisFree(cache->redis);
    cache->redis = NULL;
    cache->retry_at_us = mono_us() + RETRY_US;
}

void cache_free(struct cache *cache)
{
    if (!cache)
        return;
    if (cache->redis)
        redisFree(cache->redis);
    free(cache->path);
    free(cache);
}

static bool ready(struct cache *cache)
{
    struct timeval timeout = {0, TIMEOUT_US};
    if (!cache || !*cache->path)
        return false;
    if (cache->redis)
        return true;
    if (mono_us() < cache->retry_at_us)
        return false;
    cache->redis = redisConnectUnixWithTimeout(cache->path, timeout);
    if (!cache->redis || cache->redis->err || redisSetTimeout(cache->redis, timeout) != REDIS_OK) {
        drop(cache);
        return false;
    }
    return true;
}

bool cache_get(struct cache *cache, struct arena *arena, const char *key, struct span *ret_value)
{
    bool found = false;
    if (!ready(cache))
        return false;
    redisReply *reply = redisCommand(cache->redis, "GET %s", key);
    if (!reply) {
        drop(cache);
        return false;
    }
    if (reply->type == REDIS_REPLY_STRING && reply->len <= VALUE_LIMIT)
        found = !arena_span(arena, (struct span){reply->str, (uint32_t)reply->len}, ret_value);
    freeReplyObject(reply);
    return found;
}

void cache_put(struct cache *cache, const char *key, struct span value, uint32_t seconds)
{
    if (value.n > VALUE_LIMIT || !ready(cache))
        return;
    redisReply *reply = redisCommand(cache->redis, "SET %s %b EX %u", key, value.p, (size_t)value.n, seconds);
    if (!reply)
        drop(cache);
    else
        freeReplyObject(reply);
}
