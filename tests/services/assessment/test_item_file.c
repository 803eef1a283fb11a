/* test_item_file.c - items as a file: what a row may say, the report, and that an export says what was imported. */
#include "../../common/xlsx_parts.h"
#include "bank_test.h"
#include "csv.h"
#include "xlsx_write.h"

#define HEADER "code,skill_group,level,stem,option_1,option_2,option_3,option_4,key,explanation\n"

static struct import_report import(struct harness *h, struct span file, bool dry_run)
{
    struct items_file req = {.bank_id = U(BANK), .file = file};
    struct import_report report = {0};
    PUT_FIELD(&req, items_file, dry_run, dry_run);
    passes(h, on_items_import(&h->ctx, &req, &report));
    return report;
}

static struct span export(struct harness *h, const char *format, const char *state)
{
    struct items_export req = {.bank_id = U(BANK)};
    struct file file = {0};
    PUT_FIELD(&req, items_export, format, S(format));
    PUT_FIELD(&req, items_export, state, S(state));
    passes(h, on_items_export(&h->ctx, &req, &file));
    return file.content;
}

static void counts(const struct import_report *report, uint32_t created, uint32_t changed, uint32_t unchanged,
                   uint32_t wrong)
{
    for (uint32_t i = 0; i < report->n_faults && !wrong; i++)
        cr_log_error("line %u %.*s: %.*s", report->faults[i].line, (int)report->faults[i].field.n,
                     report->faults[i].field.p, (int)report->faults[i].message_en.n, report->faults[i].message_en.p);
    cr_assert_eq(report->created, created, "created %u", report->created);
    cr_assert_eq(report->changed, changed, "changed %u", report->changed);
    cr_assert_eq(report->unchanged, unchanged, "unchanged %u", report->unchanged);
    cr_assert_eq(report->refused, wrong, "refused %u", report->refused);
}

/* The report's fault number i is about this line and column. */
static void fault_at(const struct import_report *report, uint32_t i, uint32_t line, const char *field)
{
    cr_assert_lt(i, report->n_faults);
    cr_assert_eq(report->faults[i].line, line, "line %u", report->faults[i].line);
    cr_assert(is(report->faults[i].field, field), "%.*s instead of %s", (int)report->faults[i].field.n,
              report->faults[i].field.p, field);
}

static const char *all_types =
    "code,type,skill_group,level,pool,positions,situation,stem,option_1,option_2,option_3,target_1,target_2,target_3,"
    "key,"
    "partial,tolerance,match,difficulty,source,explanation\r\n"
    "N1,,a,1,,,T1,Theo tình huống?,một,hai,ba,,,,2,,,,,,\r\n" /* its situation stands below */
    "N2,multiple_choice,a,2,,,,\"Chọn\r\nhai\",một,hai,ba,,,,\"3,1\",TRUE,,,40,Nghị định 224,Vì thế\r\n"
    "N3,true_false,dd,1,du-phong,VT|KT,,Đúng?,,,,,,,False,,,,,,\r\n"
    "N4,matching,a,3,,,,Ghép?,một,hai,,one,two,three,\"1-2,2-1\",true,,,,,\r\n"
    "N5,ordering,a,3,,,,Sắp?,ba,một,hai,,,,\"2,3,1\",,,,,,\r\n"
    "N6,numeric,a,3,,,,Bao nhiêu?,,,,,,,\"-3,14\",,1%,,,,\r\n"
    "N7,short_text,a,3,,,,Thủ đô?,,,,,,,Hà Nội|Hanoi,,,tone,,,=SUM(A1:A2)\r\n"
    "T1,situation,a,1,,,,Ủy ban xã nhận một thư.,,,,,,,,,,,,,\r\n";

Test(item_file, all_types_come_in)
{
    struct harness *h = bank_open();
    struct import_report report = import(h, S(all_types), true);
    counts(&report, 8, 0, 0, 0);
    cr_assert(report.dry_run);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "0");
    report = import(h, S(all_types), false);
    counts(&report, 8, 0, 0, 0);
    cr_assert_str_eq(harness_get(h, "SELECT key FROM item_key JOIN item_version USING (version_id) WHERE code = 'N6'"),
                     "-3.14");
    cr_assert_str_eq(harness_get(h, "SELECT pool || positions::text FROM item_version WHERE code = 'N3'"),
                     "du-phong{KT,VT}");
    cr_assert_str_eq(harness_get(h,
                                 "SELECT choices[(string_to_array(key, ','))[1]::int] FROM item_key JOIN item_version "
                                 "USING (version_id) WHERE code = 'N5'"),
                     "một");
    cr_assert_str_eq(harness_get(h, "SELECT stem FROM item_version WHERE code = 'N2'"), "Chọn\nhai");
    cr_assert_str_eq(harness_get(h, "SELECT explanation FROM item_key WHERE match = 'tone'"), "=SUM(A1:A2)");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_key"), "7");
    harness_close(h);
}

Test(item_file, the_same_again_changes_nothing)
{
    struct harness *h = bank_open();
    import(h, S(all_types), false);
    struct import_report report = import(h, S(all_types), false);
    counts(&report, 0, 0, 8, 0);
    publish(h);
    report = import(h, S(all_types), false);
    counts(&report, 0, 0, 8, 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version WHERE state = 'live'"), "8");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "8");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_log WHERE verb = 'write'"), "8");
    harness_close(h);
}

Test(item_file, an_export_can_be_imported_and_changes_nothing)
{
    struct harness *h = bank_open();
    import(h, S(all_types), false);
    publish(h);
    for (int i = 0; i < 2; i++) {
        struct span file = export(h, i ? "xlsx" : "csv", "live");
        cr_assert_gt(file.n, 300);
        struct import_report report = import(h, file, false);
        counts(&report, 0, 0, 8, 0);
    }
    harness_sql(h, "DELETE FROM item_key; DELETE FROM item_log; DELETE FROM item_version");
    struct span empty = export(h, "csv", "live");
    cr_assert_gt(empty.n, 50); /* the header */
    harness_close(h);
}

/* The exported file makes the same bank elsewhere: keys and all. */
Test(item_file, an_export_carries_the_whole_bank)
{
    struct harness *h = bank_open();
    static const char *const look = "SELECT string_agg(encode(digest, 'hex'), ' ' ORDER BY code) FROM item_version";
    import(h, S(all_types), false);
    publish(h);
    const char *before = harness_get(h, "%s", look);
    struct span csv = export(h, "csv", "live"), xlsx = export(h, "xlsx", "live");
    for (int i = 0; i < 2; i++) {
        harness_sql(
            h, "DELETE FROM item_key; DELETE FROM item_log; "
               "ALTER TABLE item_version DISABLE TRIGGER USER; DELETE FROM item_version WHERE type <> 'situation'; "
               "DELETE FROM item_version; ALTER TABLE item_version ENABLE TRIGGER USER");
        struct import_report report = import(h, i ? xlsx : csv, false);
        counts(&report, 8, 0, 0, 0);
        cr_assert_str_eq(harness_get(h, "%s", look), before);
        publish(h);
    }
    harness_close(h);
}

Test(item_file, the_columns_of_four_choices_are_enough)
{
    struct harness *h = bank_open();
    struct import_report report = import(h, S(HEADER "A01,a,1,\"Gì, đâu?\",một,hai,ba,bốn,2,Vì thế.\n"), false);
    counts(&report, 1, 0, 0, 0);
    cr_assert_str_eq(
        harness_get(h, "SELECT type || choices[key::int] FROM item_version JOIN item_key USING (version_id)"),
        "single_choicehai");
    report =
        import(h, S("\xef\xbb\xbf\"level\",stem,code,skill_group,type,key\n1,Đúng?,A02,a,true_false,true\n"), false);
    counts(&report, 1, 0, 0, 0);
    harness_close(h);
}

Test(item_file, rows_are_judged_one_by_one)
{
    struct harness *h = bank_open();
    struct import_report report = import(h,
                                         S(HEADER "A01,a,1,Được?,một,hai,ba,bốn,2,\n"
                                                  "A02,z,1,Nhóm?,một,hai,ba,bốn,2,\n"
                                                  "A03,a,9,Mức?,một,hai,ba,bốn,2,\n"
                                                  "A04,a,1,Khóa?,một,hai,ba,bốn,5,\n"
                                                  "A05,a,1,Trùng?,một,hai,ba,hai,1,\n"
                                                  "A06,a,1,Hở?,một,,ba,bốn,1,\n"
                                                  "A07,a,1,Một?,một,,,,1,\n"
                                                  "A/8,a,1,Mã?,một,hai,ba,bốn,1,\n"
                                                  "A01,a,1,Hai lần?,một,hai,ba,bốn,2,\n"
                                                  "A10,a,1,,một,hai,ba,bốn,2,\n"
                                                  "A11,a,1,Thiếu ô?,một\n"
                                                  "A12,a,1,Được?,một,hai,ba,bốn,2,\n"),
                                         false);
    counts(&report, 2, 0, 0, 10);
    static const char *const fields[] = {"skill_group", "level", "key",  "option_4", "option_2",
                                         "option_2",    "code",  "code", "stem",     ""};
    for (uint32_t i = 0; i < 10; i++)
        fault_at(&report, i, i + 3, fields[i]);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(code, ' ' ORDER BY code) FROM item_version"), "A01 A12");
    harness_close(h);
}

Test(item_file, an_item_whose_situation_is_refused_is_refused_too)
{
    struct harness *h = bank_open();
    struct import_report report = import(h,
                                         S("code,type,skill_group,level,situation,stem,key\n"
                                           "N1,true_false,a,1,T1,Đúng?,true\n"
                                           "N2,true_false,a,1,T9,Đúng?,true\n"
                                           "N3,true_false,a,1,N4,Đúng?,true\n"
                                           "N4,true_false,a,1,,Đúng?,true\n"
                                           "T1,situation,z,1,,Chuyện.,\n"),
                                         false);
    counts(&report, 1, 0, 0, 4);
    fault_at(&report, 0, 2, "situation");
    fault_at(&report, 1, 3, "situation");
    fault_at(&report, 2, 4, "situation");
    fault_at(&report, 3, 6, "skill_group");
    harness_close(h);
}

Test(item_file, changes_become_drafts_and_what_is_in_review_is_left_alone)
{
    struct harness *h = bank_open();
    static const char *const first = HEADER "A01,a,1,Một?,một,hai,ba,bốn,2,\nA02,a,1,Hai?,một,hai,ba,bốn,2,\n";
    static const char *const second = HEADER "A01,a,1,Một?,một,hai,ba,bốn,3,\nA02,a,1,Hai?,một,hai,ba,bốn,2,\n";
    static const char *const third = HEADER "A01,a,2,Một?,một,hai,ba,bốn,3,\nA03,a,1,Ba?,một,hai,ba,bốn,2,\n";
    import(h, S(first), false);
    publish(h);
    struct import_report report = import(h, S(second), false);
    counts(&report, 0, 1, 1, 0);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(version || state, ' ' ORDER BY version) FROM item_version "
                                    "WHERE code = 'A01'"),
                     "1live 2draft");
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    report = import(h, S(third), false);
    counts(&report, 1, 0, 0, 1);
    fault_at(&report, 0, 2, "code");
    report = import(h, S(second), false);
    counts(&report, 0, 0, 2, 0);
    passes(h, step(h, on_items_return, NULL, 0, "Sửa.", NULL));
    report = import(h, S(third), false);
    counts(&report, 0, 1, 1, 0);
    cr_assert_str_eq(harness_get(h, "SELECT max(version) FROM item_version WHERE code = 'A01'"), "2");
    harness_close(h);
}

Test(item_file, options_in_another_order_say_the_same)
{
    struct harness *h = bank_open();
    import(h, S(HEADER "A01,a,1,Một?,một,hai,ba,bốn,2,\n"), false);
    struct import_report report = import(h, S(HEADER "A01,a,1,Một?,bốn,ba,hai,một,3,\n"), false);
    counts(&report, 0, 0, 1, 0);
    report = import(h, S(HEADER "A01,a,1,Một?,bốn,ba,hai,một,2,\n"), false);
    counts(&report, 0, 1, 0, 0);
    harness_close(h);
}

Test(item_file, a_workbook_reads_like_csv)
{
    struct harness *h = bank_open();
    const struct span header[] = {SPAN("code"), SPAN("skill_group"), SPAN("level"),   SPAN("stem"),
                                  SPAN("key"),  SPAN("option_1"),    SPAN("option_2")};
    const struct span row[] = {SPAN("A01"), SPAN("a"), SPAN("1"), SPAN("Một?"), SPAN("2"), SPAN("=một"), SPAN("hai")};
    const struct span wrong[] = {SPAN("A02"), SPAN("a"), SPAN("1"), SPAN("Hai?"), SPAN("3"), SPAN("một"), SPAN("hai")};
    struct xlsx_writer *writer = NULL;
    struct buf out;
    buf_init(&out, 1 << 20);
    cr_assert_eq(xlsx_write_open(&writer, "items", header, 7), 0);
    cr_assert_eq(xlsx_write_row(writer, row), 0);
    cr_assert_eq(xlsx_write_row(writer, wrong), 0);
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    struct import_report report = import(h, buf_span(&out), false);
    counts(&report, 1, 0, 0, 1);
    fault_at(&report, 0, 3, "key");
    buf_release(&out);
    harness_close(h);
}

static struct span text_cells(struct harness *h, const char *const *texts, uint32_t n)
{
    struct buf row;
    buf_init(&row, 1 << 16);
    buf_add_text(&row, "<row>");
    for (uint32_t i = 0; i < n; i++)
        buf_printf(&row, "<c t=\"inlineStr\"><is><t>%s</t></is></c>", texts[i]);
    struct span kept;
    cr_assert_eq(arena_span(&h->arena, buf_span(&row), &kept), 0);
    buf_release(&row);
    return kept;
}

/* A workbook with this header and these rows; style 1 is percent, 2 a date. */
static struct import_report import_sheet(struct harness *h, const char *const *header, uint32_t n, const char *rows)
{
    struct span head = text_cells(h, header, n);
    struct xlsx_parts parts = {
        .part[P_SHEET].text = S(arena_printf(&h->arena, SHEET("%.*s</row>%s"), (int)head.n, head.p, rows)),
        .part[P_STYLES].text =
            S(STYLES("<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"9\"/><xf numFmtId=\"14\"/></cellXfs>"))};
    struct buf file;
    buf_init(&file, 1 << 20);
    xlsx_parts_build(&file, &parts);
    struct import_report report = import(h, buf_span(&file), false);
    buf_release(&file);
    return report;
}

/* A spreadsheet turns 1% into 0.01, 1-2 into a day, 3,5 into 3.5: what the author saw is not what would be stored. */
Test(item_file, a_cell_that_looks_otherwise_is_refused)
{
    struct harness *h = bank_open();
    static const char *const header[] = {"code", "type",      "skill_group", "level",   "stem",
                                         "key",  "tolerance", "option_1",    "option_2"};
#define CELL_TEXT(t) "<c t=\"inlineStr\"><is><t>" t "</t></is></c>"
#define ROW(code, type, rest)                                                                                          \
    "<row>" CELL_TEXT(code) CELL_TEXT(type) CELL_TEXT("a") "<c><v>1</v></c>" CELL_TEXT("Gì?") rest "</row>"
    struct import_report report = import_sheet(
        h, header, 9,
        ROW("N1", "numeric", "<c><v>3.5</v></c>" CELL_TEXT("1%")) /* fine: the value counts */
        ROW("N2", "numeric", "<c><v>3.5</v></c><c s=\"1\"><v>0.01</v></c>") ROW("N3", "matching",
                                                                                "<c s=\"2\"><v>46000</v></c>")
            ROW("N4", "single_choice", "<c><v>1</v></c>" CELL_TEXT("") "<c s=\"1\"><v>0.5</v></c><c><v>7</v></c>")
                ROW("N5", "single_choice", "<c><v>1</v></c>" CELL_TEXT("") "<c><v>3.5</v></c><c><v>7</v></c>")
                    ROW("N6", "true_false", "<c t=\"b\"><v>1</v></c>")
                        ROW("N7", "single_choice", "<c><v>1</v></c>" CELL_TEXT("") "<c><v>6</v></c><c><v>7</v></c>"));
    counts(&report, 3, 0, 0, 4);
    fault_at(&report, 0, 3, "tolerance");
    fault_at(&report, 1, 4, "key");
    fault_at(&report, 2, 5, "option_1");
    fault_at(&report, 3, 6, "option_1");
    cr_assert_str_eq(harness_get(h, "SELECT key || ' ' || tolerance FROM item_key WHERE tolerance IS NOT NULL"),
                     "3.5 1%");
    harness_close(h);
}

/* Columns beyond those that a table may have are counted by the reader, but not given. */
Test(item_file, a_header_of_too_many_columns_is_refused)
{
    struct harness *h = bank_open();
    static const char *header[300];
    for (uint32_t i = 0; i < 300; i++)
        header[i] = arena_printf(&h->arena, "option_%u", i + 1);
    struct import_report report = import_sheet(h, header, 300, "");
    cr_assert_eq(report.created, 0);
    cr_assert_gt(report.n_faults, 0);
    harness_close(h);
}

/* What every row said is stored to the letter, or the row is named: quotes, lines, blanks, bars, letters apart. */
Test(item_file, rows_are_stored_exactly_or_named)
{
    struct harness *h = bank_open();
    struct import_report report =
        import(h,
               S("\xef\xbb\xbf\"stem\",key,option_2,option_1,level,skill_group,code\r\n"
                 "\"Chọn \"\"A\"\", hay\r\nB\rC?\",1,\" hai \",\"mo\xcc\xa3\xcc\x82t\",1,a,E1\r\n"
                 "\r\n"
                 "\"\",1,hai,một,1,a,E2\r\n"
                 "x,1,hai,một,1,a,E3,thừa\r\n"
                 "x,1,hai,một,1,a\r\n"
                 "\"tab\there\",1,\"=1+1\",@x,1,a,E6\r\n"
                 "x,1,ha\"i,một,1,a,E7"),
               false);
    cr_assert_eq(report.created, 0, "a quotation mark inside of a cell: nothing of the file can be trusted");
    cr_assert_gt(report.n_faults, 0);
    report = import(h,
                    S("\xef\xbb\xbf\"stem\",key,option_2,option_1,level,skill_group,code\r\n"
                      "\"Chọn \"\"A\"\", hay\r\nB\rC?\",1,\" hai \",\"mo\xcc\xa3\xcc\x82t\",1,a,E1\r\n"
                      "\r\n"
                      "\"\",1,hai,một,1,a,E2\r\n"
                      "x,1,hai,một,1,a,E3,thừa\r\n"
                      "x,1,hai,một,1,a\r\n"
                      "\"tab\there\",1,\"=1+1\",@x|y,1,a,E6"),
                    false);
    counts(&report, 2, 0, 0, 3);
    fault_at(&report, 0, 6, "stem");
    fault_at(&report, 1, 7, "");
    fault_at(&report, 2, 8, "");
    cr_assert_str_eq(harness_get(h, "SELECT stem FROM item_version WHERE code = 'E1'"), "Chọn \"A\", hay\nB\nC?");
    cr_assert_str_eq(harness_get(h, "SELECT array_to_string(ARRAY(SELECT unnest(choices) ORDER BY 1), '/') "
                                    "FROM item_version WHERE code = 'E1'"),
                     "hai/một");
    cr_assert_str_eq(harness_get(h, "SELECT stem || array_to_string(ARRAY(SELECT unnest(choices) ORDER BY 1), '/') "
                                    "FROM item_version WHERE code = 'E6'"),
                     "tab\there=1+1/@x|y");
    harness_close(h);
}

Test(item_file, a_file_that_cannot_be_trusted_changes_nothing)
{
    struct harness *h = bank_open();
    static const char *const files[] = {
        "",
        "\n\n",
        "code,skill_group,level\nA01,a,1\n",
        "code,skill_group,level,stem,option_1,option_1\nA01,a,1,x,y,z\n",
        "code,skill_group,level,stem,option_11\nA01,a,1,x,y\n",
        "code,skill_group,level,stem,key\nA01,a,1,\"x,true\n",
        "PK\x03\x04 not a workbook",
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct import_report report = import(h, S(files[i]), false);
        cr_assert_eq(report.created + report.changed, 0, "%s", files[i]);
        cr_assert_gt(report.n_faults, 0, "%s", files[i]);
    }
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "0");
    struct items_file req = {.bank_id = U(999), .file = S(HEADER)};
    struct import_report report;
    refused(h, on_items_import(&h->ctx, &req, &report), ERR_NOT_FOUND, "bank_id");
    h->ctx.n_scope = 0;
    refused(h, on_items_import(&h->ctx, &req, &report), ERR_FORBIDDEN, "");
    harness_close(h);
}

Test(item_file, exports_name_their_bounds)
{
    struct harness *h = bank_open();
    struct items_export req = {.bank_id = U(BANK)};
    struct file file = {0};
    PUT_FIELD(&req, items_export, format, SPAN("pdf"));
    refused(h, on_items_export(&h->ctx, &req, &file), ERR_INVALID, "format");
    req.format = SPAN("csv");
    PUT_FIELD(&req, items_export, state, SPAN("gone"));
    refused(h, on_items_export(&h->ctx, &req, &file), ERR_INVALID, "state");
    req.state = SPAN("live");
    req.bank_id = U(999);
    refused(h, on_items_export(&h->ctx, &req, &file), ERR_NOT_FOUND, "bank_id");
    req.bank_id = U(BANK);
    passes(h, on_items_export(&h->ctx, &req, &file));
    cr_assert(is(file.name, "NH.csv"));
    h->ctx.n_scope = 0;
    refused(h, on_items_export(&h->ctx, &req, &file), ERR_FORBIDDEN, "");
    harness_close(h);
}

/* The bound of rows, and how long they take: shown with --verbose. */
Test(item_file, a_large_file_is_taken_within_a_call)
{
    struct harness *h = bank_open();
    struct buf file;
    buf_init(&file, 4 << 20);
    buf_add_text(&file, HEADER);
    for (unsigned i = 0; i < 20000; i++)
        buf_printf(
            &file,
            "N%u,a,1,\"Câu hỏi số %u về một việc thường ngày ở cơ quan?\",một %u,hai %u,ba %u,bốn %u,%u,Vì thế.\n", i,
            i, i, i, i, i, 1 + i % 4);
    cr_assert_not(file.failed);
    int64_t begun = mono_us();
    struct import_report report = import(h, buf_span(&file), false);
    cr_log_info("%lld ms, %zu bytes of file, %zu of memory", (long long)(mono_us() - begun) / 1000, file.n,
                h->arena.total);
    counts(&report, 20000, 0, 0, 0);
    buf_add_text(&file, "M1,a,1,Thừa?,một,hai,ba,bốn,1,\n");
    report = import(h, buf_span(&file), false);
    cr_assert_eq(report.created, 0);
    cr_assert_gt(report.n_faults, 0);
    buf_release(&file);
    harness_close(h);
}

Test(item_file, the_full_template_is_taken)
{
    struct harness *h = bank_open();
    struct buf file;
    buf_init(&file, 1 << 16);
    buf_add_text(&file, "code,type,skill_group,level,pool,positions,situation,stem");
    for (unsigned i = 1; i <= 20; i++)
        buf_printf(&file, ",%s_%u", i <= 10 ? "option" : "target", (i - 1) % 10 + 1);
    buf_add_text(&file, ",key,partial,tolerance,match,difficulty,source,explanation\nN1,matching,a,1,,,,Ghép?");
    for (char c = 'a'; c <= 't'; c++)
        buf_printf(&file, ",%c", c);
    buf_add_text(&file, ",\"1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8,9-9,10-10\",true,,,,,\n");
    struct import_report report = import(h, buf_span(&file), false);
    counts(&report, 1, 0, 0, 0);
    publish(h);
    report = import(h, export(h, "xlsx", "live"), false);
    counts(&report, 0, 0, 1, 0);
    buf_release(&file);
    harness_close(h);
}
