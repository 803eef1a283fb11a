/*
 * buf.h - a growable byte buffer with a maximum and a sticky error: append as you like, look at `failed` once at the
 * end.
 */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include "types.h"

struct buf {
    char *p;
    size_t n;    /* bytes written */
    size_t room; /* bytes allocated */
    size_t max;
    bool failed; /* an append did not fit or memory ran out; nothing after it was written */
};

/* An empty buffer that will hold at most `max` bytes. */
void buf_init(struct buf *buf, size_t max);
/* Frees the bytes. Accepts a zeroed buffer. */
void buf_release(struct buf *buf);
/* Empties it, keeps its memory, forgets `failed`. */
void buf_clear(struct buf *buf);
/* Room for n > 0 bytes that the caller writes and then counts by adding to buf->n; NULL, with `failed` set, when there
 * is none. */
MUST_CHECK char *buf_room(struct buf *buf, size_t n);
void buf_add(struct buf *buf, const void *p, size_t n);
void buf_add_char(struct buf *buf, char c);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_span(struct buf *buf, struct span span);
void buf_add_u64(struct buf *buf, uint64_t value);
void buf_printf(struct buf *buf, const char *format, ...) PRINTF(2, 3);
struct span buf_span(const struct buf *buf);

#endif
