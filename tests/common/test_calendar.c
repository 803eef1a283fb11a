/* test_calendar.c - working days as they are counted in Vietnam. */
#include "calendar.h"
#include "harness.h"
#include <criterion/criterion.h>

static struct harness *h;

static void open_harness(void)
{
    h = harness_open("identity", NULL, false, NULL);
}

static void close_harness(void)
{
    harness_close(h);
}

#define CALENDAR_TEST(name) Test(calendar, name, .init = open_harness, .fini = close_harness, .timeout = 60)

/* First moment, in Vietnam, at which n working days have passed. */
static const char *after(const char *at, int n)
{
    return harness_get(h,
                       "SELECT to_char(working_days_after('%s', %d) AT TIME ZONE 'Asia/Ho_Chi_Minh',"
                       " 'YYYY-MM-DD HH24:MI')",
                       at, n);
}

/* Tết 2026 as deploy/data/holidays-vn.csv has it, and a Saturday that is worked. */
static void holidays(void)
{
    harness_sql(h, "INSERT INTO holiday SELECT d::date, 'Tết Nguyên đán', false"
                   " FROM generate_series(timestamp '2026-02-16', timestamp '2026-02-20', '1 day') d;"
                   "INSERT INTO holiday VALUES ('2026-01-02', 'Nghỉ hoán đổi', false), ('2026-01-10', 'Làm bù', true)");
}

CALENDAR_TEST(the_day_itself_does_not_count)
{
    cr_expect_str_eq(after("2026-11-23 08:00+07", 1), "2026-11-25 00:00"); /* Monday: until the end of Tuesday */
    cr_expect_str_eq(after("2026-11-23 23:59+07", 1), "2026-11-25 00:00");
    cr_expect_str_eq(after("2026-11-23 08:00+07", 0), "2026-11-24 00:00");
}

CALENDAR_TEST(the_day_is_vietnams)
{
    cr_expect_str_eq(after("2026-11-23 16:59:59+00", 1), "2026-11-25 00:00");
    cr_expect_str_eq(after("2026-11-23 17:00:00+00", 1), "2026-11-26 00:00"); /* Tuesday there already */
}

CALENDAR_TEST(weekends_do_not_count)
{
    cr_expect_str_eq(after("2026-11-20 09:00+07", 1), "2026-11-24 00:00"); /* Friday */
    cr_expect_str_eq(after("2026-11-21 09:00+07", 2), "2026-11-25 00:00"); /* Saturday */
    cr_expect_str_eq(after("2026-11-20 09:00+07", 10), "2026-12-05 00:00");
}

CALENDAR_TEST(holidays_do_not_count)
{
    holidays();
    cr_expect_str_eq(after("2026-02-13 09:00+07", 1), "2026-02-24 00:00"); /* over Tết */
    cr_expect_str_eq(after("2026-02-13 09:00+07", 3), "2026-02-26 00:00");
}

CALENDAR_TEST(a_saturday_worked_in_exchange_counts)
{
    holidays();
    cr_expect_str_eq(after("2026-01-09 09:00+07", 1), "2026-01-11 00:00");
    cr_expect_str_eq(after("2026-01-01 09:00+07", 1), "2026-01-06 00:00"); /* Friday the 2nd is free */
}

CALENDAR_TEST(a_day_told_again_is_corrected)
{
    struct holiday day = {.day = 20505, .name = SPAN("Nghỉ"), .works = false}; /* 2026-02-21 */
    struct holidays told = {.days = &day, .n_days = 1};
    cr_assert_eq(calendar_apply(&h->ctx, &told), 0);
    day.works = true;
    cr_assert_eq(calendar_apply(&h->ctx, &told), 0);
    cr_expect_str_eq(harness_get(h, "SELECT is_working(date '1970-01-01' + 20505)"), "t");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM holiday"), "1");
}
