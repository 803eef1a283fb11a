/*
 * policy.c - puts policies in force, with the forms that attempts will take; shows the one in force, and how often its
 * items were seen. A policy is never changed: the next version replaces it.
 */
#include "form.h"
#include "sql.h"

/* What a draft leaves unsaid. */
enum { GRACE_SECONDS = 10, FORMS_LEAST = 4, APPEAL_DAYS = 15, EXPOSED = 5000 };

static bool moment_known(struct span when)
{
    return span_is(when, "at_once") || span_is(when, "after_window") || span_is(when, "never");
}

static struct policy_row row_of(const struct policy_draft *req)
{
    struct policy_row row = {
        .policy_id = req->policy_id,
        .programme_id = req->programme_id,
        .blueprint_id = req->blueprint_id,
        .pass_percent = req->pass_percent,
        .minutes = req->minutes,
        .grace_seconds = HAS(req, policy_draft, grace_seconds) ? req->grace_seconds : GRACE_SECONDS,
        .max_attempts = req->max_attempts,
        .retake_wait_seconds = req->retake_wait_seconds,
        .early_seconds = HAS(req, policy_draft, early_seconds) ? req->early_seconds : 0,
        .forms = req->forms,
        .max_exposure_percent = HAS(req, policy_draft, max_exposure_percent) ? req->max_exposure_percent : 100,
        .show_result = HAS(req, policy_draft, show_result) ? req->show_result : SPAN("at_once"),
        .show_answers = HAS(req, policy_draft, show_answers) ? req->show_answers : SPAN("never"),
        .show_explanations = HAS(req, policy_draft, show_explanations) ? req->show_explanations : SPAN("never"),
        .appeal_days = HAS(req, policy_draft, appeal_days) ? req->appeal_days : APPEAL_DAYS,
    };
    if (!HAS(req, policy_draft, forms)) /* a person's last retake still finds a form never seen */
        row.forms = req->max_attempts + 1 > FORMS_LEAST ? (uint16_t)(req->max_attempts + 1) : FORMS_LEAST;
    if (HAS(req, policy_draft, opens_at))
        PUT_FIELD(&row, policy_row, opens_at, req->opens_at);
    if (HAS(req, policy_draft, closes_at))
        PUT_FIELD(&row, policy_row, closes_at, req->closes_at);
    if (HAS(req, policy_draft, note))
        PUT_FIELD(&row, policy_row, note, req->note);
    return row;
}

/* What the draft says by itself. */
static int check_draft(struct ctx *ctx, const struct policy_draft *req, const struct policy_row *row)
{
    if (HAS(req, policy_draft, opens_at) && HAS(req, policy_draft, closes_at) && req->closes_at <= req->opens_at)
        return fail(ctx, ERR_INVALID, "closes_at");
    if (!moment_known(row->show_result))
        return fail(ctx, ERR_INVALID, "show_result");
    if (!moment_known(row->show_answers))
        return fail(ctx, ERR_INVALID, "show_answers");
    if (!moment_known(row->show_explanations))
        return fail(ctx, ERR_INVALID, "show_explanations");
    return 0;
}

/* Each group once, and only groups that are asked about. `ret_rows` as they are stored. */
static int check_groups(struct ctx *ctx, const struct policy_draft *req, const struct form_plan *plan,
                        struct policy_group_row **ret_rows)
{
    struct policy_group_row *rows = arena_alloc(ctx->arena, req->n_group_passes * sizeof(*rows));
    int code = rows ? 0 : fail(ctx, ERR_TOO_LARGE, "group_passes");
    for (uint32_t i = 0; !code && i < req->n_group_passes; i++) {
        struct span group = req->group_passes[i].skill_group;
        uint32_t asked = 0, before = 0;
        for (uint32_t q = 0; q < plan->n_quotas; q++)
            asked +=
                plan->quotas[q].skill_group.n == group.n && !memcmp(plan->quotas[q].skill_group.p, group.p, group.n);
        for (uint32_t k = 0; k < i; k++)
            before += rows[k].skill_group.n == group.n && !memcmp(rows[k].skill_group.p, group.p, group.n);
        rows[i] = (struct policy_group_row){
            .policy_id = req->policy_id, .skill_group = group, .percent = req->group_passes[i].percent};
        if (!asked || before) {
            const char *field = arena_printf(ctx->arena, "group_passes.%.*s", (int)group.n, group.p);
            code = fail(ctx, asked ? ERR_TWICE : ERR_INVALID, field ? field : "group_passes");
        }
    }
    if (!code)
        *ret_rows = rows;
    return code;
}

/* Makes the forms and stores everything; the transaction is open. */
static int put_in_force(struct ctx *ctx, const struct policy_draft *req, struct policy_row *row)
{
    struct policy_basis basis;
    struct form_plan plan;
    struct assemble_job job = {.forms = row->forms};
    struct policy_group_row *groups = NULL;
    struct form_row *forms = NULL;
    struct assembled made;
    struct policy_ref stored;
    int code = pg_call(ctx, &SQL_policy_basis, row, &basis);
    if (!code)
        code = blueprint_plan(ctx, &req->blueprint_id, &plan);
    if (!code)
        code = check_groups(ctx, req, &plan, &groups);
    if (code)
        return code;
    row->items = basis.items;
    code = bank_drawn(ctx, basis.bank_id, &job);
    if (!code)
        code = forms_assemble(ctx, &plan, &basis, &job, &made);
    if (!code)
        code = pg_call(ctx, &SQL_policy_store, row, &stored);
    if (!code && req->n_group_passes)
        code = pg_bulk(ctx, &SQL_policy_groups_store, groups, req->n_group_passes, 0, NULL, NULL);
    if (!code)
        code = forms_store(ctx, &req->policy_id, job.items, &made, &forms);
    if (!code)
        code = pg_bulk(ctx, &SQL_form_pool_open, forms, made.n_forms, 0, NULL, NULL);
    if (!code)
        code = pg_call(ctx, &SQL_form_checked, &basis, NULL);
    if (!code)
        log_info(ctx->head->trace, "%u of %u forms made, mean difficulty %.2f%%, none further than %.2f points from it",
                 made.n_forms, row->forms, made.mean, made.spread);
    return code;
}

int on_policy_create(struct ctx *ctx, const struct policy_draft *req, struct policy *ret_reply)
{
    struct policy_row row = row_of(req);
    struct policy_ref *known = NULL, ref = {.policy_id = req->policy_id};
    struct policy shown;
    uint32_t n_known = 0;
    int code = check_draft(ctx, req, &row);
    if (!code)
        code = draft_digest(ctx, &msg_policy_draft, req, &row.digest);
    if (!code)
        code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_policy_turn, &row, NULL);
    if (!code)
        code = pg_list(ctx, &SQL_policy_known, &row, 1, &known, &n_known);
    if (!code && !n_known)
        code = put_in_force(ctx, req, &row);
    if (!code)
        code = pg_call(ctx, &SQL_policy_shown, &ref, &shown);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        *ret_reply = shown;
    return code;
}

int on_policy_get(struct ctx *ctx, const struct policy_query *req, struct policy *ret_reply)
{
    return pg_call(ctx, &SQL_policy_get, req, ret_reply);
}

int on_policy_exposure(struct ctx *ctx, const struct policy_ref *req, struct exposure *ret_reply)
{
    struct exposure shown;
    int code = pg_call(ctx, &SQL_exposure_head, req, &shown);
    if (!code)
        code = pg_list(ctx, &SQL_exposure_items, req, EXPOSED, &shown.items, &shown.n_items);
    if (!code)
        *ret_reply = shown;
    return code;
}
