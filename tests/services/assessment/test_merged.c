/* test_merged.c - two persons are one: attempts stay as they were sat, and count together. */
#include "seed.h"

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
