/* test_row_judge.c - a row judged without being kept: optional columns, any order, faults told as they are found. */
#include "codec.h"
#include "proto.h"
#include "row_judge.h"
#include <criterion/criterion.h>

enum { CODE, NAME, NOTE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    {"code", 2, 2, COL_MASKED}, {"name", 1, 10, 0}, {"note", 0, 20, COL_OPTIONAL}};

static struct arena arena;
static struct row_judge judge;
static char told[1000];

static void tell(void *ctx, const struct judged_fault *fault)
{
    (void)ctx;
    size_t n = strlen(told);
    snprintf(told + n, sizeof(told) - n, "%u %.*s %.*s;", fault->line, (int)fault->field.n, fault->field.p,
             (int)fault->value.n, fault->value.p ? fault->value.p : "");
}

static void begin(const char *a, const char *b, const char *c)
{
    const char *names[] = {a, b, c};
    struct table_cell cells[3] = {0};
    uint32_t n = 0;
    arena_init(&arena, 1 << 20);
    told[0] = '\0';
    judge = (struct row_judge){.columns = columns, .n_columns = COLUMNS, .arena = &arena, .fault = tell};
    for (; n < 3 && names[n]; n++)
        cells[n].text = (struct span){names[n], (uint32_t)strlen(names[n])};
    cr_assert_eq(row_judge_header(&judge, 1, cells, n), 0);
}

static bool row(uint32_t line, const char *a, const char *b, const char *c)
{
    const char *texts[] = {a, b, c};
    struct table_cell cells[3] = {0};
    uint32_t n = 0;
    bool fits;
    for (; n < 3 && texts[n]; n++)
        cells[n].text = (struct span){texts[n], (uint32_t)strlen(texts[n])};
    cr_assert_eq(row_judge_row(&judge, line, cells, n, judge.cells, &fits), 0);
    return fits && !judge.refused;
}

static bool is(uint32_t column, const char *text)
{
    return judge.cells[column].n == strlen(text) && !memcmp(judge.cells[column].p, text, strlen(text));
}

Test(row_judge, cells_come_in_the_table_s_order)
{
    begin("note", "code", "name");
    cr_expect(!judge.unreadable);
    cr_expect(row(2, " hello ", "AB", "Lan"));
    cr_expect(is(CODE, "AB") && is(NAME, "Lan") && is(NOTE, "hello"));
    cr_expect_str_eq(told, "");
}

Test(row_judge, an_optional_column_may_be_missing)
{
    begin("name", "code", NULL);
    cr_expect(!judge.unreadable);
    cr_expect(row(2, "Lan", "AB", NULL));
    cr_expect(is(NOTE, ""));
    begin("name", "note", NULL);
    cr_expect(judge.unreadable);
    cr_expect_str_eq(told, "1 code ;");
}

Test(row_judge, each_fault_is_told_and_the_next_row_is_judged_anew)
{
    begin("code", "name", NULL);
    cr_expect(!row(2, "ABC", "=x", NULL));
    cr_expect_str_eq(told, "2 code ABC*********;2 name =x;");
    cr_expect(!row(3, "AB", NULL, NULL));
    cr_expect(row(4, "AB", "Lan", NULL));
    cr_expect_str_eq(told, "2 code ABC*********;2 name =x;3  ;");
}

Test(row_judge, long_numbers_are_masked_in_every_column)
{
    begin("code", "name", NULL);
    cr_expect(!row(2, "AB", "a 123456789012 b", NULL));
    cr_expect_str_eq(told, "2 name a 123********* b;");
}

Test(row_judge, decomposed_letters_become_one)
{
    begin("code", "name", NULL);
    cr_expect(row(2, "AB", "Nguye\xcc\x82n", NULL));
    cr_expect(is(NAME, "Nguyên"));
}
