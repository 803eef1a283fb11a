/* test_integrity.c - integrity facts: what is recorded and what is not, once for each attempt, seen by its officer
 * only. */
#include "exam_test.h"
#include "integrity_rule.h"

/* --- the rules --- */

#define S_US INT64_C(1000000)

static uint32_t fast_of(const struct save_moment *saves, uint32_t n, struct fast_answer *ret_fast)
{
    uint32_t chars[INTEGRITY_POSITIONS];
    for (int i = 0; i < INTEGRITY_POSITIONS; i++)
        chars[i] = 100; /* 2 seconds at 50 */
    return rule_too_fast(saves, n, 0, chars, 50, ret_fast);
}

Test(rule, fast_is_faster_than_reading)
{
    struct fast_answer fast[INTEGRITY_POSITIONS];
    const struct save_moment saves[] = {
        {.position = 1, .at_us = 2 * S_US},        /* just read */
        {.position = 2, .at_us = 4 * S_US - 1000}, /* a millisecond too fast */
        {.position = 3, .at_us = 6 * S_US},
    };
    cr_assert_eq(fast_of(saves, 3, fast), 1);
    cr_expect_eq(fast[0].position, 2);
    cr_expect_eq(fast[0].took_ms, 1999);
    cr_expect_eq(fast[0].needed_ms, 2000);
    cr_expect_eq(fast_of(saves, 0, fast), 0);
}

Test(rule, first_answer_is_measured_from_the_start)
{
    struct fast_answer fast[INTEGRITY_POSITIONS];
    const struct save_moment saves[] = {{.position = 200, .at_us = S_US}};
    cr_assert_eq(fast_of(saves, 1, fast), 1);
    cr_expect_eq(fast[0].took_ms, 1000);
}

/* Going back to an item that was read needs no reading, and taking an answer back neither. */
Test(rule, changes_need_no_reading)
{
    struct fast_answer fast[INTEGRITY_POSITIONS];
    const struct save_moment saves[] = {
        {.position = 1, .at_us = 10 * S_US},
        {.position = 1, .at_us = 10 * S_US + 1},
        {.position = 2, .at_us = 20 * S_US},
        {.position = 1, .at_us = 20 * S_US + 1},
        {.position = 3, .at_us = 20 * S_US + 2, .blank = true},
    };
    cr_expect_eq(fast_of(saves, 5, fast), 0);
}

Test(rule, clock_set_back_says_nothing)
{
    struct fast_answer fast[INTEGRITY_POSITIONS];
    const struct save_moment saves[] = {{.position = 1, .at_us = 10 * S_US}, {.position = 2, .at_us = 5 * S_US}};
    cr_expect_eq(fast_of(saves, 2, fast), 0);
    cr_expect_eq(rule_burst(saves, 2, 10 * S_US), 1);
}

Test(rule, burst_counts_different_positions)
{
    struct save_moment saves[100];
    for (uint32_t i = 0; i < 100; i++)
        saves[i] = (struct save_moment){.position = (uint16_t)(1 + i % 3), .at_us = i};
    cr_expect_eq(rule_burst(saves, 100, 10 * S_US), 3);
    for (uint32_t i = 0; i < 100; i++)
        saves[i] = (struct save_moment){.position = (uint16_t)(1 + i), .at_us = i * 2 * S_US};
    cr_expect_eq(rule_burst(saves, 100, 10 * S_US), 6, "0, 2, 4, 6, 8 and 10 seconds");
    cr_expect_eq(rule_burst(saves, 100, 10 * S_US - 1), 5);
    cr_expect_eq(rule_burst(saves, 0, 10 * S_US), 0);
}

/* --- the tick --- */

static void examine(struct harness *h)
{
    cr_assert_eq(harness_tick(h, integrity_examine), 0);
    arena_clear(&h->arena);
}

static int facts(struct harness *h, uint32_t attempt, const char *kind)
{
    return (int)strtol(
        harness_get(h, "SELECT count(*) FROM integrity_fact WHERE attempt_id = u(%u) AND kind = '%s'", attempt, kind),
        NULL, 10);
}

static int all_facts(struct harness *h)
{
    return (int)strtol(harness_get(h, "SELECT count(*) FROM integrity_fact"), NULL, 10);
}

Test(integrity, nothing_to_say_of_an_ordinary_attempt)
{
    struct harness *h = open_exam();
    examine(h);
    sat_usual(h, ATTEMPT, LAN);
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    harness_close(h);
}

Test(integrity, too_fast)
{
    struct harness *h = open_exam();
    began(h, ATTEMPT, LAN, FORM, 30);
    saved(h, ATTEMPT, 1, 1, "1", 4.0);   /* 200 characters, 4 seconds */
    saved(h, ATTEMPT, 2, 1, "1", 7.999); /* a millisecond too fast */
    saved(h, ATTEMPT, 2, 2, "2", 8.0);
    saved(h, ATTEMPT, 4, 1, "2", 60.0);
    saved(h, ATTEMPT, 3, 1, "2", 61.5);
    ended(h, ATTEMPT, 10);
    graded(h, ATTEMPT, "{0,0,0,0,0}");
    examine(h);
    cr_expect_eq(facts(h, ATTEMPT, "too_fast"), 2);
    cr_expect_str_eq(harness_get(h, "SELECT figure || ' ' || bound FROM integrity_fact WHERE position = 2"),
                     "3999 4000");
    cr_expect_str_eq(harness_get(h, "SELECT figure || ' ' || bound FROM integrity_fact WHERE position = 3"),
                     "1500 4000");
    harness_close(h);
}

Test(integrity, burst_and_devices_from_their_bounds_on)
{
    struct harness *h = open_exam();
    for (uint32_t k = 0; k < 2; k++) { /* four within ten seconds are recorded, three are not */
        began(h, ATTEMPT + k, LAN + k, FORM, 30);
        for (int i = 0; i < 4; i++)
            saved(h, ATTEMPT + k, i + 1, 1, "1", 100.0 + (k ? 3.4 : 3.0) * i);
        harness_sql(h, "UPDATE attempt SET devices = %d WHERE attempt_id = u(%u)", k ? 3 : 4, ATTEMPT + k);
        ended(h, ATTEMPT + k, 10);
        graded(h, ATTEMPT + k, "{100,100,100,100,0}");
    }
    examine(h);
    cr_expect_eq(facts(h, ATTEMPT, "burst"), 1);
    cr_expect_eq(facts(h, ATTEMPT + 1, "burst"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT figure || ' ' || bound FROM integrity_fact WHERE kind = 'burst'"), "4 4");
    cr_expect_eq(facts(h, ATTEMPT, "devices"), 1);
    cr_expect_eq(facts(h, ATTEMPT + 1, "devices"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT figure || ' ' || bound FROM integrity_fact WHERE kind = 'devices'"), "4 4");
    harness_close(h);
}

/* Two people of the OFFICE with the same two wrong answers, of two each. */
static void sat_alike(struct harness *h, uint32_t person)
{
    sat(h, ATTEMPT, LAN, FORM, usual_answers, "{100,100,100,0,0}");
    sat(h, ATTEMPT + 1, person, FORM, usual_answers, "{100,100,100,0,0}");
}

Test(integrity, same_wrong_is_told_of_both)
{
    struct harness *h = open_exam();
    sat_alike(h, MINH);
    examine(h);
    cr_expect_eq(facts(h, ATTEMPT, "same_wrong"), 1);
    cr_expect_eq(facts(h, ATTEMPT + 1, "same_wrong"), 1);
    cr_expect_eq(all_facts(h), 2);
    cr_expect_str_eq(harness_get(h,
                                 "SELECT other_attempt_id = u(%d) AND figure = 2 AND bound = 2 FROM integrity_fact "
                                 "WHERE attempt_id = u(%d)",
                                 ATTEMPT + 1, ATTEMPT),
                     "t");
    harness_close(h);
}

/* The second is graded, and looked at, when the first was done with long ago. */
Test(integrity, same_wrong_across_slices)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    sat_usual(h, ATTEMPT + 1, MINH);
    examine(h);
    cr_expect_eq(all_facts(h), 2);
    examine(h);
    cr_expect_eq(all_facts(h), 2);
    harness_close(h);
}

/* Parallel forms have items in common, at other places: what is compared is item and response. */
Test(integrity, same_wrong_in_another_form)
{
    static const char *const other[ITEMS] = {"4", "3", "3", "2", "1"};
    struct harness *h = open_exam();
    sat(h, ATTEMPT, LAN, FORM, usual_answers, "{0,0,0,0,0}");    /* items 200 to 204: 1 2 3 4 1 */
    sat(h, ATTEMPT + 1, MINH, OTHER_FORM, other, "{0,0,0,0,0}"); /* 207 202 206 201 200: 4 3 3 2 1 */
    examine(h);
    cr_expect_str_eq(harness_get(h, "SELECT figure FROM integrity_fact WHERE attempt_id = u(%d)", ATTEMPT), "3");
    harness_close(h);
}

Test(integrity, not_the_same)
{
    static const char *const empty[ITEMS] = {"1", "2", "3", "", ""};
    static const char *const others[ITEMS] = {"1", "2", "3", "3", "1"};
    static const char *const share[ITEMS] = {"2", "3", "4", "4", "1"};
    struct harness *h = open_exam();
    sat_alike(h, HOA);                                            /* of another unit */
    sat(h, ATTEMPT + 2, MINH, FORM, others, "{100,100,100,0,0}"); /* one alike only */
    sat(h, ATTEMPT + 3, MINH, FORM, share, "{0,0,0,0,0}");        /* two alike, of five */
    sat(h, ATTEMPT + 4, MINH, FORM, empty, "{100,100,100,0,0}");
    sat(h, ATTEMPT + 5, MINH, FORM, usual_answers, "{100,100,100,50,50}"); /* partly right is not wrong */
    sat(h, ATTEMPT + 6, LAN, FORM, usual_answers, "{100,100,100,0,0}");    /* the same person */
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    harness_close(h);
}

Test(integrity, not_at_the_same_time_or_under_another_policy)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    began(h, ATTEMPT + 1, MINH, FORM, 9); /* LAN's ended a minute earlier */
    for (int i = 0; i < ITEMS; i++)
        saved(h, ATTEMPT + 1, i + 1, 1, usual_answers[i], 60.0 * (i + 1));
    ended(h, ATTEMPT + 1, 1);
    graded(h, ATTEMPT + 1, "{100,100,100,0,0}");
    harness_sql(h, "CREATE TEMP TABLE other AS SELECT * FROM policy; "
                   "UPDATE other SET policy_id = u(77), version = 2; INSERT INTO policy SELECT * FROM other");
    sat_usual(h, ATTEMPT + 2, TAM);
    know_person(h, TAM, "Tám", OFFICE, 0);
    harness_sql(h, "UPDATE attempt SET policy_id = u(77) WHERE attempt_id = u(%d)", ATTEMPT + 2);
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    harness_close(h);
}

/* More than a dossier holds would keep it from being made. */
Test(integrity, alike_with_everybody)
{
    struct harness *h = open_exam();
    sat_alike(h, MINH);
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, other_attempt_id, figure, bound) "
                "SELECT u(%d), 'same_wrong', u(50000 + n), 2, 2 FROM generate_series(1, 300) n",
                ATTEMPT);
    examine(h);
    cr_expect_eq(facts(h, ATTEMPT, "same_wrong"), 300);
    cr_expect_eq(facts(h, ATTEMPT + 1, "same_wrong"), 1, "the other is told");
    harness_close(h);
}

/* The cursor passes numbered events only: what commits late gets its number late. */
Test(integrity, late_grades_are_not_missed)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    sat_usual(h, ATTEMPT + 1, MINH);
    harness_sql(h, "UPDATE outbox SET seq = NULL WHERE body ->> 'attempt_id' = u(%d)::text", ATTEMPT);
    examine(h);
    cr_expect_str_eq(harness_get(h, "SELECT seq FROM integrity_cursor"), "2");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM integrity_run"), "1");
    harness_sql(h, "UPDATE outbox SET seq = 3 WHERE body ->> 'attempt_id' = u(%d)::text", ATTEMPT);
    examine(h);
    cr_expect_eq(all_facts(h), 2);
    harness_close(h);
}

/* After days without this service both are examined in one go, and found alike. */
Test(integrity, downtime_is_made_up_for)
{
    struct harness *h = open_exam();
    sat_alike(h, MINH);
    harness_sql(h, "UPDATE attempt SET started_at = started_at - interval '9 days', ended_at = ended_at - interval "
                   "'9 days'; UPDATE result SET graded_at = graded_at - interval '9 days'");
    examine(h);
    cr_expect_eq(facts(h, ATTEMPT, "same_wrong"), 1);
    harness_close(h);
}

Test(integrity, graded_a_day_apart_is_not_compared_and_forgotten)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    examine(h);
    harness_sql(h, "UPDATE integrity_run SET graded_at = graded_at - interval '2 days'");
    sat_usual(h, ATTEMPT + 1, MINH);
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM integrity_run"), "1");
    harness_close(h);
}

/* More events than a slice takes, few of them grades. */
Test(integrity, slices_go_on)
{
    struct harness *h = open_exam();
    harness_sql(
        h, "INSERT INTO outbox (event, body, seq) SELECT 'attempts_started', '{}', n FROM generate_series(1, 200) n");
    sat_usual(h, ATTEMPT, LAN);
    sat_usual(h, ATTEMPT + 1, MINH);
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    examine(h);
    cr_expect_eq(all_facts(h), 2);
    cr_expect_str_eq(harness_get(h, "SELECT seq FROM integrity_cursor"), "202");
    harness_close(h);
}

Test(integrity, corrected_results_are_not_examined_again)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    sat_usual(h, ATTEMPT + 1, MINH);
    harness_sql(h, "UPDATE outbox SET body = body || '{\"result_version\": 2}'");
    examine(h);
    cr_expect_eq(all_facts(h), 0);
    harness_close(h);
}

/* Who is in no unit is compared with nobody, and nothing fails. */
Test(integrity, person_that_nobody_told_of)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, 77);
    examine(h);
    cr_expect_str_eq(harness_get(h, "SELECT seq FROM integrity_cursor"), "1");
    harness_close(h);
}

/* --- who sees them --- */

static int look(struct harness *h, uint32_t attempt, struct integrity_facts *ret_facts)
{
    struct attempt_ref ref = {.attempt_id = U(attempt)};
    return on_attempt_integrity(&h->ctx, &ref, ret_facts);
}

Test(integrity, seen_by_the_officer_of_the_subtree_only)
{
    struct harness *h = open_exam();
    struct integrity_facts list;
    struct fault fault;
    sat_alike(h, MINH);
    harness_sql(h, "UPDATE attempt SET devices = 9 WHERE attempt_id = u(%d)", ATTEMPT);
    examine(h);
    cr_assert_eq(look(h, ATTEMPT, &list), 0);
    cr_assert_eq(list.n_facts, 2);
    cr_expect(is(list.facts[0].kind, "devices") && list.facts[0].figure == 9 && list.facts[0].bound == 4);
    cr_expect(is(list.facts[1].kind, "same_wrong"));
    cr_assert(HAS(&list.facts[1], integrity_fact, other_attempt_id));
    struct uuid other = U(ATTEMPT + 1);
    cr_expect(uuid_equal(&list.facts[1].other_attempt_id, &other));
    cr_expect_eq(msg_check(&msg_integrity_facts, &list, &fault), 0);
    cr_expect_eq(look(h, 4444, &list), ERR_NOT_FOUND);
    as_outsider(h);
    cr_expect_eq(look(h, ATTEMPT, &list), ERR_FORBIDDEN);
    harness_close(h);
}

Test(integrity, of_people_who_left)
{
    struct harness *h = open_exam();
    struct integrity_facts list;
    sat_usual(h, ATTEMPT, LAN);
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 20000);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM person WHERE person_id = u(%d)", LAN), "0");
    cr_expect_eq(look(h, ATTEMPT, &list), 0);
    as_outsider(h);
    cr_expect_eq(look(h, ATTEMPT, &list), ERR_FORBIDDEN);
    harness_close(h);
}

Test(integrity, every_kind_has_its_sentences)
{
    struct harness *h = open_exam();
    struct integrity_facts list;
    struct fault fault;
    sat_usual(h, ATTEMPT, LAN);
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, figure, bound) "
                "SELECT u(%d), k, 1, 1 FROM unnest('{too_fast,burst,devices,same_wrong}'::text[]) k",
                ATTEMPT);
    cr_assert_eq(look(h, ATTEMPT, &list), 0);
    cr_expect_eq(list.n_facts, 4);
    cr_expect_eq(msg_check(&msg_integrity_facts, &list, &fault), 0, "%s", fault.field);
    harness_close(h);
}

Test(integrity, facts_stay_as_they_are)
{
    struct harness *h = open_exam();
    cr_expect_not(harness_allowed(h, "UPDATE integrity_fact SET figure = 0"));
    cr_expect_not(harness_allowed(h, "DELETE FROM integrity_fact"));
    cr_expect_not(harness_allowed(h, "DELETE FROM integrity_cursor"));
    cr_expect_not(harness_allowed(h, "UPDATE attempt_key SET public_key = ''"));
    harness_close(h);
}
