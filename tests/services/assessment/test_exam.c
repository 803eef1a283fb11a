/* test_exam.c - what an exam officer sees of a subtree, and voiding an attempt. */
#include "exam_test.h"

struct ask {
    uint32_t unit;
    const char *state;
    uint32_t before;
    bool with_facts;
};

static int list_of(struct harness *h, struct ask ask, struct attempt_rows *ret_rows)
{
    struct attempts_query query = {.unit_id = U(ask.unit)};
    if (ask.state)
        PUT_FIELD(&query, attempts_query, state, S(ask.state));
    if (ask.before)
        PUT_FIELD(&query, attempts_query, before, U(ask.before));
    if (ask.with_facts)
        PUT_FIELD(&query, attempts_query, with_facts, true);
    return on_attempts(&h->ctx, &query, ret_rows);
}

/* Attempts of Lan, Minh (office), Hoa (elsewhere) and Tám (desk), in this order. */
static struct harness *open_four(void)
{
    struct harness *h = open_exam();
    sat_usual(h, ATTEMPT, LAN);
    began(h, ATTEMPT + 1, MINH, FORM, 5);
    sat_usual(h, ATTEMPT + 2, HOA);
    sat_usual(h, ATTEMPT + 3, TAM);
    return h;
}

Test(exam, attempts_of_a_subtree_newest_first)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    struct fault fault;
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 3);
    struct uuid newest = U(ATTEMPT + 3);
    cr_expect(uuid_equal(&rows.attempts[0].attempt_id, &newest));
    cr_expect(is(rows.attempts[0].full_name, "Phạm Văn Tám") && is(rows.attempts[0].state, "graded"));
    cr_expect(HAS(&rows.attempts[0], attempt_row, passed) && rows.attempts[0].passed);
    cr_expect(HAS(&rows.attempts[0], attempt_row, facts) && rows.attempts[0].facts == 0);
    cr_expect_eq(rows.attempts[0].answers, 5);
    cr_expect(is(rows.attempts[1].state, "running"));
    cr_expect_not(HAS(&rows.attempts[1], attempt_row, passed));
    cr_expect_eq(msg_check(&msg_attempt_rows, &rows, &fault), 0);
    cr_assert_eq(list_of(h, (struct ask){.unit = DESK}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1);
    harness_close(h);
}

Test(exam, only_of_the_callers_subtree)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    cr_expect_eq(list_of(h, (struct ask){.unit = NATION}, &rows), ERR_FORBIDDEN);
    cr_expect_eq(list_of(h, (struct ask){.unit = ELSEWHERE}, &rows), ERR_FORBIDDEN);
    cr_expect_eq(list_of(h, (struct ask){.unit = 4444}, &rows), ERR_FORBIDDEN);
    as_outsider(h);
    cr_assert_eq(list_of(h, (struct ask){.unit = ELSEWHERE}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1);
    cr_expect_eq(list_of(h, (struct ask){.unit = OFFICE}, &rows), ERR_FORBIDDEN);
    harness_close(h);
}

Test(exam, by_state)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE, .state = "graded"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 2);
    not_begun(h, ATTEMPT + 1);
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE, .state = "created"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 0, "its time has come: as good as running");
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE, .state = "running"}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 1);
    cr_expect(is(rows.attempts[0].state, "running"));
    harness_sql(h, "UPDATE attempt SET started_at = now() + interval '1 minute' WHERE attempt_id = u(%d)", ATTEMPT + 1);
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE, .state = "created"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1);
    cr_expect_eq(list_of(h, (struct ask){.unit = PROVINCE, .state = "paused"}, &rows), ERR_INVALID);
    harness_close(h);
}

Test(exam, with_facts)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, position, figure, bound) "
                "SELECT u(%d), 'too_fast', n, 1, 2 FROM generate_series(1, 3) n",
                ATTEMPT);
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE, .with_facts = true}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 1);
    cr_expect_eq(rows.attempts[0].facts, 3);
    harness_close(h);
}

Test(exam, page_by_page)
{
    struct harness *h = open_exam();
    struct attempt_rows rows;
    for (uint32_t i = 0; i < 3; i++)
        began(h, ATTEMPT + i, i % 2 ? LAN : MINH, FORM, 5);
    harness_sql(h, "CREATE TEMP TABLE more AS SELECT * FROM attempt LIMIT 1; "
                   "INSERT INTO attempt SELECT (m.a).* FROM (SELECT jsonb_populate_record(more, "
                   "jsonb_build_object('attempt_id', u(2000 + n))) AS a FROM more, generate_series(1, 250) n) m");
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 200);
    struct uuid last = U(2051);
    cr_expect(uuid_equal(&rows.attempts[199].attempt_id, &last));
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE, .before = 2051}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 53);
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE, .before = ATTEMPT}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 0);
    harness_close(h);
}

static uint32_t count_of(struct harness *h, struct ask ask)
{
    struct attempt_rows rows;
    cr_assert_eq(list_of(h, ask, &rows), 0);
    return rows.n_attempts;
}

/* Pages of a province of more than 2,000 people are found on other ways, and say the same. */
Test(exam, of_a_large_subtree)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    harness_sql(h, "INSERT INTO person SELECT u(100000 + n), 'x', u(%d), false FROM generate_series(1, 2001) n", DESK);
    harness_sql(h,
                "INSERT INTO integrity_fact (attempt_id, kind, position, figure, bound) SELECT u(%d + a), 'too_fast', "
                "n, 1, 2 FROM generate_series(1, 3) n, generate_series(1, 3) a",
                ATTEMPT);
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 3);
    struct uuid newest = U(ATTEMPT + 3);
    cr_expect(uuid_equal(&rows.attempts[0].attempt_id, &newest) && rows.attempts[0].facts == 3);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .before = ATTEMPT + 3}), 2);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "graded"}), 2);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "running"}), 1);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "running", .before = ATTEMPT + 1}), 0);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .with_facts = true}), 2, "not Hoa's");
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .with_facts = true, .before = ATTEMPT + 3}), 1);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .with_facts = true, .state = "running"}), 1);
    not_begun(h, ATTEMPT + 1);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "running"}), 1, "its time has come");
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "created"}), 0);
    harness_sql(h,
                "SET session_replication_role = replica; "
                "UPDATE attempt SET state = 'submitted', ended_at = now() WHERE attempt_id = u(%d)",
                ATTEMPT + 1);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "submitted"}), 1);
    harness_sql(h, "UPDATE attempt SET state = 'voided' WHERE attempt_id = u(%d)", ATTEMPT);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE, .state = "voided"}), 1);
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 20000);
    cr_expect_eq(count_of(h, (struct ask){.unit = PROVINCE}), 3);
    harness_close(h);
}

/* Who left counts where he or she was last, and nowhere else. */
Test(exam, people_who_left_or_moved)
{
    struct harness *h = open_four();
    struct attempt_rows rows;
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 20000);
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE, .state = "graded"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 2);
    struct person_fact moved = {.person_id = U(LAN),
                                .tenure_id = U(77),
                                .full_name = SPAN("Nguyễn Thị Lan"),
                                .unit_id = U(ELSEWHERE),
                                .position = SPAN("x"),
                                .kind = SPAN("principal"),
                                .valid_from = 20000};
    cr_assert_eq(harness_event(h, follow_people_changed, &(struct person_facts){.people = &moved, .n_people = 1}), 0);
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE, .state = "graded"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1);
    PUT_FIELD(&moved, person_fact, valid_to, 20100);
    cr_assert_eq(harness_event(h, follow_people_changed, &(struct person_facts){.people = &moved, .n_people = 1}), 0);
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE, .state = "graded"}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1, "left elsewhere");
    as_outsider(h);
    cr_assert_eq(list_of(h, (struct ask){.unit = ELSEWHERE}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 2);
    harness_close(h);
}

/* A unit that ended, and what lay below it: its people count where it last stood, also where it is itself asked for. */
Test(exam, people_whose_unit_ended)
{
    struct harness *h = open_four();
    enum { ENDED = 940, BELOW, CAN = 30, DUNG };
    struct unit_fact office = {.unit_id = U(ENDED),
                               .parent_id = U(OFFICE),
                               .code = SPAN("E"),
                               .kind = SPAN("unit"),
                               .name = SPAN("Phòng cũ"),
                               .valid_from = 18262};
    struct attempt_rows rows;
    know_unit(h, ENDED, OFFICE, "E");
    know_unit(h, BELOW, ENDED, "E");
    know_person(h, CAN, "Cần", ENDED, 19900);
    know_person(h, DUNG, "Dũng", BELOW, 19900);
    sat_usual(h, ATTEMPT + 4, CAN);
    sat_usual(h, ATTEMPT + 5, DUNG);
    PUT_FIELD(&office, unit_fact, parent_id, U(OFFICE));
    PUT_FIELD(&office, unit_fact, valid_to, 19900);
    cr_assert_eq(harness_event(h, follow_org_changed, &office), 0);
    office.unit_id = U(BELOW);
    PUT_FIELD(&office, unit_fact, parent_id, U(ENDED));
    cr_assert_eq(harness_event(h, follow_org_changed, &office), 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM unit WHERE unit_id IN (u(%d), u(%d))", ENDED, BELOW), "0");
    cr_assert_eq(list_of(h, (struct ask){.unit = OFFICE}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 5);
    cr_assert_eq(list_of(h, (struct ask){.unit = ENDED}, &rows), 0);
    cr_assert_eq(rows.n_attempts, 2);
    cr_expect(is(rows.attempts[0].full_name, "Dũng") && is(rows.attempts[1].full_name, "Cần"));
    cr_assert_eq(list_of(h, (struct ask){.unit = DESK}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 1);
    cr_expect_str_eq(harness_get(h,
                                 "SELECT unit_path_last_known(u(%d)) = (SELECT path FROM unit_as_of("
                                 "'1970-01-01'::date + 19899) WHERE unit_id = u(%d))",
                                 BELOW, BELOW),
                     "t");
    as_outsider(h);
    cr_expect_eq(list_of(h, (struct ask){.unit = ENDED}, &rows), ERR_FORBIDDEN);
    harness_close(h);
}

/* Thousands of newer attempts of others, voided: looking stops, says where, and goes on from there. */
Test(exam, few_hits_in_a_large_subtree)
{
    struct harness *h = open_four();
    static const struct ask asks[] = {
        {.unit = PROVINCE}, {.unit = PROVINCE, .with_facts = true}, {.unit = PROVINCE, .state = "voided"}};
    struct uuid stopped = U(1000002);
    harness_sql(h, "INSERT INTO person SELECT u(100000 + n), 'x', u(%d), false FROM generate_series(1, 2001) n", DESK);
    harness_sql(h,
                "CREATE TEMP TABLE others AS SELECT * FROM attempt WHERE attempt_id = u(%d); "
                "UPDATE others SET state = 'voided'; INSERT INTO attempt SELECT u(1000000 + n), (o).person_id, "
                "(o).programme_id, (o).policy_id, (o).form_id, (o).number, (o).items, (o).state, (o).seed, "
                "(o).started_at, (o).deadline, (o).closes_at, (o).session_id, 0, 0, (o).head, 0, (o).ended_at "
                "FROM others o, generate_series(1, 10001) n; "
                "UPDATE attempt SET person_id = u(%d) WHERE attempt_id = u(1000002); "
                "INSERT INTO integrity_fact (attempt_id, kind, position, figure, bound) "
                "SELECT attempt_id, 'too_fast', 1, 1, 2 FROM attempt",
                ATTEMPT + 2, LAN);
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        struct ask ask = asks[i];
        struct attempt_rows rows;
        cr_assert_eq(list_of(h, ask, &rows), 0);
        cr_expect_eq(rows.n_attempts, 1, "the last one that is looked at may be a hit");
        cr_assert(HAS(&rows, attempt_rows, looked_to) && uuid_equal(&rows.looked_to, &stopped));
        ask.before = 1000002;
        cr_assert_eq(list_of(h, ask, &rows), 0);
        cr_expect_eq(rows.n_attempts, ask.state ? 0 : 3);
        cr_expect_not(HAS(&rows, attempt_rows, looked_to), "all were looked at");
    }
    harness_sql(h, "UPDATE attempt SET person_id = u(%d) WHERE attempt_id = u(1000002)", HOA);
    cr_expect_eq(count_of(h, asks[0]), 0, "nor need it be one");
    harness_close(h);
}

/* --- voiding --- */

static int void_it(struct harness *h, uint32_t attempt, const char *reason, bool give_back, struct attempt_row *ret_row)
{
    struct attempt_void req = {.attempt_id = U(attempt), .reason = S(reason)};
    if (give_back)
        PUT_FIELD(&req, attempt_void, give_back, true);
    return on_attempt_void(&h->ctx, &req, ret_row);
}

Test(exam, voided)
{
    struct harness *h = open_four();
    struct attempt_row row;
    struct fault fault;
    cr_assert_eq(void_it(h, ATTEMPT, "Mất điện.", false, &row), 0);
    cr_expect(is(row.state, "voided") && is(row.full_name, "Nguyễn Thị Lan"));
    cr_expect_not(HAS(&row, attempt_row, passed), "it counts no more");
    cr_expect_eq(msg_check(&msg_attempt_row, &row, &fault), 0);
    cr_expect_eq(harness_events(h, "attempt_voided"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT given_back FROM standing WHERE person_id = u(%d)", LAN), "0");
    cr_assert_eq(void_it(h, ATTEMPT + 1, "Nhầm người.", true, &row), 0);
    cr_expect_str_eq(harness_get(h, "SELECT given_back || ' ' || running FROM standing WHERE person_id = u(%d)", MINH),
                     "1 false");
    harness_close(h);
}

Test(exam, voided_again)
{
    struct harness *h = open_four();
    struct attempt_row row;
    cr_assert_eq(void_it(h, ATTEMPT, "Mất điện.", true, &row), 0);
    cr_assert_eq(void_it(h, ATTEMPT, "Mất điện.", true, &row), 0);
    cr_expect_str_eq(harness_get(h, "SELECT given_back FROM standing WHERE person_id = u(%d)", LAN), "1");
    cr_expect_eq(harness_events(h, "attempt_voided"), 1);
    cr_expect_eq(void_it(h, ATTEMPT, "Khác.", true, &row), ERR_STATE);
    harness_as(h, U(OTHER_OFFICER), EXAM_OFFICER, U(NATION));
    cr_expect_eq(void_it(h, ATTEMPT, "Mất điện.", true, &row), ERR_STATE);
    harness_close(h);
}

Test(exam, not_voided_by_others_or_by_oneself)
{
    struct harness *h = open_four();
    struct attempt_row row;
    cr_expect_eq(void_it(h, ATTEMPT + 2, "x", true, &row), ERR_FORBIDDEN);
    cr_expect_eq(void_it(h, 4444, "x", true, &row), ERR_NOT_FOUND);
    harness_as(h, U(LAN), EXAM_OFFICER, U(PROVINCE));
    cr_expect_eq(void_it(h, ATTEMPT, "x", true, &row), ERR_SAME_PERSON);
    cr_expect_eq(harness_events(h, "attempt_voided"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt WHERE state = 'voided'"), "0");
    cr_expect_not(harness_allowed(h, "UPDATE attempt SET state = 'voided'"));
    harness_close(h);
}

/* Whose data may only be kept is in no list, by whichever way it is found; of who was erased the name is gone too. */
Test(exam, restricted_people_are_in_no_list)
{
    static const struct ask ways[] = {{.unit = PROVINCE},
                                      {.unit = PROVINCE, .state = "graded"},
                                      {.unit = PROVINCE, .state = "running"},
                                      {.unit = PROVINCE, .with_facts = true}};
    struct restriction_fact fact = {.person_id = U(LAN), .restricted = true, .at = now_us()};
    struct attempt_rows rows;
    for (int few = 0; few < 2; few++) {
        struct harness *h = open_four();
        fact.restricted = true;
        harness_sql(h, "INSERT INTO integrity_fact (attempt_id, kind, figure, bound) SELECT attempt_id, 'burst', 9, 4 "
                       "FROM attempt");
        if (few) /* a large subtree: the other ways */
            harness_sql(h,
                        "INSERT INTO person (person_id, full_name, unit_id, leader) SELECT uuid7(), 'x', u(%d), false "
                        "FROM generate_series(1, 2001)",
                        OFFICE);
        uint32_t before[4], after[4];
        for (int i = 0; i < 4; i++) {
            cr_assert_eq(list_of(h, ways[i], &rows), 0);
            before[i] = rows.n_attempts;
        }
        cr_assert_eq(harness_event(h, follow_person_restricted, &fact), 0);
        for (int i = 0; i < 4; i++) {
            cr_assert_eq(list_of(h, ways[i], &rows), 0);
            after[i] = rows.n_attempts;
        }
        cr_expect(before[0] == 3 && after[0] == 2, "%u %u", before[0], after[0]);
        cr_expect(before[1] == 2 && after[1] == 1, "%u %u", before[1], after[1]);
        cr_expect(before[2] == 1 && after[2] == 1, "%u %u", before[2], after[2]);
        cr_expect(before[3] == 3 && after[3] == 2, "%u %u", before[3], after[3]);
        fact.restricted = false;
        cr_assert_eq(harness_event(h, follow_person_restricted, &fact), 0);
        cr_assert_eq(list_of(h, ways[0], &rows), 0);
        cr_expect_eq(rows.n_attempts, 3);
        harness_close(h);
    }
}

/* Who has the id may still act, because an appeal must be decided; the name is not shown. */
Test(exam, restricted_people_can_be_dealt_with_by_id)
{
    struct harness *h = open_four();
    struct restriction_fact fact = {.person_id = U(LAN), .restricted = true, .at = now_us()};
    struct attempt_void wish = {.attempt_id = U(ATTEMPT), .reason = SPAN("Thi hộ")};
    struct attempt_row row = {0};
    cr_assert_eq(harness_event(h, follow_person_restricted, &fact), 0);
    cr_assert_eq(on_attempt_void(&h->ctx, &wish, &row), 0);
    cr_expect(is(row.state, "voided") && !HAS(&row, attempt_row, full_name));
    harness_close(h);
}

Test(exam, erased_people_have_no_name_here)
{
    struct harness *h = open_four();
    struct erasure_fact fact = {.person_id = U(LAN), .at = now_us()};
    struct restriction_fact lifted = {.person_id = U(LAN), .restricted = false, .at = now_us()};
    struct attempt_rows rows;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(harness_event(h, follow_person_erased, &fact), 0);
    cr_assert_eq(harness_event(h, follow_person_restricted, &lifted), 0);
    cr_assert_eq(list_of(h, (struct ask){.unit = PROVINCE}, &rows), 0);
    cr_expect_eq(rows.n_attempts, 2, "erased is for ever");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM tenure WHERE full_name LIKE '%%Lan%%'"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM person WHERE full_name LIKE '%%Lan%%'"), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "4", "the record of the examination stays");
    harness_close(h);
}
