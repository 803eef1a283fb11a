/*
 * scan.c - JSON text held to the letter of RFC 8259, see scan.h.
 *
 * One pass, no allocation, no recursion. Whoever reads the text afterwards (json.c) need not look for its faults again.
 */
#include "scan.h"
#include "codec.h"
#include "text.h"

#include <string.h>

enum { NUMBER_MOST = 40 };

struct cursor {
    const unsigned char *p, *end;
};

static void skip_blanks(struct cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\r' || *c->p == '\t'))
        c->p++;
}

static bool take(struct cursor *c, unsigned char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool take_word(struct cursor *c, const char *word, size_t n)
{
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n))
        return false;
    c->p += n;
    return true;
}

static bool take_digits(struct cursor *c)
{
    const unsigned char *from = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
        c->p++;
    return c->p > from;
}

/* The number as the grammar has it; what may follow it is seen by the caller. */
static bool take_number(struct cursor *c)
{
    const unsigned char *from = c->p;
    take(c, '-');
    if (!take(c, '0') && !take_digits(c))
        return false;
    if (take(c, '.') && !take_digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        if (!take_digits(c))
            return false;
    }
    return c->p - from <= NUMBER_MOST;
}

/* The four hex digits behind \u; 0, which no string may hold, when there are none. */
static unsigned take_code_unit(struct cursor *c)
{
    unsigned unit = 0;
    if (c->end - c->p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit((char)*c->p++);
        if (digit < 0)
            return 0;
        unit = unit << 4 | (unsigned)digit;
    }
    return unit;
}

/* What stands behind a backslash. */
static bool take_escape(struct cursor *c)
{
    if (c->p == c->end)
        return false;
    unsigned char letter = *c->p++;
    if (letter != 'u')
        return letter && strchr("\"\\/bfnrt", letter);
    unsigned unit = take_code_unit(c);
    if (unit == 0 || (unit >= 0xdc00 && unit <= 0xdfff))
        return false;
    if (unit < 0xd800 || unit > 0xdbff)
        return true;
    if (!take_word(c, "\\u", 2))
        return false;
    unit = take_code_unit(c);
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static bool take_string(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    while (c->p < c->end) {
        unsigned char b = *c->p;
        if (b >= 0x80) {
            size_t n = utf8_sequence(c->p, c->end);
            if (!n)
                return false;
            c->p += n;
        } else if (b == '"') {
            c->p++;
            return true;
        } else if (b == '\\') {
            c->p++;
            if (!take_escape(c))
                return false;
        } else if (b < 0x20) {
            return false;
        } else {
            c->p++;
        }
    }
    return false;
}

/* A member's name and the colon. */
static bool take_name(struct cursor *c)
{
    skip_blanks(c);
    if (!take_string(c))
        return false;
    skip_blanks(c);
    return take(c, ':');
}

static bool take_scalar(struct cursor *c)
{
    switch (c->p < c->end ? *c->p : 0) {
    case '"':
        return take_string(c);
    case 't':
        return take_word(c, "true", 4);
    case 'f':
        return take_word(c, "false", 5);
    case 'n':
        return take_word(c, "null", 4);
    default:
        return take_number(c);
    }
}

int scan_json(struct span text, uint32_t most)
{
    const unsigned char *from = (const unsigned char *)text.p;
    struct cursor c = {from, from + text.n};
    unsigned char closing[JSON_MAX_DEPTH]; /* what ends each open array or object */
    unsigned depth = 0;
    uint32_t values = 0;
    for (;;) {
        /* A value begins here. */
        skip_blanks(&c);
        if (++values > most)
            return ERR_TOO_LARGE;
        bool object = take(&c, '{');
        if (object || take(&c, '[')) {
            if (depth == JSON_MAX_DEPTH)
                return ERR_SYNTAX;
            closing[depth++] = object ? '}' : ']';
            skip_blanks(&c);
            if (!take(&c, closing[depth - 1])) {
                if (object && !take_name(&c))
                    return ERR_SYNTAX;
                continue;
            }
            depth--;
        } else if (!take_scalar(&c)) {
            return ERR_SYNTAX;
        }
        /* A value has ended: close what ends with it, or go on to the next one. */
        for (;;) {
            skip_blanks(&c);
            if (depth == 0)
                return c.p < c.end ? ERR_SYNTAX : 0;
            if (take(&c, ','))
                break;
            if (!take(&c, closing[depth - 1]))
                return ERR_SYNTAX;
            depth--;
        }
        if (closing[depth - 1] == '}' && !take_name(&c))
            return ERR_SYNTAX;
    }
}
