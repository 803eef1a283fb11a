/* test_merged.c - two persons are one: attempts stay as they were sat, and count together. */
#include "grading.h"

enum { GONE = 77 };

static void merge(struct harness *h, uint32_t keep, uint32_t gone)
{
    struct person_union fact = {.keep = U(keep), .gone = U(gone), .at = now_us()};
    cr_assert_eq(harness_event(h, follow_person_merged, &fact), 0);
}

static const char *standing_of(struct harness *h, uint32_t person)
{
    return harness_get(h,
                       "SELECT taken || ' ' || running || ' ' || cardinality(forms) || ' ' || cardinality(requests)"
                       " FROM standing WHERE person_id::text LIKE '%%-%012x'",
                       person);
}

Test(merged, attempts_count_together)
{
    struct harness *h = open_seeded();
    struct my_attempts_query query = {0};
    struct attempt_rows list = {0};
    complete(h, GONE);
    struct attempt_ticket old = started(h, GONE);
    cr_expect_str_eq(standing_of(h, GONE), "1 true 1 1");
    merge(h, LAN, GONE);
    /* It goes on under the one who began it, and nobody goes on with it. */
    cr_expect_str_eq(standing_of(h, LAN), "1 false 1 1");
    as_learner(h, LAN);
    cr_assert_eq(on_my_attempts(&h->ctx, &query, &list), 0);
    cr_assert_eq(list.n_attempts, 1);
    cr_expect(uuid_equal(&list.attempts[0].attempt_id, &old.attempt_id));
    harness_sql(h,
                "UPDATE attempt SET closes_at = now() - interval '1 second', deadline = now() - interval '1 minute'");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM attempt"), "graded");
    cr_expect_str_eq(standing_of(h, GONE), "1 false 1 1");
    harness_close(h);
}

/* What was sat under the old id: paper, result and review, to the one who stays, once it is over. */
Test(merged, details_are_shown_to_the_one_who_stays)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_paper paper;
    struct attempt_review review;
    harness_sql(h,
                "UPDATE policy SET show_result = 'at_once', show_answers = 'at_once', show_explanations = 'at_once'");
    complete(h, GONE);
    struct attempt_ticket old = started(h, GONE);
    struct attempt_ref ref = {.attempt_id = old.attempt_id};
    merge(h, LAN, GONE);
    as_learner(h, LAN);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_FOUND, "it is not gone on with");
    cr_expect_eq(outcome(h, old.attempt_id, &result), ERR_NOT_FOUND);
    as_learner(h, GONE);
    cr_assert_eq(submit(h, old.attempt_id, &result), 0);
    as_learner(h, LAN);
    cr_assert_eq(on_attempt_get(&h->ctx, &ref, &paper), 0, "%s", h->ctx.fault.field);
    cr_expect(uuid_equal(&paper.attempt_id, &old.attempt_id));
    cr_assert_eq(outcome(h, old.attempt_id, &result), 0);
    cr_expect(HAS(&result, attempt_result, passed));
    cr_expect_eq(result.attempts_left + 1ul,
                 strtoul(harness_get(h, "SELECT max_attempts FROM policy ORDER BY version DESC LIMIT 1"), NULL, 10),
                 "what was sat under the old id counts");
    cr_assert_eq(on_attempt_review(&h->ctx, &ref, &review), 0);
    cr_expect_eq(review.n_items, ITEMS);
    /* To nobody else; and what is one's own is not shown to the one who is gone. */
    as_learner(h, MINH);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_FOUND);
    cr_expect_eq(outcome(h, old.attempt_id, &result), ERR_NOT_FOUND);
    cr_expect_eq(on_attempt_review(&h->ctx, &ref, &review), ERR_NOT_FOUND);
    struct attempt_ticket own = started(h, MINH);
    cr_assert_eq(submit(h, own.attempt_id, &result), 0);
    merge(h, MINH, GONE + 1);
    as_learner(h, GONE + 1);
    cr_expect_eq(outcome(h, own.attempt_id, &result), ERR_NOT_FOUND);
    harness_close(h);
}

Test(merged, what_is_told_late_is_told_of_the_one_who_stays)
{
    struct harness *h = open_seeded();
    merge(h, LAN, GONE);
    struct enrolment_fact assigned = {.person_id = U(GONE), .programme_id = U(PROGRAMME)};
    PUT_FIELD(&assigned, enrolment_fact, extra_time_percent, 40);
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    complete(h, GONE);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(right(person_id::text, 2) || ':' || extra_time_percent, ' ')"
                                    " FROM standing WHERE extra_time_percent > 0"),
                     arena_printf(&h->arena, "%02x:40", LAN));
    harness_close(h);
}
