/* test_progress.c - facts of several producers, in any order and more than once, make the same progress. */
#include "nation.h"

static const char *row_of(struct harness *h, uint32_t person)
{
    return harness_get(
        h,
        "SELECT concat_ws(' ', assigned_at AT TIME ZONE 'UTC', due_date, completed_at AT TIME ZONE 'UTC', "
        "passed_at AT TIME ZONE 'UTC', attempts, certified_at AT TIME ZONE 'UTC', "
        "revoked_at AT TIME ZONE 'UTC') FROM progress WHERE person_id = "
        "lpad(to_hex(%u), 32, '0')::uuid",
        person);
}

/* The six facts of one learner; `which` of them. */
static void tell_nth(struct harness *h, uint32_t person, int which)
{
    switch (which) {
    case 0:
        tell_assigned(h, person, "2025-02-01T01:00:00Z");
        break;
    case 1:
        tell_completed(h, person, "2025-02-10T01:00:00Z");
        break;
    case 2:
        tell_graded(h, person, 1, false, "2025-02-11T01:00:00Z");
        break;
    case 3:
        tell_graded(h, person, 2, true, "2025-02-12T01:00:00Z");
        break;
    case 4:
        tell_issued(h, person, "2025-02-12T01:00:05Z");
        break;
    default:
        tell_tenure(h, person, 1, HAI_LANG, false, "2024-01-01", NULL);
    }
}

Test(progress, any_order_of_producers_gives_the_same)
{
    static const int orders[][6] = {{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {4, 0, 5, 3, 1, 2},
                                    {3, 5, 0, 4, 2, 1}, {2, 4, 1, 5, 0, 3}, {1, 3, 4, 0, 2, 5}};
    struct harness *h = nation_open();
    for (uint32_t order = 0; order < 6; order++) {
        uint32_t person = 2000 + order;
        char expected[64];
        for (int i = 0; i < 6; i++)
            tell_nth(h, person, orders[order][i]);
        cr_assert_str_eq(row_of(h, person), "2025-02-01 01:00:00 2025-12-01 2025-02-10 01:00:00 2025-02-12 01:00:00 2 "
                                            "2025-02-12 01:00:05");
        snprintf(expected, sizeof(expected), "%u %u %u %u / 0 0 0 0", order + 1, order + 1, order + 1, order + 1);
        cr_assert_str_eq(rolled(h, HAI_LANG), expected);
    }
    harness_close(h);
}

Test(progress, a_repeated_event_changes_nothing_and_marks_nothing)
{
    struct harness *h = nation_open();
    for (int i = 0; i < 6; i++)
        tell_nth(h, 2000, i);
    renew(h);
    const char *before = row_of(h, 2000);
    for (int i = 5; i >= 0; i--)
        tell_nth(h, 2000, i);
    cr_assert_str_eq(row_of(h, 2000), before);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "0");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 1 / 0 0 0 0");
    harness_close(h);
}

Test(progress, the_first_moment_counts)
{
    struct harness *h = nation_open();
    tell_graded(h, CHI, 3, true, "2025-03-03T00:00:00Z");
    tell_graded(h, CHI, 2, true, "2025-03-02T00:00:00Z");
    tell_graded(h, CHI, 1, false, "2025-03-01T00:00:00Z");
    cr_assert_str_eq(row_of(h, CHI), "2025-03-02 00:00:00 3");
    tell_assigned(h, CHI, "2025-02-02T00:00:00Z");
    struct enrolment_fact earlier = {.person_id = U(CHI),
                                     .programme_id = U(PROGRAMME),
                                     .assignment_id = U(7001),
                                     .due_date = day("2025-11-01"),
                                     .assigned_at = moment("2025-02-01T00:00:00Z")};
    tell(h, learner_assigned, &earlier);
    tell_assigned(h, CHI, "2025-02-02T00:00:00Z");
    cr_assert_str_eq(row_of(h, CHI), "2025-02-01 00:00:00 2025-11-01 2025-03-02 00:00:00 3");
    harness_close(h);
}

Test(progress, only_the_assigned_count)
{
    struct harness *h = nation_open();
    tell_completed(h, CHI, "2025-02-10T01:00:00Z");
    tell_graded(h, CHI, 1, true, "2025-02-11T01:00:00Z");
    tell_issued(h, CHI, "2025-02-11T01:00:05Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "0 0 0 0 / 0 0 0 0");
    tell_assigned(h, CHI, "2025-02-12T01:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 1 / 0 0 0 0");
    harness_close(h);
}

Test(progress, a_failed_attempt_counts_as_an_attempt_only)
{
    struct harness *h = nation_open();
    tell_assigned(h, CHI, "2025-02-01T01:00:00Z");
    renew(h);
    tell_graded(h, CHI, 1, false, "2025-02-11T01:00:00Z");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM stale"), "0");
    cr_assert_str_eq(harness_get(h, "SELECT attempts FROM progress"), "1");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 0 0 0 / 0 0 0 0");
    harness_close(h);
}

Test(progress, a_revoked_certificate_counts_no_more)
{
    struct harness *h = nation_open();
    for (int i = 0; i < 5; i++)
        tell_nth(h, ANH, i);
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 1 / 1 1 1 1");
    tell_revoked(h, ANH, "2025-04-01T00:00:00Z");
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 0 / 1 1 1 0");
    tell_issued(h, ANH, "2025-02-12T01:00:05Z");
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 0 / 1 1 1 0");
    harness_close(h);
}

/* Another certificate follows one that was revoked; what is told of the first again changes nothing. */
Test(progress, the_newest_certificate_counts)
{
    struct harness *h = nation_open();
    for (int i = 0; i < 5; i++)
        tell_nth(h, ANH, i);
    tell_revoked(h, ANH, "2025-04-01T00:00:00Z");
    struct certificate_fact next = certificate(ANH, "2025-05-01T00:00:00Z");
    next.certificate_id = U(77);
    tell(h, certificate_issued, &next);
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 1 / 1 1 1 1");
    tell_revoked(h, ANH, "2025-04-01T00:00:00Z");
    tell_issued(h, ANH, "2025-02-12T01:00:05Z");
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 1 / 1 1 1 1");
    next.at = moment("2025-06-01T00:00:00Z");
    tell(h, certificate_revoked, &next);
    cr_assert_str_eq(rolled(h, DONG_HA), "1 1 1 0 / 1 1 1 0");
    harness_close(h);
}

Test(progress, a_corrected_result_counts)
{
    struct harness *h = nation_open();
    for (int i = 0; i < 4; i++)
        tell_nth(h, CHI, i);
    tell_corrected(h, CHI, 1, 2, true, "2025-03-01T00:00:00Z");
    cr_assert_str_eq(row_of(h, CHI), "2025-02-01 01:00:00 2025-12-01 2025-02-10 01:00:00 2025-02-12 01:00:00 2",
                     "the second attempt was passed before the first was corrected");
    tell_corrected(h, CHI, 2, 2, false, "2025-03-02T00:00:00Z");
    cr_assert_str_eq(row_of(h, CHI), "2025-02-01 01:00:00 2025-12-01 2025-02-10 01:00:00 2025-03-01 00:00:00 2");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 0 / 0 0 0 0");
    tell_corrected(h, CHI, 1, 3, false, "2025-03-03T00:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 0 0 / 0 0 0 0");
    tell_corrected(h, CHI, 1, 2, true, "2025-03-01T00:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 0 0 / 0 0 0 0", "an older version comes too late");
    tell_corrected(h, CHI, 1, 4, true, "2025-03-04T00:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 0 / 0 0 0 0");
    harness_close(h);
}

Test(progress, a_voided_attempt_counts_no_more)
{
    struct harness *h = nation_open();
    for (int i = 0; i < 4; i++)
        tell_nth(h, CHI, i);
    tell_voided(h, CHI, 1, "2025-03-01T00:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 0 / 0 0 0 0", "the first was no pass");
    tell_voided(h, CHI, 2, "2025-03-01T00:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 0 0 / 0 0 0 0");
    tell_graded(h, CHI, 2, true, "2025-02-12T01:00:00Z");
    tell_corrected(h, CHI, 2, 2, true, "2025-04-12T01:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 0 0 / 0 0 0 0", "voided is voided");
    tell_graded(h, CHI, 3, true, "2025-04-12T01:00:00Z");
    cr_assert_str_eq(rolled(h, HAI_LANG), "1 1 1 0 / 0 0 0 0");
    harness_close(h);
}

Test(progress, a_programme_version_is_learned_once)
{
    struct harness *h = nation_open();
    tell_programme(h, PROGRAMME);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) || ' ' || min(code) FROM programme"), "1 KNS");
    harness_close(h);
}

Test(progress, the_service_removes_no_fact)
{
    struct harness *h = nation_open();
    cr_assert(harness_allowed(h, "UPDATE progress SET passed_at = NULL WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE progress SET person_id = person_id WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM progress WHERE false"));
    cr_assert_not(harness_allowed(h, "TRUNCATE progress"));
    cr_assert_not(harness_allowed(h, "DELETE FROM passed_attempt WHERE false"));
    cr_assert_not(harness_allowed(h, "UPDATE programme SET title_vi = '' WHERE false"));
    cr_assert_not(harness_allowed(h, "DELETE FROM programme WHERE false"));
    harness_close(h);
}
