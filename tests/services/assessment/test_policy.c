/* test_policy.c - policies are versions; a blueprint that the bank cannot fill is refused. */
#include "seed.h"

static int create(struct harness *h, struct policy_draft *draft, struct policy *ret_policy)
{
    as_officer(h);
    h->ctx.fault = (struct fault){0, ""};
    return on_policy_create(&h->ctx, draft, ret_policy);
}

Test(policy, shortfall_names_the_group)
{
    struct harness *h = open_announced();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(POLICY, quotas);
    struct policy policy;
    quotas[1].items = 5; /* group b has four */
    cr_expect_eq(create(h, &draft, &policy), ERR_SHORTFALL);
    cr_expect_str_eq(h->ctx.fault.field, "quotas.b");
    quotas[1] = (struct quota){.skill_group = SPAN("zz"), .items = 1};
    cr_expect_eq(create(h, &draft, &policy), ERR_SHORTFALL);
    cr_expect_str_eq(h->ctx.fault.field, "quotas.zz");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM policy"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM policy_quota"), "0");
    harness_close(h);
}

Test(policy, refusals)
{
    struct harness *h = open_announced();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(POLICY, quotas);
    struct policy policy;
    quotas[1].skill_group = quotas[0].skill_group;
    cr_expect_eq(create(h, &draft, &policy), ERR_TWICE);
    draft = usual_policy(POLICY, quotas);
    quotas[0].items = 199;
    cr_expect_eq(create(h, &draft, &policy), ERR_RANGE);
    draft = usual_policy(POLICY, quotas);
    draft.programme_id = U(77);
    cr_expect_eq(create(h, &draft, &policy), ERR_NOT_FOUND);
    cr_expect_str_eq(h->ctx.fault.field, "programme_id");
    draft = usual_policy(POLICY, quotas);
    draft.bank_id = U(77);
    cr_expect_eq(create(h, &draft, &policy), ERR_NOT_FOUND);
    cr_expect_str_eq(h->ctx.fault.field, "bank_id");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM policy"), "0");
    harness_close(h);
}

/* Items are announced before their bank is; until it is, a policy cannot use them. */
Test(policy, bank_that_is_not_published_yet)
{
    struct harness *h = open_announced();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(POLICY, quotas);
    struct policy policy;
    harness_sql(h, "DELETE FROM bank");
    cr_expect_eq(create(h, &draft, &policy), ERR_NOT_FOUND);
    harness_close(h);
}

Test(policy, repeat_and_conflict)
{
    struct harness *h = open_announced();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(POLICY, quotas);
    struct policy first, again;
    PUT_FIELD(&draft, policy_draft, note, SPAN("mẫu"));
    cr_assert_eq(create(h, &draft, &first), 0);
    cr_expect_eq(first.version, 1);
    cr_expect_eq(first.items, 5);
    cr_expect_eq(create(h, &draft, &again), 0);
    cr_expect_eq(again.version, 1);
    draft.pass_percent = 61;
    cr_expect_eq(create(h, &draft, &again), ERR_CONFLICT);
    draft.pass_percent = 60;
    draft.has = 0; /* the note is gone */
    cr_expect_eq(create(h, &draft, &again), ERR_CONFLICT);
    PUT_FIELD(&draft, policy_draft, note, SPAN("mẫu"));
    quotas[0].items = 2, quotas[1].items = 3; /* the same sum */
    cr_expect_eq(create(h, &draft, &again), ERR_CONFLICT);
    cr_expect_str_eq(h->ctx.fault.field, "policy_id");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM policy"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT created_by FROM policy"), "00000000-0000-0000-0000-000000000385");
    harness_close(h);
}

Test(policy, highest_version_is_in_force)
{
    struct harness *h = open_seeded();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(4, quotas);
    struct policy_query query = {.programme_id = U(PROGRAMME)};
    struct policy policy;
    draft.minutes = 45;
    cr_assert_eq(create(h, &draft, &policy), 0);
    cr_expect_eq(policy.version, 2);
    cr_expect_eq(on_policy_get(&h->ctx, &query, &policy), 0);
    cr_expect_eq(policy.minutes, 45);
    query.programme_id = U(77);
    cr_expect_eq(on_policy_get(&h->ctx, &query, &policy), ERR_NOT_FOUND);
    harness_close(h);
}

Test(policy, nothing_can_be_changed_afterwards)
{
    struct harness *h = open_seeded();
    cr_expect_not(harness_allowed(h, "UPDATE policy SET pass_percent = 1"));
    cr_expect_not(harness_allowed(h, "DELETE FROM policy"));
    cr_expect_not(harness_allowed(h, "UPDATE policy_quota SET items = 1"));
    cr_expect_not(harness_allowed(h, "UPDATE item SET stem = ''"));
    cr_expect_not(harness_allowed(h, "DELETE FROM completion"));
    harness_close(h);
}
