/* test_sample.c - the sample's files are read whole, and files with a fault are refused with its place. */
#include "people.h"
#include <criterion/redirect.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(sample, .init = sample_open, .fini = sample_close);

Test(sample, is_whole)
{
    cr_expect_eq(sample.n_units, 309);
    cr_expect_eq(sample.n_officials, 1000);
    cr_expect_eq(sample.n_items, 140);
    cr_expect_eq(sample.framework.n_groups, 7);
    cr_expect_eq(sample.programme.n_lessons, 7);
    cr_expect_eq(sample.policy.pass_percent, 70);
    for (uint32_t i = 0; i < sample.programme.n_lessons; i++) {
        cr_expect_eq(sample.programme.lessons[i].position, i + 1);
        cr_expect_gt(sample.lessons[i].text.n, 1000);
    }
}

Test(sample, first_official_is_the_operator)
{
    cr_expect(sample_has_role(&sample, &sample.officials[0], "national_operator", NULL));
}

Test(sample, roles_have_a_place)
{
    uint32_t unit;
    const struct sample_official *head = sample_role_find(&sample, "unit_head", &unit);
    cr_assert_not_null(head);
    cr_expect_eq(unit, unit_of("T44"));
    cr_assert_not_null(sample_role_find(&sample, "editor", &unit));
    cr_expect_eq(unit, unit_of("VN"));
    cr_expect_null(sample_role_find(&sample, "learner", &unit));
    cr_expect_null(sample_role_find(&sample, "unit", &unit), "part of a name is not the name");
}

Test(sample, role_words_are_parted)
{
    struct sample_official who = {.roles = SPAN("editor@VN;unit_head;reviewer@NOWHERE"), .unit = unit_of("S44-01")};
    uint32_t unit;
    cr_expect(sample_has_role(&sample, &who, "unit_head", &unit));
    cr_expect_eq(unit, unit_of("S44-01"));
    cr_expect(sample_has_role(&sample, &who, "editor", &unit));
    cr_expect_eq(unit, unit_of("VN"));
    cr_expect_not(sample_has_role(&sample, &who, "reviewer", &unit), "a role for a unit that is not there");
}

Test(sample, tree)
{
    cr_expect(sample_unit_within(&sample, unit_of("S44-01-02"), unit_of("T44")));
    cr_expect(sample_unit_within(&sample, unit_of("T44"), unit_of("T44")));
    cr_expect_not(sample_unit_within(&sample, unit_of("T44"), unit_of("S44-01")));
    cr_expect_not(sample_unit_within(&sample, unit_of("S44-01"), NO_UNIT));
    cr_expect_eq(sample_unit_find(&sample, SPAN("S44")), NO_UNIT);
}

Test(sample, every_item_is_found_by_its_question)
{
    for (uint32_t i = 0; i < sample.n_items; i++)
        cr_expect_eq(sample_item_find(&sample, sample.items[i].stem), &sample.items[i]);
    cr_expect_null(sample_item_find(&sample, SPAN("?")));
    cr_expect_null(sample_item_find(&sample, SPAN("")));
}

/* A directory with the two files of people, one of them with this text in place of the sample's. */
static void faulty(const char *units, const char *roster, char dir[32])
{
    char path[64];
    const char *const texts[] = {units, roster}, *const names[] = {"units.csv", "roster.csv"};
    snprintf(dir, 32, "/tmp/hocvu-sample-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        FILE *file = fopen(path, "we");
        cr_assert_not_null(file);
        fputs(texts[i], file);
        fclose(file);
    }
}

static void expect_refused(const char *units, const char *roster, const char *sentence)
{
    struct sample other;
    char dir[32], path[64], text[512] = "";
    faulty(units, roster, dir);
    FILE *said = cr_get_redirected_stderr();
    cr_expect_eq(sample_read_people(&other, dir), -1);
    fflush(stderr);
    size_t n = fread(text, 1, sizeof(text) - 1, said);
    text[n] = '\0';
    cr_expect(strstr(text, sentence), "said: %s", text);
    sample_release(&other);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, i ? "roster.csv" : "units.csv");
        unlink(path);
    }
    rmdir(dir);
}

#define UNITS  "code,parent_code,kind,name,name_en,valid_from\nVN,,nation,Việt Nam,,2025-07-01\n"
#define ROSTER "national_id,full_name,birth_date,unit_code,position,leader,roles\n"

Test(sample, unit_below_nothing_is_refused, .init = cr_redirect_stderr, .fini = NULL)
{
    expect_refused(UNITS "T1,T9,province,Tỉnh,,2025-07-01\n", ROSTER, "units.csv line 3");
}

Test(sample, official_of_no_unit_is_refused, .init = cr_redirect_stderr, .fini = NULL)
{
    expect_refused(UNITS, ROSTER "999069693117,Nguyễn Văn Nhân,1969-10-20,T9,Cán bộ,false,\n", "roster.csv line 2");
}

Test(sample, short_number_is_refused_unshown, .init = cr_redirect_stderr, .fini = NULL)
{
    expect_refused(UNITS, ROSTER "99906969,Nguyễn Văn Nhân,1969-10-20,VN,Cán bộ,false,\n", "line 2, national_id");
}

Test(sample, empty_roster_is_refused, .init = cr_redirect_stderr, .fini = NULL)
{
    expect_refused(UNITS, ROSTER, "names nobody");
}

Test(sample, missing_directory_is_said, .init = cr_redirect_stderr, .fini = NULL)
{
    struct sample other;
    cr_expect_eq(sample_read(&other, "/nowhere"), -1);
    sample_release(&other);
}
