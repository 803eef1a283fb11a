/* form.c - forms made ahead: storing what was assembled, and replacing forms whose items went out of use. */
#include "form.h"
#include "assessment.h"
#include "sql.h"
#include <sodium.h>

int draft_digest(struct ctx *ctx, const struct msg *desc, const void *draft, struct span *ret_digest)
{
    struct buf buf;
    uint8_t digest[32];
    buf_init(&buf, ctx->arena->max);
    msg_pack(desc, draft, &buf);
    bool failed = buf.failed;
    if (!failed)
        crypto_generichash(digest, sizeof(digest), (const uint8_t *)buf.p, buf.n, NULL, 0);
    buf_release(&buf);
    if (failed || arena_span(ctx->arena, (struct span){(const char *)digest, sizeof(digest)}, ret_digest) < 0)
        return fail(ctx, ERR_TOO_LARGE, "");
    return 0;
}

int forms_assemble(struct ctx *ctx, const struct form_plan *plan, const struct policy_basis *basis,
                   const struct drawn_item *items, uint32_t n_items, uint32_t forms, uint32_t kept, double target,
                   struct assembled *ret_made)
{
    struct assemble_job job = {.items = items,
                               .n_items = n_items,
                               .quotas = plan->quotas,
                               .n_quotas = plan->n_quotas,
                               .enemies = plan->enemies,
                               .n_enemies = plan->n_enemies,
                               .forms = forms,
                               .kept = kept,
                               .max_exposure_percent = basis->max_exposure_percent,
                               .target = target};
    if (n_items > DRAWN_ITEMS)
        return fail(ctx, ERR_TOO_LARGE, "bank_id");
    /* The policy's id gives its forms; the changes of the bank see to it that a renewal does not repeat them. */
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(job.seed));
    crypto_generichash_update(&state, basis->policy_id.b, sizeof(basis->policy_id.b));
    crypto_generichash_update(&state, (const uint8_t *)&basis->changes, sizeof(basis->changes));
    crypto_generichash_final(&state, job.seed, sizeof(job.seed));
    int code = assemble(&job, ctx->arena, ret_made);
    if (code != ERR_SHORTFALL)
        return code ? fail(ctx, code, "bank_id") : 0;
    const char *reason = arena_printf(ctx->arena, "%s", ret_made->shortfall);
    return fail(ctx, ERR_SHORTFALL, reason ? reason : "quotas");
}

int forms_store(struct ctx *ctx, const struct uuid *policy_id, const struct drawn_item *items,
                const struct assembled *made, struct form_row **ret_rows)
{
    enum { ID = sizeof(items->version_id.b) };
    struct form_row *rows = arena_alloc(ctx->arena, made->n_forms * sizeof(*rows));
    char *ids = arena_alloc(ctx->arena, (size_t)made->n_forms * made->n_items * ID);
    if (!rows || !ids)
        return fail(ctx, ERR_TOO_LARGE, "forms");
    for (uint32_t f = 0; f < made->n_forms; f++) {
        rows[f] = (struct form_row){.form_id = uuid7(),
                                    .policy_id = *policy_id,
                                    .items = {ids, made->n_items * ID},
                                    .difficulty = (uint16_t)(made->forms[f].difficulty * 100 + 0.5)};
        for (uint32_t i = 0; i < made->n_items; i++, ids += ID)
            memcpy(ids, items[made->forms[f].items[i]].version_id.b, ID);
    }
    int code = pg_bulk(ctx, &SQL_form_store, rows, made->n_forms, 0, NULL, NULL);
    if (!code)
        code = pg_bulk(ctx, &SQL_form_lay_keys, rows, made->n_forms, 0, NULL, NULL);
    if (!code)
        *ret_rows = rows;
    return code;
}

/* Makes forms for those that are stale and puts them into the pool; what could not be made is missing there. */
static int replace(struct ctx *ctx, const struct policy_basis *basis, uint32_t stale, uint32_t kept, double target)
{
    struct policy_ref policy = {.policy_id = basis->policy_id};
    struct form_plan plan;
    struct drawn_item *items = NULL;
    struct form_row *rows = NULL;
    struct assembled made = {0};
    uint32_t n_items = 0;
    int code = blueprint_plan(ctx, &basis->blueprint_id, &plan);
    if (!code)
        code = pg_list(ctx, &SQL_policy_drawn, basis, DRAWN_ITEMS + 1, &items, &n_items);
    if (code)
        return code;
    code = forms_assemble(ctx, &plan, basis, items, n_items, stale, kept, target, &made);
    char id[UUID_TEXT];
    uuid_format(&basis->policy_id, id);
    if (code)
        log_warn(ctx->head->trace, "policy %s: %u of %u forms made anew: %s", id, made.n_forms, stale,
                 ctx->fault.field);
    else
        log_info(ctx->head->trace, "policy %s: %u of %u forms made anew", id, made.n_forms, stale);
    /* A pool is never empty: rather a form with an item that is out of use than nobody can sit the test. */
    if (!made.n_forms && !kept)
        return 0;
    if (made.n_forms) {
        code = forms_store(ctx, &basis->policy_id, items, &made, &rows);
        if (!code)
            code = pg_bulk(ctx, &SQL_form_pool_add, rows, made.n_forms, 0, NULL, NULL);
        if (code)
            return code;
    }
    return pg_call(ctx, &SQL_form_pool_drop, &policy, NULL);
}

/* Tick. Counts a slice of what was taken; then one policy at a time, which takes as long as making the policy did. */
int forms_renew(struct ctx *ctx)
{
    struct policy_basis *basis = NULL;
    struct form_ready *forms = NULL;
    uint32_t n = 0, n_forms = 0, stale = 0;
    double sum = 0;
    int code = pg_call(ctx, &SQL_forms_count, NULL, NULL);
    if (!code)
        code = pg_list(ctx, &SQL_forms_unchecked, NULL, 1, &basis, &n);
    if (code || !n)
        return code;
    struct policy_ref policy = {.policy_id = basis->policy_id};
    code = pg_list(ctx, &SQL_forms_ready, &policy, ASSEMBLE_FORMS, &forms, &n_forms);
    for (uint32_t f = 0; !code && f < n_forms; f++) {
        stale += forms[f].stale;
        sum += forms[f].stale ? 0 : forms[f].difficulty / 100.0;
    }
    uint32_t kept = n_forms - stale;
    if (!code && stale)
        code = replace(ctx, basis, stale, kept, kept ? sum / kept : 0);
    return code ? code : pg_call(ctx, &SQL_form_checked, basis, NULL);
}
