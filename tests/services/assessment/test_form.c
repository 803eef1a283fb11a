/* test_form.c - forms whose items go out of use are replaced; keys are laid once, in order, by nobody else. */
#include "forms.h"

static void renew(struct harness *h)
{
    cr_assert(harness_tick(h, forms_renew) == 0, "%s", h->ctx.fault.field);
}

static const char *pool(struct harness *h)
{
    return harness_get(h, "SELECT ready::text FROM form_pool");
}

/* How often an item that may not be drawn stands in a ready form. */
static const char *out_of_use(struct harness *h)
{
    return harness_get(h, "SELECT count(*) FROM form_pool, unnest(ready) r JOIN form f ON f.form_id = r, "
                          "unnest(f.items) i WHERE i NOT IN (SELECT version_id FROM item_drawn)");
}

static const char *n_ready(struct harness *h)
{
    return harness_get(h, "SELECT cardinality(ready) FROM form_pool");
}

Test(form, forms_with_a_retired_item_are_replaced)
{
    struct harness *h = open_policy();
    const char *before = pool(h), *filter;
    renew(h);
    cr_assert_str_eq(pool(h), before, "nothing changed");
    const char *id = harness_get(h, "SELECT (items)[1] FROM form ORDER BY form_id LIMIT 1");
    uint32_t had =
        (uint32_t)strtoul(harness_get(h, "SELECT count(*) FROM form WHERE '%s' = ANY (items)", id), NULL, 10);
    cr_assert(had >= 1 && had < 4, "the usual bank uses each item in one form or two: %u", had);
    filter = arena_printf(&h->arena, "version_id = '%s'", id);
    retire(h, filter);
    renew(h);
    cr_assert_str_eq(n_ready(h), "4");
    cr_assert_str_eq(
        harness_get(h, "SELECT count(*) = %u FROM form WHERE retired_at IS NOT NULL AND '%s' = ANY (items)", had, id),
        "t");
    cr_assert_str_eq(harness_get(h,
                                 "SELECT count(*) FROM form_pool, unnest(ready) r JOIN form f ON f.form_id = r "
                                 "WHERE f.retired_at IS NOT NULL OR '%s' = ANY (f.items)",
                                 id),
                     "0");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form LEFT JOIN form_key k USING (form_id) WHERE k IS NULL"),
                     "0");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) = %u FROM form", 4 + had), "t");
    before = pool(h);
    renew(h);
    cr_assert_str_eq(pool(h), before);
    harness_close(h);
}

Test(form, a_new_version_replaces_the_old_one_in_forms)
{
    struct harness *h = open_policy();
    retire(h, "code LIKE 'A%%'");
    add_items(h, "N", 20, "a", 1, "main");
    renew(h);
    cr_assert_str_eq(out_of_use(h), "0");
    cr_assert_str_eq(n_ready(h), "4");
    harness_close(h);
}

Test(form, a_pool_is_never_empty)
{
    struct harness *h = open_policy();
    const char *before = pool(h);
    retire(h, "code LIKE 'B%%'");
    renew(h);
    cr_assert_str_eq(pool(h), before, "rather stale forms than none");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form WHERE retired_at IS NOT NULL"), "0");
    add_items(h, "N", 3, "b", 1, "main"); /* the bank can fill it again */
    renew(h);
    cr_assert_str_eq(out_of_use(h), "0");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form WHERE retired_at IS NOT NULL"), "4");
    harness_close(h);
}

Test(form, of_a_situation_out_of_use_nothing_stays)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft blueprint = usual_blueprint(quotas);
    struct policy_draft policy = usual_policy();
    blueprint.n_quotas = 1;
    add_situation(h, "S", 3, "a");
    add_items(h, "A", 2, "a", 1, "main");
    cr_assert(make_blueprint(h, &blueprint, NULL) == 0 && make_policy(h, &policy, NULL) == 0);
    add_items(h, "N", 9, "a", 1, "main");
    renew(h);
    cr_assert_str_eq(n_ready(h), "4", "the bank had enough for one, the policy asks for four");
    retire(h, "code = 'S'");
    renew(h);
    cr_assert_str_eq(out_of_use(h), "0");
    cr_assert_str_eq(n_ready(h), "4");
    harness_close(h);
}

Test(form, only_policies_in_force_are_renewed)
{
    struct harness *h = open_policy();
    struct policy_draft draft = usual_policy();
    draft.policy_id = U(POLICY + 100);
    cr_assert(make_policy(h, &draft, NULL) == 0);
    retire(h, "code IN ('A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7')");
    renew(h);
    renew(h);
    cr_assert_str_eq(harness_get(h,
                                 "SELECT string_agg(p.version::text, ',') FROM policy p JOIN form f USING (policy_id) "
                                 "WHERE f.retired_at IS NOT NULL AND p.version = 1"),
                     "");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) > 0 FROM form_pool JOIN policy USING (policy_id), unnest(ready) r "
                                    "JOIN form f ON f.form_id = r WHERE version = 1 AND f.items && "
                                    "ARRAY(SELECT version_id FROM item_version WHERE state = 'retired')"),
                     "t", "the old policy keeps what it has");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form_pool JOIN policy USING (policy_id), unnest(ready) r "
                                    "JOIN form f ON f.form_id = r WHERE version = 2 AND f.items && "
                                    "ARRAY(SELECT version_id FROM item_version WHERE state = 'retired')"),
                     "0");
    harness_close(h);
}

/* The pool shrinks when the bank does, keeps forms apart, and grows again to what the policy asks for. */
Test(form, a_pool_follows_its_bank)
{
    struct harness *h = open_policy();
    static const char *const twice = "SELECT count(*) - count(DISTINCT (SELECT array_agg(i ORDER BY i) FROM "
                                     "unnest(f.items) i)) FROM form_pool, unnest(ready) r JOIN form f ON f.form_id = r";
    retire(h, "code LIKE 'A%%' AND length(code) = 3 OR code IN ('A7', 'A8', 'A9')");
    renew(h);
    cr_assert_str_eq(n_ready(h), "4");
    cr_assert_str_eq(harness_get(h, "%s", twice), "0");
    retire(h, "code = 'A6' OR code LIKE 'B%%' AND (length(code) = 3 OR code IN ('B5', 'B6', 'B7', 'B8', 'B9'))");
    renew(h);
    cr_assert_geq(*n_ready(h), '3', "all of A and three of four");
    cr_assert_str_eq(harness_get(h, "%s", twice), "0");
    cr_assert_str_eq(out_of_use(h), "0");
    retire(h, "code = 'B4'");
    renew(h);
    cr_assert_str_eq(n_ready(h), "1");
    add_items(h, "N", 9, "b", 1, "main");
    renew(h);
    cr_assert_str_eq(n_ready(h), "4");
    cr_assert_str_eq(harness_get(h, "%s", twice), "0");
    const char *before = pool(h);
    add_items(h, "M", 5, "b", 1, "main");
    renew(h);
    cr_assert_str_eq(pool(h), before, "there are enough");
    harness_close(h);
}

/* The bank at its bound, a policy of 500 forms: each run makes a slice, and the pool keeps its size. */
Test(form, a_large_pool_is_renewed_in_slices)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft blueprint = usual_blueprint(quotas);
    struct policy_draft policy = usual_policy();
    int64_t longest = 0;
    uint32_t runs = 0;
    size_t most = 0;
    quotas[0].items = quotas[1].items = 30;
    PUT_FIELD(&policy, policy_draft, forms, 500);
    PUT_FIELD(&policy, policy_draft, max_exposure_percent, 2);
    add_items(h, "A", 5000, "a", 1, "main");
    add_items(h, "B", 5000, "b", 1, "main");
    cr_assert(make_blueprint(h, &blueprint, NULL) == 0 && make_policy(h, &policy, NULL) == 0, "%s", h->ctx.fault.field);
    retire(h, "code LIKE '%%3'");
    harness_sql(h, "ANALYZE");
    while (*harness_get(h, "SELECT count(*) FROM form_check k JOIN bank_change c ON c.changes <> k.changes") == '1') {
        int64_t begun = mono_us();
        arena_clear(&h->arena);
        renew(h);
        most = h->arena.total > most ? h->arena.total : most;
        longest = mono_us() - begun > longest ? mono_us() - begun : longest;
        cr_assert_str_eq(n_ready(h), "500");
        cr_assert_lt(runs++, 40);
    }
    cr_assert_gt(runs, 20);
    cr_assert_str_eq(out_of_use(h), "0");
    cr_assert_str_eq(harness_get(h, "SELECT max(n) <= 10 FROM (SELECT count(*) AS n FROM form_pool, unnest(ready) r "
                                    "JOIN form f ON f.form_id = r, unnest(f.items) i GROUP BY i) x"),
                     "t", "an item in 2%% of 500 forms");
    cr_assert_lt(most, 12 << 20);
    fprintf(stderr, "%u runs, the longest %lld us, %zu bytes\n", runs, (long long)longest, most);
    harness_close(h);
}

Test(form, attempts_keep_the_form_they_have)
{
    struct harness *h = open_policy();
    harness_sql(
        h, "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, "
           "started_at, deadline, closes_at, head) SELECT hocvu.uuid7(), gen_random_uuid(), programme_id, policy_id, "
           "r, 1, 8, 'running', 1, now(), now(), now(), '\\x00' "
           "FROM form_pool JOIN policy USING (policy_id), unnest(ready) r");
    const char *before =
        harness_get(h, "SELECT string_agg(md5(form.items::text || keys::text), '' ORDER BY attempt_id) "
                       "FROM attempt JOIN form USING (form_id) JOIN form_key USING (form_id)");
    retire(h, "code LIKE 'A_'");
    renew(h);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(md5(form.items::text || keys::text), '' ORDER BY attempt_id) "
                                    "FROM attempt JOIN form USING (form_id) JOIN form_key USING (form_id)"),
                     before);
    harness_close(h);
}

Test(form, keys_are_laid_once_and_in_order)
{
    struct harness *h = open_policy();
    cr_assert_str_eq(harness_get(h, "SELECT bool_and(k.key = laid AND v.type = typ AND i.version_id = f.items[o]) "
                                    "FROM form f JOIN form_key l USING (form_id), "
                                    "unnest(f.items, l.keys, l.types) WITH ORDINALITY AS i (version_id, laid, typ, o) "
                                    "JOIN item_key k USING (version_id) JOIN item_version v USING (version_id)"),
                     "t");
    cr_assert_str_eq(harness_get(h, "SELECT has_function_privilege('hocvu_assessment', 'assessment.lay_keys(uuid[])', "
                                    "'EXECUTE') AND NOT has_function_privilege('hocvu_learning', "
                                    "'assessment.lay_keys(uuid[])', 'EXECUTE')"),
                     "t");
    struct form_row row = {.policy_id = U(POLICY)};
    cr_assert(!uuid_parse(S(harness_get(h, "SELECT form_id FROM form LIMIT 1")), &row.form_id));
    cr_assert(pg_bulk(&h->ctx, &SQL_form_lay_keys, &row, 1, 0, NULL, NULL) == ERR_STATE, "%s", h->ctx.fault.field);
    row.form_id = U(99);
    cr_assert(pg_bulk(&h->ctx, &SQL_form_lay_keys, &row, 1, 0, NULL, NULL) == ERR_INTERNAL);
    harness_close(h);
}
