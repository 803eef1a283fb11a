/*
 * arena.h - memory of one request: taken in pieces, given back whole.
 *
 * An arena is born with its maximum. What it hands out is zeroed and aligned for any type, and lives until
 * arena_clear. It keeps its first chunk between requests, so a warm arena does not call malloc.
 */
#ifndef PROTO_ARENA_H
#define PROTO_ARENA_H

#include "types.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first; the last one stays through arena_clear */
    size_t used;                /* of the newest chunk */
    size_t total;               /* bytes of all chunks */
    size_t max;
};

/* An arena that will hold at most `max` bytes. Nothing is allocated yet. */
void arena_init(struct arena *arena, size_t max);
/* Gives all memory back; the arena can be used again only after arena_init. Accepts a zeroed arena. */
void arena_release(struct arena *arena);
/* Forgets all that was handed out. */
void arena_clear(struct arena *arena);
/* `n` zeroed bytes, or NULL when the maximum is reached or memory is out. n = 0 gives a valid pointer. */
MUST_CHECK void *arena_alloc(struct arena *arena, size_t n);
/* Copy of a span, with a NUL behind it for C libraries. `ret_copy` is untouched on failure (-1). */
MUST_CHECK int arena_span(struct arena *arena, struct span from, struct span *ret_copy);
/* Text by format, NUL-terminated; NULL when the maximum is reached. */
MUST_CHECK char *arena_printf(struct arena *arena, const char *format, ...) PRINTF(2, 3);

#endif
