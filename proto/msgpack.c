/*
 * msgpack.c - the MessagePack form of messages: written with msgpack-c's packer, read with our own cursor (wire.h).
 *
 * The packer is msgpack-c's template with a buf as its target: through its usual callback each of the many small pieces
 * would be a call. Its unpacker is not used on bytes of a peer: it allocates by the count that an array header
 * announces.
 */
#include "codec.h"
#include "value.h"
#include "wire.h"

#include <msgpack/pack_define.h>
#include <msgpack/timestamp.h>

static inline int append(struct buf *out, const void *p, size_t n)
{
    if (n == 0 || n > out->room - out->n || out->failed) {
        buf_add(out, p, n);
    } else {
        memcpy(out->p + out->n, p, n);
        out->n += n;
    }
    return 0; /* a failure stays in the buffer */
}

#define msgpack_pack_inline_func(name)        static inline int msgpack_pack##name
#define msgpack_pack_inline_func_cint(name)   static inline int msgpack_pack##name
#define msgpack_pack_user                     struct buf *
#define msgpack_pack_append_buffer(out, p, n) return append(out, p, n)
#include <msgpack/pack_template.h>

static void pack_message(struct buf *to, const struct msg *desc, const void *message);

static void pack_value(struct buf *to, const struct field *field, const void *message)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
        if (value_bool(field, message))
            msgpack_pack_true(to);
        else
            msgpack_pack_false(to);
        break;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
    case T_TIME:
    case T_DATE:
        msgpack_pack_int64(to, value_int(field, message));
        break;
    case T_STR: {
        struct span text = value_span(field, message);
        msgpack_pack_str(to, text.n);
        msgpack_pack_str_body(to, text.p, text.n);
        break;
    }
    case T_BIN: {
        struct span bytes = value_span(field, message);
        msgpack_pack_bin(to, bytes.n);
        msgpack_pack_bin_body(to, bytes.p, bytes.n);
        break;
    }
    case T_UUID:
        msgpack_pack_bin(to, sizeof(struct uuid));
        msgpack_pack_bin_body(to, value_uuid(field, message), sizeof(struct uuid));
        break;
    case T_LIST: {
        uint32_t n;
        const char *rows = value_list(field, message, &n);
        msgpack_pack_array(to, n);
        for (uint32_t i = 0; i < n; i++)
            pack_message(to, field->sub, rows + i * field->sub->size);
        break;
    }
    }
}

static void pack_message(struct buf *to, const struct msg *desc, const void *message)
{
    uint64_t has = value_has(message);
    size_t n = 0;
    for (size_t i = 0; i < desc->n_fields; i++)
        n += value_present(&desc->fields[i], message, has);
    msgpack_pack_map(to, n);
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        if (!value_present(field, message, has))
            continue;
        msgpack_pack_uint8(to, field->number);
        pack_value(to, field, message);
    }
}

void msg_pack(const struct msg *desc, const void *message, struct buf *out)
{
    pack_message(out, desc, message);
}

/* What reading one message needs beside the message. */
struct unpack {
    struct wire wire;
    bool first; /* nothing is read behind the last field that is declared */
    struct arena *arena;
    struct fault *fault;
};

static int unpack_message(struct unpack *u, const struct msg *desc, void *message, unsigned depth);

static int unpack_list(struct unpack *u, const struct field *field, void *message, unsigned depth)
{
    uint32_t n = wire_array(&u->wire);
    if (u->wire.error)
        return fault_set(u->fault, u->wire.error, field);
    /* The bound first, then the bytes that are left, then the memory. */
    if (value_check_n(field, n))
        return fault_set(u->fault, ERR_RANGE, field);
    wire_expect(&u->wire, n);
    if (u->wire.error)
        return fault_set(u->fault, u->wire.error, field);
    if (n == 0)
        return 0;
    if (depth == CODEC_MAX_DEPTH)
        return fault_set(u->fault, ERR_TOO_LARGE, field);
    char *rows = arena_alloc(u->arena, n * field->sub->size);
    if (!rows)
        return fault_set(u->fault, ERR_TOO_LARGE, field);
    for (uint32_t i = 0; i < n; i++) {
        int code = unpack_message(u, field->sub, rows + i * field->sub->size, depth + 1);
        if (code)
            return *u->fault->field ? code : fault_set(u->fault, code, field);
    }
    value_put_list(field, message, rows, n);
    return 0;
}

/* Reads one value into its member, which is zero. */
static int unpack_value(struct unpack *u, const struct field *field, void *message, unsigned depth)
{
    struct wire *wire = &u->wire;
    int code = ERR_NONE;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        value_put_bool(field, message, wire_bool(wire));
        break;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
    case T_TIME:
    case T_DATE: {
        int64_t value = wire_int(wire);
        code = value_check_int(field, value);
        if (!code)
            value_put_int(field, message, value);
        break;
    }
    case T_STR: {
        struct span text = wire_str(wire);
        code = value_check_n(field, text.n);
        if (!code && !utf8_valid(text))
            code = ERR_TYPE;
        value_put_span(field, message, text);
        break;
    }
    case T_BIN: {
        struct span bytes = wire_bin(wire);
        code = value_check_n(field, bytes.n);
        value_put_span(field, message, bytes);
        break;
    }
    case T_UUID: {
        struct span bytes = wire_bin(wire);
        if (bytes.n == sizeof(struct uuid))
            value_put_uuid(field, message, bytes.p);
        else
            code = ERR_TYPE;
        break;
    }
    case T_LIST:
        return unpack_list(u, field, message, depth);
    }
    if (wire->error)
        code = wire->error;
    return code ? fault_set(u->fault, code, field) : 0;
}

/* `message` is zeroed. */
static int unpack_message(struct unpack *u, const struct msg *desc, void *message, unsigned depth)
{
    uint32_t pairs = wire_map(&u->wire);
    uint64_t seen = 0, has = 0;
    const struct field *next = desc->fields, *end = next + desc->n_fields;
    for (; pairs > 0; pairs--) {
        int64_t number = wire_int(&u->wire);
        /* Writers go up by number, so the wanted field is nearly always the one after the last. */
        const struct field *field = next;
        if (field == end || field->number != number) {
            for (field = desc->fields; field < end && field->number != number; field++)
                ;
        }
        if (u->wire.error)
            break;
        if (number < 0)
            return fault_set(u->fault, ERR_SYNTAX, NULL);
        if (field == end) {
            /* From a newer peer; each message level may take two levels of arrays and maps. */
            wire_skip(&u->wire, 2 * (CODEC_MAX_DEPTH - depth) + 1);
            continue;
        }
        next = field + 1;
        if (seen & field_bit(field))
            return fault_set(u->fault, ERR_TWICE, field);
        seen |= field_bit(field);
        int code = unpack_value(u, field, message, depth);
        if (code)
            return code;
        if (!field->required && value_present(field, message, field_bit(field)))
            has |= field_bit(field);
        if (u->first && next == end && depth == 1)
            break;
    }
    if (u->wire.error)
        return fault_set(u->fault, u->wire.error == ERR_RANGE ? ERR_SYNTAX : u->wire.error, NULL);
    value_add_has(message, has);
    const struct field *missing = value_missing(desc, seen);
    return missing ? fault_set(u->fault, ERR_MISSING, missing) : 0;
}

static int unpack(struct unpack *u, const struct msg *desc, void *ret_message, struct span in)
{
    wire_init(&u->wire, in);
    memset(ret_message, 0, desc->size);
    int code = unpack_message(u, desc, ret_message, 1);
    if (!code && !u->first && u->wire.p != u->wire.end)
        code = fault_set(u->fault, ERR_SYNTAX, NULL);
    return code;
}

int msg_unpack(const struct msg *desc, void *ret_message, struct arena *arena, struct span in, struct fault *ret_fault)
{
    struct unpack u = {.arena = arena, .fault = ret_fault};
    return unpack(&u, desc, ret_message, in);
}

int msg_unpack_first(const struct msg *desc, uint8_t n, void *ret_message, struct arena *arena, struct span in,
                     struct fault *ret_fault)
{
    struct msg first = *desc;
    struct unpack u = {.first = true, .arena = arena, .fault = ret_fault};
    first.n_fields = n;
    return unpack(&u, &first, ret_message, in);
}
