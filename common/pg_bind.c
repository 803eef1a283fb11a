/* pg_bind.c - values between declared messages and PostgreSQL's binary formats, both directions, by descriptor. */
#include "pg_conn.h"
#include "service.h"
#include <endian.h>

/* Microseconds and days between 1970-01-01 and PostgreSQL's epoch, 2000-01-01. */
#define PG_EPOCH_US   INT64_C(946684800000000)
#define PG_EPOCH_DAYS 10957

static const struct {
    Oid scalar, array;
} oids[] = {
    [T_BOOL] = {16, 1000},   [T_U8] = {21, 1005},     [T_U16] = {23, 1007},    [T_U32] = {20, 1016},
    [T_U64] = {20, 1016},    [T_I64] = {20, 1016},    [T_STR] = {25, 1009},    [T_BIN] = {17, 1001},
    [T_UUID] = {2950, 2951}, [T_TIME] = {1184, 1185}, [T_DATE] = {1082, 1182},
};

Oid field_oid(const struct field *field)
{
    return field->type == T_LIST ? 0 : oids[field->type].scalar;
}

Oid stmt_param_oid(const struct stmt *stmt, int i)
{
    bool array = stmt->kind != STMT_ONE;
    switch (stmt->params[i]) {
    case CTX_SUBJECT:
    case CTX_SESSION:
        return stmt->kind == STMT_BATCH ? oids[T_UUID].array : oids[T_UUID].scalar;
    case CTX_SCOPE:
        return oids[T_UUID].array;
    case CTX_ROLES:
        return oids[T_U16].scalar;
    case CTX_TRACE:
        return oids[T_STR].scalar;
    default: {
        int type = stmt->in->fields[stmt->params[i]].type;
        return array ? oids[type].array : oids[type].scalar;
    }
    }
}

static void put32(struct buf *buf, uint32_t v)
{
    v = htobe32(v);
    buf_add(buf, &v, sizeof(v));
}

static void put64(struct buf *buf, uint64_t v)
{
    v = htobe64(v);
    buf_add(buf, &v, sizeof(v));
}

/* One value with its length before it, as it stands in arrays and rows. */
static void put_value(struct buf *buf, const struct field *field, const void *message)
{
    const char *at = (const char *)message + field->offset;
    uint64_t has;
    memcpy(&has, message, sizeof(has)); /* `has` is the first member of every message */
    if (!field->required && !(has >> field->number & 1u)) {
        put32(buf, UINT32_MAX);
        return;
    }
    switch ((enum field_type)field->type) {
    case T_BOOL:
        put32(buf, 1);
        buf_add_char(buf, *(const bool *)(const void *)at ? 1 : 0);
        break;
    case T_U8: {
        uint16_t v = htobe16(*(const uint8_t *)at);
        put32(buf, 2);
        buf_add(buf, &v, 2);
        break;
    }
    case T_U16:
        put32(buf, 4);
        put32(buf, *(const uint16_t *)(const void *)at);
        break;
    case T_U32:
        put32(buf, 8);
        put64(buf, *(const uint32_t *)(const void *)at);
        break;
    case T_U64:
    case T_I64:
        put32(buf, 8);
        put64(buf, *(const uint64_t *)(const void *)at);
        break;
    case T_TIME:
        put32(buf, 8);
        put64(buf, (uint64_t)(*(const int64_t *)(const void *)at - PG_EPOCH_US));
        break;
    case T_DATE:
        put32(buf, 4);
        put32(buf, (uint32_t)(*(const int32_t *)(const void *)at - PG_EPOCH_DAYS));
        break;
    case T_UUID:
        put32(buf, 16);
        buf_add(buf, at, 16);
        break;
    case T_STR:
    case T_BIN: {
        const struct span *span = (const struct span *)(const void *)at;
        put32(buf, span->n);
        buf_add(buf, span->p, span->n);
        break;
    }
    case T_LIST:
        put32(buf, UINT32_MAX);
        break;
    }
}

void pg_put_field(struct buf *buf, const struct field *field, const void *message, bool json)
{
    size_t begin = buf->n;
    if (!json) {
        put_value(buf, field, message);
        return;
    }
    /* jsonb is its version, 1, and the text. */
    buf_add(buf, "\0\0\0\0\1", 5);
    const struct span *text = (const struct span *)(const void *)((const char *)message + field->offset);
    buf_add_span(buf, *text);
    uint32_t n = htobe32(text->n + 1);
    if (!buf->failed)
        memcpy(buf->p + begin, &n, sizeof(n));
}

static void put_array_head(struct buf *buf, Oid element, size_t n, bool has_null)
{
    put32(buf, n ? 1 : 0);
    put32(buf, has_null);
    put32(buf, element);
    if (n) {
        put32(buf, (uint32_t)n);
        put32(buf, 1);
    }
}

static void put_uuid(struct buf *buf, const struct uuid *uuid)
{
    put32(buf, 16);
    buf_add(buf, uuid->b, 16);
}

static uint32_t all_roles(const struct call_header *head)
{
    uint32_t roles = 0;
    for (uint32_t i = 0; i < head->n_grants; i++)
        roles |= head->grants[i].roles;
    return roles;
}

/* The caller, or the caller's session; NULL when the header has none. */
static const struct uuid *context_uuid(const struct call_header *head, int which)
{
    if (which == CTX_SUBJECT)
        return HAS(head, call_header, subject) ? &head->subject : NULL;
    return HAS(head, call_header, session_id) ? &head->session_id : NULL;
}

/* A ctx_ parameter. Returns false when it is NULL; else its length stands before it where it is not an array. */
static bool put_context(struct ctx *ctx, const struct stmt *stmt, int which, size_t n,
                        const struct call_header *const *heads, struct buf *buf)
{
    const struct call_header *head = ctx->head;
    switch (which) {
    case CTX_SUBJECT:
    case CTX_SESSION: {
        const struct uuid *uuid = context_uuid(head, which);
        if (stmt->kind != STMT_BATCH) {
            if (uuid)
                buf_add(buf, uuid->b, 16);
            return uuid != NULL;
        }
        put_array_head(buf, oids[T_UUID].scalar, n, true);
        for (size_t i = 0; i < n; i++) {
            uuid = context_uuid(heads[i], which);
            if (uuid)
                put_uuid(buf, uuid);
            else
                put32(buf, UINT32_MAX);
        }
        return true;
    }
    case CTX_SCOPE:
        put_array_head(buf, oids[T_UUID].scalar, ctx->n_scope, false);
        for (uint32_t i = 0; i < ctx->n_scope; i++)
            put_uuid(buf, &ctx->scope[i]);
        return true;
    case CTX_ROLES:
        put32(buf, all_roles(head));
        return true;
    default: /* CTX_TRACE */
        buf_add_span(buf, head->trace);
        return true;
    }
}

int pg_bind(struct ctx *ctx, const struct stmt *stmt, const void *in, size_t n, const struct call_header *const *heads,
            struct pg_values *ret_values)
{
    struct buf buf;
    size_t begin[STMT_MAX_PARAMS];
    bool null[STMT_MAX_PARAMS];
    buf_init(&buf, ctx->arena->max);
    for (int i = 0; i < stmt->n_params; i++) {
        begin[i] = buf.n;
        null[i] = false;
        if (stmt->params[i] < 0) {
            null[i] = !put_context(ctx, stmt, stmt->params[i], n, heads, &buf);
            continue;
        }
        const struct field *field = &stmt->in->fields[stmt->params[i]];
        if (stmt->kind == STMT_ONE) {
            put_value(&buf, field, in);
            uint32_t length = UINT32_MAX;
            if (!buf.failed)
                memcpy(&length, buf.p + begin[i], 4);
            null[i] = length == UINT32_MAX;
            begin[i] += 4; /* a single parameter carries its length beside it */
            continue;
        }
        put_array_head(&buf, oids[field->type].scalar, n, !field->required);
        for (size_t k = 0; k < n; k++)
            put_value(&buf, field, (const char *)in + k * stmt->in->size);
    }
    char *values = buf.failed ? NULL : arena_alloc(ctx->arena, buf.n + 1);
    if (!values) {
        buf_release(&buf);
        return fail(ctx, ERR_TOO_LARGE, stmt->name);
    }
    if (buf.n)
        memcpy(values, buf.p, buf.n);
    for (int i = 0; i < stmt->n_params; i++) {
        size_t end = buf.n;
        if (i + 1 < stmt->n_params) /* a single value's length word stands before the next parameter's begin */
            end = begin[i + 1] - (stmt->kind == STMT_ONE && stmt->params[i + 1] >= 0 ? 4 : 0);
        ret_values->value[i] = null[i] ? NULL : values + begin[i];
        ret_values->length[i] = (int)(end - begin[i]);
        ret_values->format[i] = 1;
    }
    ret_values->n = stmt->n_params;
    buf_release(&buf);
    return 0;
}

static uint64_t read_be(const char *p, int n)
{
    uint64_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | (uint8_t)p[i];
    return v;
}

/* One column's bytes into its member. The OID was compared at start, so the lengths are as the type says. */
static int take_value(struct arena *arena, const struct field *field, const char *p, int n, char *at)
{
    switch ((enum field_type)field->type) {
    case T_BOOL:
        *(bool *)(void *)at = p[0] != 0;
        return 0;
    case T_U8:
        *(uint8_t *)at = (uint8_t)read_be(p, 2);
        return 0;
    case T_U16:
        *(uint16_t *)(void *)at = (uint16_t)read_be(p, 4);
        return 0;
    case T_U32:
        *(uint32_t *)(void *)at = (uint32_t)read_be(p, 8);
        return 0;
    case T_U64:
    case T_I64:
        *(uint64_t *)(void *)at = read_be(p, 8);
        return 0;
    case T_TIME:
        *(int64_t *)(void *)at = (int64_t)read_be(p, 8) + PG_EPOCH_US;
        return 0;
    case T_DATE:
        *(int32_t *)(void *)at = (int32_t)(uint32_t)read_be(p, 4) + PG_EPOCH_DAYS;
        return 0;
    case T_UUID:
        memcpy(at, p, 16);
        return 0;
    case T_STR:
    case T_BIN:
        return arena_span(arena, (struct span){p, (uint32_t)n}, (struct span *)(void *)at);
    case T_LIST:
        break;
    }
    return -1;
}

int pg_take(struct ctx *ctx, const struct stmt *stmt, const PGresult *result, int row, void *ret_row)
{
    uint64_t has = 0;
    for (int c = 0; c < stmt->n_columns; c++) {
        if (stmt->columns[c] < 0)
            continue;
        const struct field *field = &stmt->out->fields[stmt->columns[c]];
        if (PQgetisnull(result, row, c)) {
            if (!field->required)
                continue;
            log_error(ctx->head->trace, "statement %s: column %s is NULL", stmt->name, field->name);
            return fail(ctx, ERR_INTERNAL, field->name);
        }
        if (take_value(ctx->arena, field, PQgetvalue(result, row, c), PQgetlength(result, row, c),
                       (char *)ret_row + field->offset) < 0)
            return fail(ctx, ERR_TOO_LARGE, field->name);
        has |= UINT64_C(1) << field->number;
    }
    memcpy(ret_row, &has, sizeof(has));
    return 0;
}
