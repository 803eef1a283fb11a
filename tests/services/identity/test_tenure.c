/* test_tenure.c - where people work, changed from a day past or future. */
#include "identity_test.h"

static struct tenure_list list;
static uint32_t steps;

static int32_t day(int offset)
{
    return (int32_t)strtol(harness_get(h, "SELECT hocvu.today() - '1970-01-01'::date + %d", offset), NULL, 10);
}

static struct tenure_step step_of(const char *op)
{
    return (struct tenure_step){
        .person_id = person_id("Lê Văn Nam"), .change_id = U(1000 + ++steps), .op = S(op), .reason = S("QĐ 12/2026")};
}

static int change(const struct tenure_step *step)
{
    list = (struct tenure_list){0};
    return on_tenure_change(&h->ctx, step, &list);
}

/* Where, from, to as offsets from today; a `to` of 0: none. */
static int go(const char *op, const char *unit, int from, int to)
{
    struct tenure_step step = step_of(op);
    PUT_FIELD(&step, tenure_step, unit_id, unit_id(unit));
    PUT_FIELD(&step, tenure_step, valid_from, day(from));
    PUT_FIELD(&step, tenure_step, position, S("Việc mới"));
    if (to)
        PUT_FIELD(&step, tenure_step, valid_to, day(to));
    return change(&step);
}

static int end_all(int to)
{
    struct tenure_step step = step_of("end");
    PUT_FIELD(&step, tenure_step, valid_to, day(to));
    return change(&step);
}

static struct uuid tenure_in(const char *unit)
{
    return uuid_of(
        harness_get(h,
                    "SELECT tenure_id FROM tenure JOIN unit USING (unit_id) JOIN person USING (person_id)"
                    " WHERE code = '%s' AND full_name = 'Lê Văn Nam' AND valid_to IS DISTINCT FROM valid_from"
                    " ORDER BY valid_from DESC LIMIT 1",
                    unit));
}

/* Unit, kind and days of each tenure. */
static const char *tenures(void)
{
    return harness_get(h,
                       "SELECT string_agg(code || ' ' || left(kind, 1) || ' ' || valid_from - hocvu.today() || '..' ||"
                       " coalesce((valid_to - hocvu.today())::text, ''), ', ' ORDER BY valid_from, kind DESC, code)"
                       " FROM tenure JOIN unit USING (unit_id) JOIN person USING (person_id)"
                       " WHERE full_name = 'Lê Văn Nam' AND valid_to IS DISTINCT FROM valid_from");
}

/* Lê Văn Nam works in P44 since 100 days; the caller is an officer of T44. */
static void setup_nam(void)
{
    small_nation();
    harness_sql(
        h, "UPDATE tenure SET valid_from = valid_from - 100; DELETE FROM outbox; UPDATE unit_version SET valid_from ="
           " '2020-01-01' WHERE valid_from > '2020-01-01'");
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("T44"));
}

IDENTITY_TEST(tenure, moves_from_a_day_past_or_future)
{
    struct fault fault;
    setup_nam();
    EXPECT_FAULT(go("move", "X44", 30, 0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..30, X44 p 30..");
    cr_assert_eq(list.n_tenures, 2);
    cr_assert_eq(msg_check(&msg_tenure_list, &list, &fault), 0, "%s", fault.field);
    EXPECT_FAULT(go("move", "S44", -10, 0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..-10, S44 p -10..30, X44 p 30..");
    /* On its first day, it never was. */
    EXPECT_FAULT(go("move", "P44", -10, 0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..-10, P44 p -10..30, X44 p 30..");
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(u.code || coalesce('-' || (body->>'valid_to')::date - hocvu.today(),"
                       " ''), ' ' ORDER BY told.id) FROM " TOLD " JOIN unit u ON u.unit_id ="
                       " (body->>'unit_id')::uuid"),
        "P44-30 X44 P44--10 S44-30 S44--10 P44-30");
    cr_expect_eq(count_of("audit WHERE action = 'tenure_move' AND subject IS NOT NULL"), 3);
    cr_expect_eq(count_of("stale_token WHERE reason = 'tenure'"), 3);
}

IDENTITY_TEST(tenure, sent_again_is_the_same_change)
{
    setup_nam();
    struct tenure_step step = step_of("move");
    PUT_FIELD(&step, tenure_step, unit_id, unit_id("X44"));
    PUT_FIELD(&step, tenure_step, valid_from, day(0));
    EXPECT_FAULT(change(&step), 0, "");
    EXPECT_FAULT(change(&step), 0, "");
    cr_expect_eq(list.n_tenures, 2);
    cr_expect_str_eq(tenures(), "P44 p -100..0, X44 p 0..");
    cr_expect_eq(harness_events(h, "people_changed"), 1);
    PUT_FIELD(&step, tenure_step, valid_from, day(1));
    EXPECT_FAULT(change(&step), ERR_CONFLICT, "change_id");
}

IDENTITY_TEST(tenure, several_at_once_have_one_principal)
{
    setup_nam();
    EXPECT_FAULT(go("join", "X44", -5, 0), ERR_STATE, "valid_from");
    EXPECT_FAULT(go("join", "X44", -105, 0), ERR_STATE, "valid_from");
    EXPECT_FAULT(go("join", "X44", -105, -100), 0, "");
    EXPECT_FAULT(go("add", "X44", -105, -90), 0, "");
    EXPECT_FAULT(go("add", "S44", -200, 0), ERR_STATE, "valid_from");
    EXPECT_FAULT(go("add", "S44", 3, 0), 0, "");
    cr_expect_str_eq(tenures(), "X44 p -105..-100, X44 c -105..-90, P44 p -100.., S44 c 3..");
    /* The principal one cannot end under a concurrent one. */
    struct tenure_step end = step_of("end");
    PUT_FIELD(&end, tenure_step, tenure_id, tenure_in("P44"));
    PUT_FIELD(&end, tenure_step, valid_to, day(10));
    EXPECT_FAULT(change(&end), ERR_STATE, "kind");
    /* But move, and the other goes on. */
    EXPECT_FAULT(go("move", "X44", 10, 0), 0, "");
    cr_expect_str_eq(tenures(), "X44 p -105..-100, X44 c -105..-90, P44 p -100..10, S44 c 3.., X44 p 10..");
}

IDENTITY_TEST(tenure, the_database_holds_the_rule_too)
{
    static const char *const wrong[] = {
        "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from, valid_to)"
        " SELECT hocvu.uuid7(), person_id, unit_id, '', false, 'principal', valid_from, valid_from + 3 FROM tenure",
        "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from)"
        " SELECT hocvu.uuid7(), person_id, unit_id, '', false, 'concurrent', valid_from - 1 FROM tenure",
        "UPDATE tenure SET kind = 'concurrent'",
    };
    setup_nam();
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        harness_sql(h,
                    "DO $$ BEGIN %s; RAISE EXCEPTION 'taken'; EXCEPTION WHEN raise_exception THEN IF SQLERRM <>"
                    " 'STATE:kind' THEN RAISE EXCEPTION 'statement %zu: %%', SQLERRM; END IF; END $$",
                    wrong[i], i);
    }
    /* Ends and beginnings in one statement are well. */
    harness_sql(h,
                "WITH ended AS (UPDATE tenure SET valid_to = hocvu.today() RETURNING *) INSERT INTO tenure (tenure_id,"
                " person_id, unit_id, position, leader, kind, valid_from) SELECT hocvu.uuid7(), person_id, unit_id, '',"
                " false, 'principal', hocvu.today() FROM ended");
}

/* Many new persons at once are looked at by another way than a few. */
IDENTITY_TEST(tenure, the_database_holds_the_rule_for_many_at_once)
{
    static const struct {
        const char *rows, *fault;
    } wrong[] = {
        {"SELECT person_id, 'principal', today() FROM person UNION ALL SELECT uuid7(), 'principal', today()",
         "a tenure of nobody, or in no unit"},
        {"SELECT person_id, 'principal', today() FROM person UNION ALL (SELECT person_id, 'principal', today() - 1 FROM"
         " person WHERE full_name = 'Người' LIMIT 1)",
         "STATE:kind"},
        {"SELECT person_id, 'principal', today() FROM person UNION ALL (SELECT person_id, 'concurrent', today() - 1 "
         "FROM"
         " person WHERE full_name = 'Người' LIMIT 1)",
         "STATE:kind"},
        /* Somebody who works already lies between those who are new. */
        {"SELECT person_id, 'principal', today() FROM person WHERE full_name = 'Người' UNION ALL SELECT person_id,"
         " 'principal', today() FROM person WHERE full_name = 'Lê Văn Nam'",
         "STATE:kind"},
    };
    setup_nam();
    harness_sql(h, "SET search_path = identity, hocvu");
    harness_sql(h, "INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key)"
                   " SELECT uuid7(), 'Người', sha256(n::text::bytea), 'abcdefgh', 'x', 'abcdefgh' FROM"
                   " generate_series(1, 150) n");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        harness_sql(
            h,
            "DO $$ BEGIN INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from)"
            " SELECT uuid7(), p, (SELECT min(unit_id::text)::uuid FROM unit), '', false, k, d FROM (%s) r (p, k,"
            " d)%s; RAISE EXCEPTION 'taken'; EXCEPTION WHEN raise_exception OR foreign_key_violation THEN IF"
            " SQLERRM <> '%s' THEN RAISE EXCEPTION 'statement %zu: %%', SQLERRM; END IF; END $$",
            wrong[i].rows, i < 3 ? " WHERE p NOT IN (SELECT person_id FROM tenure)" : "", wrong[i].fault, i);
    }
    harness_sql(h,
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from) SELECT uuid7(),"
                " person_id, (SELECT min(unit_id::text)::uuid FROM unit), '', false, 'principal', today() FROM person"
                " WHERE full_name = 'Người'");
    cr_expect_eq(count_of("tenure"), 155);
}

IDENTITY_TEST(tenure, a_secondment_has_a_home_and_an_end)
{
    setup_nam();
    EXPECT_FAULT(go("second", "X44", 1, 0), ERR_MISSING, "valid_to");
    EXPECT_FAULT(go("second", "X44", 1, 1), ERR_INVALID, "valid_to");
    EXPECT_FAULT(go("second", "X44", -200, 10), ERR_STATE, "valid_from");
    EXPECT_FAULT(go("second", "X44", 1, 90), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100.., X44 s 1..90");
    struct uuid home = tenure_in("P44");
    cr_expect(HAS(&list.tenures[1], tenure_shown, home_tenure_id));
    cr_expect(uuid_equal(&list.tenures[1].home_tenure_id, &home));
    cr_expect(list.tenures[1].kind.n == 10 && !memcmp(list.tenures[1].kind.p, "secondment", 10));
}

IDENTITY_TEST(tenure, a_leaver_has_no_rights_from_that_day)
{
    setup_nam();
    struct uuid nam = person_id("Lê Văn Nam");
    char text[UUID_TEXT];
    uuid_format(&nam, text);
    harness_sql(h,
                "INSERT INTO role_grant (parent_grant_id, person_id, role, bit, unit_id, reason) SELECT grant_id, '%s',"
                " 'unit_head', 2, unit_id, 'x' FROM role_grant WHERE parent_grant_id IS NULL",
                text);
    EXPECT_FAULT(go("add", "X44", 0, 0), 0, "");
    EXPECT_FAULT(end_all(20), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..20, X44 c 0..20");
    cr_expect_str_eq(
        harness_get(h,
                    "SELECT valid_to - hocvu.today() FROM role_grant WHERE role = 'unit_head' AND person_id"
                    " = '%s'",
                    text),
        "20");
    EXPECT_FAULT(end_all(0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..0", "what would have begun today never was");
    cr_expect_str_eq(
        harness_get(h,
                    "SELECT valid_to - hocvu.today() FROM role_grant WHERE role = 'unit_head' AND person_id"
                    " = '%s'",
                    text),
        "0");
    EXPECT_FAULT(end_all(5), ERR_STATE, "valid_to");
    /* Comes back next year. */
    EXPECT_FAULT(go("join", "S44", 300, 0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..0, S44 p 300..");
}

IDENTITY_TEST(tenure, is_corrected)
{
    setup_nam();
    struct tenure_step step = step_of("correct");
    EXPECT_FAULT(change(&step), ERR_MISSING, "tenure_id");
    PUT_FIELD(&step, tenure_step, tenure_id, tenure_in("P44"));
    PUT_FIELD(&step, tenure_step, position, S("Phó phòng"));
    PUT_FIELD(&step, tenure_step, leader, true);
    PUT_FIELD(&step, tenure_step, valid_from, day(-300));
    EXPECT_FAULT(change(&step), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -300..");
    cr_expect(list.tenures[0].leader);
    cr_expect_arr_eq(list.tenures[0].position.p, "Phó phòng", list.tenures[0].position.n);
    struct tenure_step back = step_of("correct");
    PUT_FIELD(&back, tenure_step, tenure_id, tenure_in("P44"));
    PUT_FIELD(&back, tenure_step, valid_to, day(-300));
    EXPECT_FAULT(change(&back), ERR_INVALID, "valid_to");
    PUT_FIELD(&back, tenure_step, tenure_id, U(5));
    EXPECT_FAULT(change(&back), ERR_NOT_FOUND, "tenure_id");
}

static int reopen(struct uuid tenure, int to)
{
    struct tenure_step step = step_of("reopen");
    PUT_FIELD(&step, tenure_step, tenure_id, tenure);
    if (to)
        PUT_FIELD(&step, tenure_step, valid_to, day(to));
    return change(&step);
}

IDENTITY_TEST(tenure, an_end_is_taken_back)
{
    setup_nam();
    struct uuid office = tenure_in("P44");
    EXPECT_FAULT(go("add", "X44", -50, 0), 0, "");
    struct uuid beside = tenure_in("X44");
    EXPECT_FAULT(reopen(office, 0), ERR_STATE, "tenure_id");
    EXPECT_FAULT(end_all(-3), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..-3, X44 c -50..-3");
    /* What stands beside needs the principal one; a day before the end is no way back. */
    EXPECT_FAULT(reopen(beside, 0), ERR_STATE, "kind");
    EXPECT_FAULT(reopen(office, -3), ERR_INVALID, "valid_to");
    EXPECT_FAULT(reopen(office, -10), ERR_INVALID, "valid_to");
    harness_sql(h, "DELETE FROM outbox; DELETE FROM stale_token");
    struct tenure_step step = step_of("reopen");
    PUT_FIELD(&step, tenure_step, tenure_id, office);
    EXPECT_FAULT(change(&step), 0, "");
    EXPECT_FAULT(change(&step), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100.., X44 c -50..-3");
    cr_expect_eq(harness_events(h, "people_changed"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT (body->>'tenure_id')::uuid = (SELECT tenure_id FROM tenure JOIN unit USING"
                                    " (unit_id) WHERE code = 'P44') AND NOT body ? 'valid_to' FROM " TOLD),
                     "t", "followers hear that there is no end");
    cr_expect_eq(count_of("audit WHERE action = 'tenure_reopen' AND detail->>'reason' = 'QĐ 12/2026'"), 1);
    cr_expect_eq(count_of("stale_token"), 1);
    EXPECT_FAULT(reopen(beside, 30), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100.., X44 c -50..30");
    step.reason = S("khác");
    EXPECT_FAULT(change(&step), ERR_CONFLICT, "change_id");
    /* One that ended on its first day, and so never was. */
    EXPECT_FAULT(go("add", "S44", 0, 0), 0, "");
    struct uuid never = tenure_in("S44");
    EXPECT_FAULT(end_all(0), 0, "");
    EXPECT_FAULT(reopen(office, 0), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100.., X44 c -50..0");
    EXPECT_FAULT(reopen(never, 10), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100.., X44 c -50..0, S44 c 0..10");
}

IDENTITY_TEST(tenure, an_end_that_is_no_mistake_stays)
{
    setup_nam();
    struct uuid office = tenure_in("P44");
    /* Who moved works elsewhere now. */
    EXPECT_FAULT(go("move", "S44", -10, 0), 0, "");
    EXPECT_FAULT(reopen(office, 0), ERR_STATE, "valid_from");
    EXPECT_FAULT(reopen(U(5), 0), ERR_NOT_FOUND, "tenure_id");
    /* The unit ends: no longer than that. */
    struct uuid desk = tenure_in("S44");
    EXPECT_FAULT(end_all(5), 0, "");
    harness_sql(h, "UPDATE unit_version SET valid_to = hocvu.today() + 20 WHERE code = 'S44'");
    EXPECT_FAULT(reopen(desk, 0), ERR_STATE, "valid_to");
    EXPECT_FAULT(reopen(desk, 21), ERR_STATE, "valid_to");
    EXPECT_FAULT(reopen(desk, 20), 0, "");
    cr_expect_str_eq(tenures(), "P44 p -100..-10, S44 p -10..20");
    /* Of another's subtree, and of another person. */
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("T66"));
    EXPECT_FAULT(reopen(office, 0), ERR_FORBIDDEN, "tenure_id");
    struct tenure_step step = step_of("reopen");
    step.person_id = person_id("Trần Thị Hoa");
    PUT_FIELD(&step, tenure_step, tenure_id, office);
    EXPECT_FAULT(change(&step), ERR_NOT_FOUND, "tenure_id");
    struct tenure_step nothing = step_of("reopen");
    EXPECT_FAULT(change(&nothing), ERR_MISSING, "tenure_id");
}

IDENTITY_TEST(tenure, rights_do_not_come_again_with_the_tenure)
{
    setup_nam();
    struct uuid office = tenure_in("P44");
    harness_sql(h, "INSERT INTO role_grant (parent_grant_id, person_id, role, bit, unit_id, reason) SELECT grant_id,"
                   " (SELECT person_id FROM person WHERE full_name = 'Lê Văn Nam'), 'unit_head', 2, unit_id, 'x' FROM"
                   " role_grant WHERE parent_grant_id IS NULL");
    EXPECT_FAULT(end_all(0), 0, "");
    EXPECT_FAULT(reopen(office, 0), 0, "");
    cr_expect_eq(
        count_of("role_grant JOIN person USING (person_id) WHERE full_name = 'Lê Văn Nam' AND valid_to IS NULL"), 0);
}

IDENTITY_TEST(tenure, is_changed_within_the_subtree_only)
{
    setup_nam();
    EXPECT_FAULT(go("move", "T66", 0, 0), ERR_FORBIDDEN, "unit_id");
    EXPECT_FAULT(go("add", "VN", 0, 0), ERR_FORBIDDEN, "unit_id");
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("T66"));
    EXPECT_FAULT(go("move", "T66", 0, 0), ERR_FORBIDDEN, "tenure_id");
    EXPECT_FAULT(end_all(0), ERR_FORBIDDEN, "tenure_id");
    EXPECT_FAULT(go("add", "T66", 0, 0), 0, "");
    struct tenure_step step = step_of("end");
    step.person_id = U(5);
    PUT_FIELD(&step, tenure_step, valid_to, day(0));
    EXPECT_FAULT(change(&step), ERR_FORBIDDEN, "person_id");
    cr_expect_eq(count_of("audit WHERE action = 'tenure_refused'"), 4);
    cr_expect_str_eq(tenures(), "P44 p -100.., T66 c 0..");
    /* Who left may be taken in by whoever has a place. */
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("VN"));
    EXPECT_FAULT(end_all(1), 0, "");
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("T66"));
    EXPECT_FAULT(go("join", "T66", 2, 0), 0, "");
}

IDENTITY_TEST(tenure, says_what_is_missing_or_wrong)
{
    setup_nam();
    EXPECT_FAULT(go("promote", "X44", 0, 0), ERR_INVALID, "op");
    struct tenure_step step = step_of("move");
    EXPECT_FAULT(change(&step), ERR_MISSING, "unit_id");
    PUT_FIELD(&step, tenure_step, unit_id, unit_id("X44"));
    EXPECT_FAULT(change(&step), ERR_MISSING, "valid_from");
    EXPECT_FAULT(go("move", "X44", -50000, 0), ERR_INVALID, "valid_from");
    EXPECT_FAULT(go("move", "X44", 50000, 0), ERR_INVALID, "valid_from");
    EXPECT_FAULT(go("move", "X44", -3000, 0), ERR_STATE, "unit_id");
    EXPECT_FAULT(go("move", "X44", -101, 0), ERR_STATE, "valid_from");
    PUT_FIELD(&step, tenure_step, valid_from, day(0));
    PUT_FIELD(&step, tenure_step, position_code, S("none"));
    EXPECT_FAULT(change(&step), ERR_NOT_FOUND, "position_code");
    harness_sql(h, "INSERT INTO position (code, valid_from, title_vi) VALUES ('CV', '2020-01-01', 'Chuyên viên')");
    PUT_FIELD(&step, tenure_step, position_code, S("CV"));
    EXPECT_FAULT(change(&step), 0, "");
    cr_expect_arr_eq(list.tenures[1].position.p, "Chuyên viên", list.tenures[1].position.n);
    harness_sql(h, "UPDATE person SET merged_into = (SELECT person_id FROM person WHERE full_name = 'Trần Thị Hoa')"
                   " WHERE full_name = 'Lê Văn Nam'");
    EXPECT_FAULT(go("move", "X44", 1, 0), ERR_STATE, "person_id");
}

static struct person_draft draft(void)
{
    struct person_draft person = {.person_id = U(700),
                                  .national_id = S("999079000070"),
                                  .full_name = S("Đinh Thị Mới"),
                                  .unit_id = unit_id("P44"),
                                  .position = S("Chuyên viên"),
                                  .reason = S("tuyển dụng")};
    return person;
}

static int add(const struct person_draft *person)
{
    list = (struct tenure_list){0};
    return on_person_add(&h->ctx, person, &list);
}

IDENTITY_TEST(tenure, a_person_is_added_by_hand)
{
    setup_nam();
    struct person_draft person = draft();
    EXPECT_FAULT(add(&person), 0, "");
    cr_assert_eq(list.n_tenures, 1);
    EXPECT_FAULT(add(&person), 0, "");
    cr_expect_eq(count_of("person"), 6);
    cr_expect_eq(harness_events(h, "people_changed"), 1);
    cr_expect_eq(count_of("audit a WHERE a::text LIKE '%%999079000070%%'"), 0);
    /* The number is found again, and is one person's only. */
    harness_sql(h, "DELETE FROM outbox");

    person.position = S("Khác");
    EXPECT_FAULT(add(&person), ERR_CONFLICT, "person_id");
    person = draft();
    person.person_id = U(701);
    EXPECT_FAULT(add(&person), ERR_CONFLICT, "national_id");
    person.national_id = S("999079000071");
    person.person_id = U(700);
    EXPECT_FAULT(add(&person), ERR_CONFLICT, "person_id");
}

IDENTITY_TEST(tenure, a_person_that_cannot_be_is_not_added)
{
    setup_nam();
    struct person_draft person = draft();
    person.national_id = S("99907900007x");
    EXPECT_FAULT(add(&person), ERR_INVALID, "national_id");
    person = draft();
    person.full_name = S("Nam\u202e");
    EXPECT_FAULT(add(&person), ERR_INVALID, "full_name");
    person = draft();
    PUT_FIELD(&person, person_draft, birth_date, day(-3000));
    EXPECT_FAULT(add(&person), ERR_INVALID, "birth_date");
    person = draft();
    person.unit_id = unit_id("T66");
    EXPECT_FAULT(add(&person), ERR_FORBIDDEN, "unit_id");
    person = draft();
    PUT_FIELD(&person, person_draft, position_code, S("none"));
    EXPECT_FAULT(add(&person), ERR_NOT_FOUND, "position_code");
    cr_expect_eq(count_of("person"), 5);
}

IDENTITY_TEST(tenure, who_waited_is_linked_when_added)
{
    struct claims claims = {.subject = S("s"), .national_id = S("999079000070"), .full_name = S("Đinh Thị Mới")};
    struct link_outcome who;
    setup_nam();
    cr_assert_eq(settled(log_in_by(&h->ctx, SPAN("openid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_PENDING);
    struct person_draft person = draft();
    EXPECT_FAULT(add(&person), 0, "");
    cr_expect_eq(count_of("account WHERE state = 'linked'"), 1);
}
