/* test_merged.c - two persons are one: certificates stay, and there is none for the same twice. */
#include "seed.h"

enum { OTHER = 21 };

static struct harness *open_two(void)
{
    struct harness *h = open_seeded();
    know_person(h, OTHER, "Nguyễn Thị Lan", UNIT, 0);
    return h;
}

static void merge(struct harness *h, uint32_t keep, uint32_t gone)
{
    struct person_union fact = {.keep = U(keep), .gone = U(gone), .at = now_us()};
    cr_assert_eq(harness_event(h, follow_person_merged, &fact), 0);
}

Test(merged, the_certificate_of_one_is_the_others)
{
    struct harness *h = open_two();
    struct empty empty = {0};
    struct certificate_list list = {0};
    struct span number = certified(h);
    graded(h, 200, OTHER, true);
    harness_sql(h, "UPDATE certificate_due SET passed_at = passed_at");
    merge(h, OTHER, LAN);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0", "there is one already");
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    harness_as(h, U(OTHER), LEARNER, U(NATION));
    cr_assert_eq(on_my_certificates(&h->ctx, &empty, &list), 0);
    cr_assert_eq(list.n_certificates, 1);
    cr_expect(document_of(h, number).n > 0);
    /* And it goes when its attempt is voided, though that was the other's. */
    struct void_fact fact = {
        .attempt_id = U(100), .person_id = U(LAN), .programme_id = U(PROGRAMME), .reason = SPAN("x"), .at = now_us()};
    cr_assert_eq(harness_event(h, follow_attempt_voided, &fact), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM revocation"), "1");
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate WHERE right(person_id::text, 2) = '15'"), "1",
                     "the own attempt earns the next");
    harness_close(h);
}

Test(merged, what_is_due_is_issued_to_the_one_who_stays)
{
    struct harness *h = open_two();
    graded(h, 100, LAN, true);
    merge(h, OTHER, LAN);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT right(person_id::text, 2) FROM certificate"), "15");
    /* Told late of the one who is gone. */
    graded(h, 101, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT person_id) FROM passed_attempt"), "1");
    harness_close(h);
}
