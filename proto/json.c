/*
 * json.c - the JSON form of messages: written straight into a buffer, read strictly.
 *
 * Reading goes in two steps: scan_json holds the text to the letter and counts its values; then the text is walked once
 * more, with the descriptors, and values go straight into the message. No tree is made between, so a body costs no
 * memory but the message's own. Numbers that a double cannot hold exactly, those beyond 2^53 - 1, are written as
 * strings of digits and read only so.
 */
#include "codec.h"
#include "scan.h"
#include "value.h"

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

/* The text that is left. It has passed scan_json, so what begins a value is that value, and each has its end. */
struct reader {
    const char *p, *end;
    struct arena *arena;
    struct fault *fault;
};

static void skip_blanks(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

/* What comes next, blanks left out; 0 at the end. */
static char peek(struct reader *r)
{
    skip_blanks(r);
    return r->p < r->end ? *r->p : 0;
}

static bool take(struct reader *r, char wanted)
{
    if (peek(r) != wanted)
        return false;
    r->p++;
    return true;
}

/* A string as it stands between its quotes. */
static struct span take_raw(struct reader *r)
{
    const char *from = ++r->p;
    while (r->p < r->end && *r->p != '"')
        r->p += *r->p == '\\' ? 2 : 1;
    struct span raw = {from, (uint32_t)(r->p - from)};
    r->p++;
    return raw;
}

/* Passes over a number or a word. */
static void skip_scalar(struct reader *r)
{
    for (; r->p < r->end; r->p++) {
        char c = *r->p;
        if (c <= ' ' || c == ',' || c == ']' || c == '}')
            return;
    }
}

/* How many values stand in the array whose bracket has been taken. */
static uint32_t count_rows(struct reader r)
{
    uint32_t n = 0;
    if (peek(&r) == ']')
        return 0;
    for (unsigned depth = 1; depth > 0 && peek(&r);) {
        char c = *r.p;
        n += depth == 1 && c == ',';
        depth += c == '[' || c == '{';
        depth -= c == ']' || c == '}';
        if (c == '"')
            take_raw(&r);
        else
            r.p++;
    }
    return n + 1;
}

/* Strings */

static unsigned code_unit(const char *p)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++)
        unit = unit << 4 | (unsigned)hex_digit(p[i]);
    return unit;
}

/* One escape behind its backslash as UTF-8; gives its length in the text. */
static size_t unescape(const char *p, char ret_bytes[4], size_t *ret_n)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *known = strchr(from, *p);
    *ret_n = 1;
    if (*p != 'u') {
        ret_bytes[0] = known ? to[known - from] : *p;
        return 1;
    }
    uint32_t c = code_unit(p + 1);
    size_t length = 5;
    if (c >= 0xd800 && c <= 0xdbff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (code_unit(p + 7) - 0xdc00);
        length = 11;
    }
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        ret_bytes[i] = (char)(0x80 | (c & 0x3f));
    ret_bytes[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
    *ret_n = n;
    return length;
}

/* What a raw string says, put at `to` unless that is NULL; gives its length. */
static uint32_t decode(struct span raw, char *to)
{
    const char *p = raw.p, *end = p + raw.n;
    uint32_t n = 0;
    while (p < end) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((escape ? escape : end) - p), n_bytes;
        char bytes[4];
        if (to)
            memcpy(to + n, p, plain);
        n += (uint32_t)plain;
        if (!escape)
            break;
        p = escape + 1;
        p += unescape(p, bytes, &n_bytes);
        if (to)
            memcpy(to + n, bytes, n_bytes);
        n += (uint32_t)n_bytes;
    }
    return n;
}

/* What a raw string says: itself, or a copy in the arena when there are escapes. -1: the arena is full. */
static int plain_text(struct reader *r, struct span raw, struct span *ret_text)
{
    if (!memchr(raw.p, '\\', raw.n)) {
        *ret_text = raw;
        return 0;
    }
    char *to = arena_alloc(r->arena, (size_t)decode(raw, NULL) + 1);
    if (!to)
        return -1;
    *ret_text = (struct span){to, decode(raw, to)};
    return 0;
}

/* A STR lives in the arena, so its text is decoded right there. */
static int read_str(struct reader *r, const struct field *field, void *message, struct span raw)
{
    uint32_t n = decode(raw, NULL);
    if (value_check_n(field, n))
        return ERR_RANGE;
    char *to = arena_alloc(r->arena, (size_t)n + 1);
    if (!to)
        return ERR_TOO_LARGE;
    decode(raw, to);
    value_put_span(field, message, (struct span){to, n});
    return ERR_NONE;
}

/* Values */

static int read_object(struct reader *r, const struct msg *desc, void *message, uint64_t *seen, unsigned depth);

/* An integer as a number, without fraction and exponent, or as digits in a string where no number can say it. */
static int read_int(struct reader *r, const struct field *field, void *message)
{
    bool quoted = *r->p == '"';
    const char *from = r->p;
    struct span text;
    int64_t value = 0;
    if (quoted) {
        if (field->type != T_U64 && field->type != T_I64)
            return ERR_TYPE;
        if (plain_text(r, take_raw(r), &text))
            return ERR_TOO_LARGE;
    } else {
        skip_scalar(r);
        text = (struct span){from, (uint32_t)(r->p - from)};
    }
    bool minus_zero = !quoted && text.n == 2 && !memcmp(text.p, "-0", 2);
    int status = minus_zero ? 0 : int_parse(text, &value);
    if (status)
        return status < 0 ? ERR_TYPE : ERR_RANGE;
    if (is_exact(value) == quoted) /* one value has one form */
        return quoted ? ERR_TYPE : ERR_RANGE;
    if (value_check_int(field, value))
        return ERR_RANGE;
    value_put_int(field, message, value);
    return ERR_NONE;
}

static int read_list(struct reader *r, const struct field *field, void *message, unsigned depth)
{
    uint32_t n = count_rows(*r);
    if (value_check_n(field, n))
        return fault_set(r->fault, ERR_RANGE, field);
    if (n == 0) {
        take(r, ']');
        return 0;
    }
    if (depth == CODEC_MAX_DEPTH)
        return fault_set(r->fault, ERR_TOO_LARGE, field);
    char *rows = arena_alloc(r->arena, n * field->sub->size);
    if (!rows)
        return fault_set(r->fault, ERR_TOO_LARGE, field);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t seen = 0;
        if (!take(r, '{'))
            return fault_set(r->fault, ERR_TYPE, field);
        int code = read_object(r, field->sub, rows + i * field->sub->size, &seen, depth + 1);
        if (!code)
            code = msg_check_seen(field->sub, seen, r->fault);
        if (code)
            return code;
        r->p += peek(r) != 0; /* the comma or the bracket */
    }
    value_put_list(field, message, rows, n);
    return 0;
}

static int read_value(struct reader *r, const struct field *field, void *message, unsigned depth)
{
    int code = ERR_TYPE;
    char first = peek(r);
    struct span text;
    switch ((enum field_type)field->type) {
    case T_BOOL:
        if (first != 't' && first != 'f')
            break;
        skip_scalar(r);
        value_put_bool(field, message, first == 't');
        return 0;
    case T_U8:
    case T_U16:
    case T_U32:
    case T_U64:
    case T_I64:
        if (first == '"' || first == '-' || (first >= '0' && first <= '9'))
            code = read_int(r, field, message);
        break;
    case T_STR:
        if (first == '"')
            code = read_str(r, field, message, take_raw(r));
        break;
    case T_BIN:
    case T_UUID:
    case T_TIME:
    case T_DATE:
        if (first != '"')
            break;
        code = plain_text(r, take_raw(r), &text) ? ERR_TOO_LARGE : value_from_text(field, message, r->arena, text);
        break;
    case T_LIST:
        if (take(r, '['))
            return read_list(r, field, message, depth);
        break;
    }
    return code ? fault_set(r->fault, code, field) : 0;
}

/* A member that no row declares is named as the sender wrote it, cut where a character ends. */
static int unknown_member(struct reader *r, struct span name)
{
    enum { SHOWN = 64 };
    uint32_t n = name.n;
    if (n > SHOWN) {
        for (n = SHOWN; ((unsigned char)name.p[n] & 0xc0) == 0x80; n--)
            ;
    }
    struct span copy;
    fault_set(r->fault, ERR_UNKNOWN, NULL);
    if (!arena_span(r->arena, (struct span){name.p, n}, &copy))
        r->fault->field = copy.p;
    return ERR_UNKNOWN;
}

static bool is_named(const struct field *field, struct span name)
{
    return !strncmp(field->name, name.p, name.n) && !field->name[name.n];
}

/* The brace has been taken. */
static int read_object(struct reader *r, const struct msg *desc, void *message, uint64_t *seen, unsigned depth)
{
    const struct field *next = desc->fields, *end = next + desc->n_fields;
    while (peek(r) == '"') {
        struct span name;
        if (plain_text(r, take_raw(r), &name))
            return fault_set(r->fault, ERR_TOO_LARGE, NULL);
        take(r, ':');
        /* Most clients send members in the order of their documentation. */
        const struct field *field = next < end && is_named(next, name) ? next : msg_field(desc, name.p, name.n);
        if (!field)
            return unknown_member(r, name);
        next = field + 1;
        if (*seen & field_bit(field))
            return fault_set(r->fault, ERR_TWICE, field);
        *seen |= field_bit(field);
        int code = read_value(r, field, message, depth);
        if (code)
            return code;
        if (!field->required && value_present(field, message, field_bit(field)))
            value_add_has(message, field_bit(field));
        take(r, ',');
    }
    take(r, '}');
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
 * More values than twice the message's most are refused before anything is read. Up to that a surplus is left to the
 * descriptors, which can name the list that is too long.
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
    int code = scan_json(in, values_allowed(desc));
    if (code)
        return fault_set(ret_fault, code, NULL);
    struct reader r = {.p = in.p, .end = in.p + in.n, .arena = arena, .fault = ret_fault};
    return take(&r, '{') ? read_object(&r, desc, message, seen, 1) : fault_set(ret_fault, ERR_TYPE, NULL);
}

int msg_from_json(const struct msg *desc, void *ret_message, struct arena *arena, struct span in,
                  struct fault *ret_fault)
{
    uint64_t seen = 0;
    memset(ret_message, 0, desc->size);
    int code = msg_merge_json(desc, ret_message, &seen, arena, in, ret_fault);
    return code ? code : msg_check_seen(desc, seen, ret_fault);
}
