/*
 * samples.h - random valid messages of every kind, made from the descriptors, and what tests need to handle them.
 *
 * A test is one program of one translation unit, so the functions and the messages of sample.def stand right here.
 */
#ifndef TESTS_PROTO_SAMPLES_H
#define TESTS_PROTO_SAMPLES_H

#include "codec.h"
#include "value.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define PROTO_FILE "../tests/proto/sample.def"
#include "declare.h"
#include "define.h"
#undef PROTO_FILE

/* The messages of proto/ and those of sample.def, one after the other; NULL at the end. */
static inline const struct msg *sample_kind(size_t i)
{
    static const struct msg *const own[] = {&msg_sample_row, &msg_sample_narrow, &msg_sample_wide, &msg_sample_node,
                                            NULL};
    if (i < proto_n_msgs)
        return proto_msgs[i];
    i -= proto_n_msgs;
    return i < sizeof own / sizeof own[0] ? own[i] : NULL;
}

/* A stream of numbers that is the same in every run: splitmix64. */
struct chance {
    uint64_t state;
};
static inline uint64_t chance_next(struct chance *chance)
{
    uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 to n - 1. */
static inline uint64_t chance_below(struct chance *chance, uint64_t n)
{
    return n ? chance_next(chance) % n : 0;
}

static inline void *need(struct arena *arena, size_t n)
{
    void *p = arena_alloc(arena, n);
    if (!p) {
        fprintf(stderr, "samples: the arena of %zu bytes is full\n", arena->max);
        abort();
    }
    return p;
}

/* What sample_message aims at. */
enum aim {
    AIM_ANY,   /* anything valid, lists and texts mostly short */
    AIM_SMALL, /* the same, but as few bytes as corpus files should have */
    AIM_WHOLE, /* as small, and every optional member */
    AIM_LEAST, /* lower bounds, no optional member */
    AIM_MOST,  /* upper bounds, every optional member: the message that takes most bytes */
};

/* An integer within bounds, often one at an edge. */
static inline int64_t sample_int(int64_t min, int64_t max, enum aim aim, struct chance *chance)
{
    uint64_t width = (uint64_t)max - (uint64_t)min;
    if (aim == AIM_LEAST)
        return min;
    if (aim == AIM_MOST)
        return min < -max ? min : max; /* the longer one when packed */
    switch (chance_below(chance, 5)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return (int64_t)((uint64_t)min + chance_below(chance, width < 200 ? width + 1 : 200));
    case 3:
        return (int64_t)((uint64_t)min + (chance_next(chance) & width)); /* sum stays within, for x & w <= w */
    default:
        return width == UINT64_MAX ? (int64_t)chance_next(chance)
                                   : (int64_t)((uint64_t)min + chance_below(chance, width + 1));
    }
}

static inline size_t sample_length(const struct field *field, enum aim aim, struct chance *chance)
{
    size_t min = (size_t)field->min, max = (size_t)field->max;
    if (aim == AIM_LEAST)
        return min;
    if (aim == AIM_MOST)
        return max;
    bool small = aim == AIM_SMALL || aim == AIM_WHOLE;
    size_t most = field->type == T_LIST ? (small ? 1 : 4) : small ? 12 : 100;
    if (aim == AIM_ANY && chance_below(chance, 20) == 0 && field->type != T_LIST)
        most = 5000;
    if (max < min + most)
        most = max - min;
    return min + (size_t)chance_below(chance, most + 1);
}

/* UTF-8 of exactly n bytes: letters, escapes of JSON, characters of two, three and four bytes. */
static inline struct span sample_text(size_t n, enum aim aim, struct chance *chance, struct arena *arena)
{
    static const char *const chars[] = {"a",  "Z",  "0",    " ",    "\"", "\\",  "/",
                                        "\n", "\t", "\x01", "\x7f", "\r", "\b",  "é",
                                        "đ",  "ễ",  "ờ",    "中",   "€",  "😀",   "\xf4\x8f\xbf\xbf",
                                        "{",  "<",  "&",    "\f",   "'",  "\x1f"};
    char *text = need(arena, n + 1);
    for (size_t at = 0; at < n;) {
        const char *c = aim == AIM_MOST ? "x" : chars[chance_below(chance, sizeof chars / sizeof chars[0])];
        size_t length = strlen(c);
        if (length > n - at) {
            c = "x";
            length = 1;
        }
        memcpy(text + at, c, length);
        at += length;
    }
    return (struct span){text, (uint32_t)n};
}

static inline void sample_fill(const struct msg *desc, enum aim aim, struct chance *chance, struct arena *arena,
                               void *message, unsigned depth);

static inline void sample_value(const struct field *field, enum aim aim, struct chance *chance, struct arena *arena,
                                void *message, unsigned depth)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
        value_put_bool(field, message, chance_below(chance, 2));
        break;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        value_put_int(field, message, sample_int(field->min, field->max, aim, chance));
        break;
    case T_TIME:
        value_put_int(field, message, sample_int(TIME_MIN, TIME_MAX, aim, chance));
        break;
    case T_DATE:
        value_put_int(field, message, sample_int(DATE_MIN, DATE_MAX, aim, chance));
        break;
    case T_STR:
        value_put_span(field, message, sample_text(sample_length(field, aim, chance), aim, chance, arena));
        break;
    case T_BIN: {
        size_t n = sample_length(field, aim, chance);
        char *bytes = need(arena, n);
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)chance_next(chance);
        value_put_span(field, message, (struct span){bytes, (uint32_t)n});
        break;
    }
    case T_UUID: {
        uint8_t bytes[16];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)chance_next(chance);
        value_put_uuid(field, message, bytes);
        break;
    }
    case T_LIST: {
        size_t n = sample_length(field, aim, chance);
        if (n == 0 || (depth == CODEC_MAX_DEPTH && !field->required))
            return;
        char *rows = need(arena, n * field->sub->size);
        for (size_t i = 0; i < n; i++)
            sample_fill(field->sub, aim, chance, arena, rows + i * field->sub->size, depth + 1);
        value_put_list(field, message, rows, (uint32_t)n);
        break;
    }
    }
}

static inline void sample_fill(const struct msg *desc, enum aim aim, struct chance *chance, struct arena *arena,
                               void *message, unsigned depth)
{
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        if (!field->required && (aim == AIM_LEAST || (aim != AIM_MOST && aim != AIM_WHOLE && chance_below(chance, 2))))
            continue;
        sample_value(field, aim, chance, arena, message, depth);
        if (!field->required && value_present(field, message, field_bit(field)))
            value_add_has(message, field_bit(field));
    }
}

/* A valid message in the arena. Ends the test when the arena is too small. */
static inline void *sample_message(const struct msg *desc, enum aim aim, struct chance *chance, struct arena *arena)
{
    void *message = need(arena, desc->size);
    sample_fill(desc, aim, chance, arena, message, 1);
    return message;
}

static inline bool same_span(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n));
}

/* Do both say the same? Compares members, not bytes of padding. */
static inline bool sample_same(const struct msg *desc, const void *a, const void *b)
{
    if (value_has(a) != value_has(b))
        return false;
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        uint32_t n, m;
        const char *x, *y;
        switch ((enum field_type)field->type) {
        case T_BOOL:
            if (value_bool(field, a) != value_bool(field, b))
                return false;
            break;
        case T_STR:
        case T_BIN:
            if (!same_span(value_span(field, a), value_span(field, b)))
                return false;
            break;
        case T_UUID:
            if (memcmp(value_uuid(field, a), value_uuid(field, b), sizeof(struct uuid)))
                return false;
            break;
        case T_LIST:
            x = value_list(field, a, &n);
            y = value_list(field, b, &m);
            if (n != m)
                return false;
            for (uint32_t j = 0; j < n; j++) {
                if (!sample_same(field->sub, x + j * field->sub->size, y + j * field->sub->size))
                    return false;
            }
            break;
        default:
            if (value_int(field, a) != value_int(field, b))
                return false;
        }
    }
    return true;
}

/* One field of a packed message: its number and the bytes of its value. */
struct piece {
    uint8_t number;
    struct span value;
};
enum { PIECES_MOST = 64 };

/* Takes a packed message apart; gives the number of pieces. */
static inline size_t pieces_take(struct span packed, struct piece pieces[PIECES_MOST])
{
    struct wire wire;
    wire_init(&wire, packed);
    uint32_t n = wire_map(&wire);
    for (uint32_t i = 0; i < n && i < PIECES_MOST; i++) {
        pieces[i].number = (uint8_t)wire_int(&wire);
        const char *from = (const char *)wire.p;
        wire_skip(&wire, 16);
        pieces[i].value = (struct span){from, (uint32_t)((const char *)wire.p - from)};
    }
    if (wire.error || wire.p != wire.end || n > PIECES_MOST) {
        fprintf(stderr, "samples: a packed message cannot be taken apart\n");
        abort();
    }
    return n;
}

/* Puts a map together again. */
static inline void pieces_put(const struct piece *pieces, size_t n, struct buf *out)
{
    buf_add_char(out, (char)0xde);
    buf_add_char(out, (char)(n >> 8));
    buf_add_char(out, (char)n);
    for (size_t i = 0; i < n; i++) {
        buf_add_char(out, (char)pieces[i].number);
        buf_add_span(out, pieces[i].value);
    }
}

#endif
