/*
 * cache.h - Redis as a cache that may vanish: every function is best effort, bounded in time, and silent to the caller.
 * One per thread; it reconnects by itself, at most once a second.
 */
#ifndef COMMON_CACHE_H
#define COMMON_CACHE_H

#include "arena.h"

struct cache;

/* `socket_path` empty: a cache that never has anything. Allocates; NULL when memory is out. Does not connect yet. */
struct cache *cache_new(const char *socket_path);
void cache_free(struct cache *cache);
/* This thread's cache; made at first use with the path given to cache_configure, freed when the thread ends. */
void cache_configure(const char *socket_path);
struct cache *cache_mine(void);
/* True with the bytes in the arena when the key is there. */
bool cache_get(struct cache *cache, struct arena *arena, const char *key, struct span *ret_value);
/* Keeps the bytes for `seconds`. */
void cache_put(struct cache *cache, const char *key, struct span value, uint32_t seconds);

#endif
