/* test_announced.c - what others announce, in whatever order it comes, and more than once. */
#include "seed.h"

Test(announced, framework)
{
    struct harness *h = open_bank();
    struct skill_group groups[] = {{.code = SPAN("x")}, {.code = SPAN("đ")}, {.code = SPAN("b")}};
    struct framework_fact fact = {
        .framework_id = U(50), .code = SPAN("KNS"), .label = SPAN("1"), .groups = groups, .n_groups = 3};
    cr_assert_eq(harness_event(h, follow_framework_published, &fact), 0);
    cr_assert_eq(harness_event(h, follow_framework_published, &fact), 0);
    cr_expect_str_eq(harness_get(h, "SELECT groups FROM framework WHERE framework_id = " ID(50)), "{x,đ,b}");
    harness_close(h);
}

/* Completed before anybody heard of the assignment, and told twice: the first day stays. */
Test(announced, standing_in_any_order)
{
    struct harness *h = open_seeded();
    struct completion_fact done = {.person_id = U(20), .programme_id = U(PROGRAMME), .completed_at = 1700000000000000};
    struct enrolment_fact assigned = {.person_id = U(20), .programme_id = U(PROGRAMME)};
    cr_assert_eq(harness_event(h, follow_programme_completed, &done), 0);
    PUT_FIELD(&assigned, enrolment_fact, extra_time_percent, 25);
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    done.completed_at += 1000000;
    cr_assert_eq(harness_event(h, follow_programme_completed, &done), 0);
    cr_expect_str_eq(harness_get(h, "SELECT extra_time_percent || ' ' || extract(epoch FROM completed_at)::bigint "
                                    "FROM standing WHERE person_id = " ID(20)),
                     "25 1700000000");
    assigned.has = 0;
    assigned.extra_time_percent = 0;
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    cr_expect_str_eq(harness_get(h, "SELECT extra_time_percent FROM standing WHERE person_id = " ID(20)), "0",
                     "taken back");
    harness_close(h);
}

Test(announced, leaves_a_running_attempt_alone)
{
    struct harness *h = open_seeded();
    started(h, LAN);
    const char *before =
        harness_get(h, "SELECT a.deadline::text || s.taken FROM attempt a JOIN standing s USING (attempt_id)");
    complete(h, LAN);
    struct enrolment_fact assigned = {.person_id = U(LAN), .programme_id = U(PROGRAMME)};
    PUT_FIELD(&assigned, enrolment_fact, extra_time_percent, 100);
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    cr_expect_str_eq(
        harness_get(h, "SELECT a.deadline::text || s.taken FROM attempt a JOIN standing s USING (attempt_id)"), before);
    harness_close(h);
}
