/* pg_copy.c - rows sent to PostgreSQL by COPY in its binary format, see pg.h. */
#include "pg_conn.h"
#include "service.h"
#include <endian.h>

enum { SEND_AT = 32 << 10, ROWS_MOST = 8 << 20 };

static const char copy_head[19] = "PGCOPY\n\377\r\n\0";

/* What PostgreSQL says at the end of one of its answers. 0 or fail(). */
static int copy_answer(struct ctx *ctx, const struct stmt *stmt, ExecStatusType wanted)
{
    PGresult *result;
    int code = 0;
    const char *field = "database";
    while ((result = PQgetResult(ctx->pg->conn))) {
        ExecStatusType status = PQresultStatus(result);
        if (status != wanted && !code) {
            code = pg_error(ctx->arena, ctx->pg->conn, result, &field);
            if (code >= ERR_INTERNAL || code == ERR_INVALID || code == ERR_UNAVAILABLE)
                log_seldom(LOG_ERROR, ctx->head->trace, "rows %s: %s", stmt->name, PQresultErrorMessage(result));
        }
        PQclear(result);
        if (status == PGRES_COPY_IN) /* it waits for the rows */
            break;
    }
    return code ? fail(ctx, code, field) : 0;
}

int pg_copy_begin(struct ctx *ctx, const struct stmt *stmt, struct pg_copy *ret_copy)
{
    char text[2048];
    *ret_copy = (struct pg_copy){0};
    if (!ctx->pg->conn)
        return fail(ctx, ERR_UNAVAILABLE, "database");
    snprintf(text, sizeof(text), "COPY %s FROM STDIN (FORMAT binary)", stmt->text);
    if (!PQsendQuery(ctx->pg->conn, text))
        return fail(ctx, ERR_UNAVAILABLE, "database");
    int code = copy_answer(ctx, stmt, PGRES_COPY_IN);
    if (code)
        return code;
    buf_init(&ret_copy->rows, ROWS_MOST);
    buf_add(&ret_copy->rows, copy_head, sizeof(copy_head));
    ret_copy->stmt = stmt;
    return 0;
}

static int send_rows(struct ctx *ctx, struct pg_copy *copy)
{
    if (copy->rows.failed)
        return fail(ctx, ERR_TOO_LARGE, copy->stmt->name);
    if (PQputCopyData(ctx->pg->conn, copy->rows.p, (int)copy->rows.n) != 1)
        return fail(ctx, ERR_UNAVAILABLE, "database");
    buf_clear(&copy->rows);
    return 0;
}

int pg_copy_row(struct ctx *ctx, struct pg_copy *copy, const void *row)
{
    const struct stmt *stmt = copy->stmt;
    uint16_t n = htobe16(stmt->n_columns);
    buf_add(&copy->rows, &n, sizeof(n));
    for (int c = 0; c < stmt->n_columns; c++)
        pg_put_field(&copy->rows, &stmt->in->fields[stmt->columns[c]], row, stmt->json >> c & 1u);
    return copy->rows.n < SEND_AT && !copy->rows.failed ? 0 : send_rows(ctx, copy);
}

int pg_copy_end(struct ctx *ctx, struct pg_copy *copy, int code)
{
    static const char end[2] = "\377\377";
    if (!copy->stmt)
        return code;
    if (!code) {
        buf_add(&copy->rows, end, sizeof(end));
        code = send_rows(ctx, copy);
    }
    struct fault first = ctx->fault;
    if (PQputCopyEnd(ctx->pg->conn, code ? "called off" : NULL) != 1 && !code)
        code = fail(ctx, ERR_UNAVAILABLE, "database");
    if (code) {
        PGresult *result;
        while ((result = PQgetResult(ctx->pg->conn)))
            PQclear(result);
        ctx->fault = first.code ? first : ctx->fault;
    } else {
        code = copy_answer(ctx, copy->stmt, PGRES_COMMAND_OK);
    }
    buf_release(&copy->rows);
    copy->stmt = NULL;
    return code;
}
