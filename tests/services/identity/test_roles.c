/* test_roles.c - who may give which role where; the first operator. */
#include "identity_test.h"

static struct role_change change(const char *person, const char *role, const char *unit)
{
    return (struct role_change){
        .person_id = person_id(person), .role = S(role), .unit_id = unit_id(unit), .reason = S("Quyết định 12/QĐ")};
}

static struct accepted accepted;

static int give(const char *person, const char *role, const char *unit)
{
    struct role_change req = change(person, role, unit);
    return on_role_grant(&h->ctx, &req, &accepted);
}

static int take(const char *person, const char *role, const char *unit)
{
    struct role_change req = change(person, role, unit);
    return on_role_revoke(&h->ctx, &req, &accepted);
}

IDENTITY_TEST(roles, the_operator_gives_and_takes)
{
    small_nation();
    int events = harness_events(h, "role_changed");
    accepted.ok = false;
    EXPECT_FAULT(give("Lê Văn Nam", "exam_officer", "T44"), 0, "");
    cr_expect(accepted.ok);
    EXPECT_FAULT(give("Lê Văn Nam", "exam_officer", "T44"), 0, ""); /* again */
    cr_expect_eq(harness_events(h, "role_changed"), events + 1);
    cr_expect_eq(count_of("audit WHERE action = 'role_granted' AND actor IS NOT NULL AND detail->>'role' = "
                          "'exam_officer'"),
                 1);
    EXPECT_FAULT(take("Lê Văn Nam", "exam_officer", "T44"), 0, "");
    EXPECT_FAULT(take("Lê Văn Nam", "exam_officer", "T44"), 0, "");
    cr_expect_eq(harness_events(h, "role_changed"), events + 2);
    cr_expect_str_eq(harness_get(h, "SELECT body->>'granted' FROM outbox ORDER BY id DESC LIMIT 1"), "false");
    cr_expect_eq(count_of("role_grant WHERE role = 'exam_officer' AND revoked_at IS NOT NULL AND revoke_reason ="
                          " 'Quyết định 12/QĐ' AND revoked_by IS NOT NULL"),
                 1);
    EXPECT_FAULT(give("Lê Văn Nam", "exam_officer", "T44"), 0, ""); /* and once more: a new grant */
    cr_expect_eq(count_of("role_grant WHERE role = 'exam_officer'"), 2);
}

IDENTITY_TEST(roles, nobody_gives_what_he_does_not_hold)
{
    static const char *const others[] = {"national_operator", "unit_head", "editor", "reviewer", "exam_officer"};
    small_nation();
    harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
        EXPECT_FAULT(give("Lê Văn Nam", others[i], "P44"), ERR_FORBIDDEN, "role");
    }
    cr_expect_eq(count_of("audit WHERE action = 'role_refused'"), 5);
    cr_expect_eq(count_of("role_grant"), 4);
    harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
    EXPECT_FAULT(give("Lê Văn Nam", "province_officer", "X44"), 0, "");
}

IDENTITY_TEST(roles, what_is_held_elsewhere_does_not_help)
{
    small_nation();
    /* Province officer here, editor there: editor cannot be given here. */
    harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
    harness_also(h, EDITOR, unit_id("T66"));
    h->ctx.n_scope = 1; /* the method is open to province officers only */
    EXPECT_FAULT(give("Lê Văn Nam", "editor", "P44"), ERR_FORBIDDEN, "role");
    /* Editor of the whole nation: it can. */
    harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
    harness_also(h, EDITOR, unit_id("VN"));
    h->ctx.n_scope = 1;
    EXPECT_FAULT(give("Lê Văn Nam", "editor", "P44"), 0, "");
    /* But not at the nation, which is not the officer's. */
    harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
    harness_also(h, EDITOR, unit_id("VN"));
    h->ctx.n_scope = 1;
    EXPECT_FAULT(give("Lê Văn Nam", "editor", "VN"), ERR_FORBIDDEN, "unit_id");
}

IDENTITY_TEST(roles, nobody_reaches_beyond_his_subtree)
{
    static const char *const units[] = {"VN", "T66"};
    small_nation();
    for (size_t i = 0; i < 2; i++) {
        harness_as(h, person_id("Phạm Thị Mai"), PROVINCE_OFFICER, unit_id("T44"));
        EXPECT_FAULT(give("Lê Văn Nam", "province_officer", units[i]), ERR_FORBIDDEN, "unit_id");
        harness_as(h, person_id("Phạm Thị Mai"), NATIONAL_OPERATOR, unit_id("T44"));
        EXPECT_FAULT(give("Lê Văn Nam", "national_operator", units[i]), ERR_FORBIDDEN, "unit_id");
        EXPECT_FAULT(take("Hồ Văn Sơn", "editor", units[i]), ERR_FORBIDDEN, "unit_id");
    }
}

IDENTITY_TEST(roles, what_does_not_exist_is_refused)
{
    small_nation();
    struct role_change c = change("Lê Văn Nam", "editor", "P44");
    c.person_id = U(77);
    EXPECT_FAULT(on_role_grant(&h->ctx, &c, &accepted), ERR_NOT_FOUND, "person_id");
    harness_as(h, person_id("Nguyễn Văn Nhân"), NATIONAL_OPERATOR, unit_id("VN"));
    c = change("Lê Văn Nam", "editor", "P44");
    c.unit_id = U(77);
    EXPECT_FAULT(on_role_grant(&h->ctx, &c, &accepted), ERR_FORBIDDEN, "unit_id");
    EXPECT_FAULT(give("Lê Văn Nam", "learner", "P44"), ERR_INVALID, "role");
    EXPECT_FAULT(give("Lê Văn Nam", "king", "P44"), ERR_INVALID, "role");
    harness_as(h, person_id("Nguyễn Văn Nhân"), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(take("Lê Văn Nam", "editor", "P44"), ERR_NOT_FOUND, "person_id");
}

IDENTITY_TEST(roles, the_last_operator_stays)
{
    small_nation();
    EXPECT_FAULT(take("Nguyễn Văn Nhân", "national_operator", "VN"), ERR_STATE, "role");
    cr_expect_eq(count_of("role_grant WHERE role = 'national_operator' AND revoked_at IS NULL"), 1);
    EXPECT_FAULT(give("Lê Văn Nam", "national_operator", "VN"), 0, "");
    harness_as(h, person_id("Lê Văn Nam"), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(take("Nguyễn Văn Nhân", "national_operator", "VN"), 0, "");
    EXPECT_FAULT(take("Lê Văn Nam", "national_operator", "VN"), ERR_STATE, "role");
    cr_expect_eq(count_of("role_grant WHERE role = 'national_operator' AND revoked_at IS NULL"), 1);
}

IDENTITY_TEST(roles, a_token_holds_32_units)
{
    bootstrap();
    char *rows = arena_printf(&h->arena, "T1,VN,province,Tỉnh,,2025-07-01\n");
    for (int i = 0; i < 40; i++)
        rows = arena_printf(&h->arena, "%sU%d,T1,unit,Đơn vị,,2025-07-01\n", rows, i);
    import_units(rows);
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T1,Chuyên viên,false,\n");
    for (int i = 0; i < 31; i++)
        EXPECT_FAULT(give("Lê Văn Nam", "editor", arena_printf(&h->arena, "U%d", i)), 0, "");
    EXPECT_FAULT(give("Lê Văn Nam", "editor", "U31"), ERR_STATE, "unit_id");
    EXPECT_FAULT(give("Lê Văn Nam", "reviewer", "U3"), 0, "");
}

IDENTITY_TEST(roles, taking_one_ends_the_person_s_sessions)
{
    small_nation();
    harness_sql(h,
                "INSERT INTO session (session_id, person_id, family_hash, refresh_hash, expires)"
                " SELECT gen_random_uuid(), person_id, sha256(full_name::bytea), sha256(''), now() + interval '1 day'"
                " FROM person");
    EXPECT_FAULT(take("Phạm Thị Mai", "editor", "T44"), 0, "");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(full_name, ',') FROM session JOIN person USING (person_id)"
                                    " WHERE revoked_at IS NOT NULL AND revoke_reason = 'role_taken'"),
                     "Phạm Thị Mai");
}

static int first(const char *number, const char *name)
{
    struct operator_first req = {.national_id = S(number), .full_name = S(name)};
    accepted.ok = false;
    return on_operator_bootstrap(&h->ctx, &req, &accepted);
}

IDENTITY_TEST(roles, there_is_one_first_operator)
{
    EXPECT_FAULT(first("99906900000x", "Nguyễn Văn Nhân"), ERR_INVALID, "national_id");
    EXPECT_FAULT(first(NATIONAL_OF_FIRST, "  "), ERR_INVALID, "full_name");
    EXPECT_FAULT(first(NATIONAL_OF_FIRST, "Nguyễn Văn Nhân"), 0, "");
    cr_expect(accepted.ok);
    EXPECT_FAULT(first(NATIONAL_OF_FIRST, "Nguyễn Văn Nhân"), 0, "");
    cr_expect(accepted.ok);
    EXPECT_FAULT(first("999069000002", "Nguyễn Văn Nhân"), ERR_STATE, "national_id");
    cr_expect(!accepted.ok);
    cr_expect_eq(count_of("person"), 1);
    cr_expect_eq(count_of("unit_now WHERE code = 'VN' AND parent_id IS NULL"), 1);
    cr_expect_eq(count_of("tenure"), 1);
    cr_expect_eq(count_of("role_grant"), 1);
    cr_expect_eq(harness_events(h, "org_changed"), 1);
    cr_expect_eq(harness_events(h, "people_changed"), 1);
    cr_expect_eq(harness_events(h, "role_changed"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'roles_granted' AND actor IS NULL"), 1);
}

IDENTITY_TEST(roles, an_installation_that_lost_its_operators_gets_one_again)
{
    small_nation();
    harness_sql(h, "UPDATE role_grant SET revoked_at = now(), revoke_reason = 'x' WHERE role = 'national_operator'");
    /* Somebody of the roster: the tree and the person are there already. */
    EXPECT_FAULT(first("999079000003", "Lê Văn Nam"), 0, "");
    cr_expect_eq(count_of("person"), 5);
    cr_expect_eq(count_of("tenure"), 5);
    cr_expect_eq(
        count_of("role_grant g JOIN person p USING (person_id) JOIN unit_now u USING (unit_id) WHERE role ="
                 " 'national_operator' AND revoked_at IS NULL AND p.full_name = 'Lê Văn Nam' AND u.code = 'VN'"),
        1);
}
