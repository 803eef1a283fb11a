/* form.c - forms made ahead: storing what was assembled, and replacing forms whose items went out of use. */
#include "form.h"
#include "assessment.h"
#include "sql.h"
#include <sodium.h>

/* Forms of one run of the tick; see "Forms whose items go out of use" in FORMS.md for how long they take. */
enum { FORMS_AT_ONCE = 20, ID = sizeof(struct uuid) };
/* What array_send puts before the array and before each element. */
enum { ARRAY_HEAD = 20, LENGTH = 4 };

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

int bank_drawn(struct ctx *ctx, struct uuid bank_id, struct assemble_job *job)
{
    struct bank_ref bank = {.bank_id = bank_id};
    struct drawn_item *items = NULL;
    int code = pg_list(ctx, &SQL_bank_drawn, &bank, DRAWN_ITEMS + 1, &items, &job->n_items);
    job->items = items;
    return code || job->n_items <= DRAWN_ITEMS ? code : fail(ctx, ERR_TOO_LARGE, "bank_id");
}

int forms_assemble(struct ctx *ctx, const struct form_plan *plan, const struct policy_basis *basis,
                   struct assemble_job *job, struct assembled *ret_made)
{
    job->quotas = plan->quotas;
    job->n_quotas = plan->n_quotas;
    job->enemies = plan->enemies;
    job->n_enemies = plan->n_enemies;
    job->max_exposure_percent = basis->max_exposure_percent;
    /* The policy's id gives its forms; what changed since sees to it that a renewal does not repeat them. */
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(job->seed));
    crypto_generichash_update(&state, basis->policy_id.b, sizeof(basis->policy_id.b));
    crypto_generichash_update(&state, (const uint8_t *)&basis->changes, sizeof(basis->changes));
    crypto_generichash_update(&state, (const uint8_t *)&job->n_kept, sizeof(job->n_kept));
    crypto_generichash_final(&state, job->seed, sizeof(job->seed));
    int code = assemble(job, ctx->arena, ret_made);
    if (code != ERR_SHORTFALL)
        return code ? fail(ctx, code, "bank_id") : 0;
    const char *reason = arena_printf(ctx->arena, "%s", ret_made->shortfall);
    return fail(ctx, ERR_SHORTFALL, reason ? reason : "quotas");
}

int forms_store(struct ctx *ctx, const struct uuid *policy_id, const struct drawn_item *items,
                const struct assembled *made, struct form_row **ret_rows)
{
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

/* --- Forms whose items went out of use. --- */

/* The forms of a policy that are ready, and which of them have an item that may not be drawn any more. */
struct pool {
    struct form_ready *ready;
    uint32_t n;
    bool *stale;
    struct assemble_form *kept; /* those that are not stale */
    uint32_t n_kept;
};

struct drawn_place {
    struct uuid version_id;
    uint32_t item;
};

static int by_version(const void *a, const void *b)
{
    return memcmp(((const struct drawn_place *)a)->version_id.b, ((const struct drawn_place *)b)->version_id.b, ID);
}

/* The items of the job by version; NULL: the arena is full. */
static struct drawn_place *drawn_places(struct ctx *ctx, const struct assemble_job *job)
{
    struct drawn_place *places = arena_alloc(ctx->arena, job->n_items * sizeof(*places));
    for (uint32_t i = 0; places && i < job->n_items; i++)
        places[i] = (struct drawn_place){job->items[i].version_id, i};
    if (places && job->n_items)
        qsort(places, job->n_items, sizeof(*places), by_version);
    return places;
}

/* Finds the items of a form; false when one of them may not be drawn. */
static bool find_items(const struct form_ready *form, uint32_t n_items, const struct drawn_place *places,
                       uint32_t n_places, uint32_t *ret_items)
{
    if (form->items.n != ARRAY_HEAD + n_items * (LENGTH + ID))
        return false;
    for (uint32_t i = 0; i < n_items; i++) {
        struct drawn_place wanted;
        memcpy(wanted.version_id.b, form->items.p + ARRAY_HEAD + (size_t)i * (LENGTH + ID) + LENGTH, ID);
        const struct drawn_place *found =
            n_places ? bsearch(&wanted, places, n_places, sizeof(*places), by_version) : NULL;
        if (!found)
            return false;
        ret_items[i] = found->item;
    }
    return true;
}

static int read_pool(struct ctx *ctx, const struct policy_basis *basis, const struct assemble_job *job,
                     struct pool *ret_pool)
{
    struct policy_ref policy = {.policy_id = basis->policy_id};
    struct pool pool = {0};
    int code = pg_list(ctx, &SQL_forms_ready, &policy, ASSEMBLE_FORMS, &pool.ready, &pool.n);
    if (code)
        return code;
    struct drawn_place *places = drawn_places(ctx, job);
    uint32_t *items = arena_alloc(ctx->arena, (size_t)pool.n * basis->items * sizeof(*items));
    pool.stale = arena_alloc(ctx->arena, pool.n * sizeof(*pool.stale));
    pool.kept = arena_alloc(ctx->arena, pool.n * sizeof(*pool.kept));
    if (!places || !items || !pool.stale || !pool.kept)
        return fail(ctx, ERR_TOO_LARGE, "forms");
    for (uint32_t f = 0; f < pool.n; f++, items += basis->items) {
        pool.stale[f] = !find_items(&pool.ready[f], basis->items, places, job->n_items, items);
        if (!pool.stale[f])
            pool.kept[pool.n_kept++] = (struct assemble_form){items, pool.ready[f].difficulty / 100.0};
    }
    *ret_pool = pool;
    return 0;
}

/*
 * New forms take the places of stale ones; what is left of them stands at the end. In the last slice the stale ones
 * that are left over go, too, but a pool is never empty: rather a form with an item that is out of use than nobody can
 * sit the test.
 */
static int change_pool(struct ctx *ctx, const struct policy_basis *basis, const struct pool *pool,
                       const struct form_row *made, uint32_t n_made, bool last)
{
    struct form_row *ready = arena_alloc(ctx->arena, ((size_t)pool->n + n_made) * sizeof(*ready));
    struct form_row *gone = arena_alloc(ctx->arena, pool->n * sizeof(*gone));
    uint32_t n_ready = 0, n_gone = 0, next = 0;
    if (!ready || !gone)
        return fail(ctx, ERR_TOO_LARGE, "forms");
    for (uint32_t f = 0; f < pool->n; f++) {
        struct form_row old = {.form_id = pool->ready[f].form_id, .policy_id = basis->policy_id};
        bool replaced = pool->stale[f] && next < n_made;
        if (replaced)
            ready[n_ready++] = made[next++];
        if (replaced || (pool->stale[f] && last))
            gone[n_gone++] = old;
        else
            ready[n_ready++] = old;
    }
    while (next < n_made)
        ready[n_ready++] = made[next++];
    if (!n_ready || (!n_made && !n_gone))
        return 0;
    int code = pg_bulk(ctx, &SQL_form_pool_set, ready, n_ready, 0, NULL, NULL);
    if (!code && n_gone)
        code = pg_bulk(ctx, &SQL_form_retire, gone, n_gone, 0, NULL, NULL);
    return code;
}

/* Makes a slice of the forms that a policy lacks. *ret_last: no more can or need be made. */
static int renew(struct ctx *ctx, const struct policy_basis *basis, bool *ret_last)
{
    struct assemble_job job = {0};
    struct assembled made = {0};
    struct form_row *rows = NULL;
    struct form_plan plan;
    struct pool pool = {0};
    char id[UUID_TEXT];
    uuid_format(&basis->policy_id, id);
    int code = bank_drawn(ctx, basis->bank_id, &job);
    if (code && job.n_items > DRAWN_ITEMS) {
        log_warn(ctx->head->trace, "policy %s: more than %u live items, its forms stay as they are", id, DRAWN_ITEMS);
        *ret_last = true;
        return 0;
    }
    if (!code)
        code = read_pool(ctx, basis, &job, &pool);
    if (!code)
        code = blueprint_plan(ctx, &basis->blueprint_id, &plan);
    if (code)
        return code;
    uint32_t lacking = basis->forms > pool.n_kept ? basis->forms - pool.n_kept : 0;
    job.forms = lacking < FORMS_AT_ONCE ? lacking : FORMS_AT_ONCE;
    job.later = lacking - job.forms;
    job.kept = pool.kept;
    job.n_kept = pool.n_kept;
    code = job.forms ? forms_assemble(ctx, &plan, basis, &job, &made) : 0;
    if (code && code != ERR_SHORTFALL)
        return code;
    *ret_last = made.n_forms == lacking || made.n_forms < FORMS_AT_ONCE;
    if (code && pool.n_kept < pool.n)
        log_warn(ctx->head->trace, "policy %s: %u of %u forms made anew: %s", id, made.n_forms, lacking,
                 ctx->fault.field);
    else if (made.n_forms)
        log_info(ctx->head->trace, "policy %s: %u of %u forms made anew", id, made.n_forms, lacking);
    code = made.n_forms ? forms_store(ctx, &basis->policy_id, job.items, &made, &rows) : 0;
    return code ? code : change_pool(ctx, basis, &pool, rows, made.n_forms, *ret_last);
}

/* Tick. Counts a slice of what was taken; then makes a slice of the forms of one policy. */
int forms_renew(struct ctx *ctx)
{
    struct policy_basis *basis = NULL;
    uint32_t n = 0;
    bool last = false;
    int code = pg_call(ctx, &SQL_forms_count, NULL, NULL);
    if (!code)
        code = pg_list(ctx, &SQL_forms_unchecked, NULL, 1, &basis, &n);
    if (code || !n)
        return code;
    code = renew(ctx, basis, &last);
    return code || !last ? code : pg_call(ctx, &SQL_form_checked, basis, NULL);
}
