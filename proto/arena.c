/*
 * arena.c - memory of one request, see arena.h.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The chunk that stays between requests has at most this size, so that one large request does not bind memory forever.
 */
enum { ARENA_FIRST = 16384, ARENA_ALIGN = alignof(max_align_t) };

struct arena_chunk {
    struct arena_chunk *next;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t max)
{
    *arena = (struct arena){.max = max};
}

void arena_release(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}

void arena_clear(struct arena *arena)
{
    while (arena->chunks && arena->chunks->next) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        arena->total -= chunk->size;
        free(chunk);
    }
    arena->used = 0;
}

/* A new chunk of `size` bytes becomes the newest; -1 when memory is out. The caller has checked the maximum. */
static int arena_push(struct arena *arena, size_t size)
{
    struct arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return -1;
    chunk->next = arena->chunks;
    chunk->size = size;
    arena->chunks = chunk;
    arena->used = 0;
    arena->total += size;
    return 0;
}

/* Makes room for n bytes in a new chunk. */
static int arena_grow(struct arena *arena, size_t n)
{
    size_t left = arena->max - arena->total;
    if (n > left)
        return -1;
    if (!arena->chunks) {
        size_t first = arena->max < ARENA_FIRST ? arena->max : ARENA_FIRST;
        if (n <= first)
            return arena_push(arena, first);
        if (n > left - first)
            return arena_push(arena, n);
        if (arena_push(arena, first))
            return -1;
        left -= first;
    }
    size_t size = arena->chunks->size > left / 2 ? left : arena->chunks->size * 2;
    return arena_push(arena, size < n ? n : size);
}

void *arena_alloc(struct arena *arena, size_t n)
{
    if (n > arena->max)
        return NULL;
    n = n ? (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : ARENA_ALIGN;
    if (!arena->chunks || n > arena->chunks->size - arena->used) {
        if (arena_grow(arena, n))
            return NULL;
    }
    char *p = arena->chunks->bytes + arena->used;
    arena->used += n;
    return memset(p, 0, n);
}

int arena_span(struct arena *arena, struct span from, struct span *ret_copy)
{
    char *p = arena_alloc(arena, (size_t)from.n + 1);
    if (!p)
        return -1;
    if (from.n)
        memcpy(p, from.p, from.n);
    *ret_copy = (struct span){p, from.n};
    return 0;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0)
        return NULL;
    char *p = arena_alloc(arena, (size_t)n + 1);
    if (!p)
        return NULL;
    if ((size_t)n < sizeof small)
        return memcpy(p, small, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)n + 1, format, args);
    va_end(args);
    return p;
}
