/* test_xlsx.c - what the XLSX reader takes from a workbook that means well. Hostile ones: test_xlsx_hostile.c. */
#include "csv.h"
#include "harness.h"
#include "xlsx.h"
#include "xlsx_parts.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

enum { CODE, NAME, NOTE, COLUMNS };

static const struct table_column columns[COLUMNS] = {
    [CODE] = {"code", 1, 12, 0},
    [NAME] = {"name", 0, 40, 0},
    [NOTE] = {"note", 0, 60, COL_LINES | COL_FORMULA},
};

#define TEXT(r, t) "<c r=\"" r "\" t=\"inlineStr\"><is><t>" t "</t></is></c>"
#define HEAD       "<row r=\"1\">" TEXT("A1", "code") TEXT("B1", "name") TEXT("C1", "note") "</row>"

static struct arena arena;
static struct table file;
static struct import_report report;

static void read_parts(struct xlsx_parts *parts)
{
    struct buf bytes;
    buf_init(&bytes, 32 << 20);
    xlsx_parts_build(&bytes, parts);
    arena_release(&arena);
    arena_init(&arena, 4 << 20);
    cr_assert_eq(table_read(&file, &arena, columns, COLUMNS, buf_span(&bytes), 100), 0);
    buf_release(&bytes); /* so that a table that points into it shows */
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
}

static void read_sheet(const char *sheet)
{
    read_parts(&(struct xlsx_parts){.part[P_SHEET].text = S(sheet)});
}

static void read_styled(const char *sheet, const char *styles, const char *book)
{
    struct xlsx_parts parts = {.part[P_SHEET].text = S(sheet), .part[P_STYLES].text = S(styles)};
    if (book)
        parts.part[P_BOOK].text = S(book);
    read_parts(&parts);
}

static void expect_cell(uint32_t row, uint32_t column, const char *expected)
{
    cr_assert_lt(row, file.n_rows, "there are %u rows", file.n_rows);
    struct span cell = file.rows[row].cells[column];
    cr_expect(span_is(cell, expected), "row %u column %u is '%.*s', not '%s'", row, column, (int)cell.n, cell.p,
              expected);
}

static void expect_fault(uint32_t i, uint32_t line, const char *field, const char *says)
{
    cr_assert_lt(i, report.n_faults, "there are %u faults", report.n_faults);
    const struct row_fault *f = &report.faults[i];
    cr_expect_eq(f->line, line, "fault %u is on line %u, not %u", i, f->line, line);
    cr_expect(span_is(f->field, field), "fault %u is about %.*s, not %s", i, (int)f->field.n, f->field.p, field);
    cr_expect(f->message_vi.n && memmem(f->message_en.p, f->message_en.n, says, strlen(says)), "fault %u says: %.*s", i,
              (int)f->message_en.n, f->message_en.p);
}

Test(xlsx, takes_every_kind_of_cell, .timeout = 20)
{
    read_sheet(SHEET(HEAD
                     "<row r=\"2\"><c r=\"A2\"><v>12</v></c><c r=\"B2\" t=\"b\"><v>1</v></c>"
                     "<c r=\"C2\" t=\"str\"><v> =text </v></c></row>"
                     "<row r=\"3\"><c r=\"A3\" t=\"n\"><v>1.1000000000000001</v></c><c r=\"B3\" t=\"b\"><v>0</v></c>"
                     "<c r=\"C3\"><v>-1E-3</v></c></row>"
                     "<row r=\"4\"><c r=\"A4\"><v>999069693117</v></c><c r=\"B4\"><v>1E+21</v></c>"
                     "<c r=\"C4\" t=\"d\"><v>2026-02-01T00:00:00</v></c></row>"
                     "<row r=\"5\"><c r=\"A5\"><v>-0</v></c>" TEXT("B5", "&lt;b&gt; &amp;#33; &#x1EC5;")
                         TEXT("C5", "<![CDATA[<a> & b]]>") "</row>"));
    cr_assert_eq(report.n_faults, 0, "%.*s", (int)report.faults[0].message_en.n, report.faults[0].message_en.p);
    static const char *const expected[4][3] = {
        {"12", "true", "=text"},
        {"1.1", "false", "-0.001"},
        {"999069693117", "1e+21", "2026-02-01"},
        {"0", "<b> &#33; ễ", "<a> & b"},
    };
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 0; k < 3; k++)
            expect_cell(i, k, expected[i][k]);
    }
}

Test(xlsx, joins_rich_text_and_leaves_phonetics_out, .timeout = 20)
{
    struct xlsx_parts parts = {
        .strings_last = true,
        .part[P_STRINGS].text =
            S(STRINGS("<si><t>code</t></si><si><t>name</t></si><si><t>note</t></si>"
                      "<si><r><rPr><b/></rPr><t xml:space=\"preserve\">Nguyễn </t></r><r><t>Văn A</t></r>"
                      "<rPh sb=\"0\" eb=\"1\"><t>HINT</t></rPh><phoneticPr fontId=\"1\"/></si>"
                      "<si/><si><t>a_x000D_b_x005F_x0041_c_xZZZZ_</t></si><si><t>_xD83D_</t></si>")),
        .part[P_SHEET].text =
            S(SHEET("<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c><c t=\"s\"><v>2</v></c></row>"
                    "<row><c><v>1</v></c><c t=\"s\"><v>3</v></c><c t=\"s\"><v>5</v></c></row>"
                    "<row><c><v>2</v></c><c t=\"s\"><v>4</v></c><c t=\"inlineStr\"><is><r><t>x</t></r><r><t>y</t></r>"
                    "<rPh sb=\"0\" eb=\"1\"><t>HINT</t></rPh></is></c></row>"
                    "<row><c><v>3</v></c><c t=\"s\"><v>6</v></c></row>")),
    };
    for (int last = 0; last < 2; last++) {
        parts.strings_last = last;
        read_parts(&parts);
        cr_assert_eq(report.n_faults, 0);
        cr_assert_eq(report.rows, 3);
        expect_cell(0, NAME, "Nguyễn Văn A");
        expect_cell(0, NOTE, "a\rb_x0041_c_xZZZZ_");
        expect_cell(1, NAME, "");
        expect_cell(1, NOTE, "xy");
        expect_cell(2, NAME, "_xD83D_");
        cr_expect_eq(file.rows[2].line, 4);
    }
}

Test(xlsx, knows_dates_by_their_style, .timeout = 20)
{
    const char *styles =
        STYLES("<numFmts><numFmt numFmtId=\"164\" formatCode=\"[$-42A]dd/mm/yyyy;@\"/><numFmt numFmtId=\"165\" "
               "formatCode=\"&quot;ngày d&quot; 0.0\\d\"/><numFmt numFmtId=\"166\" formatCode=\"[h]:mm\"/></numFmts>"
               "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>"
               "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/>"
               "<xf numFmtId=\"22\"/><xf numFmtId=\"166\"/></cellXfs>");
    const char *sheet =
        SHEET(HEAD "<row><c s=\"1\"><v>46000</v></c><c s=\"2\"><v>1</v></c><c s=\"2\"><v>59</v></c></row>"
                   "<row><c s=\"0\"><v>46000</v></c><c s=\"3\"><v>46000</v></c><c s=\"4\"><v>45999.75</v></c></row>"
                   "<row><c s=\"1\"><v>61</v></c><c s=\"1\"><v>2958465</v></c><c s=\"5\"><v>1.5</v></c></row>"
                   "<row><c s=\"1\"><v>45999.9999999</v></c><c s=\"99\"><v>5</v></c><c s=\"1\"/></row>");
    read_styled(sheet, styles, NULL);
    cr_assert_eq(report.n_faults, 0);
    static const char *const expected[4][3] = {
        {"2025-12-09", "1900-01-01", "1900-02-28"},
        {"46000", "46000", "2025-12-08T18:00:00"},
        {"1900-03-01", "9999-12-31", "1.5"},
        {"2025-12-09", "5", ""},
    };
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 0; k < 3; k++)
            expect_cell(i, k, expected[i][k]);
    }
    read_styled(SHEET(HEAD "<row><c s=\"1\"><v>0</v></c><c s=\"1\"><v>44538</v></c></row>"), styles,
                BOOK("<workbookPr date1904=\"1\"/>" SHEETS));
    expect_cell(0, CODE, "1904-01-01");
    expect_cell(0, NAME, "2025-12-09");
    /* No such day. */
    static const char *const wrong[] = {"0", "-1", "60", "2958466", "1e300", "x"};
    for (size_t i = 0; i < 6; i++) {
        char bad[1024];
        snprintf(bad, sizeof(bad), SHEET(HEAD "<row><c><v>1</v></c><c s=\"1\"><v>%s</v></c></row>"), wrong[i]);
        read_styled(bad, styles, NULL);
        cr_expect_eq(report.refused, 1);
        expect_fault(0, 2, "name", "");
    }
}

/* Text that people read is taken only as they see it, a value only if it is the one they see. */
Test(xlsx, says_when_a_cell_looks_otherwise, .timeout = 20)
{
    static const struct table_column strict[] = {{"text", 0, 40, COL_TEXT}, {"value", 0, 40, COL_VALUE}};
    const char *styles = STYLES("<numFmts><numFmt numFmtId=\"164\" formatCode=\"0000\"/>"
                                "<numFmt numFmtId=\"165\" formatCode=\"General\"/></numFmts>"
                                "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"9\"/><xf numFmtId=\"14\"/>"
                                "<xf numFmtId=\"164\"/><xf numFmtId=\"1\"/><xf numFmtId=\"165\"/></cellXfs>");
    static const struct {
        const char *cell;
        bool text, value; /* taken in this column? */
    } cases[] = {{"s=\"0\"><v>12</v>", true, true},          {"s=\"0\"><v>3.5</v>", false, true}, /* or 3,5 */
                 {"s=\"1\"><v>0.01</v>", false, false},      {"s=\"2\"><v>46000</v>", false, false},
                 {"s=\"3\"><v>7</v>", false, false},         {"s=\"4\"><v>7</v>", true, true},
                 {"s=\"4\"><v>7.4</v>", false, false},       {"s=\"5\"><v>7</v>", true, true},
                 {"t=\"b\"><v>1</v>", false, true},          {"s=\"1\" t=\"str\"><v>1%</v>", true, true},
                 {"t=\"d\"><v>2026-02-01</v>", false, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sheet[1024];
        struct buf bytes;
        snprintf(sheet, sizeof(sheet),
                 SHEET("<row>" TEXT("A1", "text") TEXT("B1", "value") "</row><row><c r=\"A2\" %s</c><c r=\"B2\" %s</c>"
                                                                      "</row>"),
                 cases[i].cell, cases[i].cell);
        struct xlsx_parts parts = {.part[P_SHEET].text = S(sheet), .part[P_STYLES].text = S(styles)};
        buf_init(&bytes, 1 << 20);
        xlsx_parts_build(&bytes, &parts);
        arena_release(&arena);
        arena_init(&arena, 4 << 20);
        cr_assert_eq(table_read(&file, &arena, strict, 2, buf_span(&bytes), 100), 0);
        buf_release(&bytes);
        cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
        uint32_t n = 0;
        if (!cases[i].text)
            expect_fault(n++, 2, "text", "Format the cell as text");
        if (!cases[i].value)
            expect_fault(n++, 2, "value", "Format the cell as text");
        cr_expect_eq(report.n_faults, n, "%s: %u faults", cases[i].cell, report.n_faults);
    }
}

Test(xlsx, goes_by_references_and_skips_what_is_empty, .timeout = 20)
{
    read_sheet(SHEET("<row r=\"3\">" TEXT("B3", "name") TEXT("D3", "code") TEXT("E3", "note") "</row>"));
    cr_expect(file.unreadable, "an empty column in the header is not named");
    read_sheet(SHEET("<row r=\"1\"/><row r=\"3\" spans=\"1:3\">" TEXT("A3", " name ") TEXT("B3", "code") TEXT(
        "C3", "note") "<c r=\"H3\" s=\"1\"/></row>"
                      "<row r=\"7\"><c r=\"A7\" s=\"1\"/>" TEXT(
                          "B7",
                          "  ") "</row>"
                                "<row r=\"1000\">" TEXT(
                                    "B1000",
                                    "x") "<c r=\"XFD1000\"/></row>"
                                         "<row>" TEXT("A1001",
                                                      "Hoa") "<c t=\"inlineStr\"><is><t>y</t></is></c></row>"
                                                             "<row r=\"1048576\"><c r=\"B1048576\"><v>3</v></c>" TEXT(
                                                                 "C1048576", "last") "</row>"));
    cr_assert_eq(report.n_faults, 0);
    cr_assert_eq(report.rows, 3);
    cr_expect_eq(file.rows[0].line, 1000);
    expect_cell(0, CODE, "x");
    expect_cell(0, NAME, "");
    cr_expect_eq(file.rows[1].line, 1001);
    expect_cell(1, CODE, "y");
    expect_cell(1, NAME, "Hoa");
    cr_expect_eq(file.rows[2].line, 1048576);
    expect_cell(2, NOTE, "last");
}

Test(xlsx, refuses_formulas_and_errors_row_by_row, .timeout = 20)
{
    read_sheet(SHEET(HEAD "<row r=\"2\">" TEXT(
        "A2",
        "x") "<c r=\"B2\"><f>SUM(A1:A2)</f><v>3</v></c></row>"
             "<row r=\"3\">" TEXT(
                 "A3",
                 "y") "</row>"
                      "<row r=\"4\"><c r=\"A4\" t=\"e\"><v>#N/A</v></c></row>"
                      "<row r=\"5\">" TEXT(
                          "A5",
                          "z") "<c r=\"C5\" t=\"str\"><v>7</v><f t=\"shared\" si=\"0\"/></c></row>"
                               "<row r=\"6\">" TEXT(
                                   "A6",
                                   "z") "<c r=\"B6\"><v>1,5</v></c><c r=\"C6\" t=\"b\"><v>2</v></c></row>"
                                        "<row r=\"7\">" TEXT(
                                            "A7",
                                            "z") "<c r=\"B7\"><v>inf</v></c><c r=\"C7\" t=\"zz\"><v>2</v></c></row>"));
    cr_expect(!file.unreadable);
    cr_expect_eq(report.rows, 6);
    cr_expect_eq(report.refused, 5);
    expect_fault(0, 2, "name", "formula");
    cr_expect(span_is(report.faults[0].value, "=SUM(A1:A2)"), "%.*s", (int)report.faults[0].value.n,
              report.faults[0].value.p);
    expect_fault(1, 4, "code", "error value");
    expect_fault(2, 5, "note", "formula");
    cr_expect(span_is(report.faults[2].value, "="));
    for (uint32_t i = 3; i < 7; i++)
        expect_fault(i, i < 5 ? 6 : 7, i % 2 ? "name" : "note", "cannot be read");
    expect_cell(1, CODE, "y");
    /* In the header nothing can be trusted. */
    read_sheet(SHEET("<row r=\"1\"><c r=\"A1\" t=\"str\"><f>\"code\"</f><v>code</v></c></row>"));
    cr_expect(file.unreadable);
    expect_fault(0, 1, "=\"code\"", "formula");
}

Test(xlsx, refuses_strings_that_are_not_there, .timeout = 20)
{
    struct xlsx_parts parts = {
        .part[P_STRINGS].text = S(STRINGS("<si><t>only</t></si>")),
        .part[P_SHEET].text =
            S(SHEET(HEAD "<row><c t=\"s\"><v>0</v></c><c t=\"s\"><v>1</v></c></row>"
                         "<row><c t=\"s\"><v>-1</v></c></row><row><c t=\"s\"><v>4294967296</v></c></row>"
                         "<row><c t=\"s\"><v>x</v></c></row>")),
    };
    read_parts(&parts);
    cr_expect_eq(report.refused, 4);
    expect_fault(0, 2, "name", "cannot be read");
    for (uint32_t i = 1; i < 4; i++)
        expect_fault(i, i + 2, "code", "cannot be read");
    parts.part[P_STRINGS].text = (struct span){0};
    read_parts(&parts);
    cr_expect_eq(report.refused, 4);
}

Test(xlsx, judges_cells_like_csv, .timeout = 20)
{
    /* e, circumflex, tilde come as one letter; then: too short, too long, like a formula, a control character */
    read_sheet(SHEET(HEAD "<row>" TEXT("A2", "x") TEXT(
        "B2",
        "Nguye\xcc\x82\xcc\x83n") "</row>"
                                  "<row>" TEXT(
                                      "B3",
                                      "Lan") "</row>"
                                             "<row>" TEXT(
                                                 "A4",
                                                 "0123456789012") "</row>"
                                                                  "<row>" TEXT(
                                                                      "A5",
                                                                      "=1") "</row>"
                                                                            "<row>" TEXT(
                                                                                "A6",
                                                                                "a_x0001_b") "</row>"
                                                                                             "<row>" TEXT(
                                                                                                 "A7",
                                                                                                 "a\nb") TEXT("C7",
                                                                                                              "a\nb")
                                                                                                 TEXT(
                                                                                                     "D7",
                                                                                                     "too wide") "</"
                                                                                                                 "row>"
                                                                                                                 "<row"
                                                                                                                 ">" TEXT(
                                                                                                                     "A"
                                                                                                                     "8",
                                                                                                                     "a"
                                                                                                                     "\nb")
                                                                                                                     TEXT(
                                                                                                                         "C8",
                                                                                                                         "a\nb") "</row>"));
    expect_cell(0, NAME, "Nguy\xe1\xbb\x85n");
    cr_assert_eq(report.n_faults, 6);
    expect_fault(0, 3, "code", "empty");
    expect_fault(1, 4, "code", "length");
    expect_fault(2, 5, "code", "formula");
    expect_fault(3, 6, "code", "control");
    expect_fault(4, 7, "", "4 cells");
    expect_fault(5, 8, "code", "control");
    cr_expect(span_is(report.faults[1].value, "012**********"));
}

Test(xlsx, takes_the_first_sheet_that_is_seen, .timeout = 20)
{
    static const char rels[] =
        RELS(RELATION("c", "chartsheet", "chartsheets/sheet1.xml") RELATION("h", "worksheet", "worksheets/hidden.xml")
                 RELATION("b", "worksheet", "/xl/worksheets/../worksheets/./sheet1.xml")
                     RELATION("a", "worksheet", "other.xml"));
    struct xlsx_parts parts = {
        .part[P_BOOK].text = S(BOOK("<sheets><sheet name=\"c\" sheetId=\"1\" r:id=\"c\"/>"
                                    "<sheet name=\"h\" sheetId=\"2\" state=\"hidden\" r:id=\"h\"/>"
                                    "<sheet name=\"b\" sheetId=\"9\" r:id=\"b\"/>"
                                    "<sheet name=\"a\" sheetId=\"3\" r:id=\"a\"/></sheets>")),
        .part[P_BOOK_RELS].text = S(rels),
        .part[P_SHEET].text = S(SHEET(HEAD "<row>" TEXT("A2", "first") "</row>")),
        .part[P_OTHER] = {.name = "xl/other.xml", .text = S(SHEET(HEAD "<row>" TEXT("A2", "second") "</row>"))},
    };
    read_parts(&parts);
    cr_assert_eq(report.n_faults, 0);
    expect_cell(0, CODE, "first");
}

static char rows_seen[200];

static int note_row(void *ctx, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    size_t at = strlen(rows_seen);
    (void)ctx;
    snprintf(rows_seen + at, sizeof(rows_seen) - at, "%u:%.*s/%u ", line, (int)cells[0].text.n, cells[0].text.p, n);
    return 0;
}

/* Two sheets, of which all are read; the second begins with this row. */
static int read_two_sheets(const char *head, struct xlsx_refusal *ret_refusal)
{
    struct xlsx_limits limits = xlsx_limits_default;
    struct buf bytes;
    struct xlsx_parts parts = {
        .part[P_BOOK].text = S(BOOK("<sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"a\"/>"
                                    "<sheet name=\"b\" sheetId=\"2\" r:id=\"b\"/></sheets>")),
        .part[P_BOOK_RELS].text =
            S(RELS(RELATION("a", "worksheet", "worksheets/sheet1.xml") RELATION("b", "worksheet", "other.xml"))),
        .part[P_SHEET].text = S(SHEET(HEAD "<row>" TEXT("A2", "first") "</row>")),
    };
    arena_release(&arena);
    arena_init(&arena, 1 << 20);
    const char *second = arena_printf(&arena, SHEET("<row r=\"1\">%s</row><row>" TEXT("A2", "second") "</row>"), head);
    parts.part[P_OTHER] = (struct zip_part){.name = "xl/other.xml", .text = S(second)};
    buf_init(&bytes, 1 << 20);
    xlsx_parts_build(&bytes, &parts);
    limits.sheets = 16;
    rows_seen[0] = '\0';
    int code = xlsx_rows(xlsx_bytes(buf_span(&bytes)), &limits, note_row, NULL, ret_refusal);
    buf_release(&bytes);
    return code;
}

Test(xlsx, reads_all_sheets_where_it_may_and_their_header_once, .timeout = 20)
{
    struct xlsx_refusal refusal = {0};
    cr_expect_eq(read_two_sheets(TEXT("A1", "code") TEXT("B1", "name") TEXT("C1", "note"), &refusal), 0);
    cr_expect_str_eq(rows_seen, "1:code/3 2:first/1 4:second/1 ");
}

Test(xlsx, refuses_a_sheet_that_begins_otherwise, .timeout = 20)
{
    struct xlsx_refusal refusal = {0};
    cr_expect_eq(read_two_sheets(TEXT("A1", "code") TEXT("B1", "name"), &refusal), ERR_INVALID);
    cr_expect_eq(refusal.line, 3);
    cr_expect_eq(read_two_sheets(TEXT("A1", "code") TEXT("B1", "name") TEXT("C1", "notes"), &refusal), ERR_INVALID);
    cr_expect_eq(read_two_sheets(TEXT("A1", "A guide to this list"), &refusal), ERR_INVALID);
    cr_expect(refusal.en && strstr(refusal.en, "same header"));
}

Test(xlsx, reads_strict_workbooks_and_utf16, .timeout = 20)
{
    struct xlsx_parts parts = {
        .part[P_BOOK].text = S("<x:workbook xmlns:x=\"http://purl.oclc.org/ooxml/spreadsheetml/main\" "
                               "xmlns:q=\"http://purl.oclc.org/ooxml/officeDocument/relationships\">"
                               "<x:sheets><x:sheet name=\"1\" sheetId=\"1\" q:id=\"rId1\"/></x:sheets></x:workbook>"),
    };
    static const char sheet[] = SHEET(HEAD "<row>" TEXT("A2", "x") "</row>");
    char wide[2 * sizeof(sheet)] = "\xff\xfe";
    for (size_t i = 0; i + 1 < sizeof(sheet); i++) {
        wide[2 + 2 * i] = sheet[i];
        wide[3 + 2 * i] = '\0';
    }
    parts.part[P_SHEET].text = (struct span){wide, 2 * sizeof(sheet)};
    read_parts(&parts);
    cr_assert_eq(report.n_faults, 0);
    expect_cell(0, CODE, "x");
}

Test(xlsx, reads_packed_parts_from_bytes_and_from_a_file, .timeout = 20)
{
    char path[] = "/tmp/hocvu-xlsx.XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    unlink(path);
    struct xlsx_parts parts = {
        .part[P_SHEET] = {.text = S(SHEET(HEAD "<row>" TEXT("A2", "x") "</row>")), .deflate = true},
        .part[P_BOOK] = {.text = S(BOOK(SHEETS)), .deflate = true},
    };
    struct buf bytes;
    buf_init(&bytes, 1 << 20);
    xlsx_parts_build(&bytes, &parts);
    read_parts(&parts);
    expect_cell(0, CODE, "x");
    cr_assert_eq(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
    cr_assert_eq(xlsx_read(&file, &arena, columns, COLUMNS, xlsx_file(fd), NULL, 100), 0);
    cr_expect(!file.unreadable);
    expect_cell(0, CODE, "x");
    cr_expect_eq(lseek(fd, 0, SEEK_CUR), (off_t)bytes.n);
    /* Nothing to read from. */
    cr_assert_eq(ftruncate(fd, 3), 0);
    cr_assert_eq(xlsx_read(&file, &arena, columns, COLUMNS, xlsx_file(fd), NULL, 100), 0);
    cr_expect(file.unreadable);
    close(fd);
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    cr_assert_eq(xlsx_read(&file, &arena, columns, COLUMNS, xlsx_file(pipes[0]), NULL, 100), 0);
    cr_expect(file.unreadable);
    buf_release(&bytes);
}

Test(xlsx, is_told_from_csv_by_its_first_bytes, .timeout = 20)
{
    read_sheet(SHEET(HEAD "<row>" TEXT("A2", "x") "</row>"));
    expect_cell(0, CODE, "x");
    cr_assert_eq(table_read(&file, &arena, columns, COLUMNS, S("name,code,note\r\nLan,y,\r\n"), 100), 0);
    expect_cell(0, CODE, "y");
    cr_assert_eq(table_read(&file, &arena, columns, COLUMNS, S("PK"), 100), 0);
    cr_expect(file.unreadable);
}

Test(xlsx, refuses_a_file_of_too_many_rows_whole, .timeout = 20)
{
    static char sheet[100000];
    size_t n = (size_t)snprintf(sheet, sizeof(sheet), "%s", XML "<worksheet " MAIN_NS "><sheetData>" HEAD);
    for (int i = 0; i < 101; i++)
        n += (size_t)snprintf(sheet + n, sizeof(sheet) - n, "<row><c><v>%d</v></c></row>", i);
    snprintf(sheet + n, sizeof(sheet) - n, "</sheetData></worksheet>");
    read_sheet(sheet);
    cr_expect(file.unreadable);
    cr_expect_eq(report.rows, 101);
    cr_expect_eq(report.refused, 101);
    expect_fault(0, 102, "", "More than 100 rows");
}

static int stop_at_three(void *n_rows, uint32_t line, const struct table_cell *cells, uint32_t n)
{
    (void)line;
    (void)cells;
    (void)n;
    return ++*(int *)n_rows == 3 ? ERR_BUSY : 0;
}

Test(xlsx, stops_when_it_is_told_to, .timeout = 20)
{
    struct buf bytes;
    struct xlsx_refusal refusal = {0};
    int n_rows = 0;
    buf_init(&bytes, 1 << 20);
    xlsx_parts_build(&bytes, &(struct xlsx_parts){.part[P_SHEET].text = S(
                                                      SHEET("<row><c><v>1</v></c></row><row><c><v>1</v></c></row>"
                                                            "<row><c><v>1</v></c></row><row><c><v>1</v></c></row>"))});
    cr_expect_eq(xlsx_rows(xlsx_bytes(buf_span(&bytes)), NULL, stop_at_three, &n_rows, &refusal), ERR_BUSY);
    cr_expect_eq(n_rows, 3);
    cr_expect_null(refusal.vi);
    buf_release(&bytes);
}
