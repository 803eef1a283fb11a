/*
 * wire.h - a bounded cursor over MessagePack bytes with a sticky error: read as you like, look at `error` once at the
 * end.
 *
 * After the first error every read gives zero and moves nothing. Nothing here allocates; strings point into the input.
 * A count is never larger than the bytes that are left, because each value takes at least one.
 */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

#include "types.h"

struct wire {
    const uint8_t *p, *end;
    int error; /* ERR_NONE, SYNTAX (truncated, impossible count, reserved byte), TYPE, RANGE (integer beyond int64) */
};

void wire_init(struct wire *wire, struct span in);
/* Any encoding of an integer. */
int64_t wire_int(struct wire *wire);
bool wire_bool(struct wire *wire);
/* Bytes of a string, of a binary. */
struct span wire_str(struct wire *wire);
struct span wire_bin(struct wire *wire);
/* Number of pairs of a map, which follow. */
uint32_t wire_map(struct wire *wire);
/* Number of elements as an array announces it: the caller compares it with its bound first, then calls wire_expect. */
uint32_t wire_array(struct wire *wire);
/* SYNTAX when fewer than n bytes are left. */
void wire_expect(struct wire *wire, uint64_t n);
/* Passes over one value of any type that nests at most `depth` arrays and maps. */
void wire_skip(struct wire *wire, unsigned depth);

#endif
