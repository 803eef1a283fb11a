/* test_xlsx_hostile.c - workbooks that lie, hide or explode: refused with a sentence, in little time and memory. */
#include "harness.h"
#include "xlsx.h"
#include "xlsx_parts.h"
#include <criterion/criterion.h>
#include <sys/resource.h>

static const struct table_column columns[] = {{"code", 1, 12, 0}, {"note", 0, 60, COL_LINES}};

#define TEXT(t) "<c t=\"inlineStr\"><is><t>" t "</t></is></c>"
#define HEAD    "<row>" TEXT("code") TEXT("note") "</row>"
#define GOOD    SHEET(HEAD "<row>" TEXT("x") "</row>")

/* Under a sanitizer resident memory says nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static struct arena arena;
static struct table file;
static struct import_report report;
static struct buf bytes;

static void read_bytes(struct span from, const struct xlsx_limits *limits)
{
    /* A block of the exact size, so that a sanitizer sees a read beyond the end. */
    char *exact = malloc(from.n ? from.n : 1);
    cr_assert_not_null(exact);
    memcpy(exact, from.p, from.n);
    arena_release(&arena);
    arena_init(&arena, 4 << 20);
    cr_assert_eq(xlsx_read(&file, &arena, columns, 2, xlsx_bytes((struct span){exact, from.n}), limits, 1000), 0);
    free(exact);
    cr_assert_eq(table_report(&file, false, 0, 0, &report), 0);
}

static void build(const struct xlsx_parts *parts)
{
    buf_release(&bytes);
    buf_init(&bytes, 64 << 20);
    xlsx_parts_build(&bytes, parts);
    cr_assert(!bytes.failed);
}

static void read_parts(const struct xlsx_parts *parts, const struct xlsx_limits *limits)
{
    build(parts);
    read_bytes(buf_span(&bytes), limits);
}

/* The whole file is refused, at this line, with a sentence that holds these words. */
static void expect_refused(const char *what, uint32_t line, const char *says)
{
    (void)what; /* a harness may drop what an assertion would say */
    cr_assert(file.unreadable, "%s is taken", what);
    cr_expect_eq(file.n_rows, 0);
    cr_assert_eq(report.n_faults, 1);
    const struct row_fault *f = &report.faults[0];
    cr_expect_eq(f->line, line, "%s is refused at line %u", what, f->line);
    cr_expect(f->message_vi.n && memmem(f->message_en.p, f->message_en.n, says, strlen(says)), "%s: %.*s", what,
              (int)f->message_en.n, f->message_en.p);
}

static void expect_taken(const char *what)
{
    (void)what; /* a harness may drop what an assertion would say */
    cr_assert(!file.unreadable, "%s is refused: %.*s", what, (int)report.faults[0].message_en.n,
              report.faults[0].message_en.p);
    cr_expect_eq(report.n_faults, 0);
    cr_expect_eq(file.n_rows, 1);
}

static void refuse_part(int which, const char *text, uint32_t line, const char *says)
{
    struct xlsx_parts parts = {.part[P_SHEET].text = S(GOOD)};
    parts.part[which].text = S(text);
    read_parts(&parts, NULL);
    expect_refused(text, line, says);
}

/* A text of `n` bytes: `head`, then `fill` as often as it fits, then `tail`. */
static struct span filled(size_t n, const char *head, const char *fill, const char *tail)
{
    char *p = malloc(n + 1);
    size_t at = strlen(head), step = strlen(fill), last = strlen(tail);
    cr_assert(p && at + last < n);
    memcpy(p, head, at);
    for (; at + step + last <= n; at += step)
        memcpy(p + at, fill, step);
    memcpy(p + at, tail, last);
    return (struct span){p, (uint32_t)(at + last)};
}

Test(xlsx_hostile, is_fair_to_a_good_workbook, .timeout = 20)
{
    read_parts(&(struct xlsx_parts){.part[P_SHEET].text = S(GOOD)}, NULL);
    expect_taken("a good workbook");
}

Test(xlsx_hostile, refuses_other_formats_by_name, .timeout = 20)
{
    read_bytes((struct span){"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8}, NULL);
    expect_refused("an encrypted workbook", 1, "password");
    cr_expect(xlsx_looks_like((struct span){"\xd0\xcf\x11\xe0", 4}));
    read_bytes(S("code,note\n"), NULL);
    expect_refused("CSV", 1, "damaged");
    read_bytes(S(""), NULL);
    expect_refused("nothing", 1, "damaged");
    refuse_part(P_ROOT_RELS, RELS(RELATION("a", "officeDocument", "word/document.xml")), 1, "not an .xlsx");
    refuse_part(P_ROOT_RELS, RELS(""), 1, "not an .xlsx");
    refuse_part(P_TYPES,
                TYPES("<Override PartName=\"/xl/workbook.xml\" "
                      "ContentType=\"application/vnd.ms-excel.sheet.macroEnabled.main+xml\"/>"),
                1, "macros");
    refuse_part(P_TYPES, TYPES("<Default Extension=\"bin\" ContentType=\"application/vnd.ms-office.vbaProject\"/>"), 1,
                "macros");
    refuse_part(P_BOOK, BOOK("<sheets/>"), 1, "no sheet");
    refuse_part(P_BOOK, "<document/>", 1, "damaged");
    refuse_part(P_BOOK_RELS, RELS(""), 1, "no sheet");
    refuse_part(P_BOOK_RELS, RELS(RELATION("rId1", "worksheet", "../../../../etc/passwd")), 1, "no sheet");
    refuse_part(P_BOOK_RELS,
                RELS("<Relationship Id=\"rId1\" Type=\"" REL "/worksheet\" Target=\"http://localhost/s.xml\" "
                     "TargetMode=\"External\"/>"),
                1, "no sheet");
    refuse_part(P_SHEET, XML "<chartsheet " MAIN_NS "/>", 1, "damaged");
    refuse_part(P_SHEET, XML "<worksheet " MAIN_NS "/>", 1, "damaged");
    refuse_part(P_SHEET, SHEET(""), 1, "no header");
}

Test(xlsx_hostile, ignores_where_names_point, .timeout = 20)
{
    struct xlsx_parts parts = {.part[P_SHEET].text = S(GOOD)};
    static const char *const names[] = {"../../etc/passwd", "/etc/passwd", "C:\\x", "xl/../../y", "xl/", "",
                                        "\xff\xfe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        parts.part[P_OTHER] = (struct zip_part){.name = names[i], .text = SPAN("x")};
        read_parts(&parts, NULL);
        expect_taken(names[i]);
    }
}

Test(xlsx_hostile, refuses_an_entry_twice, .timeout = 20)
{
    struct xlsx_parts parts = {.part[P_SHEET].text = S(GOOD)};
    static const char *const names[] = {"xl/worksheets/sheet1.xml", "XL/Worksheets/SHEET1.xml", "xl/workbook.xml"};
    for (size_t i = 0; i < 3; i++) {
        parts.part[P_OTHER] = (struct zip_part){.name = names[i], .text = S(GOOD)};
        read_parts(&parts, NULL);
        expect_refused(names[i], 1, "same name");
    }
}

Test(xlsx_hostile, refuses_every_truncation, .timeout = 20)
{
    struct xlsx_parts parts = {.part[P_SHEET] = {.text = S(GOOD), .deflate = true}};
    build(&parts);
    for (uint32_t n = 0; n < bytes.n; n++) {
        read_bytes((struct span){bytes.p, n}, NULL);
        cr_assert(file.unreadable, "the first %u bytes are taken", n);
    }
}

Test(xlsx_hostile, does_not_believe_the_directory, .timeout = 20)
{
    static const struct {
        const char *what;
        struct zip_part lie;
        const char *says;
    } lies[] = {
        {"a checksum", {.crc_off = 1}, "damaged"},
        {"a smaller size", {.claims_size = 10}, "damaged"},
        {"a larger size", {.claims_size = 100000}, "damaged"},
        {"a size of gigabytes", {.claims_size = 0xfffffff0}, "unpacks"},
        {"a smaller packed size", {.claims_packed = 10}, "damaged"},
        {"a larger packed size", {.claims_packed = 100000}, "damaged"},
        {"a place in another entry", {.place_off = 1}, "damaged"},
        {"a place before the file", {.place_off = 0xfffffff0}, "damaged"},
        {"a place behind the file", {.place_off = 100000}, "damaged"},
        {"encryption", {.flags = 1}, "password"},
        {"another method", {.method = 12}, "password"},
        {"an unknown method", {.method = 99}, "password"},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        for (int deflate = 0; deflate < 2; deflate++) {
            struct xlsx_parts parts = {.part[P_SHEET] = lies[i].lie};
            parts.part[P_SHEET].text = S(GOOD);
            parts.part[P_SHEET].deflate = deflate;
            read_parts(&parts, NULL);
            cr_expect(file.unreadable, "%s: taken", lies[i].what);
            if (file.unreadable)
                expect_refused(lies[i].what, report.faults[0].line, lies[i].says);
        }
    }
    /* More or fewer entries than there are. */
    for (uint32_t claims = 1; claims < 4; claims += 2) {
        struct zip_part two[] = {{.name = "a", .text = SPAN("x")}, {.name = "b", .text = SPAN("y")}};
        buf_clear(&bytes);
        zip_build_claiming(&bytes, two, 2, claims);
        read_bytes(buf_span(&bytes), NULL);
        cr_expect(file.unreadable);
    }
}

Test(xlsx_hostile, stops_at_a_bomb, .timeout = 20)
{
    struct rusage before, after;
    struct span text = filled(40 << 20, XML "<worksheet " MAIN_NS "><sheetData>", "<row/>", "</sheetData></worksheet>");
    struct xlsx_parts parts = {.part[P_SHEET] = {.text = text, .deflate = true}};
    build(&parts);
    free((void *)(uintptr_t)text.p);
    cr_assert_lt(bytes.n, 1 << 20);
    getrusage(RUSAGE_SELF, &before);
    read_bytes(buf_span(&bytes), NULL);
    getrusage(RUSAGE_SELF, &after);
    expect_refused("a ratio of a thousand", 1, "unpacks");
    struct xlsx_limits limits = xlsx_limits_default;
    limits.ratio = 100000;
    limits.unpacked = 1 << 20;
    read_bytes(buf_span(&bytes), &limits);
    cr_expect(file.unreadable && report.faults[0].line > 1000, "stopped at line %u", report.faults[0].line);
    limits.unpacked = 1 << 30;
    read_bytes(buf_span(&bytes), &limits);
    cr_expect(file.unreadable); /* more rows than a sheet has */
    long grown = after.ru_maxrss - before.ru_maxrss;
    cr_expect(SANITIZED || grown < 20000, "it took %ld KiB", grown);
}

Test(xlsx_hostile, keeps_no_more_of_a_cell_than_it_may, .timeout = 20)
{
    const char *tail = "</t></is></c></row><row><c><v>1</v></c></row></sheetData></worksheet>";
    struct span text = filled(10 << 20, XML "<worksheet " MAIN_NS "><sheetData>" HEAD "<row><c t=\"inlineStr\"><is><t>",
                              "ễa&#x1EC5;", tail);
    struct xlsx_parts parts = {.part[P_SHEET] = {.text = text}};
    read_parts(&parts, NULL);
    free((void *)(uintptr_t)text.p);
    cr_assert(!file.unreadable);
    cr_expect_eq(report.refused, 1);
    cr_expect(memmem(report.faults[0].message_en.p, report.faults[0].message_en.n, "too much", 8));
    cr_expect(HAS(&report.faults[0], row_fault, value), "nothing of it is shown");
    cr_expect_eq(file.n_rows, 2);
    cr_expect_lt(arena.total, 1 << 20);
    /* The same as a shared string. */
    text = filled(10 << 20, XML "<sst " MAIN_NS "><si><t>", "ễa", "</t></si><si><t>short</t></si></sst>");
    parts = (struct xlsx_parts){.part[P_STRINGS] = {.text = text},
                                .part[P_SHEET].text = S(SHEET(HEAD "<row><c t=\"s\"><v>0</v></c></row>"
                                                                   "<row><c t=\"s\"><v>1</v></c></row>"))};
    read_parts(&parts, NULL);
    free((void *)(uintptr_t)text.p);
    cr_assert(!file.unreadable);
    cr_expect_eq(report.refused, 1);
    cr_expect_eq(file.n_rows, 2);
    cr_expect_lt(arena.total, 1 << 20);
}

Test(xlsx_hostile, takes_no_declarations, .timeout = 20)
{
    static const char *const heads[] = {
        "<!DOCTYPE worksheet>",
        "<!DOCTYPE worksheet SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE worksheet [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>",
        "<!DOCTYPE worksheet [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE worksheet [<!ENTITY % x SYSTEM \"http://localhost/x\"> %x;]>",
    };
    for (size_t i = 0; i < 5; i++) {
        char sheet[1024];
        snprintf(sheet, sizeof(sheet),
                 "<?xml version=\"1.0\"?>%s<worksheet " MAIN_NS "><sheetData>" HEAD
                 "<row>%s</row></sheetData></worksheet>",
                 heads[i], i == 2 ? TEXT("&c;") : TEXT("&x;"));
        refuse_part(P_SHEET, sheet, 1, "DTD");
    }
    refuse_part(P_STRINGS, "<!DOCTYPE sst [<!ENTITY a \"b\">]><sst " MAIN_NS "/>", 1, "DTD");
    refuse_part(P_TYPES, "<!DOCTYPE Types><Types/>", 1, "DTD");
    refuse_part(P_SHEET, SHEET(HEAD "<row>" TEXT("&none;") "</row>"), 2, "damaged");
}

Test(xlsx_hostile, takes_no_broken_xml, .timeout = 20)
{
    refuse_part(P_SHEET, "", 1, "damaged");
    refuse_part(P_SHEET, "x", 1, "damaged");
    refuse_part(P_SHEET, GOOD "<more/>", 2, "damaged");
    refuse_part(P_SHEET, "<worksheet " MAIN_NS "><sheetData>" HEAD "</sheetData>", 1, "damaged");
    refuse_part(P_SHEET, SHEET(HEAD "<row><c r='A2' r='A2'/></row>"), 2, "damaged");
    refuse_part(P_SHEET, SHEET(HEAD "<row>" TEXT("\x01") "</row>"), 2, "damaged");
    /* Not UTF-8, whatever it declares. */
    refuse_part(P_SHEET, SHEET(HEAD "<row>" TEXT("\xe0\xea") "</row>"), 2, "damaged");
    refuse_part(P_SHEET,
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><worksheet " MAIN_NS "><sheetData>" HEAD
                "<row>" TEXT("\xe0\xea") "</row></sheetData></worksheet>",
                2, "damaged");
    refuse_part(P_SHEET, "\x4c\x6f\xa7\x94\x93", 1, "damaged"); /* EBCDIC */
    refuse_part(P_STYLES, "<styleSheet>", 1, "damaged");
    struct span deep = filled(100000, XML "<worksheet " MAIN_NS "><sheetData>", "<a>", "");
    struct xlsx_parts parts = {.part[P_SHEET].text = deep};
    read_parts(&parts, NULL);
    expect_refused("deep nesting", 1, "damaged");
    free((void *)(uintptr_t)deep.p);
}

Test(xlsx_hostile, takes_no_references_out_of_the_sheet, .timeout = 20)
{
    static const char *const rows[] = {
        "<row r=\"0\"/>",
        "<row r=\"-1\"/>",
        "<row r=\"1048577\"/>",
        "<row r=\"18446744073709551618\"/>",
        "<row r=\"4294967298\"/>",
        "<row r=\"1\"/>",
        "<row r=\"2x\"/>",
        "<row r=\"\"/>",
        "<row r=\"1048576\"/><row/>",
        "<row r=\"2\"><c r=\"XFE2\"/></row>",
        "<row r=\"2\"><c r=\"AAAA2\"/></row>",
        "<row r=\"2\"><c r=\"A3\"/></row>",
        "<row r=\"2\"><c r=\"A0\"/></row>",
        "<row r=\"2\"><c r=\"A-2\"/></row>",
        "<row r=\"2\"><c r=\"2\"/></row>",
        "<row r=\"2\"><c r=\"A\"/></row>",
        "<row r=\"2\"><c r=\"\"/></row>",
        "<row r=\"2\"><c r=\"B2\"/><c r=\"A2\"/></row>",
        "<row r=\"2\"><c r=\"B2\"/><c r=\"B2\"/></row>",
        "<row r=\"2\"><c r=\"XFD2\"/><c/></row>",
        "<row r=\"2\"><c r=\"XFD1048577\"/></row>",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char sheet[1024];
        snprintf(sheet, sizeof(sheet), SHEET(HEAD "%s"), rows[i]);
        struct xlsx_parts parts = {.part[P_SHEET].text = S(sheet)};
        read_parts(&parts, NULL);
        cr_expect(file.unreadable, "%s is taken", rows[i]);
        if (file.unreadable)
            expect_refused(rows[i], report.faults[0].line, "address");
    }
}

Test(xlsx_hostile, spends_nothing_on_distance, .timeout = 20)
{
    struct xlsx_parts parts = {
        .part[P_SHEET].text = S(SHEET(HEAD "<row r=\"1048576\">" TEXT("x") "<c r=\"XFD1048576\"><v>1</v></c></row>"))};
    read_parts(&parts, NULL);
    cr_assert(!file.unreadable);
    cr_expect_eq(report.rows, 1);
    cr_expect_eq(report.refused, 1);
    cr_expect(memmem(report.faults[0].message_en.p, report.faults[0].message_en.n, "16384 cells", 11));
    cr_expect_lt(arena.total, 1 << 20);
    /* A header that far to the right. */
    parts.part[P_SHEET].text = S(SHEET("<row><c r=\"XFD1\"><v>1</v></c></row>"));
    read_parts(&parts, NULL);
    cr_expect(file.unreadable);
}

Test(xlsx_hostile, holds_every_limit, .timeout = 20)
{
    static const char rows[] = SHEET(HEAD "<row><c t=\"s\"><v>1</v></c></row>");
    struct xlsx_parts parts = {.part[P_SHEET].text = S(rows),
                               .part[P_STRINGS].text = S(STRINGS("<si><t>0123456789</t></si><si><t>x</t></si>"))};
    struct xlsx_limits limits = xlsx_limits_default;
    limits.entries = 6;
    limits.rows = 2;
    limits.cell_bytes = 10;
    limits.string_bytes = 11 + 2 * 8;
    limits.unpacked = strlen(rows) + strlen(TYPES("")) + strlen(ROOT_RELS) + strlen(BOOK(SHEETS)) + strlen(BOOK_RELS) +
                      parts.part[P_STRINGS].text.n;
    read_parts(&parts, &limits);
    expect_taken("just within all limits");
    for (int i = 0; i < 5; i++) {
        struct xlsx_limits less = limits;
        less.entries -= i == 0;
        less.rows -= i == 1;
        less.string_bytes -= i == 2;
        less.unpacked -= i == 3;
        less.cell_bytes -= i == 4 ? 10 : 0;
        static const char *const says[] = {"unpacks", "too many rows", "too much text", "unpacks", ""};
        read_parts(&parts, &less);
        if (i < 4)
            expect_refused(says[i], report.faults[0].line, says[i]);
        else
            cr_expect(file.unreadable, "a header of long names is taken");
    }
    /* Strings that are nothing but many. */
    struct span text = filled(3 << 20, XML "<sst " MAIN_NS ">", "<si/>", "</sst>");
    parts.part[P_STRINGS].text = text;
    limits = xlsx_limits_default;
    limits.string_bytes = 1 << 20;
    read_parts(&parts, &limits);
    expect_refused("empty strings", 1, "too much text");
    free((void *)(uintptr_t)text.p);
    /* More styles than there can be. */
    text = filled(1 << 20, XML "<styleSheet " MAIN_NS "><cellXfs>", "<xf/>", "</cellXfs></styleSheet>");
    parts.part[P_STRINGS].text = (struct span){0};
    parts.part[P_STYLES].text = text;
    read_parts(&parts, NULL);
    expect_refused("too many styles", 1, "damaged");
    free((void *)(uintptr_t)text.p);
}

Test(xlsx_hostile, says_when_the_arena_is_too_small, .timeout = 20)
{
    build(&(struct xlsx_parts){.part[P_SHEET].text = S(GOOD)});
    arena_init(&arena, 64 << 10);
    cr_expect_eq(xlsx_read(&file, &arena, columns, 2, xlsx_bytes(buf_span(&bytes)), NULL, 1000), ERR_TOO_LARGE);
}
