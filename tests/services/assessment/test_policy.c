/* test_policy.c - versions of policies, their checks, their forms, and how often items were seen. */
#include "forms.h"

static void refused(struct harness *h, const struct policy_draft *draft, int code, const char *field)
{
    int got = make_policy(h, draft, NULL);
    cr_assert(got == code && !strcmp(h->ctx.fault.field, field), "%d %s", got, h->ctx.fault.field);
}

Test(policy, comes_with_forms_and_their_keys)
{
    struct harness *h = open_policy();
    struct policy shown;
    struct policy_query query = {.programme_id = U(PROGRAMME)};
    cr_assert(on_policy_get(&h->ctx, &query, &shown) == 0);
    cr_assert(shown.version == 1 && shown.items == 8 && shown.forms == 4 && shown.grace_seconds == 10);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form f JOIN form_key k USING (form_id) "
                                    "WHERE cardinality(f.items) = 8 AND cardinality(k.keys) = 8 "
                                    "AND k.modes = array_fill('count'::text, '{8}')"),
                     "4");
    cr_assert_str_eq(
        harness_get(h, "SELECT count(*) FROM form f JOIN form_key k USING (form_id), "
                       "unnest(f.items, k.groups) AS i (version_id, grp) JOIN item_version v USING (version_id) "
                       "WHERE v.skill_group <> i.grp"),
        "0");
    cr_assert_str_eq(harness_get(h, "SELECT cardinality(ready) FROM form_pool"), "4");
    query.programme_id = U(99);
    cr_assert(on_policy_get(&h->ctx, &query, &shown) == ERR_NOT_FOUND);
    harness_close(h);
}

Test(policy, versions_count_up_and_a_repeat_is_the_same)
{
    struct harness *h = open_policy();
    struct policy_draft draft = usual_policy();
    struct policy made;
    struct policy_query query = {.programme_id = U(PROGRAMME)};
    draft.policy_id = U(POLICY + 100);
    PUT_FIELD(&draft, policy_draft, forms, 6);
    cr_assert(make_policy(h, &draft, &made) == 0 && made.version == 2 && made.forms == 6);
    cr_assert(on_policy_get(&h->ctx, &query, &made) == 0 && made.version == 2);
    draft = usual_policy();
    cr_assert(make_policy(h, &draft, &made) == 0 && made.version == 1 && made.forms == 4);
    draft.minutes = 31;
    refused(h, &draft, ERR_CONFLICT, "policy_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form"), "10");
    harness_close(h);
}

Test(policy, checks_the_draft)
{
    struct harness *h = open_policy();
    struct policy_draft draft = usual_policy();
    struct group_pass passes[2] = {{.skill_group = SPAN("a"), .percent = 50},
                                   {.skill_group = SPAN("c"), .percent = 50}};
    draft.policy_id = U(POLICY + 100);
    PUT_FIELD(&draft, policy_draft, opens_at, now_us());
    PUT_FIELD(&draft, policy_draft, closes_at, draft.opens_at);
    refused(h, &draft, ERR_INVALID, "closes_at");
    draft.closes_at = draft.opens_at + 1000000;
    PUT_FIELD(&draft, policy_draft, show_answers, SPAN("soon"));
    refused(h, &draft, ERR_INVALID, "show_answers");
    draft.show_answers = SPAN("after_window");
    draft.group_passes = passes;
    draft.n_group_passes = 2;
    refused(h, &draft, ERR_INVALID, "group_passes.c");
    passes[1].skill_group = SPAN("a");
    refused(h, &draft, ERR_TWICE, "group_passes.a");
    passes[1].skill_group = SPAN("b");
    draft.programme_id = U(99);
    refused(h, &draft, ERR_NOT_FOUND, "programme_id");
    draft.programme_id = U(PROGRAMME);
    draft.blueprint_id = U(99);
    refused(h, &draft, ERR_NOT_FOUND, "blueprint_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM policy"), "1");
    draft.blueprint_id = U(BLUEPRINT);
    cr_assert(make_policy(h, &draft, NULL) == 0, "%s", h->ctx.fault.field);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(skill_group || percent, ',' ORDER BY 1) FROM policy_group"),
                     "a50,b50");
    harness_close(h);
}

Test(policy, a_bound_that_cannot_be_met_is_named)
{
    struct harness *h = open_policy();
    struct policy_draft draft = usual_policy();
    struct policy made;
    draft.policy_id = U(POLICY + 100);
    PUT_FIELD(&draft, policy_draft, forms, 10);
    PUT_FIELD(&draft, policy_draft, max_exposure_percent, 10); /* ten forms of five out of twenty, each in one */
    refused(h, &draft, ERR_SHORTFALL, "max_exposure_percent: quotas.a: in 10 forms, each item in 1 at most");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM form"), "4");
    draft.max_exposure_percent = 30;
    cr_assert(make_policy(h, &draft, &made) == 0 && made.forms == 10, "%s", h->ctx.fault.field);
    cr_assert_str_eq(harness_get(h,
                                 "SELECT max(n) <= 3 FROM (SELECT count(*) n FROM form JOIN policy USING (policy_id), "
                                 "unnest(form.items) i WHERE version = 2 GROUP BY i) x"),
                     "t");
    harness_close(h);
}

Test(policy, a_bank_without_choice_gives_one_form)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft blueprint = usual_blueprint(quotas);
    struct policy_draft draft = usual_policy();
    struct policy made;
    add_items(h, "A", 5, "a", 1, "main");
    add_items(h, "B", 3, "b", 1, "main");
    cr_assert(make_blueprint(h, &blueprint, NULL) == 0, "%s", h->ctx.fault.field);
    cr_assert(make_policy(h, &draft, &made) == 0 && made.forms == 1, "%s", h->ctx.fault.field);
    retire(h, "code = 'A1'");
    draft.policy_id = U(POLICY + 100);
    refused(h, &draft, ERR_SHORTFALL, "quotas.a: 5 needed, 4 live");
    harness_close(h);
}

Test(policy, exposure_counts_forms_and_attempts)
{
    struct harness *h = open_policy();
    struct policy_ref ref = {.policy_id = U(POLICY)};
    struct exposure shown;
    cr_assert(on_policy_exposure(&h->ctx, &ref, &shown) == 0, "%s", h->ctx.fault.field);
    cr_assert(shown.forms == 4 && shown.attempts == 0 && shown.max_exposure_percent == 100);
    uint32_t forms = 0;
    for (uint32_t i = 0; i < shown.n_items; i++)
        forms += shown.items[i].forms;
    cr_assert(forms == 32);
    harness_sql(
        h, "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, "
           "started_at, deadline, closes_at, head) SELECT hocvu.uuid7(), gen_random_uuid(), programme_id, policy_id, "
           "ready[1 + n / 6], n, 8, 'running', 1, now(), now(), now(), '\\x00' "
           "FROM form_pool JOIN policy USING (policy_id), generate_series(1, 8) n");
    cr_assert(on_policy_exposure(&h->ctx, &ref, &shown) == 0);
    cr_assert(shown.attempts == 8 && shown.items[0].attempts >= 5 && shown.items[0].attempt_percent >= 62);
    uint32_t attempts = 0;
    for (uint32_t i = 0; i < shown.n_items; i++)
        attempts += shown.items[i].attempts;
    cr_assert(attempts == 8 * 8);
    /* Once the tick has counted them, the answer is the same; and it counts none twice. */
    harness_sql(
        h, "UPDATE attempt SET attempt_id = uuid_border(now() - interval '1 hour' + number * interval '1 second')");
    for (int n = 0; n < 2; n++) {
        cr_assert(harness_tick(h, forms_renew) == 0, "%s", h->ctx.fault.field);
        cr_assert_str_eq(harness_get(h, "SELECT sum(n) FROM form_taken"), "8");
        cr_assert(on_policy_exposure(&h->ctx, &ref, &shown) == 0);
        cr_assert(shown.attempts == 8 && shown.items[0].attempts >= 5 && shown.items[0].attempt_percent >= 62);
    }
    ref.policy_id = U(99);
    cr_assert(on_policy_exposure(&h->ctx, &ref, &shown) == ERR_NOT_FOUND);
    harness_close(h);
}

Test(policy, nobody_changes_one_or_reads_its_keys)
{
    struct harness *h = open_policy();
    cr_assert(!harness_allowed(h, "UPDATE policy SET pass_percent = 1"));
    cr_assert(!harness_allowed(h, "DELETE FROM policy_group"));
    cr_assert(!harness_allowed(h, "UPDATE form SET items = '{}'"));
    cr_assert(!harness_allowed(h, "SELECT keys FROM form_key"));
    cr_assert(!harness_allowed(h, "INSERT INTO form_key (form_id) SELECT form_id FROM form"));
    cr_assert(!harness_allowed(h, "UPDATE bank_change SET changes = 0"));
    harness_close(h);
}
