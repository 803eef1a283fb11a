/*
 * account.c - accounts at identity providers after their first login: what officers say of them, and what a roster does
 * to those that waited for it.
 */
#include "access.h"
#include "account.h"

enum { TAKE_MOST = 500 };

int account_decide(struct ctx *ctx, const struct account_step *step, struct link_result *ret_result)
{
    int code = pg_call(ctx, &SQL_account_step, step, ret_result);
    if (code == ERR_FORBIDDEN)
        return audit_refuse(ctx, "link_refused", HAS(step, account_step, person_id) ? &step->person_id : NULL,
                            "the account or the person is not the caller's to decide about", code, ctx->fault.field);
    return code;
}

int on_accounts(struct ctx *ctx, const struct account_query *req, struct account_list *ret_reply)
{
    bool of_person = HAS(req, account_query, person_id);
    /* The linked ones are as many as people. */
    if (!of_person && (!HAS(req, account_query, state) || (req->state.n == 6 && !memcmp(req->state.p, "linked", 6))))
        return fail(ctx, ERR_MISSING, "person_id");
    int code = pg_list(ctx, &SQL_accounts, req, 200, &ret_reply->accounts, &ret_reply->n_accounts);
    return code ? code : access_note_list(ctx, ret_reply->accounts, ret_reply->n_accounts, NULL);
}

int on_account_unlink(struct ctx *ctx, const struct account_unlinking *req, struct link_result *ret_reply)
{
    struct account_step step = {
        .step_id = req->step_id, .account_id = req->account_id, .what = SPAN("unlinked"), .reason = req->reason};
    return account_decide(ctx, &step, ret_reply);
}

int on_account_link(struct ctx *ctx, const struct account_linking *req, struct link_result *ret_reply)
{
    struct account_step step = {
        .step_id = req->step_id, .account_id = req->account_id, .what = SPAN("linked"), .reason = req->reason};
    PUT_FIELD(&step, account_step, person_id, req->person_id);
    return account_decide(ctx, &step, ret_reply);
}

int on_link_history(struct ctx *ctx, const struct history_query *req, struct history_list *ret_reply)
{
    struct person_asked who = {.person_id = req->person_id}, found;
    int code = pg_call(ctx, &SQL_person_in_scope, &who, &found);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_FORBIDDEN, "person_id") : code;
    code = pg_list(ctx, &SQL_link_history, req, 200, &ret_reply->entries, &ret_reply->n_entries);
    return code ? code : access_note_list(ctx, &who, 1, NULL);
}

/* What the rules say of a pending account whose number is known now. */
static struct account_taken judge(const struct account_match *match)
{
    uint32_t differs = name_compare(match->roster_name, match->full_name);
    if (HAS(match, account_match, birth_date) && HAS(match, account_match, roster_birth) &&
        match->birth_date != match->roster_birth)
        differs |= DIFFERS_BIRTH;
    if (match->taken)
        differs |= DIFFERS_PERSON;
    struct account_taken taken = {
        .account_id = match->account_id,
        .revision = match->revision,
        .state = differs ? SPAN("review") : SPAN("linked"),
        .person_id = match->person_id,
        .case_id = uuid7(),
        .roster_name = match->roster_name,
        .differs = differs,
    };
    if (HAS(match, account_match, roster_birth))
        PUT_FIELD(&taken, account_taken, roster_birth, match->roster_birth);
    return taken;
}

int accounts_take(struct ctx *ctx, uint32_t *ret_n)
{
    struct account_match *matches;
    uint32_t n;
    int code = pg_list(ctx, &SQL_accounts_known, NULL, TAKE_MOST, &matches, &n);
    if (code)
        return code;
    struct account_taken *taken = arena_alloc(ctx->arena, (n + 1) * sizeof(*taken));
    if (!taken)
        return fail(ctx, ERR_TOO_LARGE, "accounts");
    for (uint32_t i = 0; i < n; i++)
        taken[i] = judge(&matches[i]);
    if (n)
        code = pg_bulk(ctx, &SQL_accounts_take, taken, n, 0, NULL, NULL);
    if (!code)
        *ret_n = n;
    return code;
}

int accounts_take_due(struct ctx *ctx)
{
    uint32_t n;
    return accounts_take(ctx, &n);
}

int accounts_prune(struct ctx *ctx)
{
    struct pending_age age = {.days = (uint32_t)identity_conf(ctx)->pending_days};
    return pg_call(ctx, &SQL_accounts_prune, &age, NULL);
}
