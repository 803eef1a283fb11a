/* test_attempt.c - who may start, what is drawn, what is shown. */
#include "seed.h"

static const char *field(struct harness *h)
{
    return h->ctx.fault.field;
}

Test(attempt, no_start_without_completion)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    as_learner(h, 12);
    cr_expect_eq(start(h, 50, &paper), ERR_STATE);
    cr_expect_str_eq(field(h), "programme_id");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "0");
    cr_expect_eq(harness_events(h, "attempt_started"), 0);
    complete(h, 12);
    cr_expect_eq(start(h, 50, &paper), 0);
    harness_close(h);
}

Test(attempt, no_start_without_policy)
{
    struct harness *h = open_announced();
    struct attempt_paper paper;
    complete(h, LAN);
    as_learner(h, LAN);
    cr_expect_eq(start(h, 50, &paper), ERR_STATE);
    cr_expect_str_eq(field(h), "programme_id");
    harness_close(h);
}

Test(attempt, paper_follows_the_blueprint)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    cr_assert_eq(start(h, 50, &paper), 0);
    cr_expect_eq(paper.number, 1);
    cr_expect_eq(paper.n_items, ITEMS);
    cr_expect_eq(paper.deadline - paper.started_at, INT64_C(30) * 60 * 1000000);
    cr_expect(uuid_equal(&paper.policy_id, &(struct uuid){.b = {[15] = POLICY}}));
    for (uint16_t i = 0; i < paper.n_items; i++) {
        cr_expect_eq(paper.items[i].position, i + 1);
        cr_expect_eq(HAS(&paper.items[i], item_shown, response), 0);
        /* All four options, each once: "một", "hai", "ba", "bốn" have different lengths or letters; sum their bytes. */
        cr_expect_eq(paper.items[i].option_1.n + paper.items[i].option_2.n + paper.items[i].option_3.n +
                         paper.items[i].option_4.n,
                     strlen("mộthaibabốn"));
    }
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(n::text, ',' ORDER BY g) FROM (SELECT i.skill_group AS g, "
                                    "count(DISTINCT i.item_id) AS n FROM paper p, unnest(p.items) AS x JOIN item i "
                                    "ON i.item_id = x GROUP BY 1) AS c"),
                     "3,2");
    cr_expect_eq(harness_events(h, "attempt_started"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body ->> 'person_id' FROM outbox"), "00000000-0000-0000-0000-00000000000a");
    harness_close(h);
}

/* Over many attempts every item is drawn, every option order occurs, and no two papers need be alike. */
Test(attempt, draws_are_spread)
{
    struct harness *h = open_seeded();
    for (uint32_t i = 0; i < 40; i++) {
        complete(h, 1000 + i);
        as_learner(h, 1000 + i);
        started(h, 2000 + i);
    }
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT x) FROM paper, unnest(items) AS x"), "10");
    cr_expect_gt(strtol(harness_get(h, "SELECT count(DISTINCT items) FROM paper"), NULL, 10), 30);
    cr_expect_gt(strtol(harness_get(h, "SELECT count(DISTINCT x) FROM paper, unnest(orders) AS x"), NULL, 10), 20);
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT seed) FROM attempt"), "40");
    harness_close(h);
}

Test(attempt, every_option_order_is_a_permutation)
{
    struct harness *h = open_announced();
    cr_expect_str_eq(harness_get(h,
                                 "SELECT count(DISTINCT o) FILTER (WHERE o ~ '1' AND o ~ '2' AND o ~ '3' AND o ~ '4' "
                                 "AND length(o) = 4) FROM generate_series(-50::bigint, 50) AS n, option_order(n) AS o"),
                     "24");
    cr_expect_str_eq(harness_get(h, "SELECT length(option_order(-9223372036854775808))"), "4");
    harness_close(h);
}

Test(attempt, repeat_returns_the_same_paper)
{
    struct harness *h = open_seeded();
    struct attempt_paper first, again;
    cr_assert_eq(start(h, 50, &first), 0);
    cr_assert_eq(save(h, 50, 2, 1, "3", NULL), 0);
    cr_assert_eq(start(h, 50, &again), 0);
    cr_expect_eq(first.started_at, again.started_at);
    cr_assert_eq(again.n_items, first.n_items);
    for (uint32_t i = 0; i < first.n_items; i++) {
        cr_expect_eq(first.items[i].option_1.n, again.items[i].option_1.n);
        cr_expect(!memcmp(first.items[i].option_1.p, again.items[i].option_1.p, first.items[i].option_1.n));
    }
    cr_expect(HAS(&again.items[1], item_shown, response));
    cr_expect_eq(again.items[1].revision, 1);
    cr_expect_eq(harness_events(h, "attempt_started"), 1);
    harness_close(h);
}

Test(attempt, id_of_somebody_else_is_a_conflict)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    started(h, 50);
    as_learner(h, MINH);
    cr_expect_eq(start(h, 50, &paper), ERR_CONFLICT);
    cr_expect_str_eq(field(h), "attempt_id");
    harness_close(h);
}

Test(attempt, one_at_a_time)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    started(h, 50);
    cr_expect_eq(start(h, 51, &paper), ERR_STATE);
    cr_expect_str_eq(field(h), "attempt_id");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "1");
    harness_close(h);
}

Test(attempt, attempts_run_out)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    struct attempt_result result;
    started(h, 50);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(result.attempts_left, 1);
    cr_assert_eq(start(h, 51, &paper), 0);
    cr_expect_eq(paper.number, 2);
    cr_assert_eq(submit(h, 51, &result), 0);
    cr_expect_eq(result.attempts_left, 0);
    cr_expect_eq(start(h, 52, &paper), ERR_ATTEMPTS);
    cr_expect_eq(start(h, 51, &paper), 0, "a repeat is still answered");
    cr_expect_eq(harness_events(h, "attempt_started"), 2);
    harness_close(h);
}

Test(attempt, retake_waits)
{
    struct harness *h = open_seeded();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(4, quotas);
    struct policy policy;
    struct attempt_paper paper;
    struct attempt_result result;
    draft.retake_wait_seconds = 3600;
    as_officer(h);
    cr_assert_eq(on_policy_create(&h->ctx, &draft, &policy), 0);
    as_learner(h, LAN);
    started(h, 50);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(start(h, 51, &paper), ERR_TOO_SOON);
    harness_sql(h, "UPDATE attempt SET graded_at = graded_at - interval '3599 seconds'");
    cr_expect_eq(start(h, 51, &paper), ERR_TOO_SOON);
    harness_sql(h, "UPDATE attempt SET graded_at = graded_at - interval '2 seconds'");
    cr_expect_eq(start(h, 51, &paper), 0);
    harness_close(h);
}

/* A policy put in force later rules the next attempt, not the one that runs. */
Test(attempt, running_attempt_keeps_its_policy)
{
    struct harness *h = open_seeded();
    struct quota quotas[2];
    struct policy_draft draft = usual_policy(4, quotas);
    struct policy policy;
    struct attempt_result result;
    started(h, 50);
    for (uint16_t i = 1; i <= 3; i++)
        cr_assert_eq(save(h, 50, i, 1, right_response(h, 50, i), NULL), 0);
    draft.pass_percent = 100;
    as_officer(h);
    cr_assert_eq(on_policy_create(&h->ctx, &draft, &policy), 0);
    as_learner(h, LAN);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect(result.passed);
    cr_expect_str_eq(harness_get(h, "SELECT body ->> 'policy_id' FROM outbox WHERE event = 'attempt_graded'"),
                     "00000000-0000-0000-0000-000000000003");
    harness_close(h);
}

Test(attempt, paper_of_somebody_else_is_not_found)
{
    struct harness *h = open_seeded();
    struct attempt_ref ref = {.attempt_id = U(50)};
    struct attempt_paper paper;
    started(h, 50);
    as_learner(h, MINH);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_FOUND);
    as_learner(h, LAN);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    cr_expect_eq(paper.n_items, ITEMS);
    harness_close(h);
}

Test(attempt, service_cannot_invent_a_result)
{
    struct harness *h = open_seeded();
    started(h, 50);
    cr_expect_not(harness_allowed(h, "UPDATE attempt SET state = 'graded', \"right\" = 5, passed = true"));
    cr_expect_not(harness_allowed(h, "UPDATE attempt SET deadline = now() + interval '1 day'"));
    cr_expect_not(harness_allowed(h, "DELETE FROM attempt"));
    cr_expect_not(harness_allowed(h, "UPDATE paper SET orders = items::text[]"));
    cr_expect_not(harness_allowed(h, "DELETE FROM paper"));
    cr_expect_not(harness_allowed(h, "UPDATE answer SET response = '1'"));
    cr_expect_not(harness_allowed(h, "DELETE FROM answer"));
    cr_expect_not(harness_allowed(h, "TRUNCATE answer"));
    cr_expect_not(harness_allowed(h,
                                  "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, number, items, "
                                  "seed, started_at, deadline, state) SELECT gen_random_uuid(), person_id, "
                                  "programme_id, policy_id, 2, items, 0, now(), now(), 'graded' FROM attempt"));
    harness_close(h);
}
