/*
 * test_headcount.c - people and their number as of any day: compared with a plain look at tenures and versions, before
 * and after counts are folded, before and after decrees.
 */
#include "identity_test.h"

static struct headcount_report count;

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    cr_assert_eq(date_parse(S(text), &day), 0);
    return day;
}

static int ask(const char *code, const char *day)
{
    struct headcount_query query = {
        .unit_id = uuid_of(harness_get(h, "SELECT unit_id FROM unit_code WHERE code = '%s'", code))};
    if (day)
        PUT_FIELD(&query, headcount_query, as_of, day_of(day));
    count = (struct headcount_report){0};
    return on_headcount(&h->ctx, &query, &count);
}

/* The function that says it plainly: walks up from each tenure's unit on the day, without paths. */
static void make_plain(void)
{
    harness_sql(h, "CREATE FUNCTION lies_below(unit uuid, top uuid, day date) RETURNS boolean LANGUAGE sql AS $$"
                   " WITH RECURSIVE up AS (SELECT unit AS id UNION SELECT v.parent_id FROM up JOIN unit_version v ON"
                   " v.unit_id = up.id AND v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day))"
                   " SELECT EXISTS (SELECT FROM up WHERE id = top) AND EXISTS (SELECT FROM unit_version v WHERE"
                   " v.unit_id = unit AND v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day)) $$");
}

static const char *plainly(const char *code, const char *day)
{
    return harness_get(h,
                       "SELECT count(*) || '/' || count(*) FILTER (WHERE t.leader) FROM tenure t WHERE t.kind ="
                       " 'principal' AND t.valid_from <= '%2$s' AND (t.valid_to IS NULL OR t.valid_to > '%2$s')"
                       " AND lies_below(t.unit_id, (SELECT unit_id FROM unit_code WHERE code = '%1$s'), '%2$s')",
                       code, day);
}

/* Every unit on every one of some days: the same as plainly. */
static void compare(const char *when)
{
    static const char *const days[] = {"2025-06-30", "2025-07-01", "2025-12-31", "2026-03-14",
                                       "2026-06-01", "2026-06-02", "2026-09-30", "2027-12-01"};
    static const char *const codes[] = {"VN", "T1", "T2", "T3", "C11", "C12", "C21", "C31", "D1", "D2", "D3", "N1"};
    uint32_t compared = 0;
    for (size_t d = 0; d < sizeof(days) / sizeof(days[0]); d++) {
        for (size_t c = 0; c < sizeof(codes) / sizeof(codes[0]); c++) {
            if (!*harness_get(h, "SELECT 1 FROM unit_code WHERE code = '%s'", codes[c]))
                continue;
            int code = settled(ask(codes[c], days[d]));
            if (code == ERR_NOT_FOUND)
                continue; /* not there on that day */
            cr_assert_eq(code, 0, "%s, %s on %s: %s", when, codes[c], days[d], h->ctx.fault.field);
            const char *found = arena_printf(&h->arena, "%llu/%llu", (unsigned long long)count.people,
                                             (unsigned long long)count.leaders);
            compared += count.people > 0;
            cr_expect_str_eq(found, plainly(codes[c], days[d]), "%s: %s on %s is %s, plainly %s", when, codes[c],
                             days[d], found, plainly(codes[c], days[d]));
        }
    }
    cr_assert_gt(compared, 60, "%u", compared);
}

/* Three provinces; 600 people of whom half have worked in two places, some leaders; from the first of July 2025 on. */
static void a_nation(void)
{
    bootstrap();
    import_units("T1,VN,province,Tỉnh 1,,2025-07-01\nT2,VN,province,Tỉnh 2,,2025-07-01\n"
                 "T3,VN,province,Tỉnh 3,,2025-07-01\nC11,T1,commune,Xã 11,,2025-07-01\n"
                 "C12,T1,commune,Xã 12,,2025-07-01\nC21,T2,commune,Xã 21,,2025-07-01\n"
                 "C31,T3,commune,Xã 31,,2025-07-01\nD1,T1,department,Sở 1,,2025-07-01\n"
                 "D2,C12,department,Phòng 2,,2025-07-01\nD3,D2,unit,Tổ 3,,2025-07-01\n");
    expect_counts(10, 0, 0, 0);
    make_plain();
    harness_sql(h,
                "SELECT setseed(0.3);"
                "CREATE TABLE places AS SELECT unit_id, row_number() OVER (ORDER BY code) - 1 AS n FROM unit WHERE code"
                " <> 'VN';"
                "INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key)"
                " SELECT uuid7(), 'Người ' || i, sha256(i::text::bytea), '00000000', '', '00000000'"
                " FROM generate_series(1, 600) i;"
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from, valid_to)"
                " SELECT uuid7(), person_id, p.unit_id, 'Chuyên viên', random() < 0.2, 'principal', a, CASE WHEN two"
                " THEN b END FROM (SELECT person_id, date '2025-07-01' + (random() * 200)::int AS a, date '2026-02-01'"
                " + (random() * 200)::int AS b, random() < 0.5 AS two, floor(random() * 10) AS x FROM person WHERE"
                " full_name LIKE 'Người %%') r JOIN places p ON p.n = r.x;"
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from)"
                " SELECT uuid7(), person_id, p.unit_id, 'Phó phòng', random() < 0.2, 'principal', t.b"
                " FROM (SELECT person_id, valid_to AS b, floor(random() * 10) AS x FROM tenure WHERE valid_to IS NOT"
                " NULL) t JOIN places p ON p.n = t.x;"
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from)"
                " SELECT uuid7(), person_id, (SELECT unit_id FROM places LIMIT 1), 'Kiêm nhiệm', true, 'concurrent',"
                " valid_from FROM tenure WHERE valid_to IS NULL AND kind = 'principal' LIMIT 50");
}

static void carry_out(uint32_t id, const char *from, struct decree_step *steps, uint32_t n)
{
    struct decree_report result = {0};
    struct decree decree = {.decree_id = U(id),
                            .number = S("1/NQ"),
                            .issued_on = day_of("2025-06-12"),
                            .issuer = S("Quốc hội"),
                            .title = S("Sắp xếp"),
                            .effective_from = day_of(from),
                            .steps = steps,
                            .n_steps = n};
    int code = settled(on_org_decree(&h->ctx, &decree, &result));
    cr_assert_eq(code, 0, "code %d about %s", code, h->ctx.fault.field);
    for (uint32_t i = 0; i < result.n_steps; i++)
        cr_assert(!result.steps[i].refused, "%.*s", (int)result.steps[i].message_en.n, result.steps[i].message_en.p);
}

static struct decree_step step(const char *op, const char *code)
{
    return (struct decree_step){.op = S(op), .code = S(code)};
}

IDENTITY_TEST(headcount, is_what_a_plain_count_says_on_every_day)
{
    a_nation();
    compare("nothing folded");
    cr_assert_gt(count_of("headcount_change"), 100);
    harness_sql(h, "SELECT headcount_fold(4)");
    compare("some folded");
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    cr_expect_eq(count_of("headcount_change"), 0);
    compare("all folded");
    harness_sql(h, "UPDATE tenure SET valid_to = '2026-09-01' WHERE valid_to IS NULL AND random() < 0.1 AND kind ="
                   " 'principal' AND valid_from < '2026-08-01' AND NOT EXISTS (SELECT FROM tenure o WHERE o.kind <>"
                   " 'principal' AND o.person_id = tenure.person_id);"
                   "UPDATE tenure SET leader = NOT leader WHERE random() < 0.1");
    compare("changed");
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    compare("changed and folded");
}

/* The lock is held by the other session of the test, as an import or another process's fold holds it. */
static void is_left_alone_while_held(const char *lock)
{
    a_nation();
    const char *before = harness_get(h, "SELECT count(*) || ' ' || sum(people) FROM headcount_change");
    harness_sql(h, "SELECT pg_advisory_lock(hashtext('%s'))", lock);
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) || ' ' || sum(people) FROM headcount_change"), before);
    cr_expect_eq(count_of("headcount"), 0);
    compare("while another holds it");
    harness_sql(h, "SELECT pg_advisory_unlock(hashtext('%s'))", lock);
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    cr_expect_eq(count_of("headcount_change"), 0);
    cr_expect_gt(count_of("headcount"), 0);
}

IDENTITY_TEST(headcount, is_not_folded_while_an_import_writes)
{
    is_left_alone_while_held("identity.import");
}

/* Who waited would hold a snapshot, and what the other folds could not be cleaned away. */
IDENTITY_TEST(headcount, a_fold_does_not_wait_for_another)
{
    is_left_alone_while_held("identity.headcount");
}

IDENTITY_TEST(headcount, follows_decrees_past_and_future)
{
    a_nation();
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    struct decree_step steps[3];
    steps[0] = step("move", "C12");
    PUT_FIELD(&steps[0], decree_step, parent_code, S("T3"));
    steps[1] = step("create", "N1");
    PUT_FIELD(&steps[1], decree_step, parent_code, S("T2"));
    PUT_FIELD(&steps[1], decree_step, kind, S("commune"));
    PUT_FIELD(&steps[1], decree_step, name, S("Xã mới"));
    steps[2] = step("merge", "C11");
    PUT_FIELD(&steps[2], decree_step, into_code, S("N1"));
    carry_out(1, "2026-06-01", steps, 3);
    compare("decree of the past");
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    compare("decree of the past, folded");
    steps[0] = step("merge", "T2");
    PUT_FIELD(&steps[0], decree_step, into_code, S("T1"));
    carry_out(2, "2027-12-01", steps, 1);
    compare("decree of the future");
    cr_assert_eq(settled(harness_tick(h, headcount_fold)), 0);
    compare("decree of the future, folded");
}

IDENTITY_TEST(headcount, is_shown_for_each_unit_directly_below)
{
    a_nation();
    EXPECT_FAULT(ask("VN", "2026-03-14"), 0, "");
    cr_assert_eq(count.n_units, 3);
    cr_expect_eq(count.units[0].people + count.units[1].people + count.units[2].people + count.own_people,
                 count.people);
    EXPECT_FAULT(ask("T1", "2026-03-14"), 0, "");
    cr_assert_eq(count.n_units, 3);
    cr_expect(!memcmp(count.units[0].code.p, "C11", 3));
    cr_expect_eq(count.units[0].people + count.units[1].people + count.units[2].people + count.own_people,
                 count.people);
}

IDENTITY_TEST(headcount, belongs_to_whom_the_subtree_belongs)
{
    a_nation();
    struct decree_step steps[1] = {step("merge", "C11")};
    PUT_FIELD(&steps[0], decree_step, into_code, S("C12"));
    carry_out(1, "2026-06-01", steps, 1);
    harness_as(h, U(9), UNIT_HEAD, unit_id("T1"));
    EXPECT_FAULT(ask("T1", NULL), 0, "");
    EXPECT_FAULT(ask("D3", "2026-01-01"), 0, "");
    EXPECT_FAULT(ask("C11", "2026-01-01"), 0, ""); /* has ended in his subtree */
    EXPECT_FAULT(ask("C11", "2026-06-01"), ERR_NOT_FOUND, "as_of");
    EXPECT_FAULT(ask("T1", "2020-01-01"), ERR_NOT_FOUND, "as_of");
    EXPECT_FAULT(ask("T2", NULL), ERR_FORBIDDEN, "unit_id");
    EXPECT_FAULT(ask("VN", NULL), ERR_FORBIDDEN, "unit_id");
    struct headcount_query query = {.unit_id = U(77)};
    EXPECT_FAULT(on_headcount(&h->ctx, &query, &count), ERR_FORBIDDEN, "unit_id");
    steps[0] = step("move", "C12");
    PUT_FIELD(&steps[0], decree_step, parent_code, S("T2"));
    struct decree_report result = {0};
    struct decree decree = {.decree_id = U(2),
                            .number = S("1/NQ"),
                            .issued_on = day_of("2025-06-12"),
                            .issuer = S("Q"),
                            .title = S("T"),
                            .effective_from = day_of("2026-06-01"),
                            .steps = steps,
                            .n_steps = 1};
    harness_as(h, U(9), NATIONAL_OPERATOR, unit_id("T1"));
    cr_assert_eq(settled(on_org_decree(&h->ctx, &decree, &result)), 0);
    cr_expect(result.steps[0].refused);
}

/* Ids of the people on the pages, one after another; short pages or the longest. */
static long walk(const char *code, const char *day, bool with_unit, bool leaders)
{
    struct people_query query = {.unit_id =
                                     uuid_of(harness_get(h, "SELECT unit_id FROM unit_code WHERE code = '%s'", code))};
    uint16_t most = with_unit ? 500 : 73;
    long n = 0;
    PUT_FIELD(&query, people_query, as_of, day_of(day));
    PUT_FIELD(&query, people_query, most, most);
    if (leaders)
        PUT_FIELD(&query, people_query, leaders, true);
    harness_sql(h, "CREATE TABLE IF NOT EXISTS seen (person_id uuid, unit_id uuid); TRUNCATE seen");
    for (;;) {
        struct people_list list = {0};
        int code_ = settled(on_people(&h->ctx, &query, &list));
        cr_assert_eq(code_, 0, "code %d about %s", code_, h->ctx.fault.field);
        for (uint32_t i = 0; i < list.n_people; i++) {
            char person[UUID_TEXT], unit[UUID_TEXT];
            uuid_format(&list.people[i].person_id, person);
            uuid_format(&list.people[i].unit_id, unit);
            harness_sql(h, "INSERT INTO seen VALUES ('%s', '%s')", person, unit);
        }
        n += list.n_people;
        cr_assert(list.n_people <= most);
        if (list.n_people < most)
            return n;
        PUT_FIELD(&query, people_query, after, list.people[most - 1].person_id);
        if (with_unit)
            PUT_FIELD(&query, people_query, after_unit, list.people[most - 1].unit_id);
    }
}

IDENTITY_TEST(as_of, people_of_a_subtree_are_those_of_that_day)
{
    a_nation();
    struct decree_step steps[1] = {step("move", "C12")};
    PUT_FIELD(&steps[0], decree_step, parent_code, S("T3"));
    carry_out(1, "2026-06-01", steps, 1);
    static const char *const codes[] = {"VN", "T1", "T3", "C12"}, *const days[] = {"2025-09-01", "2026-05-31",
                                                                                   "2026-06-01"};
    for (size_t c = 0; c < 4; c++) {
        for (size_t d = 0; d < 3; d++) {
            long n = walk(codes[c], days[d], d % 2, false);
            cr_expect_eq(n, count_of("(SELECT DISTINCT person_id FROM seen) s"), "nobody is shown twice");
            cr_expect_str_eq(
                harness_get(h,
                            "SELECT count(*) FROM seen s FULL JOIN (SELECT person_id, unit_id FROM tenure t"
                            " WHERE kind = 'principal' AND valid_from <= '%2$s' AND (valid_to IS NULL OR"
                            " valid_to > '%2$s') AND lies_below(t.unit_id, (SELECT unit_id FROM unit_code"
                            " WHERE code = '%1$s'), '%2$s')) p USING (person_id, unit_id) WHERE (s IS NULL) <>"
                            " (p IS NULL)",
                            codes[c], days[d]),
                "0", "%s on %s", codes[c], days[d]);
        }
    }
    long all = walk("T1", "2026-01-01", false, false), leaders = walk("T1", "2026-01-01", false, true);
    cr_expect(leaders > 0 && leaders < all);
    struct people_query query = {.unit_id = unit_id("T1")};
    struct people_list list = {0};
    PUT_FIELD(&query, people_query, after, U(4711));
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), ERR_INVALID, "after");
}

IDENTITY_TEST(as_of, units_within_one_come_in_the_order_of_the_tree)
{
    a_nation();
    struct unit_query query = {0};
    struct unit_list list = {0};
    PUT_FIELD(&query, unit_query, within, S("T1"));
    cr_assert_eq(settled(on_units(&h->ctx, &query, &list)), 0);
    cr_assert_eq(list.n_units, 6);
    cr_expect(!memcmp(list.units[0].code.p, "T1", 2));
    struct decree_step steps[1] = {step("move", "C12")};
    PUT_FIELD(&steps[0], decree_step, parent_code, S("T3"));
    carry_out(1, "2026-06-01", steps, 1);
    cr_assert_eq(settled(on_units_public(&h->ctx, &query, &list)), 0);
    cr_expect_eq(list.n_units, 3);
    PUT_FIELD(&query, unit_query, as_of, day_of("2026-05-31"));
    cr_assert_eq(settled(on_units(&h->ctx, &query, &list)), 0);
    cr_expect_eq(list.n_units, 6);
    PUT_FIELD(&query, unit_query, after, list.units[3].code);
    cr_assert_eq(settled(on_units(&h->ctx, &query, &list)), 0);
    cr_expect_eq(list.n_units, 2);
    PUT_FIELD(&query, unit_query, within, S("NONE"));
    cr_assert_eq(settled(on_units(&h->ctx, &query, &list)), 0);
    cr_expect_eq(list.n_units, 0);
}
