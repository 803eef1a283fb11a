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
    cr_assert_str_eq(harness_get(h, "SELECT cardinality(ready) FROM form_pool"), "4");
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
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM ready_form r, unnest(r.items) i JOIN item_version v "
                                    "ON v.version_id = i WHERE v.code LIKE 'A%%'"),
                     "0");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM ready_form WHERE NOT stale"), "4");
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
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM ready_form WHERE stale"), "0");
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
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form"), "1", "more items alone are no reason");
    retire(h, "code = 'S'");
    renew(h);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM ready_form r, unnest(r.items) i JOIN item_version v "
                                    "ON v.version_id = i WHERE v.situation IS NOT NULL"),
                     "0");
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
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM ready_form JOIN policy USING (policy_id) "
                                    "WHERE stale AND version = 2"),
                     "0");
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
