/*
 * test_wire.c - the cursor over MessagePack bytes: every first byte, every truncation, the sticky error.
 */
#include "wire.h"
#include "proto.h"

#include <criterion/criterion.h>

#define BYTES(literal) ((struct span){literal, (uint32_t)sizeof(literal) - 1})

static struct wire over(struct span bytes)
{
    struct wire wire;
    wire_init(&wire, bytes);
    return wire;
}

Test(wire, integers_of_every_encoding)
{
    static const struct {
        struct span bytes;
        int64_t value;
    } rows[] = {
        {BYTES("\x00"), 0},
        {BYTES("\x7f"), 127},
        {BYTES("\xff"), -1},
        {BYTES("\xe0"), -32},
        {BYTES("\xcc\xff"), 255},
        {BYTES("\xcd\xff\xfe"), 65534},
        {BYTES("\xce\xff\xff\xff\xfe"), 4294967294},
        {BYTES("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
        {BYTES("\xcf\x00\x00\x00\x00\x00\x00\x00\x05"), 5},
        {BYTES("\xd0\x80"), -128},
        {BYTES("\xd0\x7f"), 127},
        {BYTES("\xd1\x80\x00"), -32768},
        {BYTES("\xd2\x80\x00\x00\x00"), INT32_MIN},
        {BYTES("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), INT64_MIN},
        {BYTES("\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct wire wire = over(rows[i].bytes);
        cr_assert_eq(wire_int(&wire), rows[i].value, "row %zu", i);
        cr_assert_eq(wire.error, ERR_NONE);
        cr_assert_eq(wire.p, wire.end);
        for (uint32_t n = 0; n < rows[i].bytes.n; n++) {
            wire = over((struct span){rows[i].bytes.p, n});
            cr_assert_eq(wire_int(&wire), 0);
            cr_assert_eq(wire.error, ERR_SYNTAX, "row %zu cut at %u", i, n);
        }
    }
    struct wire wire = over(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"));
    cr_assert_eq(wire_int(&wire), 0);
    cr_assert_eq(wire.error, ERR_RANGE);
}

/* Which reader takes which first byte, as the specification of MessagePack lists them. */
Test(wire, first_bytes)
{
    for (unsigned first = 0; first < 256; first++) {
        char bytes[64] = {(char)first};
        struct span in = {bytes, sizeof bytes};
        bool is_int = first < 0x80 || first >= 0xe0 || (first >= 0xcc && first <= 0xd3);
        bool is_str = (first >= 0xa0 && first < 0xc0) || (first >= 0xd9 && first <= 0xdb);
        bool is_bin = first >= 0xc4 && first <= 0xc6;
        bool is_map = (first >= 0x80 && first < 0x90) || first == 0xde || first == 0xdf;
        bool is_array = (first >= 0x90 && first < 0xa0) || first == 0xdc || first == 0xdd;
        bool is_bool = first == 0xc2 || first == 0xc3;
        int other = first == 0xc1 ? ERR_SYNTAX : ERR_TYPE;
        struct wire wire = over(in);
        wire_int(&wire);
        cr_assert_eq(wire.error, is_int ? ERR_NONE : other, "int %02x", first);
        wire = over(in);
        wire_str(&wire);
        cr_assert_eq(wire.error, is_str ? ERR_NONE : other, "str %02x", first);
        wire = over(in);
        wire_bin(&wire);
        cr_assert_eq(wire.error, is_bin ? ERR_NONE : other, "bin %02x", first);
        wire = over(in);
        wire_map(&wire);
        cr_assert_eq(wire.error, is_map ? ERR_NONE : other, "map %02x", first);
        wire = over(in);
        wire_array(&wire);
        cr_assert_eq(wire.error, is_array ? ERR_NONE : other, "array %02x", first);
        wire = over(in);
        wire_bool(&wire);
        cr_assert_eq(wire.error, is_bool ? ERR_NONE : other, "bool %02x", first);
        wire = over(in);
        wire_skip(&wire, 2);
        cr_assert_eq(wire.error, first == 0xc1 ? ERR_SYNTAX : ERR_NONE, "skip %02x", first);
    }
}

Test(wire, strings_point_into_the_input)
{
    struct span in = BYTES("\xa3"
                           "abc"
                           "\xd9\x02"
                           "de"
                           "\xda\x00\x01"
                           "f"
                           "\xdb\x00\x00\x00\x01"
                           "g"
                           "\xc4\x02"
                           "hi");
    struct wire wire = over(in);
    struct span abc = wire_str(&wire);
    cr_assert_eq(abc.p, in.p + 1);
    cr_assert_eq(abc.n, 3);
    cr_assert_eq(wire_str(&wire).n, 2);
    cr_assert_eq(wire_str(&wire).n, 1);
    cr_assert_eq(*wire_str(&wire).p, 'g');
    cr_assert_eq(wire_bin(&wire).n, 2);
    cr_assert_eq(wire.error, ERR_NONE);
    cr_assert_eq(wire.p, wire.end);
}

Test(wire, error_sticks_and_nothing_moves)
{
    struct wire wire = over(BYTES("\xc0\x05\x06\x07"));
    cr_assert_eq(wire_int(&wire), 0);
    cr_assert_eq(wire.error, ERR_TYPE);
    cr_assert_eq(wire_int(&wire), 0);
    cr_assert_eq(wire_str(&wire).n, 0);
    cr_assert_eq(wire_map(&wire), 0);
    cr_assert_eq(wire_array(&wire), 0);
    cr_assert_not(wire_bool(&wire));
    wire_skip(&wire, 3);
    wire_expect(&wire, 1);
    cr_assert_eq(wire.error, ERR_TYPE);
    cr_assert_eq(wire.p, wire.end);
}

Test(wire, counts_are_compared_with_the_bytes_left)
{
    struct wire wire = over(BYTES("\x82\x01\x02\x03\x04"));
    cr_assert_eq(wire_map(&wire), 2);
    wire = over(BYTES("\x82\x01\x02\x03"));
    cr_assert_eq(wire_map(&wire), 0);
    cr_assert_eq(wire.error, ERR_SYNTAX);
    wire = over(BYTES("\xdf\xff\xff\xff\xff\x01\x02"));
    cr_assert_eq(wire_map(&wire), 0);
    cr_assert_eq(wire.error, ERR_SYNTAX);
    wire = over(BYTES("\xdf\x80\x00\x00\x00\x01\x02")); /* twice this is 0 in 32 bits */
    cr_assert_eq(wire_map(&wire), 0);
    cr_assert_eq(wire.error, ERR_SYNTAX);
    wire = over(BYTES("\xdd\xff\xff\xff\xff\x01\x02"));
    cr_assert_eq(wire_array(&wire), UINT32_MAX);
    wire_expect(&wire, UINT32_MAX);
    cr_assert_eq(wire.error, ERR_SYNTAX);
    wire = over(BYTES("\xdb\xff\xff\xff\xff\x01\x02"));
    cr_assert_eq(wire_str(&wire).n, 0);
    cr_assert_eq(wire.error, ERR_SYNTAX);
}

Test(wire, skips_one_value)
{
    static const struct span values[] = {
        BYTES("\x05"),
        BYTES("\xe5"),
        BYTES("\xc0"),
        BYTES("\xc2"),
        BYTES("\xca\x01\x02\x03\x04"),
        BYTES("\xcb\x01\x02\x03\x04\x05\x06\x07\x08"),
        BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        BYTES("\xd3\xff\xff\xff\xff\xff\xff\xff\xff"),
        BYTES("\xa2"
              "ab"),
        BYTES("\xd9\x02"
              "ab"),
        BYTES("\xc5\x00\x02"
              "ab"),
        BYTES("\xd4\x07"
              "a"),
        BYTES("\xd5\x07"
              "ab"),
        BYTES("\xd8\x07"
              "0123456789abcdef"),
        BYTES("\xc7\x03\x07"
              "abc"),
        BYTES("\xc8\x00\x03\x07"
              "abc"),
        BYTES("\xc9\x00\x00\x00\x03\x07"
              "abc"),
        BYTES("\x90"),
        BYTES("\x80"),
        BYTES("\x93\x01\x02\x92\x03\x04"),
        BYTES("\x82\x01\xa1"
              "a"
              "\x02\x91\x81\x05\x06"),
        BYTES("\xdc\x00\x02\x80\x90"),
        BYTES("\xde\x00\x01\xc0\xc3"),
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char bytes[64];
        memcpy(bytes, values[i].p, values[i].n);
        bytes[values[i].n] = 0x2a;
        struct wire wire = over((struct span){bytes, values[i].n + 1});
        wire_skip(&wire, 3);
        cr_assert_eq(wire.error, ERR_NONE, "value %zu", i);
        cr_assert_eq(wire_int(&wire), 0x2a, "value %zu", i);
        for (uint32_t n = 0; n < values[i].n; n++) {
            wire = over((struct span){bytes, n});
            wire_skip(&wire, 3);
            cr_assert_eq(wire.error, ERR_SYNTAX, "value %zu cut at %u", i, n);
        }
    }
}

Test(wire, skip_goes_as_deep_as_it_may)
{
    char nested[2000];
    memset(nested, 0x91, sizeof nested);
    for (unsigned depth = 0; depth <= 20; depth++) {
        nested[depth] = 0x01;
        struct wire wire = over((struct span){nested, depth + 1});
        wire_skip(&wire, 10);
        cr_assert_eq(wire.error, depth <= 10 ? ERR_NONE : ERR_SYNTAX, "depth %u", depth);
        nested[depth] = (char)0x91;
    }
    struct wire wire = over((struct span){nested, sizeof nested});
    wire_skip(&wire, 1000000);
    cr_assert_eq(wire.error, ERR_SYNTAX);
}
