/* item.c - writing one item, and reading item versions with their keys and without. */
#include "item_store.h"
#include "sql.h"

enum { ITEMS_PAGE = 200, SOURCES_PAGE = 50 };

/*
 * The version id was used before? Then it must be for this item, and for this very text unless it still is a draft.
 * `ret_same` says that it is this text.
 */
static int look_at_id(struct ctx *ctx, const struct item_row *row, bool *ret_same)
{
    struct item_ref ref = {.version_id = row->version_id};
    struct item_found *found;
    uint32_t n;
    int code = pg_list(ctx, &SQL_item_by_id, &ref, 1, &found, &n);
    if (code || !n)
        return code;
    bool open = span_equal(found->state, SPAN("draft")) || span_equal(found->state, SPAN("review"));
    bool this_text = span_equal(found->digest, row->digest);
    if (!uuid_equal(&found->bank_id, &row->bank_id) || !span_equal(found->code, row->code) || (!this_text && !open))
        return fail(ctx, ERR_CONFLICT, "version_id");
    *ret_same = this_text;
    return 0;
}

int on_item_put(struct ctx *ctx, const struct item_source *req, struct item_state *ret_reply)
{
    struct item_entry entry;
    bool repeated = false;
    int code = bank_change(ctx, req->bank_id);
    if (!code)
        code = item_entry(ctx, req->bank_id, req, &entry);
    if (!code && entry.outcome != OUTCOME_REFUSED)
        code = look_at_id(ctx, &entry.row, &repeated);
    if (!code && !repeated)
        code = items_compare(ctx, req->bank_id, true, &entry, 1);
    if (!code && entry.outcome == OUTCOME_REFUSED)
        code = fail(ctx, entry.fault.code, entry.fault.field);
    if (!code && !repeated)
        code = items_write(ctx, &entry, 1);
    if (code)
        return code;
    struct item_ref ref = {.version_id = entry.row.version_id};
    code = pg_call(ctx, &SQL_item_state_of, &ref, ret_reply);
    return code ? code : pg_commit(ctx);
}

static int may_read(struct ctx *ctx, struct uuid bank_id, const struct span *state)
{
    struct bank_ref ref = {.bank_id = bank_id};
    struct bank_code bank;
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    int code = item_state_check(ctx, state);
    return code ? code : pg_call(ctx, &SQL_bank_code, &ref, &bank);
}

int on_items(struct ctx *ctx, const struct item_query *req, struct item_states *ret_reply)
{
    int code = may_read(ctx, req->bank_id, HAS(req, item_query, state) ? &req->state : NULL);
    return code ? code : pg_list(ctx, &SQL_items, req, ITEMS_PAGE, &ret_reply->items, &ret_reply->n_items);
}

int on_item_sources(struct ctx *ctx, const struct item_query *req, struct item_sources *ret_reply)
{
    struct item_full *rows;
    uint32_t n;
    int code = may_read(ctx, req->bank_id, HAS(req, item_query, state) ? &req->state : NULL);
    if (!code)
        code = pg_list(ctx, &SQL_item_sources, req, SOURCES_PAGE, &rows, &n);
    if (code)
        return code;
    struct item_source *items = arena_alloc(ctx->arena, n * sizeof(*items));
    if (!items)
        return fail(ctx, ERR_TOO_LARGE, "items");
    for (uint32_t i = 0; !code && i < n; i++)
        code = item_unpack(ctx, &rows[i], &items[i]);
    if (code)
        return code;
    ret_reply->items = items;
    ret_reply->n_items = n;
    return 0;
}
