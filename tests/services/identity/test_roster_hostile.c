/* test_roster_hostile.c - files that are not what they say, refused row by row or whole, with a sentence. */
#include "identity_test.h"
#include "roster.h"
#include <fcntl.h>

#define GOOD "999079000002,Trần Thị Hoa,1979-04-14,S44,Trưởng phòng,true,\n"

static void tree_only(void)
{
    bootstrap();
    import_units(SMALL_TREE);
}

static bool state_is(const char *word)
{
    return imported.state.n == strlen(word) && !memcmp(imported.state.p, word, imported.state.n);
}

/* Refused whole: nobody is stored, and the first fault says why. */
static void expect_refused(struct span file, uint32_t line, const char *why)
{
    tree_only();
    import_roster_file(file, NULL);
    cr_expect(state_is("refused"), "%.*s", (int)imported.state.n, imported.state.p);
    cr_expect_eq(count_of("person"), 1);
    cr_assert_geq(report.n_faults, 1);
    const struct row_fault *f = &report.faults[0];
    cr_expect_eq(f->line, line, "line %u", f->line);
    cr_expect(memmem(f->message_en.p, f->message_en.n, why, strlen(why)), "%.*s", (int)f->message_en.n,
              f->message_en.p);
}

/* One row is refused for this column, the good one is taken. */
static void expect_row_refused(const char *row, const char *field)
{
    tree_only();
    import_roster(arena_printf(&h->arena, "%s\n" GOOD, row));
    cr_expect(state_is("done"));
    expect_counts(1, 0, 0, 1);
    expect_row_fault(0, 2, field);
}

IDENTITY_TEST(roster_hostile, utf16)
{
    static const char bytes[] = "\xff\xfen\0a\0t\0i\0o\0n\0a\0l\0_\0i\0d\0,\0";
    expect_refused((struct span){bytes, sizeof(bytes) - 1}, 1, "UTF-8");
}

IDENTITY_TEST(roster_hostile, utf16_without_mark)
{
    static const char bytes[] = "n\0a\0t\0i\0o\0n\0a\0l\0_\0i\0d\0\n\0";
    expect_refused((struct span){bytes, sizeof(bytes) - 1}, 1, "");
}

IDENTITY_TEST(roster_hostile, latin1)
{
    expect_refused(S(ROSTER_HEAD_LINE "999079000001,An Binh,1979-04-14,S44,,true,\n"
                                      "999079000002,Nguy\xeaN Th\xe1i,1979-04-14,S44,,true,\n"),
                   3, "UTF-8");
}

IDENTITY_TEST(roster_hostile, one_bad_cell_of_a_good_file)
{
    tree_only();
    import_roster(GOOD "999079000003,Nguy\xea An,1979-04-14,S44,,true,\n");
    expect_counts(1, 0, 0, 1);
    expect_row_fault(0, 3, "full_name");
}

IDENTITY_TEST(roster_hostile, dde_formula)
{
    expect_row_refused("999079000003,An Bình,1979-04-14,S44,=cmd|' /C calc'!A0,false,", "position");
}

IDENTITY_TEST(roster_hostile, formula_with_at)
{
    expect_row_refused("999079000003,An Bình,1979-04-14,S44,@SUM(1+1),false,", "position");
}

IDENTITY_TEST(roster_hostile, number_13_digits)
{
    expect_row_refused("9990790000031,An Bình,1979-04-14,S44,,false,", "national_id");
}

IDENTITY_TEST(roster_hostile, number_as_scientific)
{
    expect_row_refused("9.99079E+11,An Bình,1979-04-14,S44,,false,", "national_id");
}

IDENTITY_TEST(roster_hostile, number_of_other_digits)
{
    expect_row_refused("٩٩٩٠٧٩,An Bình,1979-04-14,S44,,false,", "national_id");
}

IDENTITY_TEST(roster_hostile, date_31_02)
{
    expect_row_refused("999079000003,An Bình,1979-02-31,S44,,false,", "birth_date");
}

IDENTITY_TEST(roster_hostile, date_the_other_way_round)
{
    expect_row_refused("999079000003,An Bình,14/04/1979,S44,,false,", "birth_date");
}

IDENTITY_TEST(roster_hostile, unit_outside_subtree)
{
    tree_only();
    make_officer("Nguyễn Văn Nhân", "T44");
    harness_as(h, person_id("Nguyễn Văn Nhân"), IDENTITY_OFFICER, unit_id("T44"));
    import_roster("999079000003,An Bình,1979-04-14,T66,,false,\n" GOOD);
    expect_counts(1, 0, 0, 1);
    expect_row_fault(0, 2, "unit_code");
}

IDENTITY_TEST(roster_hostile, number_twice)
{
    tree_only();
    import_roster(GOOD "999079000002,Trần Thị Hoa,1979-04-14,P44,,false,\n"
                       "999079000002,Trần Thị Hoa,1979-04-14,X44,,false,\n");
    expect_counts(1, 0, 0, 2);
    expect_row_fault(0, 3, "national_id");
    expect_row_fault(1, 4, "national_id");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT u.code FROM tenure JOIN unit u USING (unit_id) JOIN person USING (person_id)"
                                 " WHERE full_name = 'Trần Thị Hoa'"),
                     "S44", "the first line counts");
}

IDENTITY_TEST(roster_hostile, header_twice)
{
    expect_refused(S("national_id,full_name,birth_date,unit_code,position,leader,leader\n" GOOD), 1, "twice");
}

IDENTITY_TEST(roster_hostile, header_missing)
{
    expect_refused(S(GOOD GOOD), 1, "no such column");
}

IDENTITY_TEST(roster_hostile, empty_file)
{
    expect_refused(S("\n\n \n"), 1, "no header");
}

IDENTITY_TEST(roster_hostile, quote_never_closed)
{
    expect_refused(S(ROSTER_HEAD_LINE GOOD "999079000003,\"An Bình,1979-04-14,S44,,false,\n" GOOD), 3, "quotation");
}

IDENTITY_TEST(roster_hostile, cell_10_mb)
{
    enum { LONG = 10 << 20 };
    static char file[LONG + 1000];
    int n = snprintf(file, 500, ROSTER_HEAD_LINE "999079000003,An Bình,1979-04-14,S44,");
    memset(file + n, 'x', LONG);
    snprintf(file + n + LONG, 400, ",false,\n" GOOD);
    tree_only();
    import_roster_file(S(file), NULL);
    cr_expect(state_is("done"));
    expect_counts(1, 0, 0, 1);
    expect_row_fault(0, 2, "position");
    cr_expect_leq(report.faults[0].value.n, 200);
}

IDENTITY_TEST(roster_hostile, row_of_10_mb)
{
    enum { LONG = 10 << 20 };
    static char file[LONG + 1000];
    int n = snprintf(file, 500, ROSTER_HEAD_LINE "999079000003");
    memset(file + n, ',', LONG);
    snprintf(file + n + LONG, 400, "\n" GOOD);
    tree_only();
    import_roster_file(S(file), NULL);
    cr_expect(state_is("done"));
    expect_counts(1, 0, 0, 1);
    expect_row_fault(0, 2, "");
}

IDENTITY_TEST(roster_hostile, zip_that_is_no_workbook)
{
    static const char bytes[] = "PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const char local[] = "PK\x03\x04 and nothing more";
    (void)bytes;
    expect_refused((struct span){local, sizeof(local) - 1}, 1, "damaged");
}

IDENTITY_TEST(roster_hostile, partial_file_removes_nobody)
{
    small_nation();
    import_roster(GOOD);
    expect_counts(0, 0, 1, 0);
    cr_expect_eq(count_of("tenure WHERE valid_to IS NULL"), 5);
}

static void complete(struct import_request *req, const char *unit, int percent)
{
    *req = (struct import_request){0};
    PUT_FIELD(req, import_request, complete_unit, S(unit));
    if (percent >= 0)
        PUT_FIELD(req, import_request, remove_most_percent, (uint8_t)percent);
}

IDENTITY_TEST(roster_hostile, complete_file_empty)
{
    struct import_request req;
    small_nation();
    complete(&req, "T44", 100);
    import_roster_file(S(ROSTER_HEAD_LINE), &req);
    cr_expect(state_is("refused"));
    cr_expect_eq(count_of("tenure WHERE valid_to IS NULL"), 5);
}

IDENTITY_TEST(roster_hostile, complete_file_that_would_remove_too_many)
{
    struct import_request req;
    small_nation();
    complete(&req, "T44", -1);
    import_roster_file(S(ROSTER_HEAD_LINE GOOD), &req);
    cr_expect(state_is("refused"));
    cr_expect(memmem(imported.sentence_en.p, imported.sentence_en.n, "2 of the 3", 10), "%.*s",
              (int)imported.sentence_en.n, imported.sentence_en.p);
    cr_expect_eq(count_of("tenure WHERE valid_to IS NULL"), 5);
}

IDENTITY_TEST(roster_hostile, complete_file_with_a_bad_row_removes_nobody)
{
    struct import_request req;
    small_nation();
    complete(&req, "T44", 100);
    import_roster_file(S(ROSTER_HEAD_LINE GOOD "999079000003,,1979-05-14,P44,Chuyên viên,false,\n"), &req);
    cr_expect(state_is("done"));
    cr_expect(HAS(&imported, import_state, sentence_vi) && HAS(&imported, import_state, sentence_en));
    cr_expect_eq(imported.ended, 0);
    cr_expect_eq(count_of("tenure WHERE valid_to IS NULL"), 5);
}

IDENTITY_TEST(roster_hostile, a_complete_file_ends_who_is_not_in_it_and_nobody_else)
{
    struct import_request req;
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 30");
    complete(&req, "T44", 50);
    import_roster_file(S(ROSTER_HEAD_LINE GOOD "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,\n"
                                               "999079000077,Mai Văn Mới,1979-05-14,P44,Chuyên viên,false,\n"),
                       &req);
    cr_expect(state_is("done"));
    expect_counts(1, 0, 2, 0);
    cr_expect_eq(imported.ended, 1);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(full_name, ', ') FROM person JOIN tenure USING (person_id)"
                                    " WHERE valid_to = today()"),
                     "Phạm Thị Mai");
    cr_expect_eq(count_of("role_grant JOIN person USING (person_id) WHERE full_name = 'Phạm Thị Mai'"
                          " AND (valid_to IS NULL OR valid_to > today())"),
                 0, "what she held is over");
    cr_expect_eq(count_of(TOLD " WHERE body->>'valid_to' = (SELECT today()::text)"), 1);
    cr_expect_eq(count_of("roster_present"), 0);
}

IDENTITY_TEST(roster_hostile, complete_unit_outside_subtree)
{
    struct import_request req;
    struct import_state state;
    small_nation();
    harness_as(h, person_id("Trần Thị Hoa"), IDENTITY_OFFICER, unit_id("S44"));
    complete(&req, "T44", 100);
    req.import_id = uuid7();
    req.upload_id = upload_file(S(ROSTER_HEAD_LINE GOOD), 1 << 20);
    EXPECT_FAULT(on_import_begin(&h->ctx, &req, &state), ERR_FORBIDDEN, "complete_unit");
}

/* Twenty-two thousand people: two slices. The second one's first row is called `odd`. */
static struct span long_roster(const char *odd)
{
    struct buf file;
    struct span copy;
    buf_init(&file, 4 << 20);
    buf_add_text(&file, ROSTER_HEAD_LINE);
    for (int i = 0; i < 22000; i++)
        buf_printf(&file, "9980%08d,%s,1979-04-14,S44,,false,\n", i, i == ROSTER_SLICE ? odd : "An Bình");
    cr_assert_eq(arena_span(&h->arena, buf_span(&file), &copy), 0);
    buf_release(&file);
    return copy;
}

IDENTITY_TEST(roster_hostile, killed_between_two_slices)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_state state;
    tree_only();
    req.upload_id = upload_file(long_roster("Chặn Lại"), 1 << 20);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    harness_sql(h, "ALTER TABLE person ADD CONSTRAINT stands_in_the_way CHECK (full_name <> 'Chặn Lại')");
    cr_expect_neq(run_rosters(), 0);
    cr_expect_eq(count_of("person"), ROSTER_SLICE + 1, "the first slice is written");
    harness_sql(h, "ALTER TABLE person DROP CONSTRAINT stands_in_the_way");
    cr_assert_eq(run_rosters(), 0);
    take_report(req.import_id);
    cr_expect(state_is("done"));
    expect_counts(22000, 0, 0, 0);
    cr_expect_eq(count_of("person"), 22001);
    cr_expect_eq(count_of("tenure"), 22001);
    cr_expect_eq(count_of(TOLD), 22001);
    cr_expect_eq(count_of("upload_part"), 0);
}

/* The right is taken away in the moment in which the first of two slices is written. */
IDENTITY_TEST(roster_hostile, officer_loses_the_right_while_it_runs)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_state state;
    small_nation();
    make_officer("Trần Thị Hoa", "T44");
    harness_as(h, person_id("Trần Thị Hoa"), IDENTITY_OFFICER, unit_id("T44"));
    req.upload_id = upload_file(long_roster("Chặn Lại"), 1 << 20);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    harness_sql(h, "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE"
                   " FROM identity.role_grant WHERE role = ''identity_officer''; RETURN NULL; END'");
    harness_sql(h, "CREATE TRIGGER lose AFTER INSERT ON import_slice FOR EACH ROW EXECUTE FUNCTION lose()");
    cr_assert_eq(run_rosters(), 0);
    take_report(req.import_id);
    cr_expect(state_is("stopped"));
    cr_expect(
        imported.sentence_en.n > 20 &&
        strstr(arena_printf(&h->arena, "%.*s", (int)imported.sentence_en.n, imported.sentence_en.p), "may not import"));
    cr_expect_eq(count_of("person"), 5 + ROSTER_SLICE, "the first slice is written");
    cr_expect_eq(count_of("person WHERE full_name = 'Chặn Lại'"), 0);
    cr_expect_eq(count_of("audit WHERE action = 'roster_stopped'"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'roster_import' AND detail->>'state' = 'stopped'"), 1);
}

IDENTITY_TEST(roster_hostile, officer_who_has_lost_the_right_before_it_begins)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_state state;
    small_nation();
    make_officer("Trần Thị Hoa", "T44");
    harness_as(h, person_id("Trần Thị Hoa"), IDENTITY_OFFICER, unit_id("T44"));
    req.upload_id = upload_file(S(ROSTER_HEAD_LINE "999079000009,Lý Tuấn,1979-05-15,S44,,false,\n"), 1 << 20);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    harness_sql(h, "UPDATE tenure SET valid_from = '2025-08-01', valid_to = '2025-09-01' WHERE person_id = (SELECT"
                   " person_id FROM person WHERE full_name = 'Trần Thị Hoa')");
    cr_assert_eq(run_rosters(), 0);
    take_report(req.import_id);
    cr_expect(state_is("stopped"));
    cr_expect_eq(count_of("person"), 5);
}

IDENTITY_TEST(roster_hostile, a_file_that_always_fails_does_not_hold_up_the_next)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_state state;
    tree_only();
    req.upload_id = upload_file(S(ROSTER_HEAD_LINE "999079000009,Chặn Lại,1979-04-14,S44,,false,\n"), 1 << 20);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    harness_sql(h, "ALTER TABLE person ADD CONSTRAINT stands_in_the_way CHECK (full_name <> 'Chặn Lại')");
    int tries = 0;
    while (run_rosters() && tries < 10)
        tries++;
    cr_expect_eq(tries, 4);
    take_report(req.import_id);
    cr_expect(state_is("refused"));
    import_roster(GOOD);
    expect_counts(1, 0, 0, 0);
}

IDENTITY_TEST(roster_hostile, stopped_before_it_begins)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_ref ref = {.import_id = req.import_id};
    struct import_state state;
    tree_only();
    req.upload_id = upload_file(S(ROSTER_HEAD_LINE GOOD), 1 << 20);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0, "the same call again");
    cr_assert_eq(settled(on_import_stop(&h->ctx, &ref, &state)), 0);
    cr_assert_eq(run_rosters(), 0);
    take_report(req.import_id);
    cr_expect(state_is("stopped"));
    cr_expect_eq(count_of("person"), 1);
    req.dry_run = true;
    PUT_FIELD(&req, import_request, dry_run, true);
    EXPECT_FAULT(on_import_begin(&h->ctx, &req, &state), ERR_CONFLICT, "import_id");
}

IDENTITY_TEST(roster_hostile, import_of_other_person)
{
    struct import_state state;
    small_nation();
    struct import_ref ref = {.import_id = import_roster_file(S(ROSTER_HEAD_LINE GOOD), NULL)};
    harness_as(h, person_id("Trần Thị Hoa"), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(on_import_get(&h->ctx, &ref, &state), ERR_NOT_FOUND, "import_id");
    EXPECT_FAULT(on_import_stop(&h->ctx, &ref, &state), ERR_NOT_FOUND, "import_id");
}

IDENTITY_TEST(roster_hostile, faults_come_back_as_files_without_numbers)
{
    struct file file;
    tree_only();
    struct uuid id = import_roster_file(
        S(ROSTER_HEAD_LINE
          "999079000002,Robot 3,1979-04-14,S44,,false,\n999079000003,999079000003,1979-04-14,S44,,x,\n"),
        NULL);
    struct import_faults ask = {.import_id = id};
    cr_assert_eq(settled(on_import_faults(&h->ctx, &ask, &file)), 0);
    cr_expect(memmem(file.content.p, file.content.n, "2,full_name,Robot 3,", 20), "%.*s", (int)file.content.n,
              file.content.p);
    cr_expect(!memmem(file.content.p, file.content.n, "9990790000", 10), "a number is shown");
    PUT_FIELD(&ask, import_faults, format, SPAN("xlsx"));
    cr_assert_eq(settled(on_import_faults(&h->ctx, &ask, &file)), 0);
    cr_expect(file.content.n > 4 && !memcmp(file.content.p, "PK\x03\x04", 4));
    PUT_FIELD(&ask, import_faults, part, 1);
    EXPECT_FAULT(on_import_faults(&h->ctx, &ask, &file), ERR_NOT_FOUND, "part");
    PUT_FIELD(&ask, import_faults, format, SPAN("pdf"));
    EXPECT_FAULT(on_import_faults(&h->ctx, &ask, &file), ERR_INVALID, "format");
}
