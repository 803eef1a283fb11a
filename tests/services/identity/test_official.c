/* test_official.c - the official list of 34 provinces and 3,321 communes. */
#include "identity_test.h"
#include <stdio.h>

#define HEAD "code,parent_code,kind,name,full_name,name_en\n"

static struct official_file request(struct span csv)
{
    struct official_file file = {
        .csv = csv, .decree_id = U(1), .number = S("19/2025/QĐ-TTg"), .issuer = S("Thủ tướng Chính phủ")};
    cr_assert_eq(date_parse(S("2025-06-30"), &file.issued_on), 0);
    cr_assert_eq(date_parse(S("2025-07-01"), &file.effective_from), 0);
    return file;
}

static void load(const struct official_file *file)
{
    struct fault fault;
    report = (struct import_report){0};
    int code = settled(on_units_official(&h->ctx, file, &report));
    cr_assert_eq(code, 0, "code %d about %s", code, h->ctx.fault.field);
    cr_assert_eq(msg_check(&msg_import_report, &report, &fault), 0, "the report's %s is out of bounds", fault.field);
}

static void load_text(const char *rows)
{
    struct official_file file = request(S(arena_printf(&h->arena, HEAD "%s", rows)));
    load(&file);
}

static struct span read_list(void)
{
    static char csv[400000];
    FILE *file = fopen("deploy/data/admin-units-2026.csv", "re");
    cr_assert(file, "run from the root of the tree");
    size_t n = fread(csv, 1, sizeof(csv), file);
    fclose(file);
    cr_assert_lt(n, sizeof(csv));
    return (struct span){csv, (uint32_t)n};
}

IDENTITY_TEST(official, rows_that_are_no_provinces_or_communes)
{
    bootstrap();
    load_text("44,,province,Quảng Trị,Tỉnh Quảng Trị,Quang Tri\n"
              "444,,province,Sai,Tỉnh sai,\n"         /* three digits */
              "18922,,xa,Thiếu tỉnh,Xã thiếu tỉnh,\n" /* no province */
              "18923,45,xa,Tỉnh lạ,Xã tỉnh lạ,\n"     /* unknown province */
              "1892x,44,xa,Mã sai,Xã mã sai,\n"
              "45,44,province,Tỉnh con,Tỉnh con,\n"
              "46,,state,Bang,Bang,\n"
              "18924,44,dac_khu,Cồn Cỏ,Đặc khu Cồn Cỏ,Con Co\n"
              "18924,44,xa,Hai lần,Xã hai lần,\n");
    expect_counts(2, 0, 0, 7);
    static const char *const fields[] = {"code", "parent_code", "parent_code", "code", "parent_code", "kind", "code"};
    static const uint32_t lines[] = {3, 4, 5, 6, 7, 8, 10};
    for (uint32_t i = 0; i < 7; i++)
        expect_row_fault(i, lines[i], fields[i]);
    cr_expect_str_eq(harness_get(h, "SELECT kind || ' ' || official_kind || ' ' || name || ' ' || name_en || ' ' ||"
                                    " valid_from FROM unit_version WHERE code = '18924'"),
                     "commune dac_khu Đặc khu Cồn Cỏ Con Co 2025-07-01");
}

IDENTITY_TEST(official, list_of_another_decree_under_the_same_id)
{
    bootstrap();
    load_text("44,,province,Quảng Trị,Tỉnh Quảng Trị,\n");
    struct official_file file = request(S(HEAD "45,,province,Huế,Tỉnh Huế,\n"));
    EXPECT_FAULT(on_units_official(&h->ctx, &file, &report), ERR_CONFLICT, "decree_id");
    file = request(S(HEAD "45,,province,Huế,Tỉnh Huế,\n"));
    file.decree_id = U(2);
    file.issued_on = 100000;
    EXPECT_FAULT(on_units_official(&h->ctx, &file, &report), ERR_RANGE, "issued_on");
    cr_expect_eq(count_of("unit_version WHERE code = '45'"), 0);
}

IDENTITY_TEST(official, list_loads_whole_and_twice_changes_nothing)
{
    bootstrap();
    struct official_file file = request(read_list());
    int64_t began = mono_us();
    load(&file);
    fprintf(stderr, "3,355 units in %.2f s\n", (double)(mono_us() - began) / 1e6);
    expect_counts(3355, 0, 0, 0);
    cr_expect_eq(count_of("unit_now WHERE kind = 'province'"), 34);
    cr_expect_eq(count_of("unit_now WHERE kind = 'commune'"), 3321);
    cr_expect_eq(count_of("unit_path WHERE octet_length(path) = 24"), 3321);
    cr_expect_eq(harness_events(h, "org_changed"), 1 + 3355);
    cr_expect_eq(count_of("unit_version WHERE decree_id IS NOT NULL"), 3355);
    cr_expect_str_eq(harness_get(h, "SELECT units_changed FROM decree WHERE number = '19/2025/QĐ-TTg'"), "3355");
    load(&file);
    expect_counts(0, 0, 3355, 0);
    cr_expect_eq(harness_events(h, "org_changed"), 1 + 3355);
}

IDENTITY_TEST(official, list_and_sample_live_side_by_side)
{
    static char csv[200000];
    FILE *sample = fopen("deploy/sample/units.csv", "re");
    cr_assert(sample, "run from the root of the tree");
    size_t n = fread(csv, 1, sizeof(csv) - 1, sample);
    fclose(sample);
    csv[n] = '\0';
    bootstrap();
    import_csv(on_units_import, csv, false);
    cr_expect_eq(report.refused, 0);
    struct official_file file = request(read_list());
    load(&file);
    expect_counts(3355, 0, 0, 0);
    import_csv(on_units_import, csv, false);
    cr_expect_eq(report.unchanged, report.rows);
}

/* The next list, by another decree: whoever has a new name or another province is told of, by that decree. */
IDENTITY_TEST(official, what_became_of_units_is_told)
{
    bootstrap();
    load_text("44,,province,Quảng Trị,Tỉnh Quảng Trị,\n45,,province,Huế,Tỉnh Huế,\n"
              "18924,44,xa,Cồn Cỏ,Xã Cồn Cỏ,\n18925,44,xa,Gio Linh,Xã Gio Linh,\n");
    cr_expect_eq(harness_events(h, "decree_applied"), 0, "new units were nothing before");
    struct official_file file =
        request(S(HEAD "18924,44,dac_khu,Cồn Cỏ,Đặc khu Cồn Cỏ,\n18925,45,xa,Gio Linh,Xã Gio Linh,\n"
                       "18926,45,xa,Mới,Xã Mới,\n"));
    file.decree_id = U(2);
    file.number = S("20/2025/QĐ-TTg");
    cr_assert_eq(date_parse(S("2025-09-01"), &file.effective_from), 0);
    load(&file);
    expect_counts(1, 2, 0, 0);
    load(&file);
    expect_counts(0, 0, 3, 0);
    cr_expect_eq(harness_events(h, "decree_applied"), 1);
    cr_expect_str_eq(
        harness_get(h, "SELECT concat_ws(' ', right(body->>'decree_id', 1), body->>'number', body->>'effective_from', "
                       "(SELECT string_agg((s->>'op') || ':' || u.code, ' ' ORDER BY nr) FROM jsonb_array_elements("
                       "body->'successors') WITH ORDINALITY AS e (s, nr) JOIN unit u ON u.unit_id = "
                       "(s->>'new_unit')::uuid)) FROM outbox WHERE event = 'decree_applied'"),
        "2 20/2025/QĐ-TTg 2025-09-01 rename:18924 move:18925");
}
