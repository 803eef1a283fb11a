/* test_merged.c - two persons are one: what each has reached counts once. */
#include "nation.h"

static void merge(struct harness *h, uint32_t keep, uint32_t gone)
{
    struct person_union fact = {.keep = U(keep), .gone = U(gone), .at = now_us()};
    tell(h, person_merged, &fact);
}

static const char *row_of(struct harness *h, uint32_t person)
{
    return harness_get(
        h,
        "SELECT concat_ws(' ', (assigned_at AT TIME ZONE 'UTC')::date, due_date, (completed_at AT TIME ZONE"
        " 'UTC')::date, (passed_at AT TIME ZONE 'UTC')::date, attempts, right(certificate_id::text, 4),"
        " revoked_at IS NOT NULL) FROM progress WHERE person_id = lpad(to_hex(%u), 32, '0')::uuid",
        person);
}

Test(merged, the_first_of_each_counts)
{
    struct harness *h = nation_open();
    tell_assigned(h, ANH, "2025-03-01T01:00:00Z");
    tell_graded(h, ANH, 1, false, "2025-03-05T01:00:00Z");
    tell_issued(h, ANH, "2025-03-06T01:00:00Z");
    tell_revoked(h, ANH, "2025-03-07T01:00:00Z");
    tell_assigned(h, CHI, "2025-02-01T01:00:00Z");
    tell_completed(h, CHI, "2025-02-02T01:00:00Z");
    tell_graded(h, CHI, 1, false, "2025-02-03T01:00:00Z");
    tell_graded(h, CHI, 2, true, "2025-02-04T01:00:00Z");
    tell_issued(h, CHI, "2025-02-05T01:00:00Z");
    merge(h, ANH, CHI);
    cr_expect_str_eq(row_of(h, ANH),
                     arena_printf(&h->arena, "2025-02-01 2025-12-01 2025-02-02 2025-02-04 3 %04x f", CHI * 10));
    /* What is told of the other later is told of the one. */
    tell_corrected(h, CHI, 2, 2, false, "2025-03-08T01:00:00Z");
    tell_revoked(h, CHI, "2025-03-09T01:00:00Z");
    cr_expect_str_eq(row_of(h, ANH), arena_printf(&h->arena, "2025-02-01 2025-12-01 2025-02-02 3 %04x t", CHI * 10));
    harness_close(h);
}

Test(merged, the_roll_ups_count_one)
{
    struct harness *h = nation_open();
    tell_assigned(h, BINH, "2025-03-01T01:00:00Z");
    tell_assigned(h, CHI, "2025-03-01T01:00:00Z");
    tell_completed(h, CHI, "2025-03-02T01:00:00Z");
    renew(h);
    merge(h, BINH, CHI);
    tell_tenure(h, CHI, 1, HAI_LANG, false, "2020-01-01", "2020-01-01");
    renew(h);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(assigned || '/' || completed, ' ' ORDER BY unit_id) FROM rollup"
                                    " WHERE assigned > 0"),
                     "1/1");
    harness_close(h);
}

/* Erased: counted as before, named no more. */
Test(erased, is_counted_and_not_named)
{
    struct harness *h = nation_open();
    struct erasure_fact fact = {.person_id = U(ANH), .at = now_us()};
    for (int i = 0; i < 2; i++)
        cr_assert_eq(harness_event(h, follow_person_erased, &fact), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM person WHERE full_name = '(đã xoá)'"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM tenure WHERE full_name = '(đã xoá)'"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM person"), "4");
    harness_close(h);
}
