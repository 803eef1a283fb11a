/* test_issue.c - who passed gets one certificate, whatever comes in which order and how often. */
#include "../second.h"
#include "seed.h"

Test(issue, failing_earns_nothing)
{
    struct harness *h = open_seeded();
    graded(h, 100, LAN, false);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM signing_key"), "0");
    harness_close(h);
}

Test(issue, passing_twice_earns_one)
{
    struct harness *h = open_seeded();
    graded(h, 100, LAN, true);
    graded(h, 101, LAN, true);
    issue(h);
    graded(h, 100, LAN, true); /* the same event again */
    graded(h, 102, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT attempt_id FROM certificate"), "00000000-0000-0000-0000-000000000064");
    cr_expect_eq(harness_events(h, "certificate_issued"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT (body ->> 'number') = number AND (body ->> 'at')::timestamptz = issued_at "
                                    "FROM outbox, certificate"),
                     "t");
    harness_close(h);
}

/* A due row that came beside the certificate's commit is cleared away, not tried forever. */
Test(issue, stray_due_row_is_cleared)
{
    struct harness *h = open_seeded();
    certified(h);
    harness_sql(h, "INSERT INTO certificate_due SELECT person_id, programme_id, attempt_id, now() FROM certificate");
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    cr_expect_eq(harness_events(h, "certificate_issued"), 1);
    harness_close(h);
}

Test(issue, person_who_is_not_known_yet)
{
    struct harness *h = open_seeded();
    graded(h, 100, 21, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "0");
    know_person(h, 21, "Trần Văn Minh", UNIT, 0);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT holder FROM certificate"), "Trần Văn Minh");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    harness_close(h);
}

Test(issue, programme_that_is_not_known_yet)
{
    struct harness *h = open_empty();
    graded(h, 100, LAN, true);
    know_person(h, LAN, "Nguyễn Thị Lan", UNIT, 0);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "0");
    know_programme(h);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    harness_close(h);
}

/* Many who wait for their person must not keep the others from their certificates. */
Test(issue, unknown_people_block_nobody)
{
    struct harness *h = open_seeded();
    harness_sql(h, "INSERT INTO certificate_due SELECT hocvu.uuid7(), '00000000-0000-0000-0000-00000000000a', "
                   "hocvu.uuid7(), now() - interval '1 day' FROM generate_series(1, 600)");
    graded(h, 100, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    harness_close(h);
}

Test(issue, who_left_has_passed_too)
{
    struct harness *h = open_seeded();
    know_person(h, LAN, "Nguyễn Thị Lan", UNIT, 19000);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM person"), "0");
    certified(h);
    cr_expect_str_eq(harness_get(h, "SELECT holder FROM certificate"), "Nguyễn Thị Lan");
    harness_close(h);
}

Test(issue, full_slice)
{
    struct harness *h = open_seeded();
    harness_sql(
        h, "INSERT INTO tenure SELECT hocvu.uuid7(), ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, "
           "'Cán bộ ' || n, '00000000-0000-0000-0000-000000000003', '', false, 'principal', NULL, '2020-01-01' "
           "FROM generate_series(1, 300) n");
    harness_sql(h,
                "INSERT INTO certificate_due SELECT person_id, '00000000-0000-0000-0000-00000000000a', hocvu.uuid7(), "
                "now() FROM tenure WHERE full_name LIKE 'Cán bộ %%'");
    issue(h);
    cr_expect_eq(harness_events(h, "certificate_issued"), 256);
    issue(h);
    cr_expect_eq(harness_events(h, "certificate_issued"), 300);
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT number) FROM certificate"), "300");
    harness_close(h);
}

/* Two processes issue at the same time: the second passes over what the first has in hand. */
Test(issue, two_processes)
{
    struct harness *h = open_seeded();
    struct second other;
    graded(h, 100, LAN, true);
    second_open(&other, h, "certification", service_sql);
    second_sql(&other, "BEGIN");
    cr_assert_eq(certificates_issue(&other.ctx), 0);
    issue(h);
    second_sql(&other, "COMMIT");
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    cr_expect_eq(harness_events(h, "certificate_issued"), 1);
    second_close(&other);
    harness_close(h);
}

Test(issue, nothing_disappears)
{
    struct harness *h = open_seeded();
    certified(h);
    cr_expect_not(harness_allowed(h, "DELETE FROM certificate"));
    cr_expect_not(harness_allowed(h, "UPDATE certificate SET holder = 'x'"));
    cr_expect_not(harness_allowed(h, "TRUNCATE certificate CASCADE"));
    cr_expect_not(harness_allowed(h, "DELETE FROM revocation"));
    cr_expect_not(harness_allowed(h, "UPDATE revocation SET reason = 'x'"));
    cr_expect_not(harness_allowed(h, "DELETE FROM signing_key"));
    cr_expect_not(harness_allowed(h, "UPDATE signing_key SET public_key = ''"));
    cr_expect_not(harness_allowed(h, "UPDATE programme SET title_vi = 'x'"));
    cr_expect_not(harness_allowed(h, "DROP TABLE certificate"));
    harness_close(h);
}

/* While a person's data may only be kept nothing is issued; when that ends, it is. What is issued already says the
 * name. */
Test(issue, restricted_people_wait)
{
    struct harness *h = open_seeded();
    struct restriction_fact fact = {.person_id = U(LAN), .restricted = true, .at = now_us()};
    cr_assert_eq(harness_event(h, follow_person_restricted, &fact), 0);
    graded(h, 100, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "1");
    fact.restricted = false;
    cr_assert_eq(harness_event(h, follow_person_restricted, &fact), 0);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    harness_close(h);
}

/* Nothing is issued in the name of nobody, whichever event comes first; what was issued can be verified as before. */
Test(issue, erased_people_get_nothing_more)
{
    struct harness *h = open_seeded();
    struct erasure_fact fact = {.person_id = U(LAN), .at = now_us()};
    certified(h);
    harness_sql(h, "INSERT INTO certificate_due SELECT person_id, uuid7(), uuid7(), now() FROM certificate");
    const char *holder = harness_get(h, "SELECT holder FROM certificate");
    for (int i = 0; i < 2; i++)
        cr_assert_eq(harness_event(h, follow_person_erased, &fact), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT holder FROM certificate"), holder);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM tenure WHERE full_name <> '(đã xoá)'"), "0");
    struct certificate_query query = {.number = S(harness_get(h, "SELECT number FROM certificate"))};
    struct certificate_status status;
    cr_assert_eq(on_certificate_check(&h->ctx, &query, &status), 0);
    cr_expect(status.holder.n == strlen(holder) && !memcmp(status.holder.p, holder, status.holder.n));
    harness_sql(h, "INSERT INTO revocation (certificate_id, revoked_at, reason, cause) "
                   "SELECT certificate_id, now(), 'x', 'attempt_voided' FROM certificate");
    graded(h, 101, LAN, true);
    issue(h);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM certificate_due"), "0");
    harness_close(h);
}
