/* issue.c - the tick that issues what is due: made and signed here, stored and announced by one statement. */
#include "certification.h"
#include "sql.h"

/* As the statement's LIMIT. */
enum { ISSUE_MAX = 256 };

int certificates_issue(struct ctx *ctx)
{
    const struct certification_conf *conf = ctx->conf;
    struct key_row key = {.kid = {conf->kid, JWS_KID_TEXT - 1},
                          .public_key = {(const char *)conf->public, sizeof(conf->public)}};
    struct due_row *due;
    uint32_t n;
    int code = pg_list(ctx, &SQL_certificates_due, NULL, ISSUE_MAX, &due, &n);
    if (code || !n)
        return code;
    struct signed_row *rows = arena_alloc(ctx->arena, n * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "certificate");
    for (uint32_t i = 0; i < n; i++) {
        if (document_sign(ctx->arena, conf, &due[i], &rows[i]) < 0)
            return fail(ctx, ERR_TOO_LARGE, "certificate");
    }
    code = pg_call(ctx, &SQL_signing_key_keep, &key, NULL);
    return code ? code : pg_bulk(ctx, &SQL_certificates_store, rows, n, 0, NULL, NULL);
}
