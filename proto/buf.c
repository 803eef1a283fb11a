/*
 * buf.c - a growable byte buffer with a maximum, see buf.h.
 */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST = 256 };

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
    free(buf->p);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->failed = false;
}

/* Makes room for n more bytes, or sets failed. */
static bool buf_reserve(struct buf *buf, size_t n)
{
    if (buf->failed)
        return false;
    if (n <= buf->room - buf->n)
        return true;
    if (n > buf->max - buf->n) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->n + n;
    size_t room = buf->room ? buf->room : BUF_FIRST;
    while (room < need)
        room = room > buf->max / 2 ? buf->max : room * 2;
    if (room > buf->max)
        room = buf->max;
    char *p = realloc(buf->p, room);
    if (!p) {
        buf->failed = true;
        return false;
    }
    buf->p = p;
    buf->room = room;
    return true;
}

char *buf_room(struct buf *buf, size_t n)
{
    return buf_reserve(buf, n) ? buf->p + buf->n : NULL;
}

void buf_add(struct buf *buf, const void *p, size_t n)
{
    if (n == 0 || !buf_reserve(buf, n))
        return;
    memcpy(buf->p + buf->n, p, n);
    buf->n += n;
}

void buf_add_char(struct buf *buf, char c)
{
    if (!buf_reserve(buf, 1))
        return;
    buf->p[buf->n++] = c;
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_add_span(struct buf *buf, struct span span)
{
    buf_add(buf, span.p, span.n);
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(buf, digits + at, sizeof digits - at);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char small[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0) {
        buf->failed = true;
        return;
    }
    if ((size_t)n < sizeof small) {
        buf_add(buf, small, (size_t)n);
        return;
    }
    char *large = malloc((size_t)n + 1);
    if (!large) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(large, (size_t)n + 1, format, args);
    va_end(args);
    buf_add(buf, large, (size_t)n);
    free(large);
}

struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->n ? buf->p : "", (uint32_t)buf->n};
}
