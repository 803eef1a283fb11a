/*
 * audit.c - entries of the audit that do not belong to a statement of their own; the tick that chains all of them, and
 * signs the end of the chain; audit_page for who verifies it.
 */
#include "audit.h"
#include "audit_hash.h"
#include "audit_sql.h"
#include "common_rows.h"
#include "runtime.h"
#include <sodium.h>

enum {
    CHAIN_MOST = 2000, /* rows of one pass: about 50 ms */
    HEAD_EVERY_S = 60,
    HEAD_LOOK_S = 5, /* the first head stands soon after the first entry */
};

int audit_note(struct ctx *ctx, const char *action, const struct uuid *subject, struct span detail)
{
    struct audit_entry entry = {.action = {action, (uint32_t)strlen(action)}, .detail = detail};
    if (subject)
        PUT_FIELD(&entry, audit_entry, subject, *subject);
    return pg_call(ctx, &SQL_audit_note, &entry, NULL);
}

int audit_refuse(struct ctx *ctx, const char *action, const struct uuid *subject, const char *reason, int code,
                 const char *field)
{
    struct buf detail;
    buf_init(&detail, 1024);
    buf_add_text(&detail, "{\"reason\":");
    json_add_string(&detail, (struct span){reason, (uint32_t)strlen(reason)});
    buf_add_text(&detail, "}");
    log_warn(ctx->head->trace, "%s: %s", action, reason);
    /* The refusal stands even when the record of it cannot be written; the log has it. */
    if (detail.failed || audit_note(ctx, action, subject, buf_span(&detail)))
        log_error(ctx->head->trace, "a refusal could not be put into the audit");
    buf_release(&detail);
    return fail(ctx, code, field);
}

int audit_witness(struct ctx *ctx, const struct audit_head *head)
{
    return pg_call(ctx, &SQL_audit_witness_put, head, NULL);
}

/* One line that `hocvu audit verify --heads` reads: whoever keeps logs elsewhere has the heads there too. */
static void log_head(const struct audit_head *head)
{
    char hash[2 * AUDIT_HASH + 1], signature[2 * JWS_SIGNATURE + 1] = "-";
    sodium_bin2hex(hash, sizeof(hash), (const uint8_t *)head->hash.p, AUDIT_HASH);
    if (HAS(head, audit_head, signature))
        sodium_bin2hex(signature, sizeof(signature), (const uint8_t *)head->signature.p, JWS_SIGNATURE);
    log_info(NO_TRACE, "audit head %.*s %llu %lld %s %s", (int)head->service.n, head->service.p,
             (unsigned long long)head->seq, (long long)head->at, hash, signature);
}

int audit_head_make(struct ctx *ctx, const uint8_t *secret, uint32_t older_s)
{
    struct audit_slice slice = {.most = older_s};
    struct audit_head *heads, head;
    uint8_t signature[JWS_SIGNATURE];
    uint32_t n = 0;
    int code = pg_list(ctx, &SQL_audit_head_due, &slice, 1, &heads, &n);
    if (code || !n)
        return code;
    head = heads[0];
    if (secret) {
        audit_head_sign(secret, &head, signature);
        PUT_FIELD(&head, audit_head, signature, ((struct span){(const char *)signature, sizeof(signature)}));
    }
    code = pg_call(ctx, &SQL_audit_head_put, &head, NULL);
    if (!code)
        log_head(&head);
    return code;
}

int audit_tick(struct ctx *ctx)
{
    struct audit_slice slice = {.most = CHAIN_MOST};
    struct audit_count count;
    struct runtime *rt = ctx->runtime;
    int code = pg_call(ctx, &SQL_audit_advance, &slice, &count);
    if (code || !rt || mono_us() < rt->audit_head_at_us)
        return code;
    rt->audit_head_at_us = mono_us() + HEAD_LOOK_S * INT64_C(1000000);
    return audit_head_make(ctx, rt->audit_signs ? rt->audit_secret : NULL, HEAD_EVERY_S);
}

int on_audit_page(struct ctx *ctx, const struct audit_query *req, struct audit_part *ret_part)
{
    struct audit_slice slice = {.after = req->after, .until = INT64_MAX, .most = req->most};
    struct audit_state state;
    int code = pg_call(ctx, &SQL_audit_state, NULL, &state);
    if (code)
        return code;
    ret_part->last = state.last;
    ret_part->loose = state.loose;
    if (HAS(req, audit_query, witness_of))
        return pg_list(ctx, &SQL_audit_witnessed, req, req->most, &ret_part->heads, &ret_part->n_heads);
    code = pg_list(ctx, &SQL_audit_rows, &slice, req->most, &ret_part->rows, &ret_part->n_rows);
    /* Heads beyond the last row too: they tell of a chain that has lost its end. */
    if (!code && ret_part->n_rows && ret_part->rows[ret_part->n_rows - 1].seq < state.last)
        slice.until = ret_part->rows[ret_part->n_rows - 1].seq;
    return code ? code : pg_list(ctx, &SQL_audit_heads, &slice, req->most, &ret_part->heads, &ret_part->n_heads);
}
