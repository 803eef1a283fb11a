/* pg.c - what handlers call: one row, many rows, a batch of calls, a set of rows. */
#include "pg_conn.h"
#include "service.h"

static int connected(struct ctx *ctx)
{
    return ctx->pg->conn ? 0 : fail(ctx, ERR_UNAVAILABLE, "database");
}

/* Runs the statement. The caller clears *ret_result, also after a failure. */
static int execute(struct ctx *ctx, const struct stmt *stmt, const struct pg_values *v, PGresult **ret_result)
{
    bool sampled = HAS(ctx->head, call_header, sampled) && ctx->head->sampled;
    int64_t begun = sampled ? mono_us() : 0;
    PGresult *result = PQexecPrepared(ctx->pg->conn, stmt->name, v->n, v->value, v->length, v->format, 1);
    ExecStatusType status = PQresultStatus(result);
    *ret_result = result;
    if (sampled)
        log_info(ctx->head->trace, "statement %s took %lld us for %d rows", stmt->name, (long long)(mono_us() - begun),
                 PQntuples(result));
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return 0;
    const char *field = "database";
    int code = pg_error(ctx->arena, ctx->pg->conn, result, &field);
    if (code == ERR_UNAVAILABLE) /* every statement says the same now, and there may be thousands a second */
        log_seldom(LOG_ERROR, ctx->head->trace, "statement %s: %s", stmt->name, PQresultErrorMessage(result));
    else if (code >= ERR_INTERNAL || code == ERR_INVALID)
        log_error(ctx->head->trace, "statement %s: %s", stmt->name, PQresultErrorMessage(result));
    return fail(ctx, code, field);
}

/* The `fault` column of a row: 0, or the error's code with *ret_field. */
static int row_fault(struct ctx *ctx, const struct stmt *stmt, const PGresult *result, int row, const char **ret_field)
{
    for (int c = 0; c < stmt->n_columns; c++) {
        if (stmt->columns[c] != COL_FAULT || PQgetisnull(result, row, c))
            continue;
        struct span text = {PQgetvalue(result, row, c), (uint32_t)PQgetlength(result, row, c)};
        int code = pg_fault_parse(ctx->arena, text, ret_field);
        if (code)
            return code;
        log_error(ctx->head->trace, "statement %s: unknown fault %.*s", stmt->name, (int)text.n, text.p);
        *ret_field = stmt->name;
        return ERR_INTERNAL;
    }
    return 0;
}

int pg_call(struct ctx *ctx, const struct stmt *stmt, const void *in, void *ret_row)
{
    struct pg_values values;
    PGresult *result = NULL;
    const char *field = "";
    int code = connected(ctx);
    if (!code)
        code = pg_bind(ctx, stmt, in, 1, NULL, &values);
    if (!code)
        code = execute(ctx, stmt, &values, &result);
    if (!code && PQntuples(result) > 0) {
        code = row_fault(ctx, stmt, result, 0, &field);
        if (code)
            fail(ctx, code, field);
        else if (ret_row && stmt->out)
            code = pg_take(ctx, stmt, result, 0, ret_row);
    } else if (!code && ret_row) {
        code = fail(ctx, ERR_NOT_FOUND, stmt->in && stmt->in->n_fields ? stmt->in->fields[0].name : "");
    }
    PQclear(result);
    return code;
}

/* All rows into an array in the arena. */
static int take_rows(struct ctx *ctx, const struct stmt *stmt, const PGresult *result, uint32_t most, void *ret_rows,
                     uint32_t *ret_n)
{
    uint32_t n = (uint32_t)PQntuples(result);
    const char *field = "";
    if (n > most) {
        log_error(ctx->head->trace, "statement %s: %u rows, at most %u were expected", stmt->name, n, most);
        return fail(ctx, ERR_INTERNAL, stmt->name);
    }
    char *rows = stmt->out ? arena_alloc(ctx->arena, (size_t)n * stmt->out->size) : NULL;
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, stmt->name);
    for (uint32_t i = 0; i < n; i++) {
        int code = row_fault(ctx, stmt, result, (int)i, &field);
        if (code)
            return fail(ctx, code, field);
        code = pg_take(ctx, stmt, result, (int)i, rows + i * stmt->out->size);
        if (code)
            return code;
    }
    void *at = rows;
    memcpy(ret_rows, &at, sizeof(at)); /* the caller's pointer has the row's type, which is not known here */
    *ret_n = n;
    return 0;
}

int pg_bulk(struct ctx *ctx, const struct stmt *stmt, const void *in, size_t n, uint32_t most, void *ret_rows,
            uint32_t *ret_n)
{
    struct pg_values values;
    PGresult *result = NULL;
    int code = connected(ctx);
    if (!code)
        code = pg_bind(ctx, stmt, in, n, NULL, &values);
    if (!code)
        code = execute(ctx, stmt, &values, &result);
    if (!code && ret_rows)
        code = take_rows(ctx, stmt, result, most, ret_rows, ret_n);
    PQclear(result);
    return code;
}

int pg_list(struct ctx *ctx, const struct stmt *stmt, const void *in, uint32_t most, void *ret_rows, uint32_t *ret_n)
{
    return pg_bulk(ctx, stmt, in, 1, most, ret_rows, ret_n);
}

/* Number of the call that a row answers, 0-based; -1 when the statement names none of the batch. */
static int64_t row_ord(const struct stmt *stmt, const PGresult *result, int row, size_t n)
{
    for (int c = 0; c < stmt->n_columns; c++) {
        if (stmt->columns[c] == COL_ORD && !PQgetisnull(result, row, c) && PQgetlength(result, row, c) == 8) {
            uint64_t ord = 0;
            for (int i = 0; i < 8; i++)
                ord = ord << 8 | (uint8_t)PQgetvalue(result, row, c)[i];
            return ord >= 1 && ord <= n ? (int64_t)ord - 1 : -1;
        }
    }
    return -1;
}

int pg_batch(struct ctx *ctx, struct batch *batch, const struct stmt *stmt, const void *in, void *ret_rows)
{
    struct pg_values values;
    PGresult *result = NULL;
    bool *answered = arena_alloc(ctx->arena, batch->n);
    int code = answered ? connected(ctx) : fail(ctx, ERR_TOO_LARGE, stmt->name);
    if (!code)
        code = pg_bind(ctx, stmt, in, batch->n, batch->head, &values);
    if (!code)
        code = execute(ctx, stmt, &values, &result);
    for (int row = 0; !code && row < PQntuples(result); row++) {
        const char *field = "";
        int64_t i = row_ord(stmt, result, row, batch->n);
        if (i < 0) {
            log_error(ctx->head->trace, "statement %s: row without a call", stmt->name);
            code = fail(ctx, ERR_INTERNAL, stmt->name);
            break;
        }
        int wrong = row_fault(ctx, stmt, result, row, &field);
        if (wrong)
            batch_fail(batch, (size_t)i, wrong, field);
        else
            code = pg_take(ctx, stmt, result, row, (char *)ret_rows + (size_t)i * stmt->out->size);
        answered[i] = true;
    }
    for (size_t i = 0; !code && i < batch->n; i++) {
        if (!answered[i])
            batch_fail(batch, i, ERR_NOT_FOUND, stmt->in->fields[0].name);
    }
    PQclear(result);
    return code;
}

int pg_begin(struct ctx *ctx)
{
    int code = connected(ctx);
    if (!code) {
        code = pg_simple(ctx->pg, "BEGIN");
        ctx->pg->in_transaction = !code;
        if (code)
            fail(ctx, code, "database");
    }
    return code;
}

int pg_commit(struct ctx *ctx)
{
    int code = pg_simple(ctx->pg, "COMMIT");
    if (code)
        return fail(ctx, code, "database");
    ctx->pg->in_transaction = false;
    return 0;
}
