/* test_csv.c - what the CSV reader takes, refuses and tells. */
#include "csv.h"
#include "harness.h"
#include <criterion/criterion.h>

enum { NUMBER, NAME, NOTE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [NUMBER] = {"number", 12, 12, COL_MASKED},
    [NAME] = {"name", 2, 20, 0},
    [NOTE] = {"note", 0, 40, COL_LINES | COL_FORMULA},
};

static struct arena arena;
static struct table file;
static struct import_report report;

static void read_most(const char *text, uint32_t most)
{
    arena_release(&arena);
    arena_init(&arena, 4 << 20);
    cr_assert_eq(csv_read(&file, &arena, columns, COLUMNS, S(text), most), 0);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    cr_assert_eq(report.n_faults == 0, report.refused == 0 && !file.unreadable);
}

static void read_text(const char *text)
{
    read_most(text, 100);
}

static void expect_fault(uint32_t i, uint32_t line, const char *field)
{
    cr_assert_lt(i, report.n_faults, "there are %u faults", report.n_faults);
    const struct row_fault *f = &report.faults[i];
    cr_expect_eq(f->line, line, "fault %u is on line %u, not %u", i, f->line, line);
    cr_expect(span_is(f->field, field), "fault %u is about %.*s, not %s", i, (int)f->field.n, f->field.p, field);
    cr_expect(f->message_vi.n && f->message_en.n);
}

#define HEAD "number,name,note\n"

Test(csv, takes_rows_in_any_order_of_columns, .timeout = 20)
{
    read_text("\xef\xbb\xbfnote, name ,number\r\n\r\n\"a, \"\"b\"\"\",  Lan ,000000000001\r\n,Hoa,000000000002");
    cr_assert_eq(report.rows, 2);
    cr_assert_eq(report.unchanged, 2);
    cr_assert_eq(file.n_rows, 2);
    cr_expect(span_is(file.rows[0].cells[NUMBER], "000000000001"));
    cr_expect(span_is(file.rows[0].cells[NAME], "Lan"));
    cr_expect(span_is(file.rows[0].cells[NOTE], "a, \"b\""));
    cr_expect_eq(file.rows[0].line, 3);
    cr_expect_eq(file.rows[1].line, 4);
}

Test(csv, knows_lines_through_quoted_line_breaks, .timeout = 20)
{
    read_text(HEAD "000000000001,Lan,\"one\ntwo\n\nthree\"\n000000000002,Hoa,\nx,Mai,\n");
    cr_assert_eq(file.n_rows, 3);
    cr_expect_eq(file.rows[0].line, 2);
    cr_expect_eq(file.rows[1].line, 6);
    expect_fault(0, 7, "number");
}

Test(csv, understands_the_line_ends_of_old_machines, .timeout = 20)
{
    read_text("number,name,note\r000000000001,Lan,\rx,Hoa,\r");
    cr_assert_eq(report.rows, 2);
    expect_fault(0, 3, "number");
}

Test(csv, puts_text_into_nfc, .timeout = 20)
{
    read_text(HEAD "000000000001,Nguye\xcc\x82\xcc\x83n,\n"); /* e, circumflex, tilde */
    cr_expect(span_is(file.rows[0].cells[NAME], "Nguy\xe1\xbb\x85n"));
}

Test(csv, names_missing_unknown_and_doubled_columns, .timeout = 20)
{
    read_text("number,nam,note,note\n000000000001,Lan,,\n000000000002,Hoa,,\n");
    cr_expect(file.unreadable);
    cr_assert_eq(file.n_rows, 0);
    cr_expect_eq(report.rows, 2);
    cr_expect_eq(report.refused, 2);
    cr_assert_eq(report.n_faults, 3);
    expect_fault(0, 1, "nam");
    expect_fault(1, 1, "note");
    expect_fault(2, 1, "name");
}

Test(csv, refuses_an_empty_file, .timeout = 20)
{
    static const char *const empty[] = {"", "\n\n \n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < 3; i++) {
        read_text(empty[i]);
        cr_expect(file.unreadable);
        expect_fault(0, 1, "");
        cr_expect_eq(report.rows, 0);
    }
}

Test(csv, refuses_the_whole_file_when_quotes_do_not_close, .timeout = 20)
{
    read_text(HEAD "000000000001,Lan,\n000000000002,\"Hoa,\n000000000003,Mai,\n");
    cr_expect(file.unreadable);
    cr_expect_eq(file.n_rows, 0);
    cr_expect_eq(report.refused, report.rows);
    expect_fault(0, 3, "");
    read_text(HEAD "000000000001,La\"n,\n");
    cr_expect(file.unreadable);
    read_text(HEAD "000000000001,\"Lan\"x,\n");
    cr_expect(file.unreadable);
}

Test(csv, refuses_rows_with_another_number_of_cells, .timeout = 20)
{
    read_text(HEAD "000000000001,Lan\n000000000002,Hoa,,\n000000000003,Mai,\n");
    cr_assert_eq(file.n_rows, 1);
    cr_expect_eq(report.refused, 2);
    expect_fault(0, 2, "");
    expect_fault(1, 3, "");
    cr_expect_eq(report.unchanged, 1);
}

Test(csv, survives_a_row_of_very_many_cells, .timeout = 20)
{
    static char text[200000];
    size_t n = strlen(HEAD);
    memcpy(text, HEAD, n);
    memset(text + n, ',', sizeof(text) - n - 2);
    read_text(text);
    cr_expect_eq(report.refused, 1);
    /* And the header, too. */
    memset(text, ',', sizeof(text) - 2);
    read_text(text);
    cr_expect(file.unreadable);
}

Test(csv, refuses_cells_with_a_sentence_each, .timeout = 20)
{
    read_text(HEAD "12,L,\n"          /* both too short */
                   "000000000001,,\n" /* empty */
                   "000000000002,=HYPERLINK(1),=ok\n"
                   "000000000003,+84,-1\n"
                   "000000000004,@SUM,\n"
                   "000000000005,-Lan,\n"
                   "000000000006,La\x01n,\n" /* control character */
                   "000000000007,\"La\nn\",\"a\nb\tc\"\n"
                   "000000000008,\xff\xfe,\n" /* not UTF-8 */
                   "000000000009,abcdefghijklmnopqrstuv,\n");
    cr_expect_eq(report.rows, 10);
    cr_expect_eq(report.refused, 10);
    cr_assert_eq(report.n_faults, 11);
    expect_fault(0, 2, "number");
    expect_fault(1, 2, "name");
    for (uint32_t i = 2; i < 8; i++)
        expect_fault(i, i + 1, "name");
    expect_fault(8, 9, "name");
    expect_fault(9, 12, "name");
    expect_fault(10, 13, "name");
    cr_expect(!HAS(&report.faults[9], row_fault, value), "bytes that are not UTF-8 are shown");
    for (uint32_t i = 0; i < file.n_rows; i++)
        cr_expect(file.rows[i].refused);
}

Test(csv, masks_numbers_wherever_they_stand, .timeout = 20)
{
    read_text(HEAD "0123456789012,Lan,\n"
                   "12,Lan,\n"
                   "000000000001,x 012345678901 y 12345678,\n");
    cr_assert_eq(report.n_faults, 3);
    cr_expect(span_is(report.faults[0].value, "012*********"));
    cr_expect(span_is(report.faults[1].value, "12*********"));
    cr_expect(span_is(report.faults[2].value, "x 012********* y 12345678"));
}

Test(csv, shortens_values_between_characters, .timeout = 20)
{
    static char text[2048];
    size_t n = strlen(HEAD "000000000001,");
    memcpy(text, HEAD "000000000001,", n);
    for (int i = 0; i < 300; i++, n += 3)
        memcpy(text + n, "\xe1\xbb\x85", 3);
    memcpy(text + n, ",\n", 3);
    read_text(text);
    cr_assert_eq(report.n_faults, 1);
    cr_expect_eq(report.faults[0].value.n, 120);
    struct fault fault;
    cr_expect_eq(msg_check(&msg_import_report, &report, &fault), 0);
}

Test(csv, refuses_repeats_and_names_the_first, .timeout = 20)
{
    static const uint32_t key[] = {NUMBER}, two[] = {NUMBER, NAME};
    const char *text = HEAD "000000000001,Lan,\n000000000002,Hoa,\n000000000001,Mai,\n000000000001,Lan,\n";
    read_text(text);
    cr_assert_eq(table_refuse_repeats(&file, key, 1), 0);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    cr_assert_eq(report.refused, 2);
    expect_fault(0, 4, "number");
    expect_fault(1, 5, "number");
    cr_expect(memmem(report.faults[0].message_en.p, report.faults[0].message_en.n, "Line 2", 6));
    cr_expect(span_is(report.faults[0].value, "000*********"));
    read_text(text);
    cr_assert_eq(table_refuse_repeats(&file, two, 2), 0);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    cr_assert_eq(report.refused, 1);
    expect_fault(0, 5, "number");
}

Test(csv, counts_a_row_once_whatever_is_wrong_with_it, .timeout = 20)
{
    read_text(HEAD "000000000001,Lan,\n000000000002,Hoa,\n");
    table_refuse(&file, &file.rows[1], NAME, "Hãy sửa.", "Correct it.");
    table_refuse(&file, &file.rows[1], NOTE, "Hãy sửa.", "Correct it.");
    cr_assert_eq(table_report(&file, true, 1, 0, &report), 0);
    cr_expect(report.dry_run);
    cr_expect_eq(report.refused, 1);
    cr_expect_eq(report.created, 1);
    cr_expect_eq(report.unchanged, 0);
    cr_expect_eq(report.n_faults, 2);
}

Test(csv, tells_the_first_thousand_faults_in_the_order_of_the_file, .timeout = 20)
{
    static char text[400000];
    size_t n = strlen(HEAD);
    memcpy(text, HEAD, n);
    for (int i = 0; i < 5000; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%012d,Lan,%s\n", i, i % 2 ? "y" : "x");
    read_most(text, 10000);
    cr_assert_eq(file.n_rows, 5000);
    for (uint32_t i = 5000; i-- > 0;)
        table_refuse(&file, &file.rows[i], NOTE, "Hãy sửa.", "Correct it.");
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    cr_expect_eq(report.refused, 5000);
    cr_assert_eq(report.n_faults, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        expect_fault(i, i + 2, "note");
}

Test(csv, refuses_a_file_of_too_many_rows_whole, .timeout = 20)
{
    read_most(HEAD "000000000001,Lan,\n000000000002,Hoa,\n000000000003,Mai,\n", 2);
    cr_expect(file.unreadable);
    cr_expect_eq(report.rows, 3);
    cr_expect_eq(report.refused, 3);
    expect_fault(0, 4, "");
}

Test(csv, says_when_the_arena_is_too_small, .timeout = 20)
{
    static char text[120000];
    size_t n = strlen(HEAD "000000000001,Lan,\"");
    memset(text, 'a', sizeof(text) - 2);
    memcpy(text, HEAD "000000000001,Lan,\"", n);
    text[sizeof(text) - 3] = '"';
    arena_init(&arena, 256 << 10);
    cr_expect_eq(csv_read(&file, &arena, columns, COLUMNS, S(text), 100), ERR_TOO_LARGE);
}

Test(csv, reads_a_large_cell_and_refuses_it, .timeout = 20)
{
    static char text[3 << 20];
    size_t n = strlen(HEAD "000000000001,");
    memset(text, 'a', sizeof(text) - 3);
    memcpy(text, HEAD "000000000001,", n);
    memcpy(text + sizeof(text) - 3, ",\n", 3);
    arena_init(&arena, 16 << 20);
    cr_assert_eq(csv_read(&file, &arena, columns, COLUMNS, S(text), 100), 0);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    expect_fault(0, 2, "name");
}
