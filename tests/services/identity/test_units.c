/* test_units.c - the organisation tree: imports and questions, as of any day. */
#include "identity_test.h"

static struct unit_list ask(const char *parent, const char *code, const char *as_of, const char *after)
{
    struct unit_query query = {0};
    struct unit_list list = {0};
    int32_t day;
    if (parent)
        PUT_FIELD(&query, unit_query, parent_code, S(parent));
    if (code)
        PUT_FIELD(&query, unit_query, code, S(code));
    if (as_of) {
        cr_assert_eq(date_parse(S(as_of), &day), 0);
        PUT_FIELD(&query, unit_query, as_of, day);
    }
    if (after)
        PUT_FIELD(&query, unit_query, after, S(after));
    cr_assert_eq(settled(on_units(&h->ctx, &query, &list)), 0);
    return list;
}

static const char *name_on(const char *code, const char *day)
{
    struct unit_list list = ask(NULL, code, day, NULL);
    return list.n_units ? arena_printf(&h->arena, "%.*s", (int)list.units[0].name.n, list.units[0].name.p) : "";
}

IDENTITY_TEST(units, are_imported_with_paths_and_events)
{
    bootstrap();
    import_units(SMALL_TREE);
    expect_counts(5, 0, 0, 0);
    cr_expect_eq(harness_events(h, "org_changed"), 6); /* with the nation's own */
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(u.code, '/' ORDER BY o) FROM unit_now p,"
                                    " unnest(p.path) WITH ORDINALITY AS x (id, o)"
                                    " JOIN unit_now u ON u.unit_id = x.id WHERE p.code = 'P44'"),
                     "VN/T44/S44/P44");
    cr_expect_str_eq(harness_get(h, "SELECT body - 'unit_id' - 'parent_id' FROM outbox WHERE body->>'code' = 'X44'"),
                     "{\"code\": \"X44\", \"kind\": \"commune\", \"name\": \"Xã Minh Hoá\", \"name_en\": \"Minh Hoa "
                     "Commune\", \"valid_from\": \"2025-07-01\"}");
}

IDENTITY_TEST(units, same_file_twice_changes_nothing)
{
    bootstrap();
    import_units(SMALL_TREE);
    int events = harness_events(h, "org_changed");
    import_units(SMALL_TREE "VN,,nation,Việt Nam,Viet Nam,2025-07-01\n");
    expect_counts(0, 0, 6, 0);
    cr_expect_eq(harness_events(h, "org_changed"), events);
    cr_expect_eq(count_of("unit_version"), 6);
}

IDENTITY_TEST(units, dry_run_reports_and_keeps_nothing)
{
    bootstrap();
    import_csv(on_units_import, UNIT_HEAD_LINE SMALL_TREE "Q1,NONE,unit,Phòng,,2025-07-01\n", true);
    cr_expect(report.dry_run);
    expect_counts(5, 0, 0, 1);
    cr_expect_eq(count_of("unit"), 1);
    cr_expect_eq(harness_events(h, "org_changed"), 1);
}

IDENTITY_TEST(units, parents_may_follow_their_children)
{
    bootstrap();
    import_units("P44,S44,unit,Phòng Tổ chức,,2025-07-01\n"
                 "S44,T44,department,Sở Nội vụ,,2025-07-01\n"
                 "T44,VN,province,Tỉnh Quảng Trị,,2025-07-01\n");
    expect_counts(3, 0, 0, 0);
    cr_expect_eq(count_of("unit_now"), 4);
}

IDENTITY_TEST(units, another_name_from_a_later_day_is_a_new_version)
{
    bootstrap();
    import_units(SMALL_TREE);
    import_units("S44,T44,department,Sở Nội vụ mới,,2026-01-01\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_str_eq(name_on("S44", "2025-12-31"), "Sở Nội vụ");
    cr_expect_str_eq(name_on("S44", "2026-01-01"), "Sở Nội vụ mới");
    cr_expect_str_eq(name_on("S44", "2025-06-30"), "");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(body->>'valid_to', ',' ORDER BY id) FROM outbox"
                                    " WHERE body->>'code' = 'S44'"),
                     "2026-01-01", "the end of the old version is told");
    cr_expect_eq(harness_events(h, "org_changed"), 8);
}

IDENTITY_TEST(units, the_same_day_again_is_a_correction)
{
    bootstrap();
    import_units(SMALL_TREE);
    import_units("S44,T44,department,Sở Nội vụ tỉnh,,2025-07-01\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(count_of("unit_version WHERE code = 'S44'"), 1);
    cr_expect_str_eq(name_on("S44", "2025-07-01"), "Sở Nội vụ tỉnh");
}

IDENTITY_TEST(units, a_version_may_be_put_between_others_and_before_them)
{
    bootstrap();
    import_units(SMALL_TREE);
    import_units("X44,T44,commune,Tên ba,,2026-05-01\n"
                 "X44,T44,commune,Tên hai,,2026-01-01\n"
                 "T44,VN,province,Tỉnh Quảng Trị,Quang Tri Province,2020-01-01\n"
                 "X44,T44,commune,Tên cũ,,2024-01-01\n");
    expect_counts(0, 4, 0, 0);
    cr_expect_str_eq(name_on("X44", "2024-06-01"), "Tên cũ");
    cr_expect_str_eq(name_on("X44", "2025-07-01"), "Xã Minh Hoá");
    cr_expect_str_eq(name_on("X44", "2026-01-01"), "Tên hai");
    cr_expect_str_eq(name_on("X44", "2026-05-01"), "Tên ba");
    cr_expect_str_eq(name_on("X44", "2030-05-01"), "Tên ba");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM unit_version a JOIN unit_version b USING (unit_id)"
                                    " WHERE a.valid_from < b.valid_from AND a.valid_to IS DISTINCT FROM (SELECT"
                                    " min(valid_from) FROM unit_version c WHERE c.unit_id = a.unit_id AND"
                                    " c.valid_from > a.valid_from)"),
                     "0", "versions follow each other without hole or overlap");
}

/* What was told of renamed and moved units, a day with its changes in each line. */
static const char *became(void)
{
    return harness_get(h, "SELECT coalesce(string_agg(concat_ws(' ', body->>'number', body->>'effective_from', (SELECT"
                          " string_agg((s->>'op') || ':' || u.code, ' ' ORDER BY nr) FROM jsonb_array_elements("
                          "body->'successors') WITH ORDINALITY AS e (s, nr) JOIN unit u ON u.unit_id = "
                          "(s->>'old_unit')::uuid AND s->>'new_unit' = s->>'old_unit')), chr(10) ORDER BY id), '')"
                          " FROM outbox WHERE event = 'decree_applied'");
}

IDENTITY_TEST(units, what_became_of_them_is_told_as_of_a_decree)
{
    bootstrap();
    import_units(SMALL_TREE);
    cr_expect_str_eq(became(), "", "new units were nothing before");
    import_units("X44,T44,commune,Xã Minh Hoá,Another English name,2026-01-01\n");
    import_units("S44,T44,department,Sở sai,,2025-07-01\n");
    cr_expect_str_eq(became(), "", "neither is a correction, nor another name in English");
    const char *rows = "S44,T66,department,Sở Nội vụ mới,,2026-01-01\n"
                       "X44,T44,commune,Xã Hoá Sơn,,2026-02-01\n"
                       "P44,S44,unit,Phòng Tổ chức mới,,2026-01-01\n"
                       "T66,VN,province,,,2026-01-01\n";
    import_csv(on_units_import, arena_printf(&h->arena, UNIT_HEAD_LINE "%s", rows), true);
    cr_expect_str_eq(became(), "", "a dry run tells nothing");
    import_units(rows);
    expect_counts(0, 3, 0, 1);
    cr_expect_str_eq(became(), "2026-01-01 rename:P44 rename:S44 move:S44\n2026-02-01 rename:X44");
    cr_expect_eq(count_of("outbox a WHERE event = 'decree_applied' AND EXISTS (SELECT FROM outbox b WHERE b.event = "
                          "'org_changed' AND b.id > a.id)"),
                 0, "after the units");
    import_units(rows);
    import_units("P44,S44,unit,Phòng Tổ chức mới hơn,,2026-01-01\n");
    cr_expect_eq(harness_events(h, "decree_applied"), 2, "what was told is not told again");
    /* A version between two others: what the next one says is a change now. */
    import_units("X44,T44,commune,Xã Giữa,,2025-09-01\n");
    cr_expect_str_eq(became(), "2026-01-01 rename:P44 rename:S44 move:S44\n2026-02-01 rename:X44\n"
                               "2025-09-01 rename:X44\n2026-01-01 rename:X44");
}

IDENTITY_TEST(units, a_version_of_tomorrow_waits_for_its_day)
{
    bootstrap();
    import_units(SMALL_TREE);
    const char *tomorrow = harness_get(h, "SELECT today() + 1");
    import_units(
        arena_printf(&h->arena, "P44,X44,unit,Phòng Tổ chức,,%s\nN44,X44,unit,Phòng mới,,%s\n", tomorrow, tomorrow));
    expect_counts(1, 1, 0, 0);
    struct uuid department = unit_id("S44"), commune = unit_id("X44");
    struct unit_list list = ask(NULL, "P44", NULL, NULL);
    cr_assert_eq(list.n_units, 1);
    cr_expect(uuid_equal(&list.units[0].parent_id, &department));
    list = ask(NULL, "P44", tomorrow, NULL);
    cr_assert_eq(list.n_units, 1);
    cr_expect(uuid_equal(&list.units[0].parent_id, &commune));
    cr_expect_eq(ask(NULL, "N44", NULL, NULL).n_units, 0);
    cr_expect_eq(ask("X44", NULL, tomorrow, NULL).n_units, 2);
    /* The day comes. */
    harness_sql(h, "UPDATE unit_version SET valid_from = valid_from - 1 WHERE valid_from > today();"
                   "UPDATE unit_version SET valid_to = valid_to - 1 WHERE valid_to > today()");
    cr_assert_eq(harness_tick(h, units_refresh), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM unit_now WHERE path @> ARRAY[(SELECT unit_id FROM unit_now"
                                    " WHERE code = 'X44')]"),
                     "3");
}

IDENTITY_TEST(units, bad_rows_do_not_stop_good_ones)
{
    bootstrap();
    import_units(SMALL_TREE);
    import_units("A 1,T44,unit,Mã sai,,2025-07-01\n"            /* 2 */
                 "A2,T44,office,Loại sai,,2025-07-01\n"         /* 3 */
                 "A3,,unit,Không cấp trên,,2025-07-01\n"        /* 4 */
                 "A4,NONE,unit,Cấp trên lạ,,2025-07-01\n"       /* 5 */
                 "A5,T44,unit,Ngày sai,,2025-02-30\n"           /* 6 */
                 "A6,T44,unit,Ngày sai,,01/07/2025\n"           /* 7 */
                 "A7,T44,unit,Quá sớm,,1900-01-01\n"            /* 8 */
                 "A8,T44,unit,Trước cấp trên,,2025-06-30\n"     /* 9 */
                 "A9,X44,ministry,Sai cấp,,2025-07-01\n"        /* 10 */
                 "VN2,,nation,Nước khác,,2025-07-01\n"          /* 11 */
                 "VN3,VN,nation,Nước con,,2025-07-01\n"         /* 12 */
                 "T44,T44,province,Dưới chính nó,,2026-01-01\n" /* 13 */
                 "B1,T44,unit,=1+1,,2025-07-01\n"               /* 14 */
                 "B2,T44,unit,,,2025-07-01\n"                   /* 15 */
                 "B3,T44,unit,Tốt,,2025-07-01\n"                /* 16 */
                 "B3,T44,unit,Hai lần,,2025-07-01\n");          /* 17 */
    expect_counts(1, 0, 0, 15);
    static const char *const fields[] = {"code",        "kind",        "parent_code", "parent_code", "valid_from",
                                         "valid_from",  "valid_from",  "parent_code", "kind",        "code",
                                         "parent_code", "parent_code", "name",        "name",        "code"};
    for (uint32_t i = 0; i < 15; i++)
        expect_row_fault(i, i < 14 ? i + 2 : 17, fields[i]);
    cr_expect_eq(count_of("unit"), 7);
}

IDENTITY_TEST(units, rows_that_lean_on_a_refused_row_are_refused)
{
    bootstrap();
    import_units("T1,VN,province,Tỉnh,,2025-07-01\n"
                 "C3,C2,unit,Ba,,2025-07-01\n"
                 "C2,C1,unit,Hai,,2025-07-01\n"
                 "C1,NONE,unit,Một,,2025-07-01\n"
                 "D1,T1,unit,Tốt,,2025-07-01\n");
    expect_counts(2, 0, 0, 3);
    for (uint32_t i = 0; i < 3; i++)
        expect_row_fault(i, i + 3, "parent_code");
}

IDENTITY_TEST(units, no_cycles_at_any_time)
{
    bootstrap();
    import_units("T1,VN,province,Tỉnh,,2025-07-01\n"
                 "A,T1,unit,A,,2025-07-01\nB,A,unit,B,,2025-07-01\nC,B,unit,C,,2025-07-01\n");
    expect_counts(4, 0, 0, 0);
    import_units("A,C,unit,A,,2026-01-01\n");
    expect_counts(0, 0, 0, 1);
    expect_row_fault(0, 2, "parent_code");
    cr_expect(memmem(report.faults[0].message_en.p, report.faults[0].message_en.n, "below itself", 12));
    /* New units that only hold each other. */
    import_units("E,F,unit,E,,2025-07-01\nF,E,unit,F,,2025-07-01\n");
    expect_counts(0, 0, 0, 2);
    /* B leaves A later than A goes below B: between the two days there would be a cycle. */
    import_units("A,B,unit,A,,2026-03-01\nB,T1,unit,B,,2026-06-01\n");
    expect_counts(0, 1, 0, 1);
    expect_row_fault(0, 2, "parent_code");
    /* The other way round it is in order, also when the later row stands first. */
    import_units("A,B,unit,A,,2026-09-01\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(count_of("unit_now"), 5);
}

IDENTITY_TEST(units, a_later_version_of_the_parent_counts_too)
{
    bootstrap();
    import_units("T1,VN,province,Tỉnh,,2025-07-01\nA,T1,unit,A,,2025-07-01\nB,T1,unit,B,,2025-07-01\n"
                 "B,A,unit,B,,2026-06-01\n");
    expect_counts(3, 1, 0, 0);
    /* A below B is fine until B goes below A. */
    import_units("A,B,unit,A,,2026-01-01\n");
    expect_counts(0, 0, 0, 1);
    import_units("A,B,unit,A,,2026-01-01\nA,T1,unit,A,,2026-06-01\n");
    expect_counts(0, 2, 0, 0);
}

IDENTITY_TEST(units, have_sixteen_levels_at_most)
{
    char *rows = arena_printf(&h->arena, "L0,VN,province,Tỉnh,,2025-07-01\n");
    bootstrap();
    for (int i = 1; i < 30; i++)
        rows = arena_printf(&h->arena, "%sL%d,L%d,unit,Cấp,,2025-07-01\n", rows, i, i - 1);
    import_units(rows);
    cr_expect_eq(report.created, 16);
    cr_expect_eq(report.refused, 14);
}

IDENTITY_TEST(units, stay_within_the_caller_s_subtree)
{
    bootstrap();
    import_units(SMALL_TREE);
    harness_as(h, U(9), NATIONAL_OPERATOR, unit_id("T44"));
    import_units("S44,T44,department,Sở Nội vụ tỉnh,,2026-01-01\n" /* own */
                 "N44,S44,unit,Phòng mới,,2025-07-01\n"            /* own */
                 "N45,N44,unit,Tổ mới,,2025-07-01\n"               /* below a new one of his own */
                 "N66,T66,unit,Phòng,,2025-07-01\n"                /* elsewhere */
                 "X44,T66,commune,Xã Minh Hoá,,2026-01-01\n"       /* given away */
                 "T66,VN,province,Tỉnh khác,,2026-01-01\n"         /* not his */
                 "T66,T44,unit,Tỉnh khác,,2026-02-01\n"            /* taken in */
                 "VN,,nation,Nước khác,,2026-01-01\n"
                 "T44,VN,province,Tỉnh Quảng Trị mới,,2026-01-01\n"             /* the top's own parent is not his */
                 "T66,VN,province,Tỉnh Đắk Lắk,Dak Lak Province,2025-07-01\n"); /* as it is: nobody's harm */
    expect_counts(2, 1, 1, 6);
    static const uint32_t lines[] = {5, 6, 7, 8, 9, 10};
    for (uint32_t i = 0; i < 6; i++)
        expect_row_fault(i, lines[i], "code");
}

IDENTITY_TEST(units, are_listed_by_parent_and_page)
{
    bootstrap();
    char *rows = arena_printf(&h->arena, "T1,VN,province,Tỉnh,,2025-07-01\n");
    for (int i = 0; i < 700; i++)
        rows = arena_printf(&h->arena, "%sU%03d,T1,unit,Đơn vị,,2025-07-01\n", rows, i);
    import_units(rows);
    expect_counts(701, 0, 0, 0);
    struct unit_list list = ask("T1", NULL, NULL, NULL);
    cr_assert_eq(list.n_units, 500);
    cr_expect_arr_eq(list.units[499].code.p, "U499", 4);
    list = ask("T1", NULL, NULL, "U499");
    cr_assert_eq(list.n_units, 200);
    cr_expect_arr_eq(list.units[0].code.p, "U500", 4);
    cr_expect_eq(ask("NONE", NULL, NULL, NULL).n_units, 0);
}

IDENTITY_TEST(units, import_of_the_sample_has_no_fault)
{
    static char csv[200000];
    FILE *file = fopen("deploy/sample/units.csv", "re");
    cr_assert(file, "run from the root of the tree");
    size_t n = fread(csv, 1, sizeof(csv) - 1, file);
    fclose(file);
    csv[n] = '\0';
    bootstrap();
    import_csv(on_units_import, csv, false);
    cr_expect_eq(report.refused, 0);
    cr_expect_gt(report.created, 300);
    cr_expect_eq(report.unchanged, 1); /* the nation */
    import_csv(on_units_import, csv, false);
    cr_expect_eq(report.unchanged, report.rows);
}

IDENTITY_TEST(units, privileges_are_as_meant)
{
    cr_expect(harness_allowed(h, "SELECT 1 FROM unit_version"));
    cr_expect(!harness_allowed(h, "DELETE FROM unit_version"));
    cr_expect(!harness_allowed(h, "UPDATE unit SET code = 'x'"));
    cr_expect(!harness_allowed(h, "DELETE FROM unit"));
    cr_expect(!harness_allowed(h, "CREATE TABLE identity.mine ()"));
}
