/*
 * test_hostile.c - frames that a peer sends to hurt: each gets a clean error and costs no memory.
 */
#include "samples.h"

#include <criterion/criterion.h>

#define BYTES(literal) ((struct span){literal, (uint32_t)sizeof(literal) - 1})

enum { MEMORY = 8 << 20 };

static const struct {
    const char *what;
    struct span bytes;
} hostile[] = {
    {"nothing", BYTES("")},
    {"the five bytes that ask msgpack-c for 96 GiB", BYTES("\xdd\xff\x00\x00\x00")},
    {"an array of 2^32 - 1", BYTES("\xdd\xff\xff\xff\xff")},
    {"a map of 2^32 - 1 pairs", BYTES("\xdf\xff\xff\xff\xff")},
    {"a map of 2^32 - 1 pairs, one there", BYTES("\xdf\xff\xff\xff\xff\x01\x02")},
    {"a map of 2^31 pairs, whose bytes would wrap in 32 bits", BYTES("\xdf\x80\x00\x00\x00\x01\x02")},
    {"a map of 65535 pairs", BYTES("\xde\xff\xff")},
    {"a string of 2^32 - 1 bytes", BYTES("\x81\x01\xdb\xff\xff\xff\xff")},
    {"a binary of 2^32 - 1 bytes", BYTES("\x81\x01\xc6\xff\xff\xff\xff")},
    {"an extension of 2^32 - 1 bytes", BYTES("\x81\x01\xc9\xff\xff\xff\xff\x01")},
    {"a list of 2^32 - 1 rows under number 1", BYTES("\x81\x01\xdd\xff\xff\xff\xff")},
    {"a list of 2^32 - 1 rows under number 2", BYTES("\x81\x02\xdd\xff\xff\xff\xff")},
    {"a list of 2^32 - 1 rows under number 12", BYTES("\x81\x0c\xdd\xff\xff\xff\xff")},
    {"five hundred rows and no byte of them under number 1", BYTES("\x81\x01\xdc\x01\xf4")},
    {"an unknown string of 2^32 - 1 bytes", BYTES("\x81\x64\xdb\xff\xff\xff\xff")},
    {"an unknown array of 2^32 - 1", BYTES("\x81\x64\xdd\xff\xff\xff\xff")},
    {"an unknown map of 2^32 - 1", BYTES("\x81\x64\xdf\xff\xff\xff\xff")},
    {"an unknown extension cut short", BYTES("\x81\x64\xc7\x10\x01")},
    {"a name instead of a number", BYTES("\x81\xa2id\x01")},
    {"a number beyond 64 bits of `seen`", BYTES("\x82\x40\x01\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    {"a negative number", BYTES("\x81\xff\x01")},
    {"a float as number", BYTES("\x81\xca\x3f\x80\x00\x00\x01")},
    {"nil", BYTES("\xc0")},
    {"an integer", BYTES("\x05")},
    {"a string", BYTES("\xa1x")},
    {"a timestamp extension", BYTES("\xd6\xff\x00\x00\x00\x00")},
    {"the byte that is never used", BYTES("\xc1")},
    {"the byte that is never used as a value", BYTES("\x81\x01\xc1")},
    {"an unknown array of reserved bytes", BYTES("\x81\x64\x92\xc1\xc1")},
    {"JSON", BYTES("{\"id\":1}")},
};

/*
 * Reads the bytes as every kind of message. The arena must stay as it is, cold and warm; but a list whose rows could be
 * there by the bytes that are left takes room for them, `rows` says.
 */
static void refused(const char *what, struct span bytes, bool rows)
{
    const struct msg *desc;
    (void)what; /* only said when it fails */
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        struct arena arena;
        struct fault fault = {0};
        arena_init(&arena, MEMORY);
        void *message = calloc(1, desc->size);
        int code = msg_unpack(desc, message, &arena, bytes, &fault);
        cr_assert_neq(code, 0, "%s as %s", what, desc->name);
        cr_assert_eq(code, fault.code, "%s as %s", what, desc->name);
        cr_assert_not_null(fault.field);
        cr_assert(code == ERR_SYNTAX || code == ERR_TYPE || code == ERR_RANGE || code == ERR_MISSING ||
                      code == ERR_TOO_LARGE,
                  "%s as %s: code %d", what, desc->name, code);
        if (!rows)
            cr_assert_eq(arena.total, 0, "%s as %s took %zu bytes", what, desc->name, arena.total);
        arena_clear(&arena);
        cr_assert_not_null(arena_alloc(&arena, 1));
        size_t total = arena.total, used = arena.used;
        cr_assert_neq(msg_unpack(desc, message, &arena, bytes, &fault), 0);
        cr_assert_eq(arena.total, total, "%s as %s", what, desc->name);
        if (!rows)
            cr_assert_eq(arena.used, used, "%s as %s", what, desc->name);
        free(message);
        arena_release(&arena);
    }
}

Test(hostile, frames_cost_nothing)
{
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        refused(hostile[i].what, hostile[i].bytes, false);
}

/* 1000 arrays or maps inside each other, at the top, as every number, and as a number nobody knows. */
Test(hostile, nesting)
{
    for (int kind = 0; kind < 2; kind++) {
        char bytes[4000];
        size_t n = 0;
        for (int level = 0; level < 1000; level++) {
            bytes[n++] = (char)(kind ? 0x81 : 0x91);
            if (kind)
                bytes[n++] = 0x02;
        }
        bytes[n++] = 0x00;
        if (!kind)
            refused("nested arrays", (struct span){bytes, (uint32_t)n}, false);
        for (int number = 0; number < 64; number++) {
            char inside[4100] = {(char)0x81, (char)number};
            memcpy(inside + 2, bytes, n);
            refused("a nested value", (struct span){inside, (uint32_t)n + 2}, true);
        }
    }
}

/* A message that contains itself is cut at CODEC_MAX_DEPTH; up to it everything is read. */
Test(hostile, nesting_of_declared_messages)
{
    for (unsigned depth = 1; depth <= CODEC_MAX_DEPTH + 3; depth++) {
        struct sample_node nodes[CODEC_MAX_DEPTH + 3] = {{0}}, out;
        struct arena arena;
        struct fault fault = {0};
        struct buf packed, json;
        for (unsigned i = 0; i < depth; i++) {
            nodes[i].level = (uint8_t)i;
            if (i + 1 < depth) {
                nodes[i].nodes = &nodes[i + 1];
                nodes[i].n_nodes = 1;
            }
        }
        arena_init(&arena, MEMORY);
        buf_init(&packed, 1000);
        buf_init(&json, 1000);
        msg_pack(&msg_sample_node, nodes, &packed);
        msg_to_json(&msg_sample_node, nodes, &json);
        int expected = depth <= CODEC_MAX_DEPTH ? ERR_NONE : ERR_TOO_LARGE;
        cr_assert_eq(msg_check(&msg_sample_node, nodes, &fault), expected);
        cr_assert_eq(msg_unpack(&msg_sample_node, &out, &arena, buf_span(&packed), &fault), expected, "depth %u",
                     depth);
        cr_assert_eq(msg_from_json(&msg_sample_node, &out, &arena, buf_span(&json), &fault),
                     depth <= 8 ? expected : ERR_SYNTAX, "depth %u", depth);
        if (expected)
            cr_assert(!strcmp(fault.field, "nodes") || fault.code == ERR_SYNTAX);
        buf_release(&packed);
        buf_release(&json);
        arena_release(&arena);
    }
}

/* Every message of every kind, cut at every byte, and with one byte too many. */
Test(hostile, truncation, .timeout = 120)
{
    struct chance chance = {11};
    struct arena made;
    struct buf packed, json;
    arena_init(&made, MEMORY);
    buf_init(&packed, MEMORY);
    buf_init(&json, MEMORY);
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        for (int round = 0; round < 4; round++) {
            arena_clear(&made);
            buf_clear(&packed);
            buf_clear(&json);
            void *message = sample_message(desc, AIM_SMALL, &chance, &made), *back = arena_alloc(&made, desc->size);
            struct arena arena;
            struct fault fault;
            arena_init(&arena, MEMORY);
            msg_pack(desc, message, &packed);
            for (uint32_t n = 0; n < packed.n; n++) {
                /* a copy of its own, so that a sanitizer sees a read beyond the end */
                char *cut = malloc(n ? n : 1);
                memcpy(cut, packed.p, n);
                fault.code = 0;
                int code = msg_unpack(desc, back, &arena, (struct span){cut, n}, &fault);
                cr_assert(code == ERR_SYNTAX || code == ERR_RANGE || code == ERR_TYPE, "%s cut at %u: %d", desc->name,
                          n, code);
                cr_assert_eq(code, fault.code);
                cr_assert_leq(arena.total, 16384);
                arena_clear(&arena);
                free(cut);
            }
            buf_add_char(&packed, '\x01');
            cr_assert_eq(msg_unpack(desc, back, &arena, buf_span(&packed), &fault), ERR_SYNTAX);
            arena_clear(&arena);

            msg_to_json(desc, message, &json);
            for (uint32_t n = 1; n < json.n; n++) {
                char *cut = malloc(n);
                memcpy(cut, json.p, n);
                cr_assert_eq(msg_from_json(desc, back, &arena, (struct span){cut, n}, &fault), ERR_SYNTAX,
                             "%s cut at %u", desc->name, n);
                free(cut);
            }
            cr_assert_eq(arena.used, 0);
            arena_release(&arena);
        }
    }
    buf_release(&packed);
    buf_release(&json);
    arena_release(&made);
}

/* Random bytes, and valid messages with random bytes changed, never do more than give an error. */
Test(hostile, noise)
{
    struct chance chance = {13};
    struct arena made, arena;
    struct buf packed;
    arena_init(&made, MEMORY);
    arena_init(&arena, MEMORY);
    buf_init(&packed, MEMORY);
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        for (int round = 0; round < 300; round++) {
            struct fault fault = {0};
            arena_clear(&made);
            arena_clear(&arena);
            buf_clear(&packed);
            msg_pack(desc, sample_message(desc, AIM_SMALL, &chance, &made), &packed);
            for (uint64_t n = chance_below(&chance, 4) + 1; n > 0; n--)
                packed.p[chance_below(&chance, packed.n)] = (char)chance_next(&chance);
            void *back = arena_alloc(&made, desc->size);
            int code = msg_unpack(desc, back, &arena, buf_span(&packed), &fault);
            cr_assert_eq(code, fault.code);
            if (!code)
                cr_assert_eq(msg_check(desc, back, &fault), 0, "%s: what was read is not valid: %s", desc->name,
                             fault.field);
        }
    }
    buf_release(&packed);
    arena_release(&arena);
    arena_release(&made);
}

/* Rows of a list are held to their own message, and the fault names the row's field. */
Test(hostile, faults_inside_lists)
{
    static const struct {
        const char *what;
        struct span frame;
        int code;
        const char *field;
    } frames[] = {
        {"a row without its required field", BYTES("\x81\x3e\x91\x81\x02\xa2xy"), ERR_MISSING, "number"},
        {"the second row without it", BYTES("\x81\x3e\x92\x81\x01\x07\x80"), ERR_MISSING, "number"},
        {"a field of a row twice", BYTES("\x81\x3e\x91\x82\x01\x07\x01\x07"), ERR_TWICE, "number"},
        {"a value of a row out of bounds", BYTES("\x81\x3e\x91\x81\x01\x02"), ERR_RANGE, "number"},
        {"a value of a row of another type", BYTES("\x81\x3e\x91\x81\x01\xc0"), ERR_TYPE, "number"},
        {"a row that is no map", BYTES("\x81\x3e\x92\x81\x01\x07\xc0"), ERR_TYPE, "rows"},
        {"a row that is cut short", BYTES("\x81\x3e\x92\x81\x01\x07\x81\x01"), ERR_SYNTAX, "rows"},
    };
    struct arena arena;
    arena_init(&arena, MEMORY);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct sample_wide out;
        struct fault fault = {0};
        cr_assert_eq(msg_unpack(&msg_sample_wide, &out, &arena, frames[i].frame, &fault), frames[i].code, "%s: %d",
                     frames[i].what, fault.code);
        cr_assert_str_eq(fault.field, frames[i].field, "%s blames %s", frames[i].what, fault.field);
    }
    arena_release(&arena);
}

/* A list within its bound and its bytes that does not fit the arena. */
Test(hostile, arena_too_small)
{
    struct arena arena;
    struct fault fault;
    struct sample_wide out;
    struct buf packed;
    buf_init(&packed, MEMORY);
    buf_add(&packed, "\x81\x3e\xdd\x00\x01\x00\x00", 7);
    for (int i = 0; i < 65536; i++)
        buf_add(&packed, "\x81\x01\x07", 3);
    arena_init(&arena, 100000);
    cr_assert_eq(msg_unpack(&msg_sample_wide, &out, &arena, buf_span(&packed), &fault), ERR_TOO_LARGE);
    cr_assert_str_eq(fault.field, "rows");
    cr_assert_eq(arena.total, 0);
    arena_release(&arena);
    arena_init(&arena, 65536 * sizeof(struct sample_row));
    cr_assert_eq(msg_unpack(&msg_sample_wide, &out, &arena, buf_span(&packed), &fault), 0);
    cr_assert_eq(out.n_rows, 65536);
    arena_release(&arena);
    buf_release(&packed);
}
