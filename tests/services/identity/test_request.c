/* test_request.c - requests of a person about his or her own data: clocks by law, the officer's queue, what is refused.
 */
#include "identity_test.h"
#include "overdue.h"

static struct data_request_row row;
static uint32_t next_step;

static const char *PERSON = "Lê Văn Nam";

static void as_person(const char *name)
{
    harness_as(h, person_id(name), LEARNER, unit_id("VN"));
}

static void as_officer(const char *name, const char *unit)
{
    harness_as(h, person_id(name), LEARNER | PRIVACY_OFFICER, unit_id(unit));
}

static int ask(uint32_t id, const char *kind, const char *words)
{
    struct data_request_draft draft = {.request_id = U(id), .kind = S(kind)};
    if (words)
        PUT_FIELD(&draft, data_request_draft, words, S(words));
    row = (struct data_request_row){0};
    return settled(on_data_request(&h->ctx, &draft, &row));
}

static int step_of(uint32_t step_id, uint32_t id, const char *step, const char *answer)
{
    struct data_request_step req = {.step_id = U(step_id), .request_id = U(id), .step = S(step)};
    if (answer)
        PUT_FIELD(&req, data_request_step, answer, S(answer));
    row = (struct data_request_row){0};
    return settled(on_data_request_step(&h->ctx, &req, &row));
}

static int step(uint32_t id, const char *what, const char *answer)
{
    return step_of(9000 + next_step++, id, what, answer);
}

static uint32_t queue(void)
{
    struct data_request_query query = {0};
    struct data_request_list list = {0};
    struct fault fault;
    cr_assert_eq(settled(on_data_requests(&h->ctx, &query, &list)), 0, "%s", h->ctx.fault.field);
    cr_assert_eq(msg_check(&msg_data_request_list, &list, &fault), 0, "%s", fault.field);
    return list.n_requests;
}

static const char *state_of(uint32_t id)
{
    return harness_get(h, "SELECT state FROM data_request WHERE request_id = '00000000-0000-0000-0000-%012x'", id);
}

IDENTITY_TEST(request, clocks_are_those_of_the_law)
{
    small_nation();
    as_person(PERSON);
    static const char *const kinds[] = {"access", "rectify", "restrict", "erase", "object"};
    static const int days[] = {10, 10, 15, 20, 15};
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(ask(1 + i, kinds[i], ""), 0, "%s", h->ctx.fault.field);
        cr_expect_str_eq(harness_get(h,
                                     "SELECT acknowledge_due = working_days_after(now(), 2) AND due ="
                                     " working_days_after(now(), %d) FROM data_request WHERE kind = '%s'",
                                     days[i], kinds[i]),
                         "t", "%s", kinds[i]);
    }
    cr_expect_eq(count_of("audit WHERE action = 'data_requested'"), 5);
    /* Another law from another day on is another row. */
    harness_sql(h, "INSERT INTO legal_clock VALUES ('access', 'answer', 30, 'day', 'x', today())");
    cr_assert_eq(ask(9, "access", NULL), 0);
    cr_expect_str_eq(harness_get(h, "SELECT due - received_at = interval '30 days' FROM data_request WHERE request_id ="
                                    " '00000000-0000-0000-0000-000000000009'"),
                     "t");
    EXPECT_FAULT(ask(10, "everything", NULL), ERR_INVALID, "kind");
}

IDENTITY_TEST(request, a_repeat_gives_the_first_and_other_words_are_a_conflict)
{
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "rectify", "Sai ngày sinh"), 0);
    int64_t received = row.received_at;
    cr_assert_eq(ask(1, "rectify", "Sai ngày sinh"), 0);
    cr_expect_eq(row.received_at, received);
    EXPECT_FAULT(ask(1, "rectify", "Sai họ tên"), ERR_CONFLICT, "request_id");
    EXPECT_FAULT(ask(1, "access", "Sai ngày sinh"), ERR_CONFLICT, "request_id");
    as_person("Hồ Văn Sơn");
    EXPECT_FAULT(ask(1, "rectify", "Sai ngày sinh"), ERR_CONFLICT, "request_id");
    cr_expect_eq(count_of("data_request"), 1);
    harness_as(h, U(77), LEARNER, U(1));
    EXPECT_FAULT(ask(2, "access", NULL), ERR_PENDING, "account");
}

IDENTITY_TEST(request, the_queue_is_the_officers_subtree_and_the_next_due_first)
{
    struct data_request_list list = {0};
    struct data_request_query query = {0};
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "erase", NULL), 0);
    cr_assert_eq(ask(2, "access", NULL), 0);
    as_person("Hồ Văn Sơn");
    cr_assert_eq(ask(3, "object", "Không đồng ý"), 0);
    as_officer("Trần Thị Hoa", "T44");
    cr_expect_eq(queue(), 2);
    cr_assert_eq(settled(on_data_requests(&h->ctx, &query, &list)), 0);
    cr_expect(span_is(list.requests[0].kind, "access"));
    as_officer("Trần Thị Hoa", "T66");
    cr_expect_eq(queue(), 1);
    as_officer("Trần Thị Hoa", "X44");
    cr_expect_eq(queue(), 0);
    /* Whoever is in no unit of today is the nation's. */
    harness_sql(h,
                "UPDATE tenure SET valid_to = today() WHERE person_id = (SELECT person_id FROM person WHERE full_name ="
                " 'Hồ Văn Sơn'); DELETE FROM unit_now WHERE code = 'T66'");
    as_officer("Trần Thị Hoa", "T44");
    cr_expect_eq(queue(), 2);
    as_officer("Trần Thị Hoa", "VN");
    cr_expect_eq(queue(), 3);
}

IDENTITY_TEST(request, steps_go_in_order_and_are_answered_in_words)
{
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "rectify", "Sai ngày sinh"), 0);
    as_officer("Trần Thị Hoa", "T44");
    cr_assert_eq(step(1, "acknowledge", NULL), 0);
    EXPECT_FAULT(step(1, "acknowledge", NULL), ERR_STATE, "step");
    EXPECT_FAULT(step(1, "grant", NULL), ERR_MISSING, "answer");
    EXPECT_FAULT(step(1, "lift", NULL), ERR_STATE, "step");
    EXPECT_FAULT(step(1, "erase", NULL), ERR_INVALID, "step");
    cr_assert_eq(step_of(500, 1, "grant", "Đã sửa ngày sinh"), 0);
    cr_expect(span_is(row.state, "done"));
    cr_assert_eq(step_of(500, 1, "grant", "Đã sửa ngày sinh"), 0, "a repeat gives the first result");
    cr_expect(span_is(row.state, "done"));
    EXPECT_FAULT(step_of(500, 1, "grant", "Khác"), ERR_CONFLICT, "step_id");
    EXPECT_FAULT(step(1, "refuse", "Không"), ERR_STATE, "step");
    cr_expect_eq(count_of("audit WHERE action = 'data_request_step'"), 2);
    cr_expect_eq(queue(), 0);
    as_person(PERSON);
    struct empty none = {0};
    struct data_request_list mine = {0};
    cr_assert_eq(settled(on_my_data_requests(&h->ctx, &none, &mine)), 0);
    cr_assert_eq(mine.n_requests, 1);
    cr_expect(span_is(mine.requests[0].answer, "Đã sửa ngày sinh"));
    cr_expect(!mine.requests[0].late);
}

IDENTITY_TEST(request, who_decides_is_an_officer_of_the_place_and_somebody_else)
{
    small_nation();
    as_person("Trần Thị Hoa");
    cr_assert_eq(ask(1, "object", NULL), 0);
    as_officer("Trần Thị Hoa", "T44");
    EXPECT_FAULT(step(1, "grant", "Đồng ý"), ERR_SAME_PERSON, "request_id");
    as_officer("Phạm Thị Mai", "T66");
    EXPECT_FAULT(step(1, "grant", "Đồng ý"), ERR_FORBIDDEN, "request_id");
    cr_expect_str_eq(state_of(1), "received");
    cr_expect_eq(count_of("audit WHERE action = 'data_step_refused'"), 2);
    EXPECT_FAULT(step(7, "grant", NULL), ERR_NOT_FOUND, "request_id");
}

IDENTITY_TEST(request, a_late_request_shows)
{
    struct empty none = {0};
    struct data_request_list open = {0};
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "access", NULL), 0);
    cr_assert_eq(settled(on_data_requests_open(&h->ctx, &none, &open)), 0);
    cr_expect(!open.requests[0].late);
    cr_expect(span_is(open.requests[0].full_name, "-"), "hocvu shows no names");
    harness_sql(h, "ALTER TABLE data_request DISABLE TRIGGER ALL; UPDATE data_request SET acknowledge_due = now() -"
                   " interval '1 minute'");
    cr_assert_eq(settled(on_data_requests_open(&h->ctx, &none, &open)), 0);
    cr_expect(open.requests[0].late);
}

static int withdraw(uint32_t id, uint32_t step_id)
{
    struct data_request_withdrawal req = {.step_id = U(step_id), .request_id = U(id)};
    row = (struct data_request_row){0};
    return settled(on_data_request_withdraw(&h->ctx, &req, &row));
}

IDENTITY_TEST(request, withdrawn_as_long_as_it_is_open)
{
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "erase", "Xin xoá"), 0);
    EXPECT_FAULT(withdraw(7, 900), ERR_NOT_FOUND, "request_id");
    as_person("Trần Thị Hoa");
    EXPECT_FAULT(withdraw(1, 900), ERR_NOT_FOUND, "request_id");
    cr_expect_str_eq(state_of(1), "received", "nobody else's");
    as_person(PERSON);
    cr_assert_eq(withdraw(1, 900), 0);
    cr_expect(span_is(row.state, "withdrawn") && HAS(&row, data_request_row, done_at));
    cr_expect_str_eq(state_of(1), "withdrawn");
    cr_assert_eq(withdraw(1, 900), 0, "said again");
    cr_expect(span_is(row.state, "withdrawn"));
    EXPECT_FAULT(withdraw(1, 901), ERR_STATE, "request_id");
    cr_assert_eq(ask(2, "access", NULL), 0);
    EXPECT_FAULT(withdraw(2, 900), ERR_CONFLICT, "step_id");
    cr_expect_eq(count_of("audit WHERE action = 'data_request_withdrawn'"), 1);
    as_officer("Trần Thị Hoa", "T44");
    EXPECT_FAULT(step(1, "grant", NULL), ERR_STATE, "step");
    cr_assert_eq(step(2, "refuse", "Không đủ căn cứ"), 0);
    as_person(PERSON);
    EXPECT_FAULT(withdraw(2, 902), ERR_STATE, "request_id");
}

/* What is due by law, in /metrics; hocvu calendar reads the same. */
IDENTITY_TEST(request, metrics_tell_what_is_late)
{
    struct buf out;
    struct empty none = {0};
    struct calendar_state calendar;
    buf_init(&out, 65536);
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "access", NULL), 0);
    cr_assert_eq(ask(2, "erase", NULL), 0);
    cr_assert_eq(settled(on_calendar_now(&h->ctx, &none, &calendar)), 0);
    cr_expect(calendar.days_left == -1 && !HAS(&calendar, calendar_state, last));
    harness_sql(h, "UPDATE data_request SET acknowledge_due = now() - interval '1 minute' WHERE kind = 'erase';"
                   "INSERT INTO breach (breach_id, found_at, words, notice_due) VALUES (uuid7(), now(), 'x', now() -"
                   " interval '1 minute')");
    harness_sql(h, "INSERT INTO holiday SELECT make_date(extract(year FROM today())::integer + n, 1, k), 'x', false"
                   " FROM generate_series(0, 1) n, generate_series(1, 5) k WHERE n = 0 OR k = 1");
    cr_assert_eq(harness_tick(h, overdue_count), 0);
    overdue_metrics(&out);
    buf_add_char(&out, '\0');
    const char *text = buf_span(&out).p;
    cr_expect(strstr(text, "hocvu_data_requests_open{kind=\"access\"} 1\n"), "%s", text);
    cr_expect(strstr(text, "hocvu_data_requests_late{kind=\"access\"} 0\n"));
    cr_expect(strstr(text, "hocvu_data_requests_late{kind=\"erase\"} 1\n"));
    cr_expect(strstr(text, "hocvu_breaches_late 1\n"));
    cr_assert_eq(settled(on_calendar_now(&h->ctx, &none, &calendar)), 0);
    cr_expect(calendar.days == 6 && calendar.days_left >= 0 && calendar.days_left < 366, "one day is no calendar");
    harness_sql(h, "UPDATE data_request SET state = 'withdrawn'; UPDATE breach SET told_at = now()");
    cr_assert_eq(harness_tick(h, overdue_count), 0);
    buf_clear(&out);
    overdue_metrics(&out);
    buf_add_char(&out, '\0');
    cr_expect(strstr(buf_span(&out).p, "hocvu_data_requests_late{kind=\"erase\"} 0\n"));
    cr_expect(strstr(buf_span(&out).p, "hocvu_breaches_late 0\n"));
    buf_release(&out);
}

IDENTITY_TEST(request, restricted_data_shows_no_name_until_it_is_lifted)
{
    struct people_query query;
    struct people_list list = {0};
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "restrict", "Đang khiếu nại"), 0);
    as_officer("Trần Thị Hoa", "T44");
    cr_assert_eq(step(1, "grant", NULL), 0);
    cr_expect(span_is(row.state, "done"));
    cr_expect_eq(harness_events(h, "person_restricted"), 1);
    query = (struct people_query){.unit_id = unit_id("P44")};
    harness_as(h, person_id("Trần Thị Hoa"), LEARNER | UNIT_HEAD, unit_id("S44"));
    cr_assert_eq(settled(on_people(&h->ctx, &query, &list)), 0);
    cr_assert_eq(list.n_people, 1);
    cr_expect(span_is(list.people[0].full_name, "(hạn chế xử lý)"));
    as_officer("Trần Thị Hoa", "T44");
    cr_assert_eq(step(1, "lift", NULL), 0);
    cr_expect_eq(harness_events(h, "person_restricted"), 2);
    harness_as(h, person_id("Trần Thị Hoa"), LEARNER | UNIT_HEAD, unit_id("S44"));
    cr_assert_eq(settled(on_people(&h->ctx, &query, &list)), 0);
    cr_expect(span_is(list.people[0].full_name, PERSON));
}

IDENTITY_TEST(request, erase_of_working_person)
{
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "erase", NULL), 0);
    as_officer("Trần Thị Hoa", "T44");
    EXPECT_FAULT(step(1, "grant", NULL), ERR_STATE, "tenure");
    cr_expect_str_eq(state_of(1), "received");
    harness_sql(h, "UPDATE tenure SET valid_from = today() - 10, valid_to = today() WHERE person_id = (SELECT "
                   "person_id FROM data_request)");
    cr_expect_eq(step(1, "grant", NULL), 0);
    cr_expect_str_eq(state_of(1), "working");
}

IDENTITY_TEST(request, archive_of_other_person)
{
    struct archive_query query = {.request_id = U(1)};
    struct file file;
    small_nation();
    as_person(PERSON);
    cr_assert_eq(ask(1, "access", NULL), 0);
    harness_sql(h, "INSERT INTO data_archive VALUES ('00000000-0000-0000-0000-000000000001', 0, 'PK')");
    cr_assert_eq(settled(on_data_archive(&h->ctx, &query, &file)), 0);
    cr_expect(span_is(file.content, "PK"));
    as_person("Hồ Văn Sơn");
    EXPECT_FAULT(on_data_archive(&h->ctx, &query, &file), ERR_NOT_FOUND, "request_id");
    as_officer("Trần Thị Hoa", "VN");
    EXPECT_FAULT(on_data_archive(&h->ctx, &query, &file), ERR_NOT_FOUND, "request_id");
}
