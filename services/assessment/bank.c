/* bank.c - item banks: making one, and the list of them with how many item versions stand where. */
#include "assessment.h"
#include "item_check.h"
#include "nfc.h"
#include "rows.h"
#include "sql.h"

static int take_title(struct ctx *ctx, const char *field, struct span text, struct span *ret_title)
{
    struct span title;
    if (nfc(ctx->arena, text, &title) || !title.n)
        return fail(ctx, ERR_INVALID, field);
    *ret_title = title;
    return 0;
}

int on_bank_create(struct ctx *ctx, const struct bank_draft *req, struct bank *ret_reply)
{
    struct bank_draft draft = *req;
    struct bank_ref ref = {.bank_id = req->bank_id};
    struct accepted done = {0};
    if (!ctx->n_scope)
        return fail(ctx, ERR_FORBIDDEN, "");
    if (!item_code_valid(req->code))
        return fail(ctx, ERR_INVALID, "code");
    int code = take_title(ctx, "title_vi", req->title_vi, &draft.title_vi);
    if (!code)
        code = take_title(ctx, "title_en", req->title_en, &draft.title_en);
    if (!code)
        code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_banks_lock, NULL, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_bank_make, &draft, &done);
    if (!code)
        code = pg_call(ctx, &SQL_bank_of, &ref, ret_reply);
    return code ? code : pg_commit(ctx);
}

int on_banks(struct ctx *ctx, const struct empty *req, struct bank_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_banks, NULL, 200, &ret_reply->banks, &ret_reply->n_banks);
}
