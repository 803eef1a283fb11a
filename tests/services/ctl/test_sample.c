/* test_sample.c - the sample's files are read whole, and files with a fault are refused with its place. */
#include "people.h"
#include <criterion/redirect.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(sample, .init = sample_open, .fini = sample_close);

Test(sample, is_whole)
{
    uint32_t items = 0;
    cr_expect_eq(sample.n_units, 309);
    cr_expect_eq(sample.n_officials, 1000);
    cr_expect_eq(sample.n_items, 193);
    cr_expect_eq(sample.framework.n_groups, 7);
    cr_expect_eq(sample.programme.n_lessons, 7);
    cr_expect_eq(sample.policy.pass_percent, 70);
    cr_expect_eq(sample.policy.forms, 20);
    cr_expect_eq(sample.policy.n_quotas, 7);
    for (uint32_t q = 0; q < sample.policy.n_quotas; q++)
        items += sample.policy.quotas[q].items;
    cr_expect_eq(items, 21);
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

/* The plan counts on it that each group has more items than a paper takes, and a demonstration on every type. */
Test(sample, every_type_is_there)
{
    uint32_t n[SAMPLE_TYPES] = {0};
    for (uint32_t i = 0; i < sample.n_items; i++)
        n[sample.items[i].type]++;
    cr_expect_eq(n[TYPE_SINGLE_CHOICE], 142);
    cr_expect_eq(n[TYPE_MULTIPLE_CHOICE], 9);
    cr_expect_eq(n[TYPE_TRUE_FALSE], 8);
    cr_expect_eq(n[TYPE_MATCHING], 7);
    cr_expect_eq(n[TYPE_ORDERING], 7);
    cr_expect_eq(n[TYPE_NUMERIC], 9);
    cr_expect_eq(n[TYPE_SHORT_TEXT], 7);
    cr_expect_eq(n[TYPE_SITUATION], 4);
}

static const struct sample_item *item_of(const char *code)
{
    struct span wanted = {code, (uint32_t)strlen(code)};
    uint32_t i = 0;
    while (i < sample.n_items && !span_equal(sample.items[i].code, wanted))
        i++;
    cr_assert_lt(i, sample.n_items, "%s", code);
    return &sample.items[i];
}

Test(sample, keys_are_read)
{
    const struct sample_item *matching = item_of("A23"), *ordering = item_of("A24"), *multiple = item_of("A21");
    static const uint8_t left[] = {1, 2, 3, 4}, right[] = {3, 1, 5, 2}, order[] = {3, 1, 5, 2, 4},
                         several[] = {1, 3, 5};
    cr_expect_eq(matching->n_right, 4);
    cr_expect_eq(matching->n_targets, 5);
    cr_expect_arr_eq(matching->right, left, sizeof(left));
    cr_expect_arr_eq(matching->right_target, right, sizeof(right));
    cr_expect_eq(ordering->n_right, 5);
    cr_expect_arr_eq(ordering->right, order, sizeof(order));
    cr_expect_eq(multiple->n_right, 3);
    cr_expect_arr_eq(multiple->right, several, sizeof(several));
    cr_expect(multiple->partial);
    cr_expect_not(item_of("B21")->partial);
}

Test(sample, numbers_are_read_with_their_tolerance)
{
    const struct sample_item *difference = item_of("C-TH1-1"), *share = item_of("B25"), *exact = item_of("E25");
    cr_expect_float_eq(difference->number, 94.8, 1e-9);
    cr_expect_float_eq(difference->tolerance, 0.1, 1e-9);
    cr_expect_float_eq(share->number, 20, 1e-9);
    cr_expect_float_eq(share->tolerance, 0.2, 1e-9, "1%% of 20");
    cr_expect_float_eq(exact->number, 1e6, 1e-9);
    cr_expect_float_eq(exact->tolerance, 0, 1e-9);
}

/* A situation is taken as a whole: one with more items than its group has in a paper would never be drawn. */
Test(sample, situations_fit_into_a_paper)
{
    for (uint32_t i = 0; i < sample.n_items; i++) {
        const struct sample_item *item = &sample.items[i];
        if (item->type == TYPE_SITUATION) {
            uint32_t n = sample_situation_items(&sample, item->code);
            cr_expect_eq(sample_situation_find(&sample, item->code), item);
            cr_expect(n >= 2 && n <= 3, "%.*s has %u items", (int)item->code.n, item->code.p, n);
        }
        if (item->situation.n)
            cr_expect(span_equal(sample_situation_find(&sample, item->situation)->skill_group, item->skill_group));
    }
    for (uint32_t q = 0; q < sample.policy.n_quotas; q++)
        cr_expect_geq(sample.policy.quotas[q].items, 3);
    cr_expect_null(sample_situation_find(&sample, SPAN("A21")), "a question is no situation");
    cr_expect_eq(sample_situation_items(&sample, SPAN("A21")), 0);
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

/* --- A sample whose file of group a has these lines only; everything else is the real one. --- */

enum { ITEMS_HEADER_MOST = 1000 };
static const char *const kept[] = {"units.csv",   "roster.csv",   "framework.json", "programme.json",
                                   "policy.json", "lessons",      "items/b.csv",    "items/c.csv",
                                   "items/d.csv", "items/dd.csv", "items/e.csv",    "items/g.csv"};
enum { KEPT = sizeof(kept) / sizeof(kept[0]) };

static void write_items(const char *dir, const char *lines)
{
    char path[64], header[ITEMS_HEADER_MOST];
    FILE *real = fopen(SAMPLE_DIR "/items/a.csv", "re");
    cr_assert(real && fgets(header, sizeof(header), real));
    fclose(real);
    snprintf(path, sizeof(path), "%s/items/a.csv", dir);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(header, file);
    fputs(lines, file);
    fclose(file);
}

static int read_with_items(const char *lines)
{
    struct sample other;
    char dir[32] = "/tmp/hocvu-sample-XXXXXX", target[600], path[64];
    char *here = realpath(SAMPLE_DIR, NULL);
    cr_assert(mkdtemp(dir) && here);
    snprintf(path, sizeof(path), "%s/items", dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    for (size_t i = 0; i < KEPT; i++) {
        snprintf(target, sizeof(target), "%s/%s", here, kept[i]);
        snprintf(path, sizeof(path), "%s/%s", dir, kept[i]);
        cr_assert_eq(symlink(target, path), 0);
    }
    free(here);
    write_items(dir, lines);
    int result = sample_read(&other, dir);
    sample_release(&other);
    for (size_t i = 0; i < KEPT; i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, kept[i]);
        unlink(path);
    }
    snprintf(path, sizeof(path), "%s/items/a.csv", dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/items", dir);
    rmdir(path);
    rmdir(dir);
    return result;
}

static void expect_items_refused(const char *lines, const char *sentence)
{
    char text[512] = "";
    FILE *said = cr_get_redirected_stderr();
    cr_expect_eq(read_with_items(lines), -1, "%s", lines);
    fflush(stderr);
    size_t n = fread(text, 1, sizeof(text) - 1, said);
    text[n] = '\0';
    cr_expect(strstr(text, sentence), "of %s said: %s", lines, text);
}

/* code, type, group, level, situation, stem, six options, five targets, key, and the six columns behind it */
#define ROW(type, situation, options, targets, key, tolerance)                                                         \
    "X1," type ",a,1," situation ",Hỏi gì?," options "," targets "," key ",," tolerance ",,,,\n"
#define NONE6 ",,,,,"
#define NONE5 ",,,,"

Test(sample, well_formed_items_are_taken)
{
    cr_expect_eq(read_with_items(ROW("single_choice", "", "A,B,,,,", NONE5, "2", "")), 0);
    cr_expect_eq(read_with_items(ROW("multiple_choice", "", "A,B,C,,,", NONE5, "\"3,1\"", "")), 0);
    cr_expect_eq(read_with_items(ROW("matching", "", "A,B,,,,", "C,D,,,", "\"1-2,2-2\"", "")), 0);
    cr_expect_eq(read_with_items(ROW("numeric", "", NONE6, NONE5, "-3.5", "1%")), 0);
}

#define REFUSED(name, row, sentence)                                                                                   \
    Test(sample, name, .init = cr_redirect_stderr, .fini = NULL)                                                       \
    {                                                                                                                  \
        expect_items_refused(row, sentence);                                                                           \
    }
#define UNFIT "items/a.csv line 2: the key does not fit the item"

REFUSED(unknown_type, ROW("essay", "", NONE6, NONE5, "x", ""), "line 2: there is no such type of item")
REFUSED(key_beyond_options, ROW("single_choice", "", "A,B,,,,", NONE5, "3", ""), UNFIT)
REFUSED(two_keys_of_a_single_choice, ROW("single_choice", "", "A,B,,,,", NONE5, "\"1,2\"", ""), UNFIT)
REFUSED(key_twice, ROW("multiple_choice", "", "A,B,,,,", NONE5, "\"1,1\"", ""), UNFIT)
REFUSED(key_behind_a_comma_missing, ROW("multiple_choice", "", "A,B,,,,", NONE5, "1;2", ""), UNFIT)
REFUSED(incomplete_order, ROW("ordering", "", "A,B,C,,,", NONE5, "\"1,2\"", ""), UNFIT)
REFUSED(pair_without_target, ROW("matching", "", "A,B,,,,", "C,D,,,", "\"1-2,2\"", ""), UNFIT)
REFUSED(pair_beyond_targets, ROW("matching", "", "A,B,,,,", "C,D,,,", "\"1-2,2-3\"", ""), UNFIT)
REFUSED(neither_true_nor_false, ROW("true_false", "", NONE6, NONE5, "yes", ""), UNFIT)
REFUSED(no_number, ROW("numeric", "", NONE6, NONE5, "3m", ""), UNFIT)
REFUSED(no_tolerance, ROW("numeric", "", NONE6, NONE5, "3", "x%"), UNFIT)
REFUSED(no_form, ROW("short_text", "", NONE6, NONE5, "", ""), UNFIT)
REFUSED(lost_situation, ROW("true_false", "X9", NONE6, NONE5, "true", ""),
        "X1 belongs to a situation that is not there")
REFUSED(empty_situation, ROW("situation", "", NONE6, NONE5, "", ""), "X1 is a situation without items")
