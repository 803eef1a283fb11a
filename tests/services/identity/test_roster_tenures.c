/* test_roster_tenures.c - rosters that name tenures: kinds, days, positions of the catalogue, several rows of a person.
 */
#include "identity_test.h"
#include "roster.h"
#include "tenure_plan.h"
#include "xlsx_write.h"

#define HEAD                                                                                                           \
    "national_id,full_name,birth_date,unit_code,position,leader,kind,valid_from,valid_to,home_unit,position_code\n"
#define NAM  "999079000003,Lê Văn Nam,1979-05-14,"
#define TUAN "999079000009,Lý Tuấn,1979-05-15,"

static void import_tenures(const char *rows)
{
    import_roster_file(S(arena_printf(&h->arena, HEAD "%s", rows)), NULL);
    cr_expect_eq(report.rows, report.created + report.changed + report.unchanged + report.refused);
}

/* Of a person, by days: unit, kind, days from today on or dates. */
static const char *tenures_of(const char *name)
{
    return harness_get(h,
                       "SELECT string_agg(concat_ws(' ', u.code, left(t.kind, 1), t.valid_from || '..' || coalesce("
                       "t.valid_to::text, '')), ', ' ORDER BY t.valid_from, t.kind <> 'principal', u.code)"
                       " FROM tenure t JOIN unit u USING (unit_id) JOIN person p USING (person_id)"
                       " WHERE p.full_name = '%s' AND t.valid_to IS DISTINCT FROM t.valid_from",
                       name);
}

static void since_august(void)
{
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = '2025-08-01'");
}

/* The row, behind number, name and birth date of Nam, is refused for this column. */
static void expect_refused(const char *row, const char *field)
{
    import_tenures(arena_printf(&h->arena, NAM "%s\n", row));
    cr_expect_eq(report.refused, 1, "%s: taken", row);
    expect_row_fault(0, 2, field);
    cr_expect_str_eq(tenures_of("Lê Văn Nam"), "P44 p 2025-08-01..");
}

#define SEVERAL                                                                                                        \
    TUAN "X44,Trưởng ban,true,concurrent,2025-11-01,,,\n" TUAN "P44,Chuyên viên,false,,2026-02-01,,,\n" TUAN           \
         "S44,Cán sự,false,principal,2025-08-01,,,\n" TUAN "T44,,false,secondment,2026-03-01,2026-09-01,P44,\n"
#define SEVERAL_ARE "S44 p 2025-08-01..2026-02-01, X44 c 2025-11-01.., P44 p 2026-02-01.., T44 s 2026-03-01..2026-09-01"

IDENTITY_TEST(roster_tenures, several_rows_of_one_person_in_any_order)
{
    small_nation();
    import_tenures(SEVERAL);
    expect_counts(1, 3, 0, 0);
    cr_expect_str_eq(tenures_of("Lý Tuấn"), SEVERAL_ARE);
    cr_expect_str_eq(harness_get(h, "SELECT u.code FROM tenure t JOIN tenure m ON m.tenure_id = t.home_tenure_id JOIN"
                                    " unit u ON u.unit_id = m.unit_id"),
                     "P44");
}

IDENTITY_TEST(roster_tenures, same_file_twice_changes_nothing)
{
    small_nation();
    import_tenures(SEVERAL);
    const char *told = harness_get(h, "SELECT count(*) FROM outbox");
    import_tenures(SEVERAL);
    expect_counts(0, 0, 4, 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM outbox"), told);
    cr_expect_str_eq(tenures_of("Lý Tuấn"), SEVERAL_ARE);
}

IDENTITY_TEST(roster_tenures, dry_run_writes_nothing)
{
    struct import_request req = {.dry_run = true};
    PUT_FIELD(&req, import_request, dry_run, true);
    small_nation();
    import_roster_file(S(HEAD SEVERAL), &req);
    expect_counts(1, 3, 0, 0);
    cr_expect_eq(count_of("person WHERE full_name = 'Lý Tuấn'"), 0);
}

IDENTITY_TEST(roster_tenures, a_workbook_says_the_same)
{
    static const struct span head[] = {SPAN("national_id"), SPAN("full_name"), SPAN("birth_date"), SPAN("unit_code"),
                                       SPAN("position"),    SPAN("leader"),    SPAN("kind"),       SPAN("valid_from")};
    static const struct span rows[][8] = {
        {SPAN("999079000009"), SPAN("Lý Tuấn"), SPAN("1979-05-15"), SPAN("X44"), SPAN(""), SPAN("false"),
         SPAN("concurrent"), SPAN("2025-11-01")},
        {SPAN("999079000009"), SPAN("Lý Tuấn"), SPAN("1979-05-15"), SPAN("S44"), SPAN(""), SPAN("false"), SPAN(""),
         SPAN("2025-09-01")},
    };
    struct xlsx_writer *writer;
    struct buf out;
    small_nation();
    buf_init(&out, 1 << 20);
    cr_assert_eq(xlsx_write_open(&writer, "roster", head, 8), 0);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(xlsx_write_row(writer, rows[i]), 0);
    cr_assert_eq(xlsx_write_close(writer, &out), 0);
    import_roster_file(buf_span(&out), NULL);
    buf_release(&out);
    expect_counts(1, 1, 0, 0);
    cr_expect_str_eq(tenures_of("Lý Tuấn"), "S44 p 2025-09-01.., X44 c 2025-11-01..");
}

IDENTITY_TEST(roster_tenures, a_move_on_its_day_and_a_position_of_the_catalogue)
{
    since_august();
    harness_sql(h,
                "INSERT INTO position (code, valid_from, title_vi) VALUES ('CV', '2025-01-01', 'Chuyên viên chính')");
    import_tenures(NAM "X44,,false,,2026-01-01,,,CV\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_str_eq(tenures_of("Lê Văn Nam"), "P44 p 2025-08-01..2026-01-01, X44 p 2026-01-01..");
    cr_expect_eq(count_of("tenure WHERE position_code = 'CV' AND position = 'Chuyên viên chính'"), 1);
    /* A roster without these columns that corrects the name leaves the code. */
    import_roster("999079000003,Lê Văn Năm,1979-05-14,X44,Chuyên viên chính,false,\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(count_of("tenure WHERE position_code = 'CV'"), 1);
    import_roster("999079000003,Lê Văn Năm,1979-05-14,X44,Cán sự,false,\n");
    cr_expect_eq(count_of("tenure WHERE position_code = 'CV'"), 0);
}

IDENTITY_TEST(roster_tenures, rows_that_cannot_be_are_named_by_their_column)
{
    static const char *const bad[][2] = {
        {"X44,,false,temporary,,,,", "kind"},
        {"X44,,false,,2026-02-30,,,", "valid_from"},
        {"X44,,false,,1900-01-01,,,", "valid_from"},
        {"X44,,false,,,mai,,", "valid_to"},
        {"X44,,false,,2026-02-01,2026-02-01,,", "valid_to"},
        {"X44,,false,,,2026-02-01,,", "valid_to"},
        {"X44,,false,secondment,2026-02-01,,,", "valid_to"},
        {"X44,,false,concurrent,2026-02-01,,P44,", "home_unit"},
        {"X44,,false,secondment,2026-02-01,2026-03-01,Z99,", "home_unit"},
        {"X44,,false,secondment,2026-02-01,2026-03-01,S44,", "home_unit"},
        {"X44,,false,,2025-06-01,,,", "unit_code"},
        {"X44,,false,,2026-02-01,,,NONE", "position_code"},
        {"X44,,false,concurrent,2025-07-15,,,", "kind"},
        {"X44,,false,,2025-08-01,,,", "valid_from"},
        {"X44,,false,,2026-02-01,2026-03-01,,", "valid_from"},
        {"X44,,false,,2025-07-15,2025-09-01,,", "valid_from"},
    };
    since_august();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_refused(bad[i][0], bad[i][1]);
}

IDENTITY_TEST(roster_tenures, rows_of_one_number_that_contradict_each_other)
{
    small_nation();
    import_tenures(TUAN "S44,,false,,2026-01-01,,,\n" TUAN "X44,,false,,2026-01-01,,,\n"      /* two principal ones */
                   TUAN "S44,,true,,2026-01-01,,,\n"                                          /* the same again */
                        "999079000009,Lý Tú,1979-05-15,X44,,false,concurrent,2026-02-01,,,\n" /* another name */
                   TUAN "X44,,false,concurrent,2026-02-01,,,\n");
    expect_counts(1, 1, 0, 3);
    expect_row_fault(0, 3, "national_id");
    expect_row_fault(1, 4, "national_id");
    expect_row_fault(2, 5, "national_id");
    cr_expect_str_eq(tenures_of("Lý Tuấn"), "S44 p 2026-01-01.., X44 c 2026-02-01..");
}

IDENTITY_TEST(roster_tenures, nobody_new_comes_of_refused_rows)
{
    small_nation();
    import_tenures(TUAN "S44,,false,concurrent,2026-01-01,,,\n");
    expect_counts(0, 0, 0, 1);
    expect_row_fault(0, 2, "kind");
    cr_expect_eq(count_of("person WHERE full_name = 'Lý Tuấn'"), 0);
}

IDENTITY_TEST(roster_tenures, who_leaves_loses_the_roles)
{
    since_august();
    cr_expect_eq(count_of("role_grant g JOIN person p USING (person_id) WHERE full_name = 'Trần Thị Hoa' AND"
                          " (valid_to IS NULL OR valid_to > today()) AND revoked_at IS NULL"),
                 1);
    import_tenures("999079000002,Trần Thị Hoa,1979-04-14,S44,Trưởng phòng,true,,,2026-06-01,,\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_str_eq(tenures_of("Trần Thị Hoa"), "S44 p 2025-08-01..2026-06-01");
    cr_expect_eq(count_of("role_grant g JOIN person p USING (person_id) WHERE full_name = 'Trần Thị Hoa' AND"
                          " (valid_to IS NULL OR valid_to > today()) AND revoked_at IS NULL"),
                 0);
}

/* Eight roles of one row, for units C<from>.. */
static const char *eight(int from, int n)
{
    struct buf roles;
    const char *text;
    buf_init(&roles, 1000);
    for (int i = from; i < from + n; i++)
        buf_printf(&roles, "%seditor@C%02d", i > from ? ";" : "", i);
    text = arena_printf(&h->arena, "%.*s", (int)roles.n, roles.p);
    buf_release(&roles);
    return text;
}

static void forty_communes(void)
{
    struct buf units;
    buf_init(&units, 10000);
    for (int i = 0; i < 40; i++)
        buf_printf(&units, "C%02d,T44,commune,Xã %02d,,2025-07-01\n", i, i);
    import_units(arena_printf(&h->arena, "%.*s", (int)units.n, units.p));
    buf_release(&units);
}

IDENTITY_TEST(roster_tenures, more_than_31_units)
{
    small_nation();
    forty_communes();
    for (int from = 0; from < 24; from += 8)
        import_roster(
            arena_printf(&h->arena, "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,%s\n", eight(from, 8)));
    expect_counts(0, 1, 0, 0);
    import_roster(
        arena_printf(&h->arena, "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,%s\n", eight(24, 7)));
    expect_counts(0, 0, 0, 1);
    expect_row_fault(0, 2, "roles");
    import_roster(
        arena_printf(&h->arena, "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,%s\n", eight(24, 6)));
    expect_counts(0, 1, 0, 0);
    import_roster(
        arena_printf(&h->arena, "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,%s\n", eight(24, 6)));
    expect_counts(0, 0, 1, 0);
}

/* On the first day of the row they are two; later they would be more than a token has room for. */
IDENTITY_TEST(roster_tenures, more_than_31_units_on_a_later_day)
{
    struct buf rows;
    since_august();
    forty_communes();
    buf_init(&rows, 10000);
    for (int i = 0; i < 30; i++)
        buf_printf(&rows, NAM "C%02d,,false,concurrent,2026-02-01,2026-03-01,,\n", i);
    import_tenures(arena_printf(&h->arena, "%.*s", (int)rows.n, rows.p));
    buf_release(&rows);
    expect_counts(0, 30, 0, 0);
    import_tenures(NAM "C30,,false,concurrent,2026-01-01,,,\n");
    expect_counts(0, 0, 0, 1);
    expect_row_fault(0, 2, "unit_code");
    import_tenures(NAM "C30,,false,concurrent,2026-01-01,2026-02-01,,\n" NAM "C31,,false,concurrent,2026-03-01,,,\n");
    expect_counts(0, 2, 0, 0);
}

/* Four hundred people, a row each: `name`, and what stands behind the day of birth. */
static struct span slice_of(const char *head, const char *name, const char *rest)
{
    struct buf rows;
    struct span copy;
    buf_init(&rows, 1 << 20);
    buf_add_text(&rows, head);
    for (int i = 0; i < TENURES_SLICE; i++)
        buf_printf(&rows, "9980%08d,%s,1979-05-14,%s\n", i, name, rest);
    cr_assert_eq(arena_span(&h->arena, buf_span(&rows), &copy), 0);
    buf_release(&rows);
    return copy;
}

/* Of everybody in a slice as many tenures as one may have, with all that can be said of each, and all to be told again.
 */
IDENTITY_TEST(roster_tenures, people_with_as_many_tenures_as_there_may_be)
{
    struct import_request dry = {.dry_run = true};
    PUT_FIELD(&dry, import_request, dry_run, true);
    small_nation();
    import_roster_file(slice_of(ROSTER_HEAD_LINE, "Lý Tuấn", "S44,,false,"), NULL);
    expect_counts(TENURES_SLICE, 0, 0, 0);
    harness_sql(h, "ALTER TABLE tenure DISABLE TRIGGER USER");
    harness_sql(h,
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from,"
                " valid_to) SELECT gen_random_uuid(), person_id, unit_id, repeat('x', 120), false, 'concurrent',"
                " repeat('x', 32), today() + i, today() + i + 1 FROM tenure JOIN person USING (person_id),"
                " generate_series(1, %d) i WHERE full_name = 'Lý Tuấn'",
                TENURES_MOST - 2);
    import_roster_file(slice_of("national_id,full_name,birth_date,unit_code,position,leader,kind\n", "Lý Văn Tuấn Anh",
                                "S44,Chuyên viên,false,principal"),
                       &dry);
    expect_counts(0, TENURES_SLICE, 0, 0);
}
