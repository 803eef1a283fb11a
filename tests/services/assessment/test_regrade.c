/* test_regrade.c - an item was wrong: who had it is graded again in slices, who comes later by the corrected key. */
#include "grading.h"

static int correct(struct harness *h, uint32_t order, uint32_t item, const char *mode, const char *key,
                   struct regrade *ret_regrade)
{
    struct item_correction req = {
        .regrade_id = U(order), .version_id = U(item), .mode = S(mode), .reason = SPAN("Đáp án sai")};
    if (key)
        PUT_FIELD(&req, item_correction, key, S(key));
    as_officer(h);
    return on_item_correct(&h->ctx, &req, ret_regrade);
}

static const char *counted(struct harness *h, struct uuid attempt)
{
    return harness_get(h,
                       "SELECT concat_ws(' ', a.result_version, r.\"right\", r.score, r.max_score, r.passed) "
                       "FROM attempt a JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version "
                       "WHERE a.attempt_id = '%s'",
                       id_text(attempt));
}

Test(regrade, who_may_not)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    cr_expect_eq(correct(h, 600, 99999, "credit", NULL, &regrade), ERR_NOT_FOUND);
    cr_expect_eq(correct(h, 600, 99999, "key", "1", &regrade), ERR_NOT_FOUND);
    cr_expect_eq(correct(h, 600, 100, "key", NULL, &regrade), ERR_INVALID);
    cr_expect_eq(correct(h, 600, 100, "credit", "1", &regrade), ERR_INVALID);
    cr_expect_eq(correct(h, 600, 100, "other", NULL, &regrade), ERR_INVALID);
    cr_expect_eq(correct(h, 600, 100, "key", "5", &regrade), ERR_INVALID, "it has four choices");
    cr_expect_eq(correct(h, 600, 100, "key", "1,2", &regrade), ERR_INVALID);
    cr_expect_eq(correct(h, 600, 100, "key", "", &regrade), ERR_INVALID);
    struct item_correction own = {
        .regrade_id = U(600), .version_id = U(100), .mode = SPAN("credit"), .reason = SPAN("Tôi sai")};
    harness_as(h, U(AUTHOR), EXAM_OFFICER, U(NATION));
    cr_expect_eq(on_item_correct(&h->ctx, &own, &regrade), ERR_SAME_PERSON);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM regrade"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM item_correction"), "0");
    harness_close(h);
}

Test(regrade, of_a_draft)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    harness_sql(
        h, "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, stem, choices, "
           "author_id, digest) VALUES (" ID(150) ", " ID(2) ", 'NEW', 1, 'single_choice', 'a', 1, '?', '{a,b}', " ID(
               902) ", '\\x00')");
    cr_expect_eq(correct(h, 600, 150, "credit", NULL, &regrade), ERR_STATE);
    harness_close(h);
}

Test(regrade, said_twice)
{
    struct harness *h = open_seeded();
    struct regrade first, again;
    cr_assert_eq(correct(h, 600, 100, "key", "2", &first), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_assert_eq(correct(h, 600, 100, "key", "2", &again), 0);
    cr_expect_eq(first.ordered_at, again.ordered_at);
    cr_expect(says(again.state, "done"));
    cr_expect_eq(correct(h, 600, 100, "key", "3", &again), ERR_CONFLICT);
    cr_expect_eq(correct(h, 600, 101, "key", "2", &again), ERR_CONFLICT);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM regrade"), "1");
    harness_close(h);
}

/* Form 0 has items 0, 1, 2, 6, 7, form 1 has items 1, 2, 3, 7, 8: item 0 stands in the first only. */
Test(regrade, credit)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct uuid lan = sat(h, LAN, 0), minh = sat(h, MINH, 2);
    cr_assert_eq(form_of(h, lan), 0);
    cr_assert_eq(form_of(h, minh), 1);
    cr_assert_eq(correct(h, 600, 100, "credit", NULL, &regrade), 0);
    cr_expect(says(regrade.state, "running"));
    cr_expect_str_eq(counted(h, lan), "1 0 0 500 f", "nothing happens before the tick");
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(counted(h, lan), "2 1 100 500 f");
    cr_expect_str_eq(counted(h, minh), "1 2 200 500 f");
    cr_expect_str_eq(harness_get(h, "SELECT cause FROM result WHERE version = 2"), "Đáp án sai");
    cr_expect_str_eq(
        harness_get(h, "SELECT concat_ws(' ', body ->> 'result_version', body ->> 'right', body ->> 'passed', "
                       "body ->> 'person_id') FROM outbox WHERE event = 'attempt_graded' "
                       "ORDER BY id DESC LIMIT 1"),
        "2 1 false 00000000-0000-0000-0000-00000000000a");
    cr_expect_eq(harness_events(h, "attempt_graded"), 3);
    struct regrade_list list;
    as_officer(h);
    cr_assert_eq(on_regrades(&h->ctx, &(struct empty){0}, &list), 0);
    cr_assert_eq(list.n_regrades, 1);
    cr_expect(says(list.regrades[0].state, "done"));
    cr_expect_eq(list.regrades[0].seen, 1);
    cr_expect_eq(list.regrades[0].changed, 1);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0, "nothing left to do");
    cr_expect_eq(harness_events(h, "attempt_graded"), 3);
    harness_close(h);
}

/* An item that counts for nobody: 3 of 5 was a pass, 2 of 4 is none. */
Test(regrade, exclude)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct attempt_result result;
    struct uuid lan = sat(h, LAN, 3);
    cr_assert_eq(correct(h, 600, 100, "exclude", NULL, &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(counted(h, lan), "2 2 200 400 f");
    cr_expect_str_eq(harness_get(h, "SELECT scores FROM result WHERE version = 2"), "{NULL,100,100,0,0}");
    as_learner(h, LAN);
    cr_assert_eq(outcome(h, lan, &result), 0);
    cr_expect_eq(result.result_version, 2);
    cr_expect_not(result.passed);
    cr_expect_eq(result.items, 5);
    harness_close(h);
}

Test(regrade, nobody_passes_when_nothing_counts)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct uuid lan = sat(h, LAN, 5);
    static const uint32_t items[] = {100, 101, 102, 106, 107};
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(correct(h, 600 + i, items[i], "exclude", NULL, &regrade), 0);
        cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    }
    cr_expect_str_eq(counted(h, lan), "6 0 0 0 f");
    harness_close(h);
}

/* A corrected key, then a second correction of the same item in its place. */
Test(regrade, corrected_key)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct uuid lan = sat(h, LAN, 2), minh = sat(h, MINH, 0); /* wrong answers are the key's next number */
    cr_assert_eq(correct(h, 600, 101, "key", " 3 ", &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(counted(h, lan), "2 1 100 500 f");
    cr_expect_str_eq(counted(h, minh), "2 1 100 500 f");
    cr_assert_eq(correct(h, 601, 101, "credit", NULL, &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(counted(h, lan), "3 2 200 500 f");
    cr_expect_str_eq(counted(h, minh), "2 1 100 500 f", "nothing differs: no new version");
    harness_close(h);
}

/* An attempt that runs, and forms that are made later, are graded by the corrected key at once. */
Test(regrade, those_to_come)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct attempt_result result;
    struct attempt_ticket lan = started(h, LAN);
    answer_all(h, lan.attempt_id, 5);
    cr_assert_eq(correct(h, 600, 100, "key", "4", &regrade), 0);
    as_learner(h, LAN);
    cr_assert_eq(submit(h, lan.attempt_id, &result), 0);
    cr_expect_eq(result.right, 4);
    cr_expect_eq(result.result_version, 1);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    cr_assert_eq(correct(h, 601, 101, "exclude", NULL, &regrade), 0);
    harness_sql(h, "INSERT INTO form (form_id, policy_id, items, difficulty) VALUES (" ID(310) ", " ID(3) ", ARRAY[" ID(
                       100) ", " ID(101) ", " ID(102) "], 50)");
    harness_sql(h, "SELECT lay_keys(ARRAY[" ID(310) "])");
    cr_expect_str_eq(harness_get(h, "SELECT keys::text || modes::text FROM form_key WHERE form_id = " ID(310)),
                     "{4,2,3}{count,exclude,count}");
    harness_close(h);
}

Test(regrade, voided_attempts_stay_as_they_are)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct uuid lan = sat(h, LAN, 0);
    harness_sql(h, "SELECT void_attempts(ARRAY['%s'::uuid], " ID(901) ", 'Mất điện', true)", id_text(lan));
    cr_assert_eq(correct(h, 600, 100, "credit", NULL, &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(harness_get(h, "SELECT max(version) FROM result"), "1");
    cr_expect_str_eq(state_of(h, lan), "voided");
    harness_close(h);
}

/* Six hundred attempts, every third with the item: slices of 200, and every one of them is reached. */
Test(regrade, slices)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
                "seed, started_at, deadline, closes_at, head) SELECT hocvu.uuid7(), hocvu.uuid7(), " ID(1) ", " ID(
                    3) ", CASE WHEN n %% 3 = 0 THEN " ID(300) " ELSE " ID(301) " END, 1, 5, 'running', 0, "
                                                                               "now() - interval '1 hour', now() - "
                                                                               "interval '1 minute', now() - interval "
                                                                               "'1 minute', sha256('') "
                                                                               "FROM generate_series(1, 1000) n");
    for (int i = 0; i < 2; i++)
        cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_assert_eq(correct(h, 600, 100, "credit", NULL, &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM result WHERE version = 2"), "200");
    cr_expect_str_eq(harness_get(h, "SELECT done_at IS NULL FROM regrade"), "t");
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM result WHERE version = 2"), "333");
    cr_expect_str_eq(harness_get(h, "SELECT concat_ws(' ', seen, changed, done_at IS NOT NULL) FROM regrade"),
                     "333 333 t");
    cr_expect_str_eq(
        harness_get(h, "SELECT count(*) FROM attempt WHERE (result_version = 2) <> (form_id = " ID(300) ")"), "0");
    harness_close(h);
}

/* Its id says that it began in three hours: the clock was ahead then, and was set back before the correction. */
Test(regrade, attempts_of_a_clock_that_was_ahead)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
                "seed, started_at, deadline, closes_at, head) SELECT uuid_border(now() + interval '3 hours'), "
                "hocvu.uuid7(), " ID(1) ", " ID(3) ", " ID(300) ", 1, 5, 'running', 0, now() - interval '1 hour', "
                                                                "now() - interval '1 minute', now() - interval '1 "
                                                                "minute', sha256('')");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_assert_eq(correct(h, 600, 100, "credit", NULL, &regrade), 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(harness_get(h, "SELECT result_version FROM attempt"), "2");
    cr_expect_str_eq(harness_get(h, "SELECT done_at IS NOT NULL FROM regrade"), "t");
    harness_close(h);
}

/* Two items of the same form, one order after the other: the newest keys count, whatever order is worked off. */
Test(regrade, two_orders)
{
    struct harness *h = open_seeded();
    struct regrade regrade;
    struct uuid lan = sat(h, LAN, 0);
    cr_assert_eq(correct(h, 600, 100, "credit", NULL, &regrade), 0);
    cr_assert_eq(correct(h, 601, 101, "credit", NULL, &regrade), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(counted(h, lan), "2 2 200 500 f");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(seen || ' ' || changed, ', ' ORDER BY ordered_at) FROM regrade"),
                     "1 1, 1 0");
    harness_close(h);
}
