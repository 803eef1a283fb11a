/*
 * item_step.c - draft, review, live, retired: moving the items of a bank together. One transaction, all or nothing; a
 * repeated call moves none.
 */
#include "item_store.h"
#include "codec.h"
#include "sql.h"

enum { MOST_MOVED = 20000 /* as the statement bounds them; call again for more */ };

/* The ids of the call between commas. */
static int list_ids(struct ctx *ctx, const struct items_step *req, struct item_step_query *query)
{
    char *text = arena_alloc(ctx->arena, (size_t)req->n_items * UUID_TEXT);
    if (!text)
        return fail(ctx, ERR_TOO_LARGE, "items");
    for (uint32_t i = 0; i < req->n_items; i++) {
        uuid_format(&req->items[i].version_id, text + (size_t)i * UUID_TEXT);
        text[(size_t)(i + 1) * UUID_TEXT - 1] = ',';
    }
    struct span ids = {text, req->n_items * UUID_TEXT - 1};
    PUT_FIELD(query, item_step_query, versions, ids);
    return 0;
}

/* Moves rows that are in the right state; those that an approved one replaces make room first. */
static int move(struct ctx *ctx, const struct item_step_row *rows, uint32_t n, bool approve)
{
    int code = 0;
    if (n && approve)
        code = pg_bulk(ctx, &SQL_items_supersede, rows, n, 0, NULL, NULL);
    if (!code && n)
        code = pg_bulk(ctx, &SQL_items_move, rows, n, 0, NULL, NULL);
    return code;
}

static int step(struct ctx *ctx, const struct items_step *req, const char *verb, struct items_moved *ret_reply)
{
    struct item_step_query query = {.bank_id = req->bank_id, .verb = {verb, (uint32_t)strlen(verb)}};
    struct bank_ref ref = {.bank_id = req->bank_id};
    struct bank_code bank;
    struct item_step_row *rows = NULL;
    uint32_t n = 0, n_situations = 0;
    bool approve = !strcmp(verb, "approve");
    int code = bank_change(ctx, req->bank_id);
    if (!code)
        code = pg_call(ctx, &SQL_bank_code, &ref, &bank);
    if (!code && req->n_items)
        code = list_ids(ctx, req, &query);
    if (!code)
        code = pg_list(ctx, &SQL_items_movable, &query, MOST_MOVED, &rows, &n);
    if (code)
        return code;
    if (n && HAS(req, items_step, comment) && req->comment.n)
        PUT_FIELD(&rows[0], item_step_row, comment, req->comment);
    while (n_situations < n && rows[n_situations].is_situation)
        n_situations++;
    if (n_situations && n_situations < n && HAS(&rows[0], item_step_row, comment))
        PUT_FIELD(&rows[n_situations], item_step_row, comment, rows[0].comment);
    /* An item goes live with the version of its situation that is live then. */
    code = move(ctx, rows, n_situations, approve);
    if (!code)
        code = move(ctx, rows + n_situations, n - n_situations, approve);
    if (code)
        return code;
    ret_reply->moved = n;
    return pg_commit(ctx);
}

int on_items_submit(struct ctx *ctx, const struct items_step *req, struct items_moved *ret_reply)
{
    return step(ctx, req, "submit", ret_reply);
}

int on_items_approve(struct ctx *ctx, const struct items_step *req, struct items_moved *ret_reply)
{
    return step(ctx, req, "approve", ret_reply);
}

int on_items_return(struct ctx *ctx, const struct items_step *req, struct items_moved *ret_reply)
{
    if (!HAS(req, items_step, comment) || !req->comment.n)
        return fail(ctx, ERR_MISSING, "comment");
    return step(ctx, req, "return", ret_reply);
}

/* Without names a slip would take a whole bank out of use. */
int on_items_retire(struct ctx *ctx, const struct items_step *req, struct items_moved *ret_reply)
{
    if (!req->n_items)
        return fail(ctx, ERR_MISSING, "items");
    return step(ctx, req, "retire", ret_reply);
}
