/*
 * json.c - the JSON form of messages: written straight into a buffer, read strictly.
 *
 * Reading goes in three steps: scan_json holds the text to the letter and counts its values, cJSON makes a tree of it,
 * and the tree is compared with the descriptors. Numbers that a double cannot hold exactly, those beyond 2^53 - 1, are
 * written as strings of digits and read only so.
 */
#include "codec.h"
#include "scan.h"
#include "value.h"

#include <cjson/cJSON.h>

#define EXACT_MOST INT64_C(9007199254740991) /* 2^53 - 1 */

static bool is_exact(int64_t value)
{
    return value >= -EXACT_MOST && value <= EXACT_MOST;
}

/* Writing */

static void add_int(struct buf *out, int64_t value)
{
    bool quoted = !is_exact(value);
    if (quoted)
        buf_add_char(out, '"');
    if (value < 0)
        buf_add_char(out, '-');
    buf_add_u64(out, value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value);
    if (quoted)
        buf_add_char(out, '"');
}

/* Text that needs no escape, with its quotes. */
static void add_quoted(struct buf *out, const char *text, size_t n)
{
    char *to = buf_room(out, n + 2);
    if (!to)
        return;
    to[0] = '"';
    memcpy(to + 1, text, n);
    to[n + 1] = '"';
    out->n += n + 2;
}

/* What stands before a value: { or a comma, the name in quotes, a colon. */
static void add_name(struct buf *out, char before, const char *name)
{
    size_t n = strlen(name);
    char *to = buf_room(out, n + 4);
    if (!to)
        return;
    to[0] = before;
    to[1] = '"';
    memcpy(to + 2, name, n);
    to[n + 2] = '"';
    to[n + 3] = ':';
    out->n += n + 4;
}

static void add_value(struct buf *out, const struct field *field, const void *message)
{
    char text[UUID_TEXT];
    struct uuid uuid;
    struct span span;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        buf_add_text(out, value_bool(field, message) ? "true" : "false");
        break;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        add_int(out, value_int(field, message));
        break;
    case T_STR:
        json_add_string(out, value_span(field, message));
        break;
    case T_BIN:
        span = value_span(field, message);
        buf_add_char(out, '"');
        base64url_add(out, span.p, span.n);
        buf_add_char(out, '"');
        break;
    case T_UUID:
        memcpy(uuid.b, value_uuid(field, message), sizeof uuid.b);
        uuid_format(&uuid, text);
        add_quoted(out, text, UUID_TEXT - 1);
        break;
    case T_TIME:
        if (value_check_int(field, value_int(field, message)))
            out->failed = true; /* no text says this; time_format would give another moment */
        time_format(value_int(field, message), text);
        add_quoted(out, text, TIME_TEXT - 1);
        break;
    case T_DATE:
        if (value_check_int(field, value_int(field, message)))
            out->failed = true;
        date_format((int32_t)value_int(field, message), text);
        add_quoted(out, text, 10);
        break;
    case T_LIST: {
        uint32_t n;
        const char *rows = value_list(field, message, &n);
        buf_add_char(out, '[');
        for (uint32_t i = 0; i < n; i++) {
            if (i > 0)
                buf_add_char(out, ',');
            msg_to_json(field->sub, rows + i * field->sub->size, out);
        }
        buf_add_char(out, ']');
        break;
    }
    }
}

void msg_to_json(const struct msg *desc, const void *message, struct buf *out)
{
    uint64_t has = value_has(message);
    char before = '{';
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        if (field->type != T_LIST && !value_present(field, message, has))
            continue;
        add_name(out, before, field->name);
        before = ',';
        add_value(out, field, message);
    }
    if (before == '{')
        buf_add_char(out, before);
    buf_add_char(out, '}');
}

/* Reading */

/* What reading needs beside the message. Numbers are met in the order of the text, as scan_json counted them. */
struct reader {
    struct arena *arena;
    struct fault *fault;
    uint32_t numbers, inexact;
};

static int read_object(struct reader *r, const struct msg *desc, void *message, uint64_t *seen, const cJSON *object,
                       unsigned depth);

static int read_int(struct reader *r, const struct field *field, void *message, const cJSON *item)
{
    int64_t value;
    if (cJSON_IsNumber(item)) {
        if (++r->numbers == r->inexact)
            return ERR_TYPE;
        if (!(item->valuedouble >= (double)-EXACT_MOST && item->valuedouble <= (double)EXACT_MOST))
            return ERR_RANGE;
        value = (int64_t)item->valuedouble;
    } else if (cJSON_IsString(item) && (field->type == T_U64 || field->type == T_I64)) {
        int status = int_parse((struct span){item->valuestring, (uint32_t)strlen(item->valuestring)}, &value);
        if (status)
            return status < 0 ? ERR_TYPE : ERR_RANGE;
        if (is_exact(value))
            return ERR_TYPE; /* one value has one form */
    } else {
        return ERR_TYPE;
    }
    if (value_check_int(field, value))
        return ERR_RANGE;
    value_put_int(field, message, value);
    return ERR_NONE;
}

static int read_list(struct reader *r, const struct field *field, void *message, const cJSON *array, unsigned depth)
{
    uint32_t n = 0;
    for (const cJSON *row = array->child; row; row = row->next)
        n++;
    if (value_check_n(field, n))
        return fault_set(r->fault, ERR_RANGE, field);
    if (n == 0)
        return 0;
    if (depth == CODEC_MAX_DEPTH)
        return fault_set(r->fault, ERR_TOO_LARGE, field);
    char *rows = arena_alloc(r->arena, n * field->sub->size);
    if (!rows)
        return fault_set(r->fault, ERR_TOO_LARGE, field);
    char *to = rows;
    for (const cJSON *row = array->child; row; row = row->next, to += field->sub->size) {
        uint64_t seen = 0;
        if (!cJSON_IsObject(row))
            return fault_set(r->fault, ERR_TYPE, field);
        int code = read_object(r, field->sub, to, &seen, row, depth + 1);
        if (!code)
            code = msg_check_seen(field->sub, seen, r->fault);
        if (code)
            return code;
    }
    value_put_list(field, message, rows, n);
    return 0;
}

static int read_value(struct reader *r, const struct field *field, void *message, const cJSON *item, unsigned depth)
{
    int code = ERR_TYPE;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        if (cJSON_IsBool(item)) {
            value_put_bool(field, message, cJSON_IsTrue(item));
            return 0;
        }
        break;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        code = read_int(r, field, message, item);
        break;
    case T_STR:
    case T_BIN:
    case T_UUID:
    case T_TIME:
    case T_DATE:
        if (cJSON_IsString(item))
            code = value_from_text(field, message, r->arena,
                                   (struct span){item->valuestring, (uint32_t)strlen(item->valuestring)});
        break;
    case T_LIST:
        if (cJSON_IsArray(item))
            return read_list(r, field, message, item, depth);
        break;
    }
    return code ? fault_set(r->fault, code, field) : 0;
}

/* A member that no row declares is named as the sender wrote it, cut where a character ends. */
static int unknown_member(struct reader *r, const char *name)
{
    enum { SHOWN = 64 };
    size_t n = strlen(name);
    if (n > SHOWN) {
        for (n = SHOWN; ((unsigned char)name[n] & 0xc0) == 0x80; n--)
            ;
    }
    struct span copy;
    fault_set(r->fault, ERR_UNKNOWN, NULL);
    if (!arena_span(r->arena, (struct span){name, (uint32_t)n}, &copy))
        r->fault->field = copy.p;
    return ERR_UNKNOWN;
}

static int read_object(struct reader *r, const struct msg *desc, void *message, uint64_t *seen, const cJSON *object,
                       unsigned depth)
{
    const struct field *next = desc->fields, *end = next + desc->n_fields;
    for (const cJSON *item = object->child; item; item = item->next) {
        /* Most clients send members in the order of their documentation. */
        const struct field *field = next;
        if (field == end || strcmp(field->name, item->string)) {
            for (field = desc->fields; field < end && strcmp(field->name, item->string); field++)
                ;
            if (field == end)
                return unknown_member(r, item->string);
        }
        next = field + 1;
        if (*seen & field_bit(field))
            return fault_set(r->fault, ERR_TWICE, field);
        *seen |= field_bit(field);
        int code = read_value(r, field, message, item, depth);
        if (code)
            return code;
        if (!field->required && value_present(field, message, field_bit(field)))
            value_add_has(message, field_bit(field));
    }
    return 0;
}

/* How many JSON values a message of this kind can have by the bounds of its rows. */
static uint64_t most_values(const struct msg *desc, unsigned depth)
{
    uint64_t n = 1;
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        n++;
        if (field->type == T_LIST && depth < CODEC_MAX_DEPTH)
            n += (uint64_t)field->max * most_values(field->sub, depth + 1);
    }
    return n;
}

/*
 * More values than twice the message's most are refused before the tree is made, because each takes many times its
 * bytes there. Up to that a surplus is left to the descriptors, which can name the list that is too long.
 */
static uint32_t values_allowed(const struct msg *desc)
{
    uint64_t n = 2 * most_values(desc, 1) + 64;
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

int msg_merge_json(const struct msg *desc, void *message, uint64_t *seen, struct arena *arena, struct span in,
                   struct fault *ret_fault)
{
    if (in.n == 0)
        return 0;
    struct scan scan;
    int code = scan_json(in, values_allowed(desc), &scan);
    if (code)
        return fault_set(ret_fault, code, NULL);
    cJSON *tree = cJSON_ParseWithLength(in.p, in.n);
    if (!tree) /* what the scan let pass cJSON can read, so this is memory */
        return fault_set(ret_fault, ERR_TOO_LARGE, NULL);
    struct reader r = {.arena = arena, .fault = ret_fault, .inexact = scan.inexact};
    if (cJSON_IsObject(tree))
        code = read_object(&r, desc, message, seen, tree, 1);
    else
        code = fault_set(ret_fault, ERR_TYPE, NULL);
    cJSON_Delete(tree);
    return code;
}

int msg_from_json(const struct msg *desc, void *ret_message, struct arena *arena, struct span in,
                  struct fault *ret_fault)
{
    uint64_t seen = 0;
    memset(ret_message, 0, desc->size);
    int code = msg_merge_json(desc, ret_message, &seen, arena, in, ret_fault);
    return code ? code : msg_check_seen(desc, seen, ret_fault);
}
