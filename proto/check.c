/*
 * check.c - messages checked against their rows, and single members set from text.
 */
#include "codec.h"
#include "value.h"

static int check_message(const struct msg *desc, const void *message, struct fault *ret_fault, unsigned depth);

static int check_value(const struct field *field, const void *message, struct fault *ret_fault, unsigned depth)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
    case T_UUID:
        return 0;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
    case T_TIME:
    case T_DATE:
        return value_check_int(field, value_int(field, message));
    case T_STR: {
        struct span text = value_span(field, message);
        return value_check_n(field, text.n) ? ERR_RANGE : utf8_valid(text) ? ERR_NONE : ERR_TYPE;
    }
    case T_BIN:
        return value_check_n(field, value_span(field, message).n);
    case T_LIST: {
        uint32_t n;
        const char *rows = value_list(field, message, &n);
        if (value_check_n(field, n))
            return ERR_RANGE;
        if (n > 0 && depth == CODEC_MAX_DEPTH)
            return ERR_TOO_LARGE;
        for (uint32_t i = 0; i < n; i++) {
            int code = check_message(field->sub, rows + i * field->sub->size, ret_fault, depth + 1);
            if (code)
                return code;
        }
        return 0;
    }
    }
    return ERR_INTERNAL;
}

static int check_message(const struct msg *desc, const void *message, struct fault *ret_fault, unsigned depth)
{
    uint64_t has = value_has(message);
    for (size_t i = 0; i < desc->n_fields; i++) {
        const struct field *field = &desc->fields[i];
        if (!value_present(field, message, has))
            continue;
        ret_fault->code = ERR_NONE;
        int code = check_value(field, message, ret_fault, depth);
        if (code)
            return ret_fault->code ? code : fault_set(ret_fault, code, field); /* a row's fault names its own field */
    }
    return 0;
}

int msg_check(const struct msg *desc, const void *message, struct fault *ret_fault)
{
    struct fault fault;
    int code = check_message(desc, message, &fault, 1);
    if (code)
        *ret_fault = fault;
    return code;
}

int msg_check_seen(const struct msg *desc, uint64_t seen, struct fault *ret_fault)
{
    const struct field *missing = value_missing(desc, seen);
    return missing ? fault_set(ret_fault, ERR_MISSING, missing) : 0;
}

int value_from_text(const struct field *field, void *message, struct arena *arena, struct span text)
{
    int64_t number;
    int32_t days;
    struct uuid uuid;
    int status;
    switch ((enum field_type)field->type) {
    case T_BOOL: {
        bool yes = text.n == 4 && !memcmp(text.p, "true", 4);
        if (!yes && !(text.n == 5 && !memcmp(text.p, "false", 5)))
            return ERR_TYPE;
        value_put_bool(field, message, yes);
        return ERR_NONE;
    }
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        status = int_parse(text, &number);
        if (status)
            return status < 0 ? ERR_TYPE : ERR_RANGE;
        break;
    case T_TIME:
        if (time_parse(text, &number))
            return ERR_TYPE;
        break;
    case T_DATE:
        if (date_parse(text, &days))
            return ERR_TYPE;
        number = days;
        break;
    case T_UUID:
        if (uuid_parse(text, &uuid))
            return ERR_TYPE;
        value_put_uuid(field, message, uuid.b);
        return ERR_NONE;
    case T_STR:
        if (value_check_n(field, text.n))
            return ERR_RANGE;
        if (!utf8_valid(text))
            return ERR_TYPE;
        if (arena_span(arena, text, &text))
            return ERR_TOO_LARGE;
        value_put_span(field, message, text);
        return ERR_NONE;
    case T_BIN:
        if (text.n % 4 != 1 && value_check_n(field, base64url_bytes(text.n)))
            return ERR_RANGE;
        status = base64url_parse(arena, text, &text);
        if (status)
            return status < 0 ? ERR_TYPE : ERR_TOO_LARGE;
        value_put_span(field, message, text);
        return ERR_NONE;
    default:
        return ERR_TYPE;
    }
    if (value_check_int(field, number))
        return ERR_RANGE;
    value_put_int(field, message, number);
    return ERR_NONE;
}

int msg_set_text(const struct msg *desc, const struct field *field, void *message, uint64_t *seen, struct arena *arena,
                 struct span text, struct fault *ret_fault)
{
    (void)desc;
    if (*seen & field_bit(field))
        return fault_set(ret_fault, ERR_TWICE, field);
    int code = value_from_text(field, message, arena, text);
    if (code)
        return fault_set(ret_fault, code, field);
    *seen |= field_bit(field);
    if (!field->required)
        value_add_has(message, field_bit(field));
    return 0;
}
