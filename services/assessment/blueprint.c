/* blueprint.c - versions of blueprints. One that the bank cannot fill is never stored. */
#include "form.h"
#include "sql.h"

/* Do two quotas ask for the same kind of items? */
static bool same_kind(const struct quota *a, const struct quota *b)
{
    struct span main_pool = SPAN("main"), all = {"", 0};
    return span_equal(a->skill_group, b->skill_group) &&
           (HAS(a, quota, level) ? a->level : 0) == (HAS(b, quota, level) ? b->level : 0) &&
           span_equal(HAS(a, quota, pool) ? a->pool : main_pool, HAS(b, quota, pool) ? b->pool : main_pool) &&
           span_equal(HAS(a, quota, position) ? a->position : all, HAS(b, quota, position) ? b->position : all);
}

static int fail_naming(struct ctx *ctx, int code, const char *what, struct span name)
{
    const char *field = arena_printf(ctx->arena, "%s.%.*s", what, (int)name.n, name.p);
    return fail(ctx, code, field ? field : what);
}

/* What the draft says by itself. *ret_items: of all quotas. */
static int check_draft(struct ctx *ctx, const struct blueprint_draft *req, uint16_t *ret_items)
{
    uint32_t items = 0;
    for (uint32_t i = 0; i < req->n_quotas; i++) {
        items += req->quotas[i].items;
        for (uint32_t k = 0; k < i; k++) {
            if (same_kind(&req->quotas[k], &req->quotas[i]))
                return fail_naming(ctx, ERR_TWICE, "quotas", req->quotas[i].skill_group);
        }
    }
    if (items > ASSEMBLE_ITEMS)
        return fail(ctx, ERR_RANGE, "quotas");
    for (uint32_t i = 0; i < req->n_enemies; i++) {
        if (span_equal(req->enemies[i].a, req->enemies[i].b))
            return fail_naming(ctx, ERR_INVALID, "enemies", req->enemies[i].a);
    }
    *ret_items = (uint16_t)items;
    return 0;
}

/* Each pair in one order, so that a pair given both ways is one. */
static struct enemy_row *enemy_rows(struct ctx *ctx, const struct blueprint_draft *req)
{
    struct enemy_row *rows = arena_alloc(ctx->arena, req->n_enemies * sizeof(*rows));
    for (uint32_t i = 0; rows && i < req->n_enemies; i++) {
        struct span a = req->enemies[i].a, b = req->enemies[i].b;
        int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
        bool turned = order > 0 || (!order && a.n > b.n);
        rows[i] = (struct enemy_row){
            .blueprint_id = req->blueprint_id, .bank_id = req->bank_id, .a = turned ? b : a, .b = turned ? a : b};
    }
    return rows;
}

/* Can the bank fill it? Makes one form to find out, and forgets it. */
static int check_bank(struct ctx *ctx, const struct blueprint_draft *req, const struct blueprint_row *row,
                      const struct enemy_row *enemies)
{
    struct form_plan plan = {req->quotas, req->n_quotas, req->enemies, req->n_enemies};
    struct policy_basis basis = {.policy_id = req->blueprint_id, .max_exposure_percent = 100};
    struct assemble_job job = {.forms = 1};
    struct code_row *unknown = NULL;
    struct blueprint_ref bank;
    struct assembled made;
    uint32_t n_unknown = 0;
    int code = pg_call(ctx, &SQL_blueprint_bank, row, &bank);
    if (!code && req->n_enemies)
        code = pg_bulk(ctx, &SQL_blueprint_enemies_unknown, enemies, req->n_enemies, 1, &unknown, &n_unknown);
    if (!code && n_unknown)
        code = fail_naming(ctx, ERR_NOT_FOUND, "enemies", unknown->code);
    if (!code)
        code = bank_drawn(ctx, row->bank_id, &job);
    return code ? code : forms_assemble(ctx, &plan, &basis, &job, &made);
}

static int store(struct ctx *ctx, const struct blueprint_draft *req, const struct blueprint_row *row,
                 const struct enemy_row *enemies, struct blueprint *ret_reply)
{
    struct quota_row *quotas = arena_alloc(ctx->arena, req->n_quotas * sizeof(*quotas));
    if (!quotas)
        return fail(ctx, ERR_TOO_LARGE, "quotas");
    for (uint32_t i = 0; i < req->n_quotas; i++) {
        const struct quota *quota = &req->quotas[i];
        quotas[i] = (struct quota_row){.blueprint_id = req->blueprint_id,
                                       .place = (uint16_t)(i + 1),
                                       .skill_group = quota->skill_group,
                                       .items = quota->items};
        if (HAS(quota, quota, level))
            PUT_FIELD(&quotas[i], quota_row, level, quota->level);
        if (HAS(quota, quota, pool))
            PUT_FIELD(&quotas[i], quota_row, pool, quota->pool);
        if (HAS(quota, quota, position))
            PUT_FIELD(&quotas[i], quota_row, position, quota->position);
    }
    int code = pg_call(ctx, &SQL_blueprint_store, row, ret_reply);
    if (!code)
        code = pg_bulk(ctx, &SQL_blueprint_quotas_store, quotas, req->n_quotas, 0, NULL, NULL);
    if (!code && req->n_enemies)
        code = pg_bulk(ctx, &SQL_blueprint_enemies_store, enemies, req->n_enemies, 0, NULL, NULL);
    return code;
}

int on_blueprint_create(struct ctx *ctx, const struct blueprint_draft *req, struct blueprint *ret_reply)
{
    struct blueprint_row row = {.blueprint_id = req->blueprint_id, .code = req->code, .bank_id = req->bank_id};
    struct blueprint *known = NULL, made;
    uint32_t n_known = 0;
    int code = check_draft(ctx, req, &row.items);
    if (!code)
        code = draft_digest(ctx, &msg_blueprint_draft, req, &row.digest);
    if (HAS(req, blueprint_draft, note))
        PUT_FIELD(&row, blueprint_row, note, req->note);
    struct enemy_row *enemies = enemy_rows(ctx, req);
    if (!code && !enemies)
        code = fail(ctx, ERR_TOO_LARGE, "enemies");
    if (!code)
        code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_blueprint_turn, &row, NULL);
    if (!code)
        code = pg_list(ctx, &SQL_blueprint_known, &row, 1, &known, &n_known);
    if (code)
        return code;
    if (n_known) {
        *ret_reply = *known;
        return 0;
    }
    code = check_bank(ctx, req, &row, enemies);
    if (!code)
        code = store(ctx, req, &row, enemies, &made);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        *ret_reply = made;
    return code;
}

int blueprint_plan(struct ctx *ctx, const struct uuid *blueprint_id, struct form_plan *ret_plan)
{
    struct blueprint_ref ref = {.blueprint_id = *blueprint_id};
    struct form_plan plan = {0};
    int code = pg_list(ctx, &SQL_blueprint_quotas, &ref, ASSEMBLE_QUOTAS, &plan.quotas, &plan.n_quotas);
    if (!code)
        code = pg_list(ctx, &SQL_blueprint_enemies, &ref, 1000, &plan.enemies, &plan.n_enemies);
    if (!code)
        *ret_plan = plan;
    return code;
}

int on_blueprint_get(struct ctx *ctx, const struct blueprint_ref *req, struct blueprint_draft *ret_reply)
{
    struct blueprint_draft shown;
    struct form_plan plan;
    int code = pg_call(ctx, &SQL_blueprint_shown, req, &shown);
    if (!code)
        code = blueprint_plan(ctx, &req->blueprint_id, &plan);
    if (code)
        return code;
    shown.quotas = plan.quotas;
    shown.n_quotas = plan.n_quotas;
    shown.enemies = plan.enemies;
    shown.n_enemies = plan.n_enemies;
    *ret_reply = shown;
    return 0;
}
