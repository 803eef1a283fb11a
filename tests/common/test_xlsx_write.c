/* test_xlsx_write.c - what is written comes back the same, as XLSX and as CSV. */
#include "csv.h"
#include "harness.h"
#include "xlsx.h"
#include "xlsx_write.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <sys/resource.h>

static const struct table_column columns[] = {
    {"code", 0, 200000, COL_FORMULA | COL_LINES},
    {"name", 0, 200000, COL_FORMULA | COL_LINES},
};

static const struct span header[] = {{"code", 4}, {"name", 4}};

static const char *const texts[] = {
    "=HYPERLINK(\"http://example.org\")",
    "+84",
    "-1",
    "@SUM(A1)",
    "=",
    "0012",
    "1e5",
    "2026-02-01",
    "TRUE",
    "#N/A",
    "http://example.org",
    "mailto:a@example.org",
    "internal:Sheet2!A1",
    "Nguyễn Thị Ánh",
    "a,b",
    "\"quoted\"",
    "two\nlines",
    "a\r\nb",
    "tab\there",
    "<&>'\"",
    "]]>",
    "&amp;",
    "_x0041_",
    "_x005F_x0041_",
    "_x_y_",
    "a_xABCD",
    "'apostrophe",
    "{=1+1}",
    "\xef\xbf\xbe\xef\xbf\xbf",
    "\xf0\x9f\x98\x80",
    "a  b",
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static struct arena arena;
static struct table file;
static struct buf out;

static void read_back(void)
{
    struct import_report report;
    cr_assert(!out.failed);
    arena_release(&arena);
    arena_init(&arena, 16 << 20);
    cr_assert_eq(table_read(&file, &arena, columns, 2, buf_span(&out), 100000), 0);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
    cr_assert_eq(report.n_faults, 0, "line %u: %.*s", report.faults[0].line, (int)report.faults[0].message_en.n,
                 report.faults[0].message_en.p);
}

static void expect_texts(void)
{
    cr_assert_eq(file.n_rows, TEXTS);
    for (uint32_t i = 0; i < TEXTS; i++) {
        const struct span *cells = file.rows[i].cells;
        cr_expect(cells[0].n == strlen(texts[i]) && !memcmp(cells[0].p, texts[i], cells[0].n), "'%s' became '%.*s'",
                  texts[i], (int)cells[0].n, cells[0].p);
        cr_expect(cells[1].n == strlen(texts[TEXTS - 1 - i]));
    }
}

static struct xlsx_writer *opened(void)
{
    struct xlsx_writer *writer;
    buf_release(&out);
    buf_init(&out, 16 << 20);
    cr_assert_eq(xlsx_write_open(&writer, "items", header, 2), 0);
    return writer;
}

Test(xlsx_write, keeps_text_as_it_is, .timeout = 20)
{
    struct xlsx_writer *writer = opened();
    for (uint32_t i = 0; i < TEXTS; i++) {
        const struct span cells[] = {S(texts[i]), S(texts[TEXTS - 1 - i])};
        cr_assert_eq(xlsx_write_row(writer, cells), 0);
    }
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    read_back();
    expect_texts();
}

Test(xlsx_write, csv_keeps_text_as_it_is, .timeout = 20)
{
    buf_release(&out);
    buf_init(&out, 16 << 20);
    csv_write_row(&out, header, 2);
    for (uint32_t i = 0; i < TEXTS; i++) {
        const struct span cells[] = {S(texts[i]), S(texts[TEXTS - 1 - i])};
        csv_write_row(&out, cells, 2);
    }
    read_back();
    expect_texts();
}

Test(xlsx_write, csv_quotes_only_what_needs_it, .timeout = 20)
{
    const struct span cells[] = {S("a"), S(""), S("b c"), S(" d"), S("e,"), S("f\"g"), S("=h"), S("i\n")};
    buf_init(&out, 1 << 20);
    csv_write_row(&out, cells, 8);
    csv_write_row(&out, cells + 1, 1);
    buf_add_char(&out, '\0');
    cr_expect_str_eq(out.p, "a,,b c,\" d\",\"e,\",\"f\"\"g\",=h,\"i\n\"\r\n\"\"\r\n");
}

Test(xlsx_write, keeps_empty_cells_and_skips_empty_rows, .timeout = 20)
{
    struct xlsx_writer *writer = opened();
    const struct span first[] = {{"", 0}, {"a", 1}}, none[] = {{"", 0}, {"", 0}}, last[] = {{"b", 1}, {"", 0}};
    cr_assert_eq(xlsx_write_row(writer, first), 0);
    cr_assert_eq(xlsx_write_row(writer, none), 0);
    cr_assert_eq(xlsx_write_row(writer, last), 0);
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    read_back();
    cr_assert_eq(file.n_rows, 2);
    cr_expect_eq(file.rows[0].cells[0].n, 0);
    cr_expect_eq(file.rows[1].line, 4);
    /* Only a header. */
    writer = opened();
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    read_back();
    cr_expect_eq(file.n_rows, 0);
}

Test(xlsx_write, says_what_does_not_fit, .timeout = 20)
{
    static char text[32770];
    memset(text, 'a', sizeof(text));
    struct span cells[] = {{text, 32767}, {"", 0}};
    struct xlsx_writer *writer = opened();
    cr_expect_eq(xlsx_write_row(writer, cells), 0);
    cells[0].n++;
    cr_expect_eq(xlsx_write_row(writer, cells), ERR_TOO_LARGE);
    cr_expect_eq(xlsx_write_close(writer, &out), ERR_TOO_LARGE);
    cr_expect_eq(out.n, 0);
    writer = opened();
    cells[0] = S("\xff");
    cr_expect_eq(xlsx_write_row(writer, cells), ERR_INVALID);
    cr_expect_eq(xlsx_write_close(writer, &out), ERR_INVALID);
    writer = opened();
    out.max = 1000;
    cr_expect_eq(xlsx_write_close(writer, &out), ERR_TOO_LARGE);
    cr_expect_eq(xlsx_write_open(&writer, "a/b", header, 2), ERR_INVALID);
    cr_expect_null(writer);
    cr_expect_eq(xlsx_write_close(writer, &out), ERR_INVALID);
}

static int open_descriptors(void)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (dir && readdir(dir))
        n++;
    closedir(dir);
    return n;
}

Test(xlsx_write, leaves_nothing_behind, .timeout = 20)
{
    const struct span cells[] = {S("a"), S("b")};
    int before = open_descriptors();
    for (int i = 0; i < 20; i++) {
        struct xlsx_writer *writer = opened();
        cr_assert_eq(xlsx_write_row(writer, cells), 0);
        cr_assert_eq(xlsx_write_close(writer, i % 2 ? &out : NULL), 0);
        const struct span bad[] = {S(""), S("\xff")};
        cr_assert_eq(xlsx_write_open(&writer, "[", header, 2), ERR_INVALID);
        cr_assert_eq(xlsx_write_open(&writer, "a", header, 0), ERR_INVALID);
        cr_assert_eq(xlsx_write_open(&writer, "a", bad, 1), ERR_INVALID);
        cr_assert_eq(xlsx_write_open(&writer, "a", bad, 2), ERR_INVALID);
    }
    cr_expect_eq(open_descriptors(), before);
}

static int count_row(void *n_rows, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    uint32_t *count = n_rows;
    ++*count;
    return line == *count && n == 2 && cells[0].text.n ? 0 : ERR_INTERNAL;
}

/* A large sheet, there and back, holds neither its rows nor its XML in memory. */
Test(xlsx_write, is_bounded_in_memory, .timeout = 20)
{
    enum { ROWS = 50000 };
    struct rusage before, after;
    struct xlsx_refusal refusal;
    struct xlsx_writer *writer = opened();
    getrusage(RUSAGE_SELF, &before);
    for (uint32_t i = 0; i < ROWS; i++) {
        char code[32];
        snprintf(code, sizeof(code), "%09u", i * 2654435761u % 1000000000u);
        const struct span cells[] = {S(code), S("Nguyễn Thị Ánh Nguyệt, phòng Nội vụ")};
        cr_assert_eq(xlsx_write_row(writer, cells), 0);
    }
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    uint32_t n_rows = 0;
    int code = xlsx_rows(xlsx_bytes(buf_span(&out)), NULL, count_row, &n_rows, &refusal);
    cr_assert_eq(code, 0, "%s", code == ERR_INVALID ? refusal.en : "not refused");
    getrusage(RUSAGE_SELF, &after);
    cr_expect_eq(n_rows, ROWS + 1);
    /* Under a sanitizer resident memory says nothing. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    long grown = after.ru_maxrss - before.ru_maxrss;
    cr_expect_lt(grown, 3 * (long)(out.n >> 10) + 10000, "%ld KiB for a file of %zu", grown, out.n >> 10);
#else
    (void)before;
    (void)after;
#endif
}
