/* test_breach.c - the register of breaches: 72 hours from when one was found. */
#include "identity_test.h"

static struct breach_row row;

static int enter(uint32_t id, int64_t hours_ago, const char *words)
{
    struct breach_draft draft = {.breach_id = U(id),
                                 .found_at = now_us() / 1000000 * 1000000 - hours_ago * INT64_C(3600000000),
                                 .words = S(words)};
    row = (struct breach_row){0};
    return settled(on_breach_open(&h->ctx, &draft, &row));
}

IDENTITY_TEST(breach, the_authority_is_told_within_72_hours)
{
    struct breach_ref ref = {.breach_id = U(1)};
    struct breach_list list = {0};
    struct empty none = {0};
    cr_assert_eq(enter(1, 2, "Mất máy tính"), 0, "%s", h->ctx.fault.field);
    cr_expect_eq(row.notice_due - row.found_at, INT64_C(72) * 3600000000);
    cr_expect(!row.late);
    cr_assert_eq(enter(2, 73, "Lộ tệp"), 0);
    cr_expect(row.late);
    cr_assert_eq(settled(on_breach_told(&h->ctx, &ref, &row)), 0);
    int64_t told = row.told_at;
    cr_expect(!row.late);
    cr_assert_eq(settled(on_breach_told(&h->ctx, &ref, &row)), 0);
    cr_expect_eq(row.told_at, told, "the first time counts");
    cr_assert_eq(settled(on_breaches(&h->ctx, &none, &list)), 0);
    cr_assert_eq(list.n_breaches, 2);
    cr_expect(!HAS(&list.breaches[0], breach_row, told_at));
    cr_expect_eq(count_of("audit WHERE action IN ('breach_opened', 'breach_told')"), 3);
}

IDENTITY_TEST(breach, what_cannot_be_is_refused)
{
    struct breach_ref ref = {.breach_id = U(9)};
    EXPECT_FAULT(enter(1, -1, "Ngày mai"), ERR_INVALID, "found_at");
    cr_assert_eq(enter(1, 0, "Một"), 0);
    EXPECT_FAULT(enter(1, 0, "Hai"), ERR_CONFLICT, "breach_id");
    cr_expect_eq(settled(on_breach_told(&h->ctx, &ref, &row)), ERR_NOT_FOUND);
    cr_expect(!harness_allowed(h, "UPDATE breach SET found_at = now()"));
    cr_expect(!harness_allowed(h, "DELETE FROM breach"));
}
