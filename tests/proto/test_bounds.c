/*
 * test_bounds.c - every row of every message tried at its edges, in both codecs: least, most, one below, one above,
 * absent, doubled, of every wrong type. What the rows say is the only expectation, so a new message is tested as soon
 * as it is declared.
 */
#include "samples.h"
#include "value.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <msgpack/pack.h>
#include <stdlib.h>

enum { MEMORY = 64 << 20 };

/* A valid message of a kind in all its forms, and room for what is made of it. */
struct bench {
    const struct msg *desc;
    struct arena made, read;
    void *message, *back;
    struct buf packed, value, changed;
    struct piece pieces[PIECES_MOST];
    size_t n_pieces;
    cJSON *tree;
};

/* Every optional member is there, so that every row has a value to be changed. */
static void bench_init(struct bench *b, const struct msg *desc)
{
    struct chance chance = {5};
    *b = (struct bench){.desc = desc};
    arena_init(&b->made, MEMORY);
    arena_init(&b->read, MEMORY);
    buf_init(&b->packed, MEMORY);
    buf_init(&b->value, MEMORY);
    buf_init(&b->changed, MEMORY);
    bool whole = false;
    while (!whole) {
        arena_clear(&b->made);
        b->message = sample_message(desc, AIM_WHOLE, &chance, &b->made);
        whole = true; /* but an empty list counts as none */
        for (size_t i = 0; i < desc->n_fields; i++)
            whole &= value_present(&desc->fields[i], b->message, value_has(b->message));
    }
    b->back = arena_alloc(&b->made, desc->size);
    msg_to_json(desc, b->message, &b->packed);
    b->tree = cJSON_ParseWithLength(b->packed.p, b->packed.n);
    cr_assert_not_null(b->tree);
    buf_clear(&b->packed);
    msg_pack(desc, b->message, &b->packed);
    b->n_pieces = pieces_take(buf_span(&b->packed), b->pieces);
    cr_assert_eq(b->n_pieces, desc->n_fields);
}

static void bench_release(struct bench *b)
{
    cJSON_Delete(b->tree);
    arena_release(&b->made);
    arena_release(&b->read);
    buf_release(&b->packed);
    buf_release(&b->value);
    buf_release(&b->changed);
}

static void expect(const struct bench *b, const struct field *field, const char *form, const char *what, int code,
                   struct fault fault, int expected)
{
    (void)b, (void)form, (void)what; /* only said when it fails */
    cr_assert_eq(code, expected, "%s.%s %s %s: code %d, expected %d", b->desc->name, field->name, form, what, code,
                 expected);
    if (!expected)
        return;
    cr_assert_eq(fault.code, code);
    cr_assert_str_eq(fault.field, field->name, "%s.%s %s %s: blames %s", b->desc->name, field->name, form, what,
                     fault.field);
}

/* Reads the message with the value of row i replaced. */
static void try_packed(struct bench *b, size_t i, struct span value, const char *what, int expected)
{
    struct fault fault = {0};
    struct span kept = b->pieces[i].value;
    b->pieces[i].value = value;
    buf_clear(&b->changed);
    pieces_put(b->pieces, b->n_pieces, &b->changed);
    b->pieces[i].value = kept;
    arena_clear(&b->read);
    int code = msg_unpack(b->desc, b->back, &b->read, buf_span(&b->changed), &fault);
    expect(b, &b->desc->fields[i], "packed", what, code, fault, expected);
}

static int read_tree(struct bench *b, struct fault *ret_fault)
{
    char *text = cJSON_PrintUnformatted(b->tree);
    arena_clear(&b->read);
    int code = msg_from_json(b->desc, b->back, &b->read, (struct span){text, (uint32_t)strlen(text)}, ret_fault);
    free(text);
    return code;
}

/* Reads the JSON with the member of row i replaced by raw text. */
static void try_json(struct bench *b, size_t i, const char *raw, const char *what, int expected)
{
    struct fault fault = {0};
    const struct field *field = &b->desc->fields[i];
    cJSON *kept = cJSON_DetachItemFromObjectCaseSensitive(b->tree, field->name);
    cJSON_AddItemToObject(b->tree, field->name, cJSON_CreateRaw(raw));
    int code = read_tree(b, &fault);
    expect(b, field, "JSON", what, code, fault, expected);
    cJSON_ReplaceItemInObjectCaseSensitive(b->tree, field->name, kept);
}

static int write_to_buf(void *data, const char *p, size_t n)
{
    buf_add(data, p, n);
    return 0;
}

static msgpack_packer packer(struct buf *out)
{
    msgpack_packer to;
    buf_clear(out);
    msgpack_packer_init(&to, out, write_to_buf);
    return to;
}

/* An integer just beyond int64 is asked for by `beyond`: 1 above, -1 below. */
static void try_int(struct bench *b, size_t i, int64_t value, int beyond, const char *what, int expected)
{
    const struct field *field = &b->desc->fields[i];
    char raw[64];
    msgpack_packer to = packer(&b->value);
    if (beyond > 0)
        msgpack_pack_uint64(&to, (uint64_t)INT64_MAX + 1);
    else
        msgpack_pack_int64(&to, value);
    if (beyond >= 0) /* MessagePack has nothing below int64 */
        try_packed(b, i, buf_span(&b->value), what, expected);

    if (field->type == T_TIME || field->type == T_DATE)
        return; /* RFC 3339 cannot say what is beyond */
    bool quoted = beyond || value > INT64_C(9007199254740991) || value < -INT64_C(9007199254740991);
    if (quoted && field->type != T_U64 && field->type != T_I64)
        return;
    if (beyond)
        snprintf(raw, sizeof raw, "\"%s\"", beyond > 0 ? "9223372036854775808" : "-9223372036854775809");
    else
        snprintf(raw, sizeof raw, quoted ? "\"%lld\"" : "%lld", (long long)value);
    try_json(b, i, raw, what, expected);
}

static void bounds_int(struct bench *b, size_t i, int64_t min, int64_t max)
{
    try_int(b, i, min, 0, "least", ERR_NONE);
    try_int(b, i, max, 0, "most", ERR_NONE);
    if (min == INT64_MIN)
        try_int(b, i, 0, -1, "below least", ERR_RANGE);
    else
        try_int(b, i, min - 1, 0, "below least", ERR_RANGE);
    if (max == INT64_MAX)
        try_int(b, i, 0, 1, "above most", ERR_RANGE);
    else
        try_int(b, i, max + 1, 0, "above most", ERR_RANGE);
    try_int(b, i, 0, 1, "above all", ERR_RANGE);
}

/* n bytes, as a string or binary and in JSON. */
static void try_length(struct bench *b, size_t i, size_t n, const char *what, int expected)
{
    const struct field *field = &b->desc->fields[i];
    char *bytes = malloc(n + 1);
    memset(bytes, 'k', n);
    msgpack_packer to = packer(&b->value);
    if (field->type == T_STR)
        msgpack_pack_str_with_body(&to, bytes, n);
    else
        msgpack_pack_bin_with_body(&to, bytes, n);
    try_packed(b, i, buf_span(&b->value), what, expected);

    buf_clear(&b->value);
    buf_add_char(&b->value, '"');
    if (field->type == T_STR)
        buf_add(&b->value, bytes, n);
    else
        base64url_add(&b->value, bytes, n);
    buf_add(&b->value, "\"", 2);
    try_json(b, i, b->value.p, what, expected);
    free(bytes);
}

/* n rows that are all the first row of the message, or a least one. */
static void try_rows(struct bench *b, size_t i, size_t n, const char *what, int expected)
{
    const struct field *field = &b->desc->fields[i];
    struct chance chance = {9};
    struct buf row, json;
    buf_init(&row, MEMORY);
    buf_init(&json, MEMORY);
    const void *message = sample_message(field->sub, AIM_LEAST, &chance, &b->made);
    msg_pack(field->sub, message, &row);
    msgpack_packer to = packer(&b->value);
    msgpack_pack_array(&to, n);
    for (size_t k = 0; k < n; k++)
        buf_add(&b->value, row.p, row.n);
    try_packed(b, i, buf_span(&b->value), what, expected);

    buf_clear(&row);
    msg_to_json(field->sub, message, &row);
    buf_add_char(&json, '[');
    for (size_t k = 0; k < n; k++) {
        if (k)
            buf_add_char(&json, ',');
        buf_add(&json, row.p, row.n);
    }
    buf_add(&json, "]", 2);
    try_json(b, i, json.p, what, expected);
    buf_release(&row);
    buf_release(&json);
}

static void bounds_count(struct bench *b, size_t i, void (*try)(struct bench *, size_t, size_t, const char *, int))
{
    const struct field *field = &b->desc->fields[i];
    try(b, i, (size_t)field->min, "least", ERR_NONE);
    try(b, i, (size_t)field->max, "most", ERR_NONE);
    if (field->min > 0)
        try(b, i, (size_t)field->min - 1, "below least", ERR_RANGE);
    try(b, i, (size_t)field->max + 1, "above most", ERR_RANGE);
}

static void bounds_row(struct bench *b, size_t i)
{
    const struct field *field = &b->desc->fields[i];
    switch ((enum field_type)field->type) {
    case T_BOOL:
    case T_UUID:
        break;
    case T_STR:
    case T_BIN:
        bounds_count(b, i, try_length);
        break;
    case T_LIST:
        bounds_count(b, i, try_rows);
        break;
    case T_TIME:
        bounds_int(b, i, TIME_MIN, TIME_MAX);
        break;
    case T_DATE:
        bounds_int(b, i, DATE_MIN, DATE_MAX);
        break;
    default:
        bounds_int(b, i, field->min, field->max);
    }
}

/* Tests below run over all kinds; their bodies stand in functions of one kind. */
static void each_kind(void (*one)(struct bench *))
{
    const struct msg *desc;
    for (size_t i = 0; (desc = sample_kind(i)); i++) {
        struct bench b;
        bench_init(&b, desc);
        one(&b);
        bench_release(&b);
    }
}

static void edges(struct bench *b)
{
    for (size_t i = 0; i < b->desc->n_fields; i++)
        bounds_row(b, i);
}

Test(bounds, edges_of_every_row, .timeout = 120)
{
    each_kind(edges);
}

static void absent(struct bench *b)
{
    for (size_t i = 0; i < b->desc->n_fields; i++) {
        const struct field *field = &b->desc->fields[i];
        int expected = field->required ? ERR_MISSING : ERR_NONE;
        struct piece rest[PIECES_MOST];
        struct fault fault = {0};
        size_t n = 0;
        for (size_t k = 0; k < b->n_pieces; k++) {
            if (k != i)
                rest[n++] = b->pieces[k];
        }
        buf_clear(&b->changed);
        pieces_put(rest, n, &b->changed);
        arena_clear(&b->read);
        int code = msg_unpack(b->desc, b->back, &b->read, buf_span(&b->changed), &fault);
        expect(b, field, "packed", "absent", code, fault, expected);
        if (!field->required)
            cr_assert_eq(value_has(b->back) & field_bit(field), 0, "%s.%s", b->desc->name, field->name);

        cJSON *kept = cJSON_DetachItemFromObjectCaseSensitive(b->tree, field->name);
        code = read_tree(b, &fault);
        expect(b, field, "JSON", "absent", code, fault, expected);
        cJSON_AddItemToObject(b->tree, field->name, kept);
    }
}

Test(bounds, absent_rows)
{
    each_kind(absent);
}

static void doubled(struct bench *b)
{
    for (size_t i = 0; i < b->desc->n_fields; i++) {
        const struct field *field = &b->desc->fields[i];
        struct piece more[PIECES_MOST + 1];
        struct fault fault = {0};
        memcpy(more, b->pieces, b->n_pieces * sizeof more[0]);
        more[b->n_pieces] = b->pieces[i];
        buf_clear(&b->changed);
        pieces_put(more, b->n_pieces + 1, &b->changed);
        arena_clear(&b->read);
        int code = msg_unpack(b->desc, b->back, &b->read, buf_span(&b->changed), &fault);
        expect(b, field, "packed", "doubled", code, fault, ERR_TWICE);

        const cJSON *item = cJSON_GetObjectItemCaseSensitive(b->tree, field->name);
        cJSON_AddItemToObject(b->tree, field->name, cJSON_Duplicate(item, true));
        code = read_tree(b, &fault);
        expect(b, field, "JSON", "doubled", code, fault, ERR_TWICE);
        cJSON_DeleteItemFromArray(b->tree, (int)b->desc->n_fields);
    }
}

Test(bounds, doubled_rows)
{
    each_kind(doubled);
}

#define BYTES(literal) ((struct span){literal, (uint32_t)sizeof(literal) - 1})

static void wrong_type_packed(struct bench *b, size_t i)
{
    static const struct {
        const char *what;
        struct span bytes;
        uint32_t fits; /* bits of types that take it */
    } values[] = {
        {"nil", BYTES("\xc0"), 0},
        {"true", BYTES("\xc3"), 1u << T_BOOL},
        {"integer", BYTES("\x05"),
         1u << T_U8 | 1u << T_U16 | 1u << T_U32 | 1u << T_U64 | 1u << T_I64 | 1u << T_TIME | 1u << T_DATE},
        {"float", BYTES("\xca\x3f\x80\x00\x00"), 0},
        {"double", BYTES("\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"), 0},
        {"string",
         BYTES("\xa5"
               "12345"),
         1u << T_STR},
        {"binary",
         BYTES("\xc4\x05"
               "12345"),
         1u << T_BIN},
        {"array", BYTES("\x91\x01"), 0},
        {"array of nil", BYTES("\x91\xc0"), 0},
        {"map", BYTES("\x81\x01\x02"), 0},
        {"ext",
         BYTES("\xc7\x02\x07"
               "ab"),
         0},
        {"fixext",
         BYTES("\xd6\xff"
               "abcd"),
         0},
    };
    const struct field *field = &b->desc->fields[i];
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        if (values[k].fits >> field->type & 1)
            continue;
        int expected = ERR_TYPE;
        if (field->type == T_LIST && values[k].bytes.p[0] == (char)0x91 && field->min > 1)
            expected = ERR_RANGE;
        try_packed(b, i, values[k].bytes, values[k].what, expected);
    }
    if (field->type == T_UUID) {
        try_packed(b, i,
                   BYTES("\xc4\x0f"
                         "123456789012345"),
                   "15 bytes", ERR_TYPE);
        try_packed(b, i,
                   BYTES("\xc4\x11"
                         "12345678901234567"),
                   "17 bytes", ERR_TYPE);
        try_packed(b, i, BYTES("\xc4\x00"), "no bytes", ERR_TYPE);
    }
    try_packed(b, i, BYTES("\xc1"), "reserved byte", ERR_SYNTAX);
    if (field->type == T_STR && field->max >= 4) {
        buf_clear(&b->value);
        size_t n = field->min > 4 ? (size_t)field->min : 4;
        msgpack_packer to = packer(&b->value);
        msgpack_pack_str(&to, n);
        for (size_t k = 0; k < n; k++)
            buf_add_char(&b->value, (char)0xc3);
        try_packed(b, i, buf_span(&b->value), "bad UTF-8", ERR_TYPE);
    }
}

static void wrong_type_json(struct bench *b, size_t i)
{
    static const uint32_t texts = 1u << T_STR | 1u << T_BIN | 1u << T_UUID | 1u << T_TIME | 1u << T_DATE;
    static const struct {
        const char *what, *raw;
        uint32_t fits;
    } values[] = {
        {"null", "null", 0},
        {"true", "true", 1u << T_BOOL},
        {"false", "false", 1u << T_BOOL},
        {"integer", "5", 1u << T_U8 | 1u << T_U16 | 1u << T_U32 | 1u << T_U64 | 1u << T_I64},
        {"integer as a fraction", "5.0", 0},
        {"fraction", "5.5", 0},
        {"integer with an exponent", "5e0", 0},
        {"infinity", "1e999", 0},
        {"array of integers", "[5]", 1u << T_LIST},
        {"array of arrays", "[[]]", 1u << T_LIST},
        {"object", "{}", 0},
        {"object with a member", "{\"a\":1}", 0},
        {"integer as text", "\"5\"", texts},
        {"text with blanks", "\" 5\"", texts},
        {"truth as text", "\"true\"", texts},
    };
    const struct field *field = &b->desc->fields[i];
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        if (!(values[k].fits >> field->type & 1))
            try_json(b, i, values[k].raw, values[k].what, ERR_TYPE);
    }
    if (field->type == T_LIST && field->min <= 1) {
        try_json(b, i, "[5]", "rows that are integers", ERR_TYPE);
        try_json(b, i, "[[]]", "rows that are arrays", ERR_TYPE);
        try_json(b, i, "[null]", "rows that are null", ERR_TYPE);
    }
    if (field->type == T_UUID)
        try_json(b, i, "\"0192f3a4b5c67d8e9f0123456789abcd\"", "UUID without hyphens", ERR_TYPE);
    if (field->type == T_TIME)
        try_json(b, i, "\"2026-11-22 02:46:13\"", "time without zone", ERR_TYPE);
    if (field->type == T_DATE)
        try_json(b, i, "\"22/11/2026\"", "date of another form", ERR_TYPE);
    if (field->type == T_BIN && field->min <= 3 && field->max >= 3) {
        try_json(b, i, "\"Zm9+\"", "base64 of the other alphabet", ERR_TYPE);
        try_json(b, i, "\"Zm9vY\"", "base64 of a bad length", ERR_TYPE);
    }
}

static void wrong_types(struct bench *b)
{
    for (size_t i = 0; i < b->desc->n_fields; i++) {
        wrong_type_packed(b, i);
        wrong_type_json(b, i);
    }
}

Test(bounds, wrong_types)
{
    each_kind(wrong_types);
}

/* A number that we do not know is from a newer peer; a member that we do not know is a slip of a client. */
static void unknown(struct bench *b)
{
    struct piece more[PIECES_MOST + 1];
    struct fault fault = {0};
    for (unsigned number = 0; number < 128; number++) {
        bool known = false;
        for (size_t i = 0; i < b->desc->n_fields; i++)
            known |= b->desc->fields[i].number == number;
        if (known)
            continue;
        more[0] = (struct piece){(uint8_t)number, BYTES("\x92\x81\x01\xc0\xa1"
                                                        "x")};
        memcpy(more + 1, b->pieces, b->n_pieces * sizeof more[0]);
        buf_clear(&b->changed);
        pieces_put(more, b->n_pieces + 1, &b->changed);
        arena_clear(&b->read);
        int code = msg_unpack(b->desc, b->back, &b->read, buf_span(&b->changed), &fault);
        cr_assert_eq(code, 0, "%s: number %u, code %d %s", b->desc->name, number, code, fault.field);
        cr_assert(sample_same(b->desc, b->message, b->back), "%s: number %u", b->desc->name, number);
    }
    cJSON_AddItemToObject(b->tree, "no_such_member", cJSON_CreateNull());
    cr_assert_eq(read_tree(b, &fault), ERR_UNKNOWN);
    cr_assert_str_eq(fault.field, "no_such_member");
    cJSON_DeleteItemFromObjectCaseSensitive(b->tree, "no_such_member");
    cJSON_AddItemToObject(b->tree, "has", cJSON_CreateNumber(1));
    cr_assert_eq(read_tree(b, &fault), ERR_UNKNOWN);
}

Test(bounds, unknown_rows)
{
    each_kind(unknown);
}

/* msg_check finds in a struct what the codecs find in bytes. */
static void checked(struct bench *b)
{
    for (size_t i = 0; i < b->desc->n_fields; i++) {
        const struct field *field = &b->desc->fields[i];
        struct fault fault = {0};
        void *message = b->back;
        memcpy(message, b->message, b->desc->size);
        cr_assert_eq(msg_check(b->desc, message, &fault), 0);
        cr_assert_eq(fault.code, 0);
        int64_t above = field->max, below = field->min;
        if (field->type == T_TIME || field->type == T_DATE) {
            above = field->type == T_TIME ? TIME_MAX : DATE_MAX;
            below = field->type == T_TIME ? TIME_MIN : DATE_MIN;
        } else if (field->type == T_STR || field->type == T_BIN) {
            value_put_span(field, message, (struct span){"", (uint32_t)field->max + 1});
            expect(b, field, "struct", "above most", msg_check(b->desc, message, &fault), fault, ERR_RANGE);
            if (field->min > 0) {
                value_put_span(field, message, (struct span){"", (uint32_t)field->min - 1});
                expect(b, field, "struct", "below least", msg_check(b->desc, message, &fault), fault, ERR_RANGE);
            }
            if (field->type == T_STR && field->min <= 3 && field->max >= 3) {
                value_put_span(field, message, SPAN("x\xc3y"));
                expect(b, field, "struct", "bad UTF-8", msg_check(b->desc, message, &fault), fault, ERR_TYPE);
            }
            continue;
        } else if (field->type == T_LIST) {
            value_put_list(field, message, NULL, (uint32_t)field->max + 1);
            expect(b, field, "struct", "above most", msg_check(b->desc, message, &fault), fault, ERR_RANGE);
            continue;
        } else if (!type_is_int(field->type)) {
            continue;
        }
        /* One beyond, where the member can hold it. */
        value_put_int(field, message, above == INT64_MAX ? above : above + 1);
        if (above < INT64_MAX && value_int(field, message) == above + 1)
            expect(b, field, "struct", "above most", msg_check(b->desc, message, &fault), fault, ERR_RANGE);
        value_put_int(field, message, below == INT64_MIN ? below : below - 1);
        if (below > INT64_MIN && value_int(field, message) == below - 1)
            expect(b, field, "struct", "below least", msg_check(b->desc, message, &fault), fault, ERR_RANGE);
    }
}

Test(bounds, structs_made_by_code)
{
    each_kind(checked);
}
