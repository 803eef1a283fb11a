/* test_roster.c - officials from files: who is new, who moved, who is refused, and that no number gets out. */
#include "identity_test.h"

static void tree_only(void)
{
    bootstrap();
    import_units(SMALL_TREE);
}

IDENTITY_TEST(roster, makes_persons_tenures_roles_and_events)
{
    small_nation();
    cr_expect_eq(count_of(TOLD), 5); /* with the operator's own */
    cr_expect_eq(harness_events(h, "people_changed"), 2, "fifty in one");
    cr_expect_eq(harness_events(h, "role_changed"), 4);
    cr_expect_str_eq(
        harness_get(h, "SELECT body - 'person_id' - 'tenure_id' - 'unit_id' - 'valid_from' FROM " TOLD
                       " WHERE body->>'full_name' = 'Phạm Thị Mai'"),
        "{\"kind\": \"principal\", \"leader\": true, \"position\": \"Chủ tịch\", \"full_name\": \"Phạm Thị Mai\"}");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(r.role || '@' || u.code, ' ' ORDER BY r.bit) FROM role_grant r"
                                    " JOIN unit u USING (unit_id) JOIN person p USING (person_id)"
                                    " WHERE p.full_name = 'Phạm Thị Mai'"),
                     "unit_head@X44 editor@T44");
    cr_expect_eq(count_of("tenure WHERE valid_from = today() AND valid_to IS NULL AND kind = 'principal'"), 5);
}

IDENTITY_TEST(roster, keeps_numbers_sealed_and_nowhere_else)
{
    char digits[NATIONAL_DIGITS];
    small_nation();
    const char *hex = harness_get(h, "SELECT encode(national_box, 'hex') FROM person WHERE full_name = 'Lê Văn Nam'");
    unsigned char box[SEAL_BOX_BYTES];
    size_t n = 0;
    cr_assert_eq(sodium_hex2bin(box, sizeof(box), hex, strlen(hex), NULL, &n, NULL), 0);
    cr_assert_eq(seal_open(box_secret, (struct span){(const char *)box, (uint32_t)n}, digits), 0);
    cr_expect_arr_eq(digits, "999079000003", NATIONAL_DIGITS);
    static const char *const tables[] = {"person", "tenure", "role_grant", "outbox", "audit"};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM %s t WHERE t::text LIKE '%%9990790000%%'", tables[i]),
                         "0");
}

IDENTITY_TEST(roster, same_file_twice_changes_nothing)
{
    small_nation();
    const char *before = harness_get(h, "SELECT count(*) FROM outbox");
    import_roster(SMALL_ROSTER);
    expect_counts(0, 0, 4, 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM outbox"), before);
    cr_expect_eq(count_of("tenure"), 5);
    cr_expect_eq(count_of("role_grant"), 4);
    cr_expect_eq(count_of("audit WHERE action = 'roster_import'"), 2);
}

IDENTITY_TEST(roster, a_partial_file_removes_nobody)
{
    small_nation();
    import_roster("999079000002,Trần Thị Hoa,1979-04-14,S44,Trưởng phòng,true,\n");
    expect_counts(0, 0, 1, 0); /* and an empty cell takes no role away */
    cr_expect_eq(count_of("tenure WHERE valid_to IS NULL"), 5);
    cr_expect_eq(count_of("role_grant WHERE revoked_at IS NULL"), 4);
}

IDENTITY_TEST(roster, another_unit_ends_the_tenure_and_begins_the_next)
{
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 30");
    import_roster("999079000003,Lê Văn Nam,1979-05-14,X44,Phó Chủ tịch,true,\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(concat_ws(' ', u.code, t.position, t.leader, t.valid_from -"
                                    " today(), t.valid_to - today()), ' / ' ORDER BY t.valid_from) FROM tenure t JOIN"
                                    " unit u USING (unit_id) JOIN person p USING (person_id) WHERE full_name = 'Lê Văn "
                                    "Nam'"),
                     "P44 Chuyên viên f -30 0 / X44 Phó Chủ tịch t 0");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(coalesce(body->>'valid_to', '-') || ' ' || (body->>'position'),"
                                    " ' / ' ORDER BY id) FROM (SELECT * FROM " TOLD " ORDER BY id DESC LIMIT 2) last"),
                     arena_printf(&h->arena, "%s Chuyên viên / - Phó Chủ tịch", harness_get(h, "SELECT today()")),
                     "the end is told before the beginning");
}

IDENTITY_TEST(roster, moves_twice_on_one_day_leave_one_open_tenure)
{
    small_nation();
    import_roster("999079000003,Lê Văn Nam,1979-05-14,X44,Chuyên viên,false,\n");
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T66,Chuyên viên,false,\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(count_of("tenure t JOIN person p USING (person_id) WHERE p.full_name = 'Lê Văn Nam'"), 3);
    cr_expect_eq(count_of("tenure t JOIN person p USING (person_id) WHERE p.full_name = 'Lê Văn Nam' AND"
                          " valid_to IS NULL"),
                 1);
    cr_expect_eq(count_of("tenure t JOIN person p USING (person_id) WHERE p.full_name = 'Lê Văn Nam' AND"
                          " daterange(valid_from, valid_to) @> today()"),
                 1);
}

IDENTITY_TEST(roster, corrections_update_what_is_stored)
{
    small_nation();
    long told = count_of(TOLD);
    import_roster(
        "999079000003,Lê Văn Năm,1979-05-14,P44,Chuyên viên,false,\n"   /* name */
        "999079000004,Phạm Thị Mai,1980-01-02,X44,Bí thư,true,\n"       /* position */
        "999079000005,Hồ Văn Sơn,1980-01-04,T66,Chuyên viên,false,\n"); /* birth date: nobody else's business */
    expect_counts(0, 3, 0, 0);
    cr_expect_eq(count_of(TOLD), told + 2);
    cr_expect_eq(count_of("tenure"), 5);
    cr_expect_eq(count_of("person WHERE full_name = 'Lê Văn Năm'"), 1);
    cr_expect_eq(count_of("person WHERE birth_date = '1980-01-04'"), 1);
}

IDENTITY_TEST(roster, a_new_role_alone_is_a_change)
{
    small_nation();
    import_roster(
        "999079000003,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,reviewer@S44; unit_head@S44;reviewer@S44;\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(harness_events(h, "role_changed"), 6);
    cr_expect_eq(count_of("audit WHERE action = 'roles_granted' AND jsonb_array_length(detail->'grants') = 2"), 1);
}

IDENTITY_TEST(roster, bad_rows_do_not_stop_good_ones)
{
    tree_only();
    import_roster("99907900000x,An Bình,1979-04-14,S44,,false,\n"          /* 2 */
                  "999079000002,Robot 3,1979-04-14,S44,,false,\n"          /* 3 */
                  "999079000003,An Bình,1979-02-30,S44,,false,\n"          /* 4 */
                  "999079000004,An Bình,1879-01-01,S44,,false,\n"          /* 5 */
                  "999079000005,An Bình,2024-01-01,S44,,false,\n"          /* 6 */
                  "999079000006,An Bình,1979-04-14,S45,,false,\n"          /* 7 */
                  "999079000007,An Bình,1979-04-14,S44,,maybe,\n"          /* 8 */
                  "999079000008,An Bình,1979-04-14,S44,,true,king\n"       /* 9 */
                  "999079000009,An Bình,1979-04-14,S44,,true,learner\n"    /* 10 */
                  "999079000010,An Bình,1979-04-14,S44,,true,editor@S45\n" /* 11 */
                  "999079000011,An Bình,1979-04-14,S44,,true,editor@\n"    /* 12 */
                  "999079000012,An Bình,1979-04-14,S44,=cmd(),true,\n"     /* 13 */
                  "99907900001,An Bình,1979-04-14,S44,,true,\n"            /* 14 */
                  "999079000013,An Bình,1979-04-14,S44,,true,editor;editor;editor;editor;editor;editor;editor;editor;"
                  "editor\n"                                            /* 15 */
                  "999079000014,An Bình,1979-04-14,S44,Tốt,true,\n"     /* 16 */
                  "999079000014,An Bình,1979-04-14,P44,Lặp lại,true,\n" /* 17 */
                  "999079000015,An Bình,1979-04-14,S44\n"               /* 18 */
                  ",,,,,,\n");                                          /* 19: five empty cells */
    expect_counts(1, 0, 0, 17);
    static const char *const fields[] = {"national_id", "full_name", "birth_date",  "birth_date", "birth_date",
                                         "unit_code",   "leader",    "roles",       "roles",      "roles",
                                         "roles",       "position",  "national_id", "roles"};
    for (uint32_t i = 0; i < 14; i++)
        expect_row_fault(i, i + 2, fields[i]);
    expect_row_fault(14, 17, "national_id");
    expect_row_fault(15, 18, "");
    for (uint32_t i = 16; i < 21; i++)
        expect_row_fault(
            i, 19, ((const char *const[]){"national_id", "full_name", "birth_date", "unit_code", "leader"})[i - 16]);
    cr_expect_eq(count_of("person"), 2);
    for (uint32_t i = 0; i < report.n_faults; i++) {
        const struct row_fault *f = &report.faults[i];
        cr_expect(!HAS(f, row_fault, value) || !memmem(f->value.p, f->value.n, "9990790", 7), "a number is shown");
    }
}

IDENTITY_TEST(roster, dry_run_reports_and_keeps_nothing)
{
    tree_only();
    const char *before = harness_get(h, "SELECT count(*) FROM outbox");
    struct import_request dry = {0};
    PUT_FIELD(&dry, import_request, dry_run, true);
    import_roster_file(S(ROSTER_HEAD_LINE SMALL_ROSTER "x,,,,,,\n"), &dry);
    expect_counts(4, 0, 0, 1);
    cr_expect(report.dry_run);
    cr_expect_eq(count_of("person"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'roster_import'"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM outbox"), before);
}

IDENTITY_TEST(roster, needs_its_header)
{
    tree_only();
    import_roster_file(S("national_id,full_name,birth_date,unit,position,leader,roles\n" SMALL_ROSTER), NULL);
    expect_counts(0, 0, 0, 0);
    cr_expect_eq(imported.state.n, strlen("refused"));
    expect_row_fault(0, 1, "unit");
    expect_row_fault(1, 1, "unit_code");
    cr_expect_eq(count_of("person"), 1);
}

IDENTITY_TEST(roster, names_are_kept_in_nfc_and_found_again)
{
    tree_only();
    import_roster("999079000002,Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 A\xcc\x81nh,1979-04-14,S44,,true,\n");
    cr_expect_eq(count_of("person WHERE full_name = 'Nguyễn Thị Ánh'"), 1);
    import_roster("999079000002,Nguyễn Thị Ánh,1979-04-14,S44,,true,\n");
    expect_counts(0, 0, 1, 0);
    import_roster("999079000006,H'Bia Niê,1979-04-14,S44,,true,\n999079000007,Y’Bion-Êban,1979-04-14,S44,,true,\n");
    expect_counts(2, 0, 0, 0);
}

IDENTITY_TEST(roster, stays_within_the_caller_s_subtree)
{
    small_nation();
    import_roster("999079000009,Cao Văn Minh,1979-04-14,T44,,false,national_operator\n");
    make_officer("Cao Văn Minh", "T44");
    harness_as(h, person_id("Cao Văn Minh"), IDENTITY_OFFICER, unit_id("T44"));
    import_roster("999079000010,Cao Thị Vân,1979-04-14,P44,,false,\n"           /* fine */
                  "999079000011,Cao Thị Lan,1979-04-14,T66,,false,\n"           /* 3: unit elsewhere */
                  "999079000012,Cao Thị Mai,1979-04-14,P44,,false,editor@VN\n"  /* 4: role above */
                  "999079000013,Cao Thị Hoa,1979-04-14,P44,,false,editor@T66\n" /* 5: role elsewhere */
                  "999079000005,Hồ Văn Sơn,1980-01-03,P44,,false,\n"            /* 6: somebody else's official */
                  "999079000003,Lê Văn Nam,1979-05-14,X44,,false,national_operator@T44\n"); /* own */
    expect_counts(1, 1, 0, 4);
    expect_row_fault(0, 3, "unit_code");
    expect_row_fault(1, 4, "roles");
    expect_row_fault(2, 5, "roles");
    expect_row_fault(3, 6, "unit_code");
    cr_expect_eq(count_of("tenure t JOIN person p USING (person_id) JOIN unit u USING (unit_id)"
                          " WHERE p.full_name = 'Hồ Văn Sơn' AND u.code = 'T66' AND valid_to IS NULL"),
                 1);
}

IDENTITY_TEST(roster, import_of_the_sample_has_no_fault)
{
    static char csv[400000];
    static const char *const files[] = {"deploy/sample/units.csv", "deploy/sample/roster.csv"};
    bootstrap();
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(files[i], "re");
        cr_assert(file, "run from the root of the tree");
        size_t n = fread(csv, 1, sizeof(csv) - 1, file);
        fclose(file);
        csv[n] = '\0';
        if (i)
            import_roster_file(S(csv), NULL);
        else
            import_csv(on_units_import, csv, false);
        cr_expect_eq(report.refused, 0);
    }
    cr_expect_eq(report.created, 1000);
    import_roster_file(S(csv), NULL);
    expect_counts(0, 0, 1000, 0);
}

IDENTITY_TEST(roster, privileges_are_as_meant)
{
    cr_expect(!harness_allowed(h, "UPDATE person SET national_hash = ''"));
    cr_expect(!harness_allowed(h, "UPDATE person SET national_box = ''"));
    cr_expect(!harness_allowed(h, "DELETE FROM person"));
    cr_expect(!harness_allowed(h, "DELETE FROM tenure"));
    cr_expect(!harness_allowed(h, "UPDATE tenure SET unit_id = person_id"));
    cr_expect(!harness_allowed(h, "DELETE FROM role_grant"));
    cr_expect(!harness_allowed(h, "UPDATE role_grant SET unit_id = person_id"));
    cr_expect(!harness_allowed(h, "DELETE FROM outbox"));
}
