/* import.c - the frame of both imports. */
#include "import.h"
#include <ctype.h>

int import_begin(struct ctx *ctx, int32_t *ret_today)
{
    struct import_day day;
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_import_begin, NULL, &day);
    if (!code)
        *ret_today = day.today;
    return code;
}

int import_write_chunk(struct ctx *ctx, const struct stmt *stmt, const void *messages, uint32_t n)
{
    struct arena chunk, *arena = ctx->arena;
    /* Parameters are needed once: each chunk's go before the next one's come. */
    arena_init(&chunk, IMPORT_CHUNK_BYTES);
    ctx->arena = &chunk;
    int code = pg_bulk(ctx, stmt, messages, n, 0, NULL, NULL);
    ctx->arena = arena;
    arena_release(&chunk);
    return code ? fail(ctx, code, stmt->name) : 0; /* the field may have been in the chunk's memory */
}

int import_write(struct ctx *ctx, const struct stmt *stmt, const void *messages, uint32_t n)
{
    int code = 0;
    for (uint32_t done = 0; !code && done < n; done += IMPORT_CHUNK) {
        uint32_t now = n - done < IMPORT_CHUNK ? n - done : IMPORT_CHUNK;
        code = import_write_chunk(ctx, stmt, (const char *)messages + (size_t)done * stmt->in->size, now);
    }
    return code;
}

int import_end(struct ctx *ctx, const char *action, struct table *file, bool dry_run, uint32_t created,
               uint32_t changed, struct import_report *ret_report)
{
    if (table_report(file, dry_run, created, changed, ret_report))
        return fail(ctx, ERR_TOO_LARGE, "csv");
    log_info(ctx->head->trace, "%s%s: %u rows, %u created, %u changed, %u unchanged, %u refused", action,
             dry_run ? " (dry run)" : "", ret_report->rows, created, changed, ret_report->unchanged,
             ret_report->refused);
    if (dry_run)
        return 0;
    char *detail =
        arena_printf(ctx->arena, "{\"rows\":%u,\"created\":%u,\"changed\":%u,\"unchanged\":%u,\"refused\":%u}",
                     ret_report->rows, created, changed, ret_report->unchanged, ret_report->refused);
    if (!detail)
        return fail(ctx, ERR_TOO_LARGE, "csv");
    int code = audit_note(ctx, action, NULL, (struct span){detail, (uint32_t)strlen(detail)});
    return code ? code : pg_commit(ctx);
}

bool import_date(struct span cell, int32_t least, int32_t most, int32_t *ret_day)
{
    int32_t day;
    if (date_parse(cell, &day) != 0 || day < least || day > most)
        return false;
    *ret_day = day;
    return true;
}

bool unit_code_valid(struct span code)
{
    for (uint32_t i = 0; i < code.n; i++) {
        if (!isalnum((unsigned char)code.p[i]) && !memchr("._-", code.p[i], 3))
            return false;
    }
    return code.n > 0;
}
