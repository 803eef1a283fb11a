/* test_grant.c - what is handed on out of what, what goes with what, and what it comes to; the first operator. */
#include "grant.h"
#include "identity_test.h"

enum { ALL_ROLES = ANY_ROLE & ~LEARNER };

static struct accepted accepted;
static struct roles_revoked revoked;
static struct rights rights;

/* The caller of what follows, with the rights that he or she really has. */
static void act_as(const char *person)
{
    struct uuid id = person_id(person);
    cr_assert_eq(settled(rights_of(&h->ctx, id, &rights)), 0);
    harness_as(h, id, 0, U(9999));
    h->head.n_grants = h->ctx.n_scope = 0;
    for (uint32_t i = 0; i < rights.n; i++)
        harness_also(h, rights.grants[i].roles, rights.grants[i].unit_id);
}

/* Bits that the person holds for exactly this unit. */
static uint32_t held(const char *person, const char *unit)
{
    struct uuid at = unit_id(unit);
    cr_assert_eq(settled(rights_of(&h->ctx, person_id(person), &rights)), 0);
    for (uint32_t i = 0; i < rights.n; i++) {
        if (uuid_equal(&rights.grants[i].unit_id, &at))
            return rights.grants[i].roles & ALL_ROLES;
    }
    return 0;
}

static int32_t today(void)
{
    return (int32_t)strtol(harness_get(h, "SELECT today() - date '1970-01-01'"), NULL, 10);
}

/* A request with an id of its own: 1, 2, 3... */
static uint32_t newest;
static struct role_change change(const char *person, const char *role, const char *unit)
{
    return (struct role_change){.grant_id = U(++newest),
                                .person_id = person_id(person),
                                .role = S(role),
                                .unit_id = unit_id(unit),
                                .reason = S("Quyết định 12/QĐ")};
}

static int put(const struct role_change *req)
{
    return on_role_grant(&h->ctx, req, &accepted);
}

static int give(const char *person, const char *role, const char *unit)
{
    struct role_change req = change(person, role, unit);
    return put(&req);
}

/* With what may be handed on. */
static int give_on(const char *person, const char *role, const char *unit, uint32_t gives)
{
    struct role_change req = change(person, role, unit);
    PUT_FIELD(&req, role_change, gives, gives);
    return put(&req);
}

static int give_until(const char *person, const char *role, const char *unit, int32_t from, int32_t to)
{
    struct role_change req = change(person, role, unit);
    if (from)
        PUT_FIELD(&req, role_change, valid_from, from);
    if (to)
        PUT_FIELD(&req, role_change, valid_to, to);
    PUT_FIELD(&req, role_change, gives, ALL_ROLES);
    return put(&req);
}

static int take(const char *person, const char *role, const char *unit)
{
    struct role_revocation req = {.reason = S("Quyết định 13/QĐ")};
    PUT_FIELD(&req, role_revocation, person_id, person_id(person));
    PUT_FIELD(&req, role_revocation, role, S(role));
    PUT_FIELD(&req, role_revocation, unit_id, unit_id(unit));
    return on_role_revoke(&h->ctx, &req, &revoked);
}

static int take_id(struct uuid grant_id)
{
    struct role_revocation req = {.reason = S("Quyết định 14/QĐ")};
    PUT_FIELD(&req, role_revocation, grant_id, grant_id);
    return on_role_revoke(&h->ctx, &req, &revoked);
}

#define OPERATOR "Nguyễn Văn Nhân"
#define HOA      "Trần Thị Hoa" /* S44, unit_head */
#define NAM      "Lê Văn Nam"   /* P44 */
#define MAI      "Phạm Thị Mai" /* X44, unit_head; editor of T44 */
#define SON      "Hồ Văn Sơn"   /* T66 */

/* The operator makes Mai the officer of her province, who makes Hoa one of a department, who makes Nam one of an
 * office. */
static void chain(void)
{
    small_nation();
    newest = 100;
    EXPECT_FAULT(give_on(MAI, "province_officer", "T44", PROVINCE_OFFICER | UNIT_HEAD | EXAM_OFFICER), 0, "");
    act_as(MAI);
    EXPECT_FAULT(give_on(HOA, "province_officer", "S44", PROVINCE_OFFICER | EXAM_OFFICER), 0, "");
    act_as(HOA);
    EXPECT_FAULT(give_on(NAM, "exam_officer", "P44", EXAM_OFFICER), 0, "");
    cr_assert_eq(held(NAM, "P44"), EXAM_OFFICER);
}

IDENTITY_TEST(grant, the_operator_gives_and_takes)
{
    small_nation();
    int events = harness_events(h, "role_changed");
    accepted.ok = false;
    EXPECT_FAULT(give(NAM, "exam_officer", "T44"), 0, "");
    cr_expect(accepted.ok);
    cr_expect_eq(harness_events(h, "role_changed"), events + 1);
    cr_expect_eq(count_of("audit WHERE action = 'role_granted' AND actor IS NOT NULL AND detail->>'role' = "
                          "'exam_officer'"),
                 1);
    EXPECT_FAULT(give(NAM, "exam_officer", "T44"), ERR_STATE, "role"); /* held already */
    EXPECT_FAULT(take(NAM, "exam_officer", "T44"), 0, "");
    cr_expect_eq(revoked.revoked, 1);
    EXPECT_FAULT(take(NAM, "exam_officer", "T44"), 0, ""); /* again */
    cr_expect_eq(revoked.revoked, 1);
    cr_expect_eq(harness_events(h, "role_changed"), events + 2);
    cr_expect_str_eq(harness_get(h, "SELECT body->>'granted' FROM outbox ORDER BY id DESC LIMIT 1"), "false");
    cr_expect_eq(count_of("role_grant WHERE role = 'exam_officer' AND revoked_at IS NOT NULL AND revoke_reason ="
                          " 'Quyết định 13/QĐ' AND revoked_by IS NOT NULL"),
                 1);
    EXPECT_FAULT(give(NAM, "exam_officer", "T44"), 0, ""); /* and once more: a new grant */
    cr_expect_eq(count_of("role_grant WHERE role = 'exam_officer'"), 2);
}

IDENTITY_TEST(grant, sent_again_is_the_same_grant)
{
    small_nation();
    struct role_change req = change(NAM, "exam_officer", "T44");
    EXPECT_FAULT(put(&req), 0, "");
    int events = harness_events(h, "role_changed");
    EXPECT_FAULT(put(&req), 0, "");
    EXPECT_FAULT(take_id(req.grant_id), 0, "");
    EXPECT_FAULT(put(&req), 0, ""); /* it was given, and taken away: nothing comes back */
    cr_expect_eq(harness_events(h, "role_changed"), events + 1);
    cr_expect_eq(held(NAM, "T44"), 0);
    struct role_change others[4] = {req, req, req, req};
    others[0].reason = S("Quyết định 99/QĐ");
    others[1].unit_id = unit_id("T66");
    others[2].person_id = person_id(SON);
    PUT_FIELD(&others[3], role_change, gives, EXAM_OFFICER);
    for (size_t i = 0; i < 4; i++)
        EXPECT_FAULT(put(&others[i]), ERR_CONFLICT, "grant_id");
    EXPECT_FAULT(give(SON, "province_officer", "T44"), 0, "");
    act_as(SON);
    EXPECT_FAULT(put(&req), ERR_CONFLICT, "grant_id"); /* somebody else's id */
}

IDENTITY_TEST(grant, grant_more_than_held)
{
    static const char *const others[] = {"national_operator", "editor", "reviewer", "appeals_officer", "auditor"};
    small_nation();
    EXPECT_FAULT(give_on(MAI, "province_officer", "T44", PROVINCE_OFFICER | EXAM_OFFICER), 0, "");
    act_as(MAI);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        EXPECT_FAULT(give(NAM, others[i], "P44"), ERR_FORBIDDEN, "role"); /* also editor, which she only is */
    cr_expect_eq(count_of("audit WHERE action = 'role_refused'"), 5);
    cr_expect_eq(count_of("role_grant"), 5);
    EXPECT_FAULT(give(NAM, "exam_officer", "X44"), 0, "");
    act_as(NAM);
    EXPECT_FAULT(give(SON, "exam_officer", "X44"), ERR_FORBIDDEN, "role"); /* may be one, may make none */
}

IDENTITY_TEST(grant, grant_outside_subtree)
{
    static const char *const units[] = {"VN", "T66", "S44", "T44"};
    chain();
    for (size_t i = 0; i < 4; i++) {
        act_as(HOA);
        EXPECT_FAULT(give(NAM, "exam_officer", units[i]), i == 2 ? 0 : ERR_FORBIDDEN, "unit_id");
        EXPECT_FAULT(take(MAI, "editor", "T44"), ERR_FORBIDDEN, "role");
    }
    /* A token that says more than the grants do does not help. */
    harness_as(h, person_id(HOA), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(give(NAM, "exam_officer", "T66"), ERR_FORBIDDEN, "unit_id");
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), ERR_FORBIDDEN, "role");
    harness_as(h, person_id(SON), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(give(NAM, "exam_officer", "P44"), ERR_FORBIDDEN, "role");
    struct role_change req = change(NAM, "exam_officer", "P44");
    req.unit_id = U(77);
    EXPECT_FAULT(put(&req), ERR_FORBIDDEN, "unit_id");
}

IDENTITY_TEST(grant, grant_longer_than_parent)
{
    small_nation();
    int32_t day = today();
    EXPECT_FAULT(give_until(MAI, "province_officer", "T44", day + 10, day + 20), 0, "");
    act_as(MAI);
    EXPECT_FAULT(give(NAM, "exam_officer", "P44"), ERR_FORBIDDEN, "role"); /* her days have not come */
    act_as(OPERATOR);
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), 0, "");
    EXPECT_FAULT(give_until(MAI, "province_officer", "T44", 0, day + 20), 0, "");
    act_as(MAI);
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", 0, day + 21), ERR_FORBIDDEN, "valid_to");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", day + 20, 0), ERR_FORBIDDEN, "valid_to");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", day - 1, 0), ERR_INVALID, "valid_from");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", day + 5, day + 5), ERR_INVALID, "valid_to");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", day + 2, day + 20), 0, "");
    EXPECT_FAULT(give(SON, "exam_officer", "P44"), 0, ""); /* without an end: hers */
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(valid_to - today() || '', ' ') FROM role_grant WHERE role ="
                                    " 'exam_officer'"),
                     "20 20");
}

IDENTITY_TEST(grant, grant_gives_more)
{
    chain();
    act_as(MAI);
    EXPECT_FAULT(give_on(NAM, "unit_head", "P44", UNIT_HEAD | REVIEWER), ERR_FORBIDDEN, "gives");
    EXPECT_FAULT(give_on(NAM, "unit_head", "P44", LEARNER), ERR_INVALID, "gives");
    EXPECT_FAULT(give_on(NAM, "unit_head", "P44", NATIONAL), ERR_INVALID, "gives");
    EXPECT_FAULT(give(NAM, "province_officer", "X44"), 0, ""); /* unsaid: what is usual and hers */
    cr_expect_eq(strtol(harness_get(h, "SELECT gives FROM role_grant WHERE grant_id = '%s'",
                                    harness_get(h, "SELECT grant_id FROM role_grant ORDER BY granted_at DESC LIMIT 1")),
                        NULL, 10),
                 PROVINCE_OFFICER | UNIT_HEAD | EXAM_OFFICER);
}

IDENTITY_TEST(grant, a_chain_has_eight_links)
{
    small_nation();
    harness_sql(
        h,
        "INSERT INTO role_grant (grant_id, parent_grant_id, person_id, role, bit, gives, unit_id, reason)"
        " SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, CASE n WHEN 2 THEN (SELECT grant_id FROM"
        " role_grant WHERE parent_grant_id IS NULL) ELSE ('00000000-0000-7000-8000-00000000000' || n - 1)::uuid"
        " END, (SELECT person_id FROM person WHERE full_name = CASE n WHEN 8 THEN '%s' ELSE '%s' END), 'auditor',"
        " %d, %d, (SELECT unit_id FROM unit WHERE code = 'T44'), 'x' FROM generate_series(2, 8) n",
        MAI, HOA, AUDITOR, AUDITOR);
    cr_expect_eq(held(MAI, "T44"), EDITOR | AUDITOR); /* the eighth */
    act_as(MAI);
    EXPECT_FAULT(give(NAM, "auditor", "T44"), ERR_STATE, "role");
}

IDENTITY_TEST(grant, revoked_parent)
{
    chain();
    int events = harness_events(h, "role_changed");
    act_as(OPERATOR);
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), 0, "");
    cr_expect_eq(revoked.revoked, 3);
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), 0, "");
    cr_expect_eq(revoked.revoked, 3, "sent again");
    cr_expect_eq(held(MAI, "T44"), EDITOR); /* what the roster gave her stays */
    cr_expect_eq(held(HOA, "S44"), UNIT_HEAD);
    cr_expect_eq(held(NAM, "P44"), 0);
    cr_expect_eq(harness_events(h, "role_changed"), events + 3);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(DISTINCT full_name, ', ' ORDER BY full_name) FROM stale_token"
                                    " JOIN person USING (person_id)"),
                     "Lê Văn Nam, Phạm Thị Mai, Trần Thị Hoa");
    cr_expect_eq(count_of("audit WHERE action = 'role_taken' AND jsonb_array_length(detail->'with') = 2"), 1);
    cr_expect_eq(count_of("role_grant WHERE revoked_with IS NOT NULL"), 2);
    act_as(HOA);
    EXPECT_FAULT(give(NAM, "exam_officer", "P44"), ERR_FORBIDDEN, "role");
}

/* Somebody in the middle: what is above and beside stays. */
IDENTITY_TEST(grant, a_branch_goes_and_the_tree_stays)
{
    chain();
    act_as(MAI);
    EXPECT_FAULT(give(SON, "exam_officer", "X44"), 0, "");
    EXPECT_FAULT(take(HOA, "province_officer", "S44"), 0, "");
    cr_expect_eq(revoked.revoked, 2);
    cr_expect_eq(held(NAM, "P44"), 0);
    cr_expect_eq(held(SON, "X44"), EXAM_OFFICER);
    cr_expect_eq(held(MAI, "T44"), EDITOR | PROVINCE_OFFICER);
}

/* Nor does anybody take what gives more than he could. */
IDENTITY_TEST(grant, nobody_takes_what_his_own_hangs_on)
{
    chain();
    act_as(MAI);
    EXPECT_FAULT(give_on(HOA, "province_officer", "T44", PROVINCE_OFFICER | UNIT_HEAD | EXAM_OFFICER), 0, "");
    EXPECT_FAULT(give_on(SON, "province_officer", "T44", PROVINCE_OFFICER), 0, "");
    act_as(HOA);
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), ERR_FORBIDDEN, "role");
    EXPECT_FAULT(take(SON, "province_officer", "T44"), 0, "");
    act_as(MAI);
    EXPECT_FAULT(give_on(SON, "province_officer", "T44", PROVINCE_OFFICER), 0, "");
    act_as(SON);
    EXPECT_FAULT(take(HOA, "province_officer", "T44"), ERR_FORBIDDEN, "role");
    act_as(HOA);
    EXPECT_FAULT(take(HOA, "province_officer", "T44"), 0, ""); /* one's own can be laid down */
    cr_expect_eq(held(MAI, "T44"), EDITOR | PROVINCE_OFFICER);
}

IDENTITY_TEST(grant, expired_parent)
{
    chain();
    harness_sql(h,
                "UPDATE role_grant SET valid_from = today() - 9, valid_to = today() WHERE role = 'province_officer' AND"
                " person_id = (SELECT person_id FROM person WHERE full_name = '%s')",
                MAI);
    cr_expect_eq(held(MAI, "T44"), EDITOR);
    cr_expect_eq(held(HOA, "S44"), UNIT_HEAD, "hers hung on Mai's");
    cr_expect_eq(held(NAM, "P44"), 0);
    act_as(HOA);
    EXPECT_FAULT(give(NAM, "exam_officer", "P44"), ERR_FORBIDDEN, "role");
}

IDENTITY_TEST(grant, grantor_left)
{
    chain();
    struct leaver leaver = {.person_id = person_id(HOA), .day = today() + 1};
    cr_assert_eq(settled(pg_bulk(&h->ctx, &SQL_grants_end, &leaver, 1, 0, NULL, NULL)), 0);
    cr_expect_eq(held(NAM, "P44"), EXAM_OFFICER); /* her last day */
    cr_expect_eq(rights.until_us, (int64_t)leaver.day * 86400000000 - 7 * 3600000000);
    cr_expect_eq(count_of("stale_token"), 0);
    leaver.day--;
    cr_assert_eq(settled(pg_bulk(&h->ctx, &SQL_grants_end, &leaver, 1, 0, NULL, NULL)), 0);
    cr_expect_eq(held(HOA, "S44"), 0);
    cr_expect_eq(held(NAM, "P44"), 0);
    cr_expect_eq(held(MAI, "T44"), EDITOR | PROVINCE_OFFICER);
    cr_expect_eq(count_of("stale_token"), 2);
    /* The root does not end with a tenure, or the nation's grants would; but it gives nothing without one. */
    leaver.person_id = person_id(OPERATOR);
    cr_assert_eq(settled(pg_bulk(&h->ctx, &SQL_grants_end, &leaver, 1, 0, NULL, NULL)), 0);
    cr_expect_eq(held(MAI, "T44"), EDITOR | PROVINCE_OFFICER);
    harness_sql(h,
                "UPDATE tenure SET valid_to = today() WHERE person_id = (SELECT person_id FROM person WHERE full_name ="
                " '%s')",
                OPERATOR);
    cr_expect_eq(held(OPERATOR, "VN"), 0);
    cr_expect_eq(held(MAI, "T44"), EDITOR | PROVINCE_OFFICER);
}

/* A unit that moves out of the grantor's subtree takes the grant out of it too. */
IDENTITY_TEST(grant, a_unit_that_moves_away_is_no_longer_the_grantor_s)
{
    chain();
    act_as(OPERATOR);
    import_units("P44,T66,unit,Phòng Tổ chức,,2025-08-01\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(held(NAM, "P44"), 0);
    cr_expect_eq(held(HOA, "S44"), UNIT_HEAD | PROVINCE_OFFICER);
}

IDENTITY_TEST(grant, no_token_outlives_a_right)
{
    struct access_claims claims;
    struct session_tokens tokens;
    small_nation();
    int32_t day = today();
    EXPECT_FAULT(give_until(MAI, "province_officer", "T44", 0, day + 1), 0, "");
    act_as(MAI);
    EXPECT_FAULT(give(NAM, "exam_officer", "P44"), 0, "");
    held(NAM, "P44");
    cr_expect_eq(rights.until_us, ((int64_t)day + 1) * 86400000000 - 7 * 3600000000);
    cr_assert_eq(open_session_of(NAM, "s", &tokens), 0);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    cr_expect_leq(claims.exp, (uint64_t)(rights.until_us / 1000000));
    held(SON, "T66");
    cr_expect_eq(rights.until_us, INT64_MAX);
}

IDENTITY_TEST(grant, what_does_not_exist_is_refused)
{
    small_nation();
    struct role_change c = change(NAM, "editor", "P44");
    c.person_id = U(77);
    EXPECT_FAULT(put(&c), ERR_NOT_FOUND, "person_id");
    EXPECT_FAULT(give(NAM, "learner", "P44"), ERR_INVALID, "role");
    EXPECT_FAULT(give(NAM, "king", "P44"), ERR_INVALID, "role");
    EXPECT_FAULT(take(NAM, "learner", "P44"), ERR_INVALID, "role");
    EXPECT_FAULT(take(NAM, "editor", "P44"), ERR_NOT_FOUND, "grant_id");
    EXPECT_FAULT(take_id(U(77)), ERR_NOT_FOUND, "grant_id");
    struct role_revocation both = {.reason = S("x")};
    EXPECT_FAULT(on_role_revoke(&h->ctx, &both, &revoked), ERR_MISSING, "grant_id");
    PUT_FIELD(&both, role_revocation, grant_id, U(1));
    PUT_FIELD(&both, role_revocation, person_id, U(1));
    EXPECT_FAULT(on_role_revoke(&h->ctx, &both, &revoked), ERR_INVALID, "grant_id");
}

IDENTITY_TEST(grant, last_operator)
{
    small_nation();
    EXPECT_FAULT(take(OPERATOR, "national_operator", "VN"), ERR_STATE, "role");
    /* One for some days only, and one who may not give all, are no successors. */
    EXPECT_FAULT(give_until(NAM, "national_operator", "VN", 0, today() + 9), 0, "");
    EXPECT_FAULT(give_on(SON, "national_operator", "VN", EDITOR), 0, "");
    EXPECT_FAULT(take(OPERATOR, "national_operator", "VN"), ERR_STATE, "role");
    cr_expect_eq(count_of("role_grant WHERE role = 'national_operator' AND revoked_at IS NULL"), 3);
    cr_expect_eq(held(OPERATOR, "VN"), NATIONAL_OPERATOR);
}

/* What hung on the root hangs on the successor's grant. */
IDENTITY_TEST(grant, the_root_is_handed_over)
{
    chain();
    act_as(OPERATOR);
    EXPECT_FAULT(give(SON, "national_operator", "VN"), 0, "");
    act_as(SON);
    EXPECT_FAULT(give(HOA, "auditor", "T66"), 0, "");
    EXPECT_FAULT(take(OPERATOR, "national_operator", "VN"), 0, "");
    cr_expect_eq(revoked.revoked, 1);
    cr_expect_eq(held(OPERATOR, "VN"), 0);
    cr_expect_eq(held(SON, "VN"), NATIONAL_OPERATOR);
    cr_expect_eq(held(NAM, "P44"), EXAM_OFFICER);
    cr_expect_eq(held(HOA, "T66"), AUDITOR);
    cr_expect_eq(count_of("role_grant WHERE parent_grant_id IS NULL AND revoked_at IS NULL"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'role_taken' AND detail ? 'heir'"), 1);
    EXPECT_FAULT(take(SON, "national_operator", "VN"), ERR_STATE, "role");
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), 0, "");
    cr_expect_eq(revoked.revoked, 3);
}

IDENTITY_TEST(grant, a_token_holds_32_units)
{
    bootstrap();
    char *rows = arena_printf(&h->arena, "T1,VN,province,Tỉnh,,2025-07-01\n");
    for (int i = 0; i < 40; i++)
        rows = arena_printf(&h->arena, "%sU%d,T1,unit,Đơn vị,,2025-07-01\n", rows, i);
    import_units(rows);
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T1,Chuyên viên,false,\n");
    for (int i = 0; i < 31; i++)
        EXPECT_FAULT(give(NAM, "editor", arena_printf(&h->arena, "U%d", i)), 0, "");
    EXPECT_FAULT(give(NAM, "editor", "U31"), ERR_STATE, "unit_id");
    EXPECT_FAULT(give(NAM, "auditor", "U3"), 0, "");
}

IDENTITY_TEST(grant, taking_one_makes_the_person_s_tokens_stale_and_ends_no_session)
{
    struct session_tokens tokens;
    small_nation();
    cr_assert_eq(open_session_of(MAI, "m", &tokens), 0);
    cr_assert_eq(open_session_of(NAM, "n", &tokens), 0);
    EXPECT_FAULT(take(MAI, "editor", "T44"), 0, "");
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(full_name, ',') FROM rights_change JOIN person USING (person_id)"), MAI);
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL"), 2);
}

/* --- duties that exclude each other --- */

IDENTITY_TEST(grant, duties_are_those_of_the_table)
{
    for (size_t i = 0; i < proto_n_roles; i++) {
        uint32_t bit = proto_roles[i].bit;
        cr_expect_eq((uint32_t)strtoul(harness_get(h, "SELECT duties_against(%u)", bit), NULL, 10), role_conflicts(bit),
                     "%s", proto_roles[i].name);
    }
    cr_expect_eq(role_conflicts(EDITOR), REVIEWER);
    cr_expect_eq(role_conflicts(APPEALS_OFFICER), EXAM_OFFICER);
}

IDENTITY_TEST(grant, editor_and_reviewer)
{
    static const char *const touching[] = {"VN", "T44", "S44"};
    small_nation();
    EXPECT_FAULT(give(NAM, "editor", "T44"), 0, "");
    for (size_t i = 0; i < 3; i++)
        EXPECT_FAULT(give(NAM, "reviewer", touching[i]), ERR_DUTIES, "role");
    cr_expect_eq(count_of("audit WHERE action = 'role_refused'"), 3);
    EXPECT_FAULT(give(NAM, "reviewer", "T66"), 0, ""); /* beside, neither contains the other */
    EXPECT_FAULT(give(NAM, "exam_officer", "T44"), 0, "");
    EXPECT_FAULT(give(OPERATOR, "editor", "VN"), 0, "");
    EXPECT_FAULT(give(OPERATOR, "reviewer", "P44"), ERR_DUTIES, "role"); /* also for the operator himself */
    EXPECT_FAULT(take(NAM, "editor", "T44"), 0, "");
    EXPECT_FAULT(give(NAM, "reviewer", "S44"), 0, "");
}

IDENTITY_TEST(grant, exam_and_appeals)
{
    small_nation();
    int32_t day = today();
    EXPECT_FAULT(give_until(NAM, "appeals_officer", "T44", day + 5, day + 9), 0, "");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", 0, 0), ERR_DUTIES, "role");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", day + 8, day + 20), ERR_DUTIES, "role");
    EXPECT_FAULT(give_until(NAM, "exam_officer", "P44", 0, day + 5), 0, ""); /* one after the other */
    EXPECT_FAULT(give_until(NAM, "exam_officer", "T44", day + 9, 0), 0, "");
}

IDENTITY_TEST(grant, excluded_duties_do_not_come_by_a_roster)
{
    small_nation();
    import_roster("999079000004,Phạm Thị Mai,1980-01-02,X44,Chủ tịch,true,reviewer\n" /* she edits for the province */
                  "999079000030,Cao Thị Vân,1979-04-14,P44,,false,editor;reviewer@S44\n"
                  "999079000031,Cao Thị Lan,1979-04-14,P44,,false,reviewer;editor@T66\n"
                  "999079000032,Cao Thị Mai,1979-04-14,P44,,false,exam_officer;unit_head;appeals_officer\n");
    expect_counts(1, 0, 0, 3);
    expect_row_fault(0, 2, "roles");
    expect_row_fault(1, 3, "roles");
    expect_row_fault(2, 5, "roles");
    cr_expect_eq(held("Cao Thị Lan", "P44"), REVIEWER);
}

/* Nor when the grants of one person become another's. */
IDENTITY_TEST(grant, excluded_duties_do_not_come_by_a_merge)
{
    small_nation();
    EXPECT_FAULT(give(NAM, "editor", "T44"), 0, "");
    EXPECT_FAULT(give(HOA, "reviewer", "P44"), 0, "");
    cr_expect_str_eq(harness_get(h, "SELECT tgenabled FROM pg_trigger WHERE tgname = 'duties_apart'"), "O");
    harness_sql(h,
                "DO $$ BEGIN UPDATE role_grant SET person_id = (SELECT person_id FROM person WHERE full_name = '%s')"
                " WHERE role = 'reviewer'; EXCEPTION WHEN raise_exception THEN NULL; END $$",
                NAM);
    cr_expect_eq(held(NAM, "P44"), 0);
    cr_expect_eq(held(HOA, "P44"), REVIEWER);
}

/* A roster's roles are its officer's to give, or the row is refused. */
IDENTITY_TEST(grant, a_roster_gives_no_more_than_its_officer)
{
    chain();
    make_officer(MAI, "T44");
    act_as(MAI);
    import_roster("999079000020,Cao Thị Vân,1979-04-14,P44,,false,exam_officer\n"
                  "999079000021,Cao Thị Lan,1979-04-14,P44,,false,reviewer\n"
                  "999079000022,Cao Thị Mai,1979-04-14,P44,,false,exam_officer;unit_head;auditor@T44\n");
    expect_counts(1, 0, 0, 2);
    expect_row_fault(0, 3, "roles");
    expect_row_fault(1, 4, "roles");
    cr_expect_eq(count_of("person WHERE full_name IN ('Cao Thị Lan', 'Cao Thị Mai')"), 0);
    cr_expect_eq(held("Cao Thị Vân", "P44"), EXAM_OFFICER);
    act_as(OPERATOR);
    EXPECT_FAULT(take(MAI, "province_officer", "T44"), 0, "");
    cr_expect_eq(held("Cao Thị Vân", "P44"), 0, "it hung on hers");
}

IDENTITY_TEST(grant, nothing_is_rewritten)
{
    cr_expect(!harness_allowed(h, "UPDATE role_grant SET gives = 64"));
    cr_expect(!harness_allowed(h, "UPDATE role_grant SET bit = 64"));
    cr_expect(!harness_allowed(h, "UPDATE role_grant SET granted_by = person_id"));
    cr_expect(!harness_allowed(h, "DELETE FROM role_grant"));
}

static int first(const char *number, const char *name)
{
    struct operator_first req = {.national_id = S(number), .full_name = S(name)};
    accepted.ok = false;
    return on_operator_bootstrap(&h->ctx, &req, &accepted);
}

IDENTITY_TEST(grant, there_is_one_first_operator)
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
    cr_expect_eq(strtoul(harness_get(h, "SELECT gives FROM role_grant WHERE parent_grant_id IS NULL"), NULL, 10),
                 ALL_ROLES);
    cr_expect_eq(harness_events(h, "org_changed"), 1);
    cr_expect_eq(harness_events(h, "people_changed"), 1);
    cr_expect_eq(harness_events(h, "role_changed"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'roles_granted' AND actor IS NULL"), 1);
}

IDENTITY_TEST(grant, an_installation_that_lost_its_operators_gets_one_again)
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
