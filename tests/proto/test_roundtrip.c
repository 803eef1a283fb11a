/*
 * test_roundtrip.c - random valid messages of every kind go through both codecs and come back the same; msgpack-c's
 * unpacker, which knows nothing of our descriptors, reads the same values from what msg_pack wrote.
 */
#include "samples.h"
#include "value.h"

#include <criterion/criterion.h>
#include <msgpack/object.h>
#include <msgpack/unpack.h>

#define BYTES(literal) ((struct span){literal, (uint32_t)sizeof(literal) - 1})

enum { ROUNDS = 60, MEMORY = 256 << 20 };

/* Arenas and buffers of one round. */
struct round {
    struct arena made, read;
    struct buf packed, again, json;
};

static void round_init(struct round *r)
{
    arena_init(&r->made, MEMORY);
    arena_init(&r->read, MEMORY);
    buf_init(&r->packed, MEMORY);
    buf_init(&r->again, MEMORY);
    buf_init(&r->json, MEMORY);
}

static void round_clear(struct round *r)
{
    arena_clear(&r->made);
    arena_clear(&r->read);
    buf_clear(&r->packed);
    buf_clear(&r->again);
    buf_clear(&r->json);
}

static void round_release(struct round *r)
{
    arena_release(&r->made);
    arena_release(&r->read);
    buf_release(&r->packed);
    buf_release(&r->again);
    buf_release(&r->json);
}

static void both_ways(struct round *r, const struct msg *desc, const void *message)
{
    struct fault fault = {0};
    cr_assert_eq(msg_check(desc, message, &fault), 0, "%s: check says %d %s", desc->name, fault.code, fault.field);

    void *back = arena_alloc(&r->read, desc->size);
    msg_pack(desc, message, &r->packed);
    cr_assert_not(r->packed.failed);
    cr_assert_leq(r->packed.n, msg_max_packed(desc), "%s", desc->name);
    cr_assert_eq(msg_unpack(desc, back, &r->read, buf_span(&r->packed), &fault), 0, "%s: unpack says %d %s", desc->name,
                 fault.code, fault.field);
    cr_assert(sample_same(desc, message, back), "%s through MessagePack", desc->name);
    msg_pack(desc, back, &r->again);
    cr_assert_eq(r->again.n, r->packed.n);
    cr_assert_eq(memcmp(r->again.p, r->packed.p, r->packed.n), 0);

    msg_to_json(desc, message, &r->json);
    cr_assert_not(r->json.failed);
    cr_assert_eq(msg_from_json(desc, back, &r->read, buf_span(&r->json), &fault), 0, "%s: JSON says %d %s: %.2000s",
                 desc->name, fault.code, fault.field, r->json.p);
    cr_assert(sample_same(desc, message, back), "%s through JSON", desc->name);
}

Test(roundtrip, random_messages)
{
    struct round r;
    struct chance chance = {1};
    round_init(&r);
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        for (int n = 0; n < ROUNDS; n++) {
            round_clear(&r);
            both_ways(&r, desc, sample_message(desc, n % 2 ? AIM_ANY : AIM_SMALL, &chance, &r.made));
        }
        round_clear(&r);
        both_ways(&r, desc, sample_message(desc, AIM_LEAST, &chance, &r.made));
    }
    round_release(&r);
}

/* The largest message of a kind takes exactly the bytes that msg_max_packed computes; buffers are sized by it. */
Test(roundtrip, largest_messages, .timeout = 120)
{
    struct round r;
    struct chance chance = {2};
    round_init(&r);
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        if (desc == &msg_sample_node)
            continue; /* endless by its rows; its nesting is cut elsewhere */
        round_clear(&r);
        both_ways(&r, desc, sample_message(desc, AIM_MOST, &chance, &r.made));
        cr_assert_eq(r.packed.n, msg_max_packed(desc), "%s: %zu of %zu", desc->name, r.packed.n, msg_max_packed(desc));
    }
    round_release(&r);
}

static void oracle_message(const struct msg *desc, const void *message, const msgpack_object *object);

static void oracle_value(const struct field *field, const void *message, const msgpack_object *object)
{
    struct span span;
    uint32_t n;
    const char *rows;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        cr_assert_eq(object->type, MSGPACK_OBJECT_BOOLEAN);
        cr_assert_eq(object->via.boolean, value_bool(field, message));
        break;
    case T_STR:
        span = value_span(field, message);
        cr_assert_eq(object->type, MSGPACK_OBJECT_STR);
        cr_assert_eq(object->via.str.size, span.n);
        cr_assert(span.n == 0 || !memcmp(object->via.str.ptr, span.p, span.n));
        break;
    case T_BIN:
        span = value_span(field, message);
        cr_assert_eq(object->type, MSGPACK_OBJECT_BIN);
        cr_assert_eq(object->via.bin.size, span.n);
        cr_assert(span.n == 0 || !memcmp(object->via.bin.ptr, span.p, span.n));
        break;
    case T_UUID:
        cr_assert_eq(object->type, MSGPACK_OBJECT_BIN);
        cr_assert_eq(object->via.bin.size, 16);
        cr_assert_eq(memcmp(object->via.bin.ptr, value_uuid(field, message), 16), 0);
        break;
    case T_LIST:
        rows = value_list(field, message, &n);
        cr_assert_eq(object->type, MSGPACK_OBJECT_ARRAY);
        cr_assert_eq(object->via.array.size, n);
        for (uint32_t i = 0; i < n; i++)
            oracle_message(field->sub, rows + i * field->sub->size, &object->via.array.ptr[i]);
        break;
    default:
        if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
            cr_assert_eq(object->via.i64, value_int(field, message));
        else
            cr_assert(object->type == MSGPACK_OBJECT_POSITIVE_INTEGER &&
                      object->via.u64 == (uint64_t)value_int(field, message));
    }
}

/* Pairs stand in the order of the rows; an absent optional field leaves none. */
static void oracle_message(const struct msg *desc, const void *message, const msgpack_object *object)
{
    cr_assert_eq(object->type, MSGPACK_OBJECT_MAP);
    uint32_t at = 0;
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        if (!value_present(field, message, value_has(message)))
            continue;
        cr_assert_lt(at, object->via.map.size, "%s.%s", desc->name, field->name);
        const msgpack_object_kv *pair = &object->via.map.ptr[at++];
        cr_assert_eq(pair->key.type, MSGPACK_OBJECT_POSITIVE_INTEGER);
        cr_assert_eq(pair->key.via.u64, field->number);
        oracle_value(field, message, &pair->val);
    }
    cr_assert_eq(at, object->via.map.size, "%s", desc->name);
}

Test(roundtrip, msgpack_c_reads_the_same)
{
    struct arena arena;
    struct buf packed;
    struct chance chance = {3};
    arena_init(&arena, MEMORY);
    buf_init(&packed, MEMORY);
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        for (int n = 0; n < ROUNDS; n++) {
            arena_clear(&arena);
            buf_clear(&packed);
            void *message = sample_message(desc, AIM_ANY, &chance, &arena);
            msg_pack(desc, message, &packed);
            msgpack_unpacked result;
            size_t offset = 0;
            msgpack_unpacked_init(&result);
            cr_assert_eq(msgpack_unpack_next(&result, packed.p, packed.n, &offset), MSGPACK_UNPACK_SUCCESS);
            cr_assert_eq(offset, packed.n);
            oracle_message(desc, message, &result.data);
            msgpack_unpacked_destroy(&result);
        }
    }
    buf_release(&packed);
    arena_release(&arena);
}

/* Strings of a decoded frame are borrowed: a message without lists costs no memory at all. */
Test(roundtrip, unpacking_borrows)
{
    struct arena none;
    struct buf packed;
    arena_init(&none, 0);
    buf_init(&packed, 1000);
    struct answer_save in = {.position = 3, .revision = 9, .response = SPAN("2")}, out;
    struct fault fault;
    msg_pack(&msg_answer_save, &in, &packed);
    cr_assert_eq(msg_unpack(&msg_answer_save, &out, &none, buf_span(&packed), &fault), 0);
    cr_assert(out.response.p > packed.p && out.response.p < packed.p + packed.n);
    cr_assert_eq(none.total, 0);
    buf_release(&packed);
}

/* Integers that a double cannot hold go through JSON as text, all others as numbers. */
Test(roundtrip, integers_beyond_doubles)
{
    static const struct {
        int64_t value;
        const char *json;
    } rows[] = {
        {9007199254740991, "{\"i64\":9007199254740991,\"rows\":[]}"},
        {9007199254740992, "{\"i64\":\"9007199254740992\",\"rows\":[]}"},
        {9007199254740993, "{\"i64\":\"9007199254740993\",\"rows\":[]}"},
        {INT64_MAX, "{\"i64\":\"9223372036854775807\",\"rows\":[]}"},
        {-9007199254740991, "{\"i64\":-9007199254740991,\"rows\":[]}"},
        {-9007199254740992, "{\"i64\":\"-9007199254740992\",\"rows\":[]}"},
        {INT64_MIN, "{\"i64\":\"-9223372036854775808\",\"rows\":[]}"},
    };
    struct arena arena;
    struct buf json;
    arena_init(&arena, 1000);
    buf_init(&json, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample_wide in = {0}, out;
        struct fault fault;
        PUT_FIELD(&in, sample_wide, i64, rows[i].value);
        buf_clear(&json);
        msg_to_json(&msg_sample_wide, &in, &json);
        cr_assert_eq(json.n, strlen(rows[i].json));
        cr_assert_eq(memcmp(json.p, rows[i].json, json.n), 0, "%.*s", (int)json.n, json.p);
        cr_assert_eq(msg_from_json(&msg_sample_wide, &out, &arena, buf_span(&json), &fault), 0);
        cr_assert_eq(out.i64, rows[i].value);
    }
    buf_release(&json);
    arena_release(&arena);
}

Test(roundtrip, a_failed_buffer_says_so)
{
    struct answer_save in = {.position = 3, .revision = 9, .response = SPAN("a response")};
    struct buf whole, cut;
    buf_init(&whole, 1000);
    msg_pack(&msg_answer_save, &in, &whole);
    for (size_t max = 0; max < whole.n; max++) {
        buf_init(&cut, max);
        msg_pack(&msg_answer_save, &in, &cut);
        cr_assert(cut.failed);
        cr_assert_leq(cut.n, max);
        buf_release(&cut);
    }
    buf_clear(&whole);
    msg_to_json(&msg_answer_save, &in, &whole);
    for (size_t max = 0; max < whole.n; max++) {
        buf_init(&cut, max);
        msg_to_json(&msg_answer_save, &in, &cut);
        cr_assert(cut.failed);
        buf_release(&cut);
    }
    buf_release(&whole);
}

Test(roundtrip, the_first_fields_by_themselves)
{
    struct sample_row rows[] = {{.number = 3}, {.number = 4}};
    struct sample_narrow in = {.flag = true,
                               .u8 = 7,
                               .u16 = 8,
                               .u32 = 9,
                               .u64 = 10,
                               .str = SPAN("text"),
                               .bin = SPAN("bytes"),
                               .rows = rows,
                               .n_rows = 2},
                         out;
    struct arena arena;
    struct buf packed;
    struct fault fault;
    arena_init(&arena, 1000);
    buf_init(&packed, 1000);
    msg_pack(&msg_sample_narrow, &in, &packed);
    cr_assert_eq(msg_unpack_first(&msg_sample_narrow, 3, &out, &arena, buf_span(&packed), &fault), 0);
    cr_expect(out.flag && out.u8 == 7 && out.u16 == 8 && out.u32 == 0 && out.n_rows == 0);
    /* What stands behind them is not read, whatever it is; they themselves are read as strictly as ever. */
    memset(packed.p + 7, 0xc1, packed.n - 7);
    cr_expect_eq(msg_unpack_first(&msg_sample_narrow, 3, &out, &arena, buf_span(&packed), &fault), 0);
    packed.p[6] = (char)0xc3; /* a truth where a number belongs */
    cr_expect_eq(msg_unpack_first(&msg_sample_narrow, 3, &out, &arena, buf_span(&packed), &fault), ERR_TYPE);
    cr_expect_eq(msg_unpack_first(&msg_sample_narrow, 3, &out, &arena, BYTES("\x82\x01\xc3\x02\x01"), &fault),
                 ERR_RANGE);
    cr_expect_eq(msg_unpack_first(&msg_sample_narrow, 3, &out, &arena, BYTES("\x82\x01\xc3\x02\x07"), &fault),
                 ERR_MISSING);
    cr_expect_eq(arena.total, 0);
    buf_release(&packed);
    arena_release(&arena);
}
