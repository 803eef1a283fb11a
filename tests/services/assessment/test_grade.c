/* test_grade.c - an attempt ends once, by its owner or by the clock, and its result stays. */
#include "seed.h"
#include <unistd.h>

/* Answers the first `n` positions rightly and the others wrongly. */
static void answer_all(struct harness *h, uint32_t attempt, uint16_t n)
{
    for (uint16_t i = 1; i <= ITEMS; i++)
        cr_assert_eq(
            save(h, attempt, i, 1, i <= n ? right_response(h, attempt, i) : wrong_response(h, attempt, i), NULL), 0);
}

Test(grade, of_somebody_else)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ref ref = {.attempt_id = U(50)};
    started(h, 50);
    as_learner(h, MINH);
    cr_expect_eq(submit(h, 50, &result), ERR_NOT_FOUND);
    cr_expect_eq(submit(h, 99, &result), ERR_NOT_FOUND);
    cr_expect_eq(on_attempt_outcome(&h->ctx, &ref, &result), ERR_NOT_FOUND);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "running");
    cr_expect_eq(harness_events(h, "attempt_graded"), 0);
    harness_close(h);
}

Test(grade, no_outcome_while_running)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ref ref = {.attempt_id = U(50)};
    started(h, 50);
    cr_expect_eq(on_attempt_outcome(&h->ctx, &ref, &result), ERR_STATE);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(on_attempt_outcome(&h->ctx, &ref, &result), 0);
    cr_expect_eq(result.right, 0);
    cr_expect_not(result.passed);
    harness_close(h);
}

Test(grade, pass_mark)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    started(h, 50);
    answer_all(h, 50, 2);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(result.right, 2);
    cr_expect_not(result.passed);
    started(h, 51);
    answer_all(h, 51, 3);
    cr_assert_eq(submit(h, 51, &result), 0);
    cr_expect_eq(result.right, 3);
    cr_expect_eq(result.items, ITEMS);
    cr_expect_eq(result.number, 2);
    cr_expect(result.passed, "60 of 100 is reached by 3 of 5");
    cr_expect_eq(result.state.n, strlen("graded"));
    cr_expect_str_eq(harness_get(h, "SELECT body - 'graded_at' FROM outbox WHERE event = 'attempt_graded' "
                                    "ORDER BY id DESC LIMIT 1"),
                     "{\"items\": 5, \"right\": 3, \"number\": 2, \"passed\": true, "
                     "\"person_id\": \"00000000-0000-0000-0000-00000000000a\", "
                     "\"policy_id\": \"00000000-0000-0000-0000-000000000003\", "
                     "\"attempt_id\": \"00000000-0000-0000-0000-000000000033\", "
                     "\"programme_id\": \"00000000-0000-0000-0000-000000000001\"}");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(grade_rule::text, ',') FROM attempt"), "1,1");
    harness_close(h);
}

Test(grade, highest_revision_counts)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 5, right_response(h, 50, 1), NULL), 0);
    cr_assert_eq(save(h, 50, 1, 4, wrong_response(h, 50, 1), NULL), 0);
    cr_assert_eq(save(h, 50, 2, 5, wrong_response(h, 50, 2), NULL), 0);
    cr_assert_eq(save(h, 50, 2, 4, right_response(h, 50, 2), NULL), 0);
    cr_assert_eq(save(h, 50, 3, 1, right_response(h, 50, 3), NULL), 0);
    cr_assert_eq(save(h, 50, 3, 2, "", NULL), 0);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(result.right, 1);
    harness_close(h);
}

Test(grade, submit_twice)
{
    struct harness *h = open_seeded();
    struct attempt_result first, again;
    started(h, 50);
    answer_all(h, 50, 4);
    cr_assert_eq(submit(h, 50, &first), 0);
    usleep(2000);
    cr_assert_eq(submit(h, 50, &again), 0);
    cr_expect_eq(first.graded_at, again.graded_at);
    cr_expect_eq(again.right, 4);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    harness_close(h);
}

Test(grade, submit_after_the_deadline)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    started(h, 50);
    answer_all(h, 50, 4);
    let_time_pass(h, 50);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(result.state.n, strlen("timed_out"));
    cr_expect_eq(result.right, 4, "answers saved in time count");
    cr_expect(result.passed);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    harness_close(h);
}

Test(grade, clock_ends_what_nobody_submits)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_paper paper;
    struct attempt_ref ref = {.attempt_id = U(50)};
    started(h, 50);
    answer_all(h, 50, 3);
    as_learner(h, MINH);
    cr_assert_eq(start(h, 60, &paper), 0);
    let_time_pass(h, 50);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_expect_str_eq(
        harness_get(h, "SELECT state FROM attempt WHERE person_id = '%s'", "00000000-0000-0000-0000-00000000000b"),
        "running");
    as_learner(h, LAN);
    cr_assert_eq(on_attempt_outcome(&h->ctx, &ref, &result), 0);
    cr_expect_eq(result.state.n, strlen("timed_out"));
    cr_expect_eq(result.right, 3);
    cr_assert_eq(submit(h, 50, &result), 0, "handing in what the clock has ended gives its result");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_assert_eq(start(h, 51, &paper), 0, "the next attempt may begin");
    harness_close(h);
}

Test(grade, clock_works_in_slices)
{
    struct harness *h = open_seeded();
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, number, items, seed, started_at, "
                "deadline) SELECT hocvu.uuid7(), hocvu.uuid7(), '%s', '%s', 1, 5, 0, now() - interval '1 hour', "
                "now() - interval '1 minute' FROM generate_series(1, 620)",
                "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000003");
    harness_sql(h, "INSERT INTO paper SELECT attempt_id, ARRAY(SELECT item_id FROM item ORDER BY code LIMIT 5), "
                   "'{1234,1234,1234,1234,1234}' FROM attempt");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 500);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 620);
    harness_close(h);
}

/* While the attempt runs, nothing that the service can call tells right from wrong. */
Test(grade, grading_ends_the_attempt)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    started(h, 50);
    answer_all(h, 50, 5);
    cr_expect(harness_allowed(h, "SELECT * FROM grade_attempts(ARRAY(SELECT attempt_id FROM attempt))"));
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    cr_expect_eq(save(h, 50, 1, 2, "1", NULL), ERR_STATE);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(result.right, 5);
    harness_close(h);
}
