/* test_calendar.c - files of holidays: what is refused, and that the one that comes with us has what the law names. */
#include "codec.h"
#include "ctl.h"
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <unistd.h>

#define TET "Tết Nguyên đán"

static struct arena arena;
static struct holidays days;

static void begin(void)
{
    arena_init(&arena, 4 << 20);
    cr_redirect_stderr();
}

static void end(void)
{
    arena_release(&arena);
}

TestSuite(calendar, .init = begin, .fini = end);

static int read_text(const char *text)
{
    char path[] = "/tmp/calendar.XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    days = (struct holidays){0};
    int result = holidays_read(path, &arena, &days);
    unlink(path);
    return result;
}

/* 1: free, 0: worked, -1: not named. */
static int is_free(const char *text)
{
    int32_t day;
    cr_assert_eq(date_parse((struct span){text, (uint32_t)strlen(text)}, &day), 0);
    for (uint32_t i = 0; i < days.n_days; i++) {
        if (days.days[i].day == day)
            return !days.days[i].works;
    }
    return -1;
}

Test(calendar, files_that_are_none)
{
    cr_expect_lt(holidays_read("/nowhere", &arena, &days), 0);
    cr_expect_lt(read_text(""), 0);
    cr_expect_lt(read_text("# 2027-01-01,Tết,no\n"), 0);
    cr_expect_lt(read_text("day,name\n2027-01-01,Tết\n"), 0);
    cr_expect_lt(read_text("day,name,works\n"), 0);
    cr_expect_lt(read_text("day,name,works\n2027-02-30,Tết,no\n"), 0);
    cr_expect_lt(read_text("day,name,works\n2027-01-01,Tết,maybe\n"), 0);
    cr_expect_lt(read_text("day,name,works\n2027-01-01,,no\n"), 0);
}

Test(calendar, remarks_are_not_read)
{
    cr_assert_eq(
        read_text("# a remark, with \"a quotation mark\nday,name,works\n#2026-11-24,x,no\n2027-01-01,Tết #1,no\n#"), 0);
    cr_assert_eq(days.n_days, 1);
    cr_expect_eq(is_free("2026-11-24"), -1);
    cr_expect_eq(is_free("2027-01-01"), 1);
    cr_expect(days.days[0].name.n == strlen("Tết #1"), "a # in a row is text");
}

/* Labour Code 2019, article 112; Tet and Hung Kings by the moon at UTC+7. */
Test(calendar, the_one_that_comes_with_us)
{
    static const char *const statutory[] = {
        "2025-01-01", "2025-01-29", "2025-04-07", "2025-04-30", "2025-05-01", "2025-09-02",
        "2026-01-01", "2026-02-17", "2026-04-26", "2026-04-30", "2026-05-01", "2026-09-02",
        "2027-01-01", "2027-02-06", "2027-04-16", "2027-04-30", "2027-05-01", "2027-09-02",
    };
    /* What falls on a Saturday or Sunday is made up for on the next working day. */
    static const char *const made_up[] = {"2026-04-27", "2027-02-10", "2027-02-11", "2027-05-03"};
    cr_assert_eq(holidays_read("deploy/data/holidays-vn.csv", &arena, &days), 0);
    for (size_t i = 0; i < sizeof(statutory) / sizeof(statutory[0]); i++)
        cr_expect_eq(is_free(statutory[i]), 1, "%s", statutory[i]);
    for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++)
        cr_expect_eq(is_free(made_up[i]), 1, "%s", made_up[i]);
    cr_expect_eq(is_free("2026-11-24"), -1, "an example until the provision was compared");
    for (int year = 2025; year <= 2027; year++) {
        int tet = 0;
        for (uint32_t i = 0; i < days.n_days; i++) {
            char text[DATE_TEXT];
            date_format(days.days[i].day, text);
            tet += strtol(text, NULL, 10) == year && days.days[i].name.n >= strlen(TET) &&
                   !memcmp(days.days[i].name.p, TET, strlen(TET));
        }
        cr_expect_eq(tet, 5, "%d has %d days of Tet", year, tet);
    }
    for (uint32_t i = 0; i < days.n_days; i++) {
        int weekday = (int)((days.days[i].day + 3) % 7); /* 1970-01-01 was a Thursday; 0: Monday */
        cr_expect(i == 0 || days.days[i].day > days.days[i - 1].day, "row %u: in order, none twice", i + 1);
        cr_expect(!days.days[i].works || weekday >= 5, "row %u: only a Saturday or Sunday is worked in exchange",
                  i + 1);
    }
}
