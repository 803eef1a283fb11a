/* test_grade.c - an attempt ends once, by its owner or by the clock; its result stays, and is shown as the policy says.
 */
#include "grading.h"
#include <sodium.h>
#include <unistd.h>

Test(grade, of_somebody_else)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    as_learner(h, MINH);
    cr_expect_eq(submit(h, ticket.attempt_id, &result), ERR_NOT_FOUND);
    cr_expect_eq(submit(h, U(99), &result), ERR_NOT_FOUND);
    cr_expect_eq(outcome(h, ticket.attempt_id, &result), ERR_NOT_FOUND);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "running");
    cr_expect_eq(harness_events(h, "attempt_graded"), 0);
    harness_close(h);
}

Test(grade, no_outcome_while_running)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    cr_expect_eq(outcome(h, ticket.attempt_id, &result), ERR_STATE);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_assert_eq(outcome(h, ticket.attempt_id, &result), 0);
    cr_expect_eq(result.right, 0);
    cr_expect_not(result.passed);
    cr_expect_eq(result.attempts_left, 1);
    harness_close(h);
}

Test(grade, pass_mark)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 2);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect_eq(result.right, 2);
    cr_expect_not(result.passed);
    as_learner(h, LAN);
    cr_assert_eq(start(h, 8000, &ticket), 0);
    answer_all(h, ticket.attempt_id, 3);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(result.passed, "60 of 100 is reached by 3 of 5");
    cr_expect_eq(result.right, 3);
    cr_expect_eq(result.items, ITEMS);
    cr_expect_eq(result.score, 300);
    cr_expect_eq(result.max_score, 500);
    cr_expect_eq(result.number, 2);
    cr_expect_eq(result.result_version, 1);
    cr_expect_eq(result.grade_rule, 1);
    cr_expect_eq(result.attempts_left, 0);
    cr_expect(says(result.state, "graded"));
    cr_expect(says(result.ended_by, "submitted"));
    cr_assert_eq(result.n_groups, 2);
    cr_expect(says(result.groups[0].skill_group, "a"));
    cr_expect_eq(result.groups[0].score, 300);
    cr_expect_eq(result.groups[0].max_score, 300);
    cr_expect_eq(result.groups[1].score, 0);
    cr_expect_eq(result.groups[1].max_score, 200);
    cr_expect_str_eq(harness_get(h, "SELECT scores FROM result ORDER BY attempt_id DESC LIMIT 1"), "{100,100,100,0,0}");
    cr_expect_str_eq(
        harness_get(h, "SELECT body - 'graded_at' - 'attempt_id' FROM outbox "
                       "WHERE event = 'attempt_graded' ORDER BY id DESC LIMIT 1"),
        "{\"items\": 5, \"right\": 3, \"score\": 300, \"number\": 2, \"passed\": true, \"max_score\": 500, "
        "\"person_id\": \"00000000-0000-0000-0000-00000000000a\", "
        "\"policy_id\": \"00000000-0000-0000-0000-000000000003\", "
        "\"programme_id\": \"00000000-0000-0000-0000-000000000001\", \"result_version\": 1}");
    cr_expect_str_eq(
        harness_get(h, "SELECT running::text || (ended_at IS NOT NULL) FROM standing WHERE person_id = " ID(10)),
        "falsetrue");
    harness_close(h);
}

/* Enough on the whole, but not in group b. */
Test(grade, pass_mark_of_a_group)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    harness_sql(h, "INSERT INTO policy_group VALUES (" ID(3) ", 'b', 50), (" ID(3) ", 'of no item', 100)");
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 3);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect_not(result.passed);
    ticket = started(h, MINH);
    answer_all(h, ticket.attempt_id, 4);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(result.passed);
    harness_close(h);
}

/* Anyone can check the head with the public key. */
Test(grade, signed_head)
{
    struct harness *h = open_seeded();
    struct attempt_result result, again;
    struct assessment_conf conf = test_conf;
    crypto_sign_keypair(conf.sign_public, conf.sign_secret);
    h->ctx.conf = &conf;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 1);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect_eq(result.answers, 5);
    const uint8_t *head = (const uint8_t *)result.head.p, *signature = (const uint8_t *)result.signature.p;
    cr_expect_eq(receipt_verify(conf.sign_public, &result.attempt_id, result.ended_at, 5, head, signature), 0);
    cr_expect_neq(receipt_verify(conf.sign_public, &result.attempt_id, result.ended_at, 4, head, signature), 0);
    cr_assert_eq(submit(h, ticket.attempt_id, &again), 0);
    cr_expect_arr_eq(again.signature.p, signature, RECEIPT_SIGNATURE);
    harness_close(h);
}

Test(grade, highest_revision_counts)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct answer_receipt receipt;
    struct attempt_ticket ticket = started(h, LAN);
    uint32_t form = form_of(h, ticket.attempt_id);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 5, right_at(form, 1), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 4, wrong_at(form, 1), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 2, 5, wrong_at(form, 2), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 2, 4, right_at(form, 2), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 3, 1, right_at(form, 3), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 3, 2, SPAN(""), &receipt), 0);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect_eq(result.right, 1);
    harness_close(h);
}

Test(grade, submit_twice)
{
    struct harness *h = open_seeded();
    struct attempt_result first, again;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 4);
    cr_assert_eq(submit(h, ticket.attempt_id, &first), 0);
    usleep(2000);
    cr_assert_eq(submit(h, ticket.attempt_id, &again), 0);
    cr_expect_eq(first.graded_at, again.graded_at);
    cr_expect_eq(first.ended_at, again.ended_at);
    cr_expect_eq(again.right, 4);
    cr_expect_eq(again.n_groups, 2);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    harness_close(h);
}

/* One batch: two learners, one of them twice, somebody's attempt, one that does not exist. */
Test(grade, batch)
{
    struct harness *h = open_seeded();
    struct attempt_ticket lan = started(h, LAN), minh = started(h, MINH);
    struct attempt_ref refs[5] = {{.attempt_id = minh.attempt_id},
                                  {.attempt_id = lan.attempt_id},
                                  {.attempt_id = minh.attempt_id},
                                  {.attempt_id = lan.attempt_id},
                                  {.attempt_id = U(99)}};
    struct uuid callers[5] = {U(MINH), U(LAN), U(LAN), U(LAN), U(LAN)};
    struct attempt_result results[5];
    struct fault faults[5] = {0};
    cr_assert_eq(harness_batch(h, bind_attempt_submit, 5, callers, refs, results, faults), 0);
    cr_expect_eq(faults[0].code, 0);
    cr_expect_eq(faults[1].code, 0);
    cr_expect_eq(faults[2].code, ERR_NOT_FOUND);
    cr_expect_eq(faults[3].code, 0);
    cr_expect_eq(faults[4].code, ERR_NOT_FOUND);
    cr_expect(uuid_equal(&results[3].attempt_id, &lan.attempt_id));
    cr_expect_eq(harness_events(h, "attempt_graded"), 2);
    harness_close(h);
}

Test(grade, submit_after_the_deadline)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 4);
    let_time_pass(h, ticket.attempt_id);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(says(result.ended_by, "timed_out"));
    cr_expect_eq(result.right, 4, "answers saved in time count");
    cr_expect_str_eq(harness_get(h, "SELECT ended_at = closes_at FROM attempt"), "t");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    harness_close(h);
}

/* Between the deadline and the end of its grace the learner hands in. */
Test(grade, submit_within_the_grace)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    harness_sql(h, "UPDATE attempt SET deadline = now() - interval '1 s', closes_at = now() + interval '20 s'");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "running");
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(says(result.ended_by, "submitted"));
    harness_close(h);
}

Test(grade, clock_ends_what_nobody_submits)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket lan = started(h, LAN);
    answer_all(h, lan.attempt_id, 3);
    struct attempt_ticket minh = started(h, MINH);
    let_time_pass(h, lan.attempt_id);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_expect_str_eq(state_of(h, minh.attempt_id), "running");
    as_learner(h, LAN);
    cr_assert_eq(outcome(h, lan.attempt_id, &result), 0);
    cr_expect(says(result.ended_by, "timed_out"));
    cr_expect_eq(result.right, 3);
    cr_assert_eq(submit(h, lan.attempt_id, &result), 0, "handing in what the clock has ended gives its result");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_assert_eq(start(h, 8000, &lan), 0, "the next attempt may begin");
    harness_close(h);
}

Test(grade, clock_works_in_slices)
{
    struct harness *h = open_seeded();
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
                "seed, started_at, deadline, closes_at, head) SELECT hocvu.uuid7(), hocvu.uuid7(), " ID(1) ", " ID(
                    3) ", " ID(300) ", 1, 5, 'running', 0, now() - interval '1 hour', now() - interval '1 minute', "
                                    "now() - interval '1 minute', sha256('') FROM generate_series(1, 620)");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 500);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 620);
    harness_close(h);
}

/* Back to the state of a form in hand. */
static void make_created(struct harness *h)
{
    harness_sql(h, "ALTER TABLE attempt DISABLE TRIGGER attempt_guard");
    harness_sql(h, "UPDATE attempt SET state = 'created'");
    harness_sql(h, "ALTER TABLE attempt ENABLE TRIGGER attempt_guard");
}

/* Forms in hand: the window opens, the clock runs; who hands in before that is told so. */
Test(grade, window_opens)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket lan = started(h, LAN);
    make_created(h);
    harness_sql(h, "UPDATE attempt SET started_at = now() + interval '1 minute'");
    cr_assert_eq(harness_tick(h, attempts_open_due), 0);
    cr_expect_str_eq(state_of(h, lan.attempt_id), "created");
    cr_expect_eq(submit(h, lan.attempt_id, &result), ERR_NOT_OPEN);
    cr_expect_eq(outcome(h, lan.attempt_id, &result), ERR_STATE);
    harness_sql(h, "UPDATE attempt SET started_at = now()");
    cr_assert_eq(harness_tick(h, attempts_open_due), 0);
    cr_expect_str_eq(state_of(h, lan.attempt_id), "running");
    harness_close(h);
}

/* Nothing waits for the tick: an attempt whose time has come can be handed in, or be over. */
Test(grade, created_in_name_only)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket lan = started(h, LAN);
    struct attempt_ticket minh = started(h, MINH);
    let_time_pass(h, minh.attempt_id);
    make_created(h);
    as_learner(h, LAN);
    cr_assert_eq(submit(h, lan.attempt_id, &result), 0);
    cr_expect(says(result.ended_by, "submitted"));
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_str_eq(harness_get(h, "SELECT ended_by FROM attempt WHERE attempt_id = '%s'", id_text(minh.attempt_id)),
                     "timed_out");
    harness_close(h);
}

/* A form whose keys are missing: the learner's end stands, the grade follows when the keys are there. */
Test(grade, keys_come_late)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 5);
    harness_sql(h, "CREATE TABLE kept AS SELECT * FROM form_key");
    harness_sql(h, "DELETE FROM form_key");
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(says(result.state, "submitted"));
    cr_expect_not(HAS(&result, attempt_result, right));
    cr_expect_eq(save(h, ticket.attempt_id, 1, 9, SPAN("1"), &(struct answer_receipt){0}), ERR_STATE);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "submitted");
    harness_sql(h, "INSERT INTO form_key SELECT * FROM kept");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_assert_eq(outcome(h, ticket.attempt_id, &result), 0);
    cr_expect(says(result.state, "graded"));
    cr_expect(says(result.ended_by, "submitted"));
    cr_expect_eq(result.right, 5);
    harness_close(h);
}

/* Attempts whose keys never come do not keep others from their grade, however many and however old they are. */
Test(grade, what_has_no_keys_holds_up_nobody)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    cr_assert_eq(form_of(h, ticket.attempt_id), 0);
    answer_all(h, ticket.attempt_id, 5);
    harness_sql(h, "CREATE TABLE kept AS SELECT * FROM form_key; DELETE FROM form_key");
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_assert(says(result.state, "submitted"));
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
                "seed, started_at, deadline, closes_at, head, ended_at, ended_by) SELECT hocvu.uuid7(), "
                "hocvu.uuid7(), " ID(1) ", " ID(3) ", " ID(301) ", 1, 5, 'timed_out', 0, now() - interval '2 hours', "
                                                                "now() - interval '1 hour', now() - interval '1 "
                                                                "hour', sha256(''), now() - interval '1 hour', "
                                                                "'timed_out' FROM generate_series(1, 620)");
    harness_sql(h, "INSERT INTO form_key SELECT * FROM kept WHERE form_id = " ID(300));
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "graded");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    harness_sql(h, "INSERT INTO form_key SELECT * FROM kept WHERE form_id = " ID(301));
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 101, "a slice");
    harness_close(h);
}

static void show(struct harness *h, const char *result, const char *answers, const char *explanations,
                 const char *closes)
{
    harness_sql(h,
                "UPDATE policy SET show_result = '%s', show_answers = '%s', show_explanations = '%s', closes_at = %s",
                result, answers, explanations, closes);
}

Test(grade, result_is_shown_as_the_policy_says)
{
    static const struct {
        const char *when, *closes;
        bool shown;
    } cases[] = {{"at_once", "now() + interval '1 day'", true},
                 {"after_window", "NULL", true},
                 {"after_window", "now() - interval '1 s'", true},
                 {"after_window", "now() + interval '1 day'", false},
                 {"never", "NULL", false}};
    struct harness *h = open_seeded();
    struct uuid attempt = sat(h, LAN, 5);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt_result results[2];
        show(h, cases[i].when, "never", "never", cases[i].closes);
        cr_assert_eq(submit(h, attempt, &results[0]), 0);
        cr_assert_eq(outcome(h, attempt, &results[1]), 0);
        for (int k = 0; k < 2; k++) {
            const struct attempt_result *r = &results[k];
            cr_expect_eq(HAS(r, attempt_result, right), cases[i].shown, "%s %s", cases[i].when, cases[i].closes);
            cr_expect_eq(HAS(r, attempt_result, passed), cases[i].shown);
            cr_expect_eq(HAS(r, attempt_result, graded_at), cases[i].shown);
            cr_expect_eq(HAS(r, attempt_result, result_version), cases[i].shown);
            cr_expect_eq(r->n_groups, cases[i].shown ? 2u : 0u);
            cr_expect_eq(r->answers, 5, "the receipt is shown always");
        }
    }
    harness_close(h);
}

Test(grade, review)
{
    struct harness *h = open_seeded();
    struct attempt_review review;
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    show(h, "at_once", "at_once", "at_once", "NULL");
    answer_all(h, ticket.attempt_id, 2);
    cr_expect_eq(on_attempt_review(&h->ctx, &ref, &review), ERR_STATE, "not while it runs");
    struct attempt_result result;
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_assert_eq(on_attempt_review(&h->ctx, &ref, &review), 0);
    cr_assert_eq(review.n_items, ITEMS);
    for (uint16_t i = 0; i < ITEMS; i++) {
        cr_expect_eq(review.items[i].position, i + 1);
        cr_expect_eq(review.items[i].score, i < 2 ? 100 : 0);
        cr_expect(HAS(&review.items[i], item_reviewed, explanation));
        cr_expect_eq(review.items[i].response.n, 1);
    }
    show(h, "at_once", "never", "after_window", "now() - interval '1 s'");
    cr_assert_eq(on_attempt_review(&h->ctx, &ref, &review), 0);
    cr_assert_eq(review.n_items, ITEMS);
    cr_expect_not(HAS(&review.items[0], item_reviewed, score));
    cr_expect_not(HAS(&review.items[0], item_reviewed, response));
    cr_expect(HAS(&review.items[0], item_reviewed, explanation));
    show(h, "at_once", "after_window", "never", "now() + interval '1 day'");
    cr_assert_eq(on_attempt_review(&h->ctx, &ref, &review), 0);
    cr_expect_eq(review.n_items, 0);
    as_learner(h, MINH);
    show(h, "at_once", "at_once", "at_once", "NULL");
    cr_expect_eq(on_attempt_review(&h->ctx, &ref, &review), ERR_NOT_FOUND);
    harness_close(h);
}

/* Voided: nothing of the result is shown, the reason is, and the attempt is given back. */
Test(grade, voided)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct uuid attempt = sat(h, LAN, 5);
    harness_sql(h, "SELECT void_attempts(ARRAY['%s'::uuid], " ID(901) ", 'Mất điện', true)", id_text(attempt));
    harness_sql(h, "SELECT void_attempts(ARRAY['%s'::uuid], " ID(901) ", 'Lần hai', true)", id_text(attempt));
    cr_expect_eq(harness_events(h, "attempt_voided"), 1);
    cr_assert_eq(outcome(h, attempt, &result), 0);
    cr_expect(says(result.state, "voided"));
    cr_expect(says(result.void_reason, "Mất điện"));
    cr_expect_not(HAS(&result, attempt_result, right));
    cr_expect_eq(result.attempts_left, 2);
    struct attempt_ticket ticket = {0};
    cr_assert_eq(start(h, 8000, &ticket), 0);
    harness_sql(h, "SELECT void_attempts(ARRAY['%s'::uuid], " ID(901) ", 'Nhầm', false)", id_text(ticket.attempt_id));
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &(struct answer_receipt){0}), ERR_STATE);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect(says(result.ended_by, "voided"));
    cr_expect_eq(result.attempts_left, 1);
    cr_expect_str_eq(harness_get(h, "SELECT running FROM standing WHERE person_id = " ID(10)), "f");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_expect_str_eq(
        harness_get(h, "SELECT body - 'at' - 'attempt_id' FROM outbox WHERE event = 'attempt_voided' LIMIT 1"),
        "{\"reason\": \"Mất điện\", \"person_id\": \"00000000-0000-0000-0000-00000000000a\", "
        "\"programme_id\": \"00000000-0000-0000-0000-000000000001\"}");
    harness_close(h);
}

/* The ticks find their few attempts by indexes that hold nothing else. */
Test(grade, ticks_read_small_indexes)
{
    struct harness *h = open_seeded();
    harness_sql(
        h, "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
           "seed, started_at, deadline, closes_at, head) SELECT hocvu.uuid7(), hocvu.uuid7(), " ID(1) ", " ID(
               3) ", " ID(300) ", 1, 5, 'running', 0, now(), now() + interval '1 hour', now() + interval '1 hour', "
                               "sha256('') FROM generate_series(1, 3000)");
    harness_sql(h, "ANALYZE attempt");
    cr_expect_str_eq(
        harness_get(h, "SELECT count(*) FROM pg_indexes WHERE tablename LIKE 'attempt\\_2%%' AND indexdef LIKE "
                       "'%%(closes_at)%%ended_at IS NULL%%'"),
        harness_get(h, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'attempt\\_2%%'"));
    harness_sql(
        h, "CREATE FUNCTION plan_of(asked text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE line text; "
           "every text := ''; BEGIN FOR line IN EXECUTE 'EXPLAIN ' || asked LOOP every := every || line; END LOOP; "
           "RETURN every; END $$");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT plan_of('SELECT attempt_id FROM attempt WHERE ended_at IS NULL AND closes_at "
                                 "<= now() ORDER BY closes_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED') "
                                 "~ 'Index Scan using attempt_2[0-9]+q[1-4]_closes_at_idx'"),
                     "t");
    cr_expect_str_eq(harness_get(h, "SELECT plan_of('SELECT attempt_id FROM attempt WHERE state = ''created'' AND "
                                    "started_at <= now() ORDER BY started_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED') "
                                    "~ 'Index Scan using attempt_2[0-9]+q[1-4]_started_at_idx'"),
                     "t");
    harness_close(h);
}
