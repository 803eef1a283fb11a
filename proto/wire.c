/*
 * wire.c - a bounded cursor over MessagePack bytes, see wire.h.
 */
#include "wire.h"
#include "proto.h"

#include <string.h>

/* First bytes, https://github.com/msgpack/msgpack/blob/master/spec.md */
enum {
    MP_FIXMAP = 0x80,   /* to 0x8f */
    MP_FIXARRAY = 0x90, /* to 0x9f */
    MP_FIXSTR = 0xa0,   /* to 0xbf */
    MP_NIL = 0xc0,
    MP_RESERVED = 0xc1,
    MP_FALSE = 0xc2,
    MP_TRUE = 0xc3,
    MP_BIN8 = 0xc4,
    MP_BIN16 = 0xc5,
    MP_BIN32 = 0xc6,
    MP_EXT8 = 0xc7,
    MP_EXT16 = 0xc8,
    MP_EXT32 = 0xc9,
    MP_FLOAT32 = 0xca,
    MP_FLOAT64 = 0xcb,
    MP_UINT8 = 0xcc,
    MP_UINT16 = 0xcd,
    MP_UINT32 = 0xce,
    MP_UINT64 = 0xcf,
    MP_INT8 = 0xd0,
    MP_INT16 = 0xd1,
    MP_INT32 = 0xd2,
    MP_INT64 = 0xd3,
    MP_FIXEXT1 = 0xd4, /* 1, 2, 4, 8, 16 bytes to 0xd8 */
    MP_FIXEXT16 = 0xd8,
    MP_STR8 = 0xd9,
    MP_STR16 = 0xda,
    MP_STR32 = 0xdb,
    MP_ARRAY16 = 0xdc,
    MP_ARRAY32 = 0xdd,
    MP_MAP16 = 0xde,
    MP_MAP32 = 0xdf,
    MP_NEGATIVE = 0xe0, /* to 0xff */
};

void wire_init(struct wire *wire, struct span in)
{
    const uint8_t *p = (const uint8_t *)(in.n ? in.p : "");
    *wire = (struct wire){p, p + in.n, ERR_NONE};
}

/* The first error stays; the rest of the input is given up, so that no later read moves. */
static void wire_fail(struct wire *wire, int error)
{
    if (!wire->error)
        wire->error = error;
    wire->p = wire->end;
}

static size_t wire_left(const struct wire *wire)
{
    return (size_t)(wire->end - wire->p);
}

void wire_expect(struct wire *wire, uint64_t n)
{
    if (n > wire_left(wire))
        wire_fail(wire, ERR_SYNTAX);
}

/* Big-endian number of n bytes, 1 to 8. */
static uint64_t wire_number(struct wire *wire, size_t n)
{
    if (n > wire_left(wire)) {
        wire_fail(wire, ERR_SYNTAX);
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | wire->p[i];
    wire->p += n;
    return value;
}

static uint8_t wire_first(struct wire *wire)
{
    return (uint8_t)wire_number(wire, 1);
}

int64_t wire_int(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    if (first < MP_FIXMAP)
        return first;
    if (first >= MP_NEGATIVE)
        return (int8_t)first;
    switch (first) {
    case MP_UINT8:
    case MP_UINT16:
    case MP_UINT32:
        return (int64_t)wire_number(wire, (size_t)1 << (first - MP_UINT8));
    case MP_UINT64: {
        uint64_t value = wire_number(wire, 8);
        if (value <= INT64_MAX)
            return (int64_t)value;
        wire_fail(wire, ERR_RANGE);
        return 0;
    }
    case MP_INT8:
        return (int8_t)wire_number(wire, 1);
    case MP_INT16:
        return (int16_t)wire_number(wire, 2);
    case MP_INT32:
        return (int32_t)wire_number(wire, 4);
    case MP_INT64:
        return (int64_t)wire_number(wire, 8);
    default:
        wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
        return 0;
    }
}

bool wire_bool(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    if (first != MP_TRUE && first != MP_FALSE)
        wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
    return first == MP_TRUE;
}

/* The next n bytes. */
static struct span wire_bytes(struct wire *wire, uint64_t n)
{
    if (n > wire_left(wire)) {
        wire_fail(wire, ERR_SYNTAX);
        return (struct span){"", 0};
    }
    struct span bytes = {(const char *)wire->p, (uint32_t)n};
    wire->p += n;
    return bytes;
}

struct span wire_str(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    if (first >= MP_FIXSTR && first < MP_NIL)
        return wire_bytes(wire, first & 0x1f);
    if (first >= MP_STR8 && first <= MP_STR32)
        return wire_bytes(wire, wire_number(wire, (size_t)1 << (first - MP_STR8)));
    wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
    return (struct span){"", 0};
}

struct span wire_bin(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    if (first >= MP_BIN8 && first <= MP_BIN32)
        return wire_bytes(wire, wire_number(wire, (size_t)1 << (first - MP_BIN8)));
    wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
    return (struct span){"", 0};
}

uint32_t wire_map(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    uint32_t n = 0;
    if (first >= MP_FIXMAP && first < MP_FIXARRAY)
        n = first & 0x0f;
    else if (first == MP_MAP16 || first == MP_MAP32)
        n = (uint32_t)wire_number(wire, first == MP_MAP16 ? 2 : 4);
    else
        wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
    wire_expect(wire, (uint64_t)n * 2);
    return wire->error ? 0 : n;
}

uint32_t wire_array(struct wire *wire)
{
    uint8_t first = wire_first(wire);
    if (first >= MP_FIXARRAY && first < MP_FIXSTR)
        return first & 0x0f;
    if (first == MP_ARRAY16 || first == MP_ARRAY32)
        return (uint32_t)wire_number(wire, first == MP_ARRAY16 ? 2 : 4);
    wire_fail(wire, first == MP_RESERVED ? ERR_SYNTAX : ERR_TYPE);
    return 0;
}

/* Passes over a value's first byte and over the value unless it is an array or map; the values inside are left to do.
 */
static uint64_t wire_skip_one(struct wire *wire)
{
    if (wire->p == wire->end) {
        wire_fail(wire, ERR_SYNTAX);
        return 0;
    }
    uint8_t first = *wire->p;
    if (first < MP_FIXMAP || first >= MP_NEGATIVE || first == MP_NIL || first == MP_FALSE || first == MP_TRUE) {
        wire->p++;
    } else if (first < MP_FIXARRAY || first == MP_MAP16 || first == MP_MAP32) {
        return (uint64_t)wire_map(wire) * 2;
    } else if (first < MP_FIXSTR || first == MP_ARRAY16 || first == MP_ARRAY32) {
        uint64_t n = wire_array(wire);
        wire_expect(wire, n);
        return n;
    } else if (first < MP_NIL || (first >= MP_STR8 && first <= MP_STR32)) {
        wire_str(wire);
    } else if (first >= MP_BIN8 && first <= MP_BIN32) {
        wire_bin(wire);
    } else if (first >= MP_EXT8 && first <= MP_EXT32) {
        wire->p++;
        wire_bytes(wire, wire_number(wire, (size_t)1 << (first - MP_EXT8)) + 1);
    } else if (first >= MP_FIXEXT1 && first <= MP_FIXEXT16) {
        wire->p++;
        wire_bytes(wire, (UINT64_C(1) << (first - MP_FIXEXT1)) + 1);
    } else if (first == MP_FLOAT32 || first == MP_FLOAT64) {
        wire->p++;
        wire_bytes(wire, first == MP_FLOAT32 ? 4 : 8);
    } else if (first >= MP_UINT8 && first <= MP_INT64) {
        wire->p++;
        wire_bytes(wire, UINT64_C(1) << ((first - MP_UINT8) & 3));
    } else {
        wire_fail(wire, ERR_SYNTAX);
    }
    return 0;
}

void wire_skip(struct wire *wire, unsigned depth)
{
    enum { DEEPEST = 16 };
    uint64_t todo[DEEPEST + 1]; /* values still to pass at each level */
    unsigned level = 0;
    if (depth > DEEPEST)
        depth = DEEPEST;
    todo[0] = 1;
    for (;;) {
        while (todo[level] == 0) {
            if (level == 0)
                return;
            level--;
        }
        todo[level]--;
        uint64_t inside = wire_skip_one(wire);
        if (wire->error)
            return;
        if (inside) {
            if (level == depth) {
                wire_fail(wire, ERR_SYNTAX);
                return;
            }
            todo[++level] = inside;
        }
    }
}
