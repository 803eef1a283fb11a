/* test_merge.c - two persons on record who are one. */
#include "account.h"
#include "identity_test.h"

static struct tenure_list list;

#define NAM "Lê Văn Nam"
#define HOA "Trần Thị Hoa"
#define SON "Hồ Văn Sơn"

static int merge(uint32_t step, const char *keep, const char *gone)
{
    struct person_merge req = {
        .step_id = U(step), .keep = person_id(keep), .gone = person_id(gone), .reason = S("một người hai số")};
    list = (struct tenure_list){0};
    return on_persons_merge(&h->ctx, &req, &list);
}

static void log_in(const char *subject, const char *number, const char *name)
{
    struct claims claims = {.subject = S(subject), .national_id = S(number), .full_name = S(name), .level = 2};
    struct link_outcome who;
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
}

/* Unit, kind and days of each tenure that has one. */
static const char *tenures_of(const char *name)
{
    return harness_get(h,
                       "SELECT string_agg(code || ' ' || left(kind, 1) || ' ' || valid_from - hocvu.today() || '..' ||"
                       " coalesce((valid_to - hocvu.today())::text, ''), ', ' ORDER BY valid_from, kind DESC, code)"
                       " FROM tenure JOIN unit USING (unit_id) JOIN person USING (person_id)"
                       " WHERE full_name = '%s' AND valid_to IS DISTINCT FROM valid_from",
                       name);
}

/* The days of a person's only tenure, and its unit. */
static void works(const char *name, const char *unit, int from, const char *to)
{
    harness_sql(
        h,
        "UPDATE tenure SET unit_id = (SELECT unit_id FROM unit WHERE code = '%s'), valid_from = hocvu.today() + %d,"
        " valid_to = hocvu.today() + %s FROM person p WHERE p.person_id = tenure.person_id AND p.full_name = '%s'",
        unit, from, to, name);
}

static void as_officer(const char *unit)
{
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id(unit));
}

IDENTITY_TEST(merge, what_one_held_becomes_the_others)
{
    struct session_tokens tokens;
    small_nation();
    works(NAM, "P44", -100, "NULL::integer");
    works(SON, "X44", -300, "-20");
    log_in("s", "999079000005", SON);
    cr_assert_eq(open_session_of(SON, "s", &tokens), 0);
    harness_sql(h, "DELETE FROM outbox");
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    cr_expect_str_eq(tenures_of(NAM), "X44 p -300..-100, P44 p -100.., X44 c -100..-20");
    cr_expect_str_eq(tenures_of(SON), "");
    cr_expect_eq(list.n_tenures, 3);
    cr_expect_eq(
        count_of("account a JOIN person p USING (person_id) WHERE p.full_name = '" NAM "' AND state = 'linked'"), 1);
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL"), 0);
    cr_expect_eq(count_of("person p JOIN person k ON k.person_id = p.merged_into WHERE k.full_name = '" NAM "'"), 1);
    /* First that they are one, then what changes by it. */
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(event, ' ' ORDER BY id) FROM outbox"),
                     "person_merged people_changed");
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg((body->>'valid_from' = body->>'valid_to')::text, ' ' ORDER BY told.id)"
                       " FROM " TOLD),
        arena_printf(&h->arena, "true false false"));
    cr_expect_eq(count_of("audit WHERE action = 'persons_merged' AND subject IS NOT NULL"), 1);
    /* The history of the one who stays has that of the other. */
    struct history_query ask = {.person_id = person_id(NAM)};
    struct history_list past = {0};
    EXPECT_FAULT(on_link_history(&h->ctx, &ask, &past), 0, "");
    cr_assert_eq(past.n_entries, 2);
    cr_expect_arr_eq(past.entries[0].what.p, "linked", 6);
    cr_expect_arr_eq(past.entries[1].what.p, "merged", 6);
    /* Again: the same; afterwards he logs in with the number of the one who is no more. */
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    cr_expect_eq(list.n_tenures, 3);
    cr_expect_eq(harness_events(h, "person_merged"), 1);
    struct claims claims = {.subject = S("s"), .national_id = S("999079000005"), .full_name = S(SON), .level = 2};
    struct link_outcome who;
    struct uuid nam = person_id(NAM);
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    cr_expect(uuid_equal(&who.person_id, &nam));
}

IDENTITY_TEST(merge, two_at_the_same_desk_are_one_tenure)
{
    small_nation();
    works(NAM, "P44", -100, "-10");
    works(HOA, "P44", -50, "NULL::integer");
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, HOA), 0, "");
    cr_expect_str_eq(tenures_of(NAM), "P44 p -100..-10, P44 p -10..");
}

IDENTITY_TEST(merge, secondments_find_their_home)
{
    small_nation();
    works(NAM, "P44", -100, "NULL::integer");
    works(SON, "X44", -50, "NULL::integer");
    harness_sql(
        h, "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, home_tenure_id, valid_from,"
           " valid_to) SELECT hocvu.uuid7(), t.person_id, u.unit_id, '', false, 'secondment', t.tenure_id,"
           " hocvu.today() - 5, hocvu.today() + 5 FROM tenure t JOIN person USING (person_id), unit u WHERE full_name"
           " = '" SON "' AND u.code = 'S44'");
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    cr_expect_str_eq(tenures_of(NAM), "P44 p -100.., X44 c -50.., S44 s -5..5");
    cr_expect_str_eq(
        harness_get(h, "SELECT u.code FROM tenure t JOIN tenure o ON o.tenure_id = t.home_tenure_id JOIN unit u"
                       " ON u.unit_id = o.unit_id JOIN person p ON p.person_id = t.person_id WHERE t.kind ="
                       " 'secondment' AND p.full_name = '" NAM "'"),
        "P44");
}

IDENTITY_TEST(merge, merge_into_itself)
{
    small_nation();
    as_officer("VN");
    EXPECT_FAULT(merge(1, NAM, NAM), ERR_INVALID, "gone");
    cr_expect_eq(count_of("person WHERE merged_into IS NOT NULL"), 0);
}

IDENTITY_TEST(merge, merge_cycle)
{
    small_nation();
    as_officer("VN");
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    EXPECT_FAULT(merge(2, SON, NAM), ERR_STATE, "keep");
    EXPECT_FAULT(merge(3, HOA, SON), ERR_STATE, "gone");
    EXPECT_FAULT(merge(1, HOA, SON), ERR_CONFLICT, "step_id");
    /* Whoever answers for the one who stays is told so too. */
    as_officer("T44");
    EXPECT_FAULT(merge(5, HOA, SON), ERR_STATE, "gone");
    as_officer("VN");
    /* A third one: both numbers lead on. */
    EXPECT_FAULT(merge(4, HOA, NAM), 0, "");
    cr_expect_eq(count_of("person p JOIN person k ON k.person_id = p.merged_into WHERE k.full_name = '" HOA "'"), 2);
    cr_expect_eq(count_of("person p JOIN person k ON k.person_id = p.merged_into WHERE k.merged_into IS NOT NULL"), 0);
}

IDENTITY_TEST(merge, two_who_have_logged_in_are_two)
{
    small_nation();
    log_in("s", "999079000005", SON);
    log_in("t", "999079000003", NAM);
    as_officer("VN");
    EXPECT_FAULT(merge(1, NAM, SON), ERR_STATE, "gone");
    struct account_unlinking unlink = {
        .account_id = uuid_of(harness_get(h, "SELECT account_id FROM account WHERE subject = 's'")),
        .step_id = U(2),
        .reason = S("x")};
    struct link_result result;
    EXPECT_FAULT(on_account_unlink(&h->ctx, &unlink, &result), 0, "");
    EXPECT_FAULT(merge(3, NAM, SON), 0, "");
}

IDENTITY_TEST(merge, nobody_merges_beyond_what_is_his)
{
    small_nation();
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, SON), ERR_FORBIDDEN, "gone");
    EXPECT_FAULT(merge(1, SON, NAM), ERR_FORBIDDEN, "keep");
    harness_as(h, person_id(NAM), IDENTITY_OFFICER, unit_id("T44"));
    EXPECT_FAULT(merge(1, NAM, HOA), ERR_FORBIDDEN, "gone");
    cr_expect_eq(count_of("audit WHERE action = 'merge_refused'"), 3);
    /* A role that reaches beyond the officer's subtree does not come to somebody of his choice. */
    harness_sql(
        h, "INSERT INTO role_grant (parent_grant_id, person_id, role, bit, unit_id, reason) SELECT g.grant_id,"
           " p.person_id, 'auditor', 2048, g.unit_id, 'x' FROM role_grant g, person p WHERE g.parent_grant_id IS NULL"
           " AND p.full_name = '" HOA "'");
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, HOA), ERR_FORBIDDEN, "gone");
    as_officer("VN");
    EXPECT_FAULT(merge(1, NAM, HOA), 0, "");
    cr_expect_eq(count_of("role_grant g JOIN person p USING (person_id) WHERE p.full_name = '" NAM "'"), 2);
    cr_expect_eq(harness_events(h, "role_changed") >= 2, true);
}

IDENTITY_TEST(merge, excluded_duties_stay_apart)
{
    small_nation();
    harness_sql(
        h, "INSERT INTO role_grant (parent_grant_id, person_id, role, bit, unit_id, reason) SELECT g.grant_id,"
           " p.person_id, 'reviewer', 8, u.unit_id, 'x' FROM role_grant g, person p, unit u WHERE g.parent_grant_id IS"
           " NULL AND p.full_name = '" NAM "' AND u.code = 'T44'");
    as_officer("VN");
    /* Phạm Thị Mai is editor of T44. */
    EXPECT_FAULT(merge(1, NAM, "Phạm Thị Mai"), ERR_DUTIES, "role");
    cr_expect_eq(count_of("person WHERE merged_into IS NOT NULL"), 0);
    cr_expect_str_eq(tenures_of("Phạm Thị Mai"), "X44 p 0..");
}

IDENTITY_TEST(merge, a_roster_with_the_old_number_is_about_the_one_who_stays)
{
    small_nation();
    as_officer("VN");
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    harness_as(h, person_id("Nguyễn Văn Nhân"), LEARNER | NATIONAL_OPERATOR, unit_id("VN"));
    import_roster("999079000005,Lê Văn Nam,1979-05-14,P44,Chuyên viên,false,\n");
    expect_counts(0, 0, 1, 0);
    cr_expect_str_eq(tenures_of(SON), "");
}

/* What was asked about the data of one concerns the other's too. */
IDENTITY_TEST(merge, requests_and_their_effect_go_along)
{
    small_nation();
    works(SON, "X44", -300, "-20");
    harness_sql(h, "UPDATE person SET restricted_at = now() - interval '1 day' WHERE full_name = '" SON "'");
    harness_sql(h, "INSERT INTO data_request (request_id, person_id, kind, words, state, acknowledge_due, due) SELECT"
                   " uuid7(), person_id, 'restrict', '', 'done', now(), now() FROM person WHERE full_name = '" SON "'");
    as_officer("T44");
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    cr_expect_eq(count_of("data_request r JOIN person p USING (person_id) WHERE p.full_name = '" NAM "'"), 1);
    cr_expect_eq(count_of("person WHERE full_name = '" NAM "' AND restricted_at IS NOT NULL"), 1);
    cr_expect_eq(harness_events(h, "person_restricted"), 1);
    EXPECT_FAULT(merge(1, NAM, SON), 0, "");
    cr_expect_eq(harness_events(h, "person_restricted"), 1);
}
