/* test_attempt.c - who may start, how often, when, with which form; and what is resumed. */
#include "../second.h"
#include "seed.h"

Test(attempt, begins_once)
{
    struct harness *h = open_seeded();
    struct attempt_ticket first, again, other;
    cr_assert_eq(start(h, 70, &first), 0);
    cr_expect_arr_eq(first.state.p, "running", 7);
    cr_expect_eq(first.number, 1);
    cr_expect_eq(first.items, ITEMS);
    cr_expect_eq(first.deadline - first.started_at, INT64_C(30) * 60 * 1000000);
    cr_expect(!first.resumed);
    cr_assert_eq(start(h, 70, &again), 0);
    cr_assert_eq(start(h, 71, &other), 0);
    cr_expect(uuid_equal(&first.attempt_id, &again.attempt_id) && again.resumed);
    cr_expect(uuid_equal(&first.attempt_id, &other.attempt_id) && other.resumed, "it runs: one goes on with it");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "1");
    cr_expect_eq(harness_events(h, "attempts_started"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT taken || ' ' || running FROM standing WHERE person_id = " ID(10)),
                     "1 true");
    harness_close(h);
}

Test(attempt, told_of_another_device)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    started(h, LAN);
    PUT_FIELD(&h->head, call_header, session_id, U(DEVICE + 1));
    cr_assert_eq(start(h, 71, &ticket), 0);
    cr_expect(ticket.resumed && ticket.other_device);
    harness_close(h);
}

Test(attempt, needs_completed_lessons_and_a_policy)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    as_learner(h, 12);
    cr_expect_eq(start(h, 70, &ticket), ERR_STATE);
    struct enrolment_fact assigned = {.person_id = U(12), .programme_id = U(PROGRAMME)};
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    cr_expect_eq(start(h, 70, &ticket), ERR_STATE, "assigned is not completed");
    complete(h, 12);
    cr_expect_eq(start(h, 70, &ticket), 0);
    struct attempt_request req = {.request_id = U(72), .programme_id = U(99)};
    struct fault fault;
    cr_assert_eq(harness_batch(h, bind_attempt_start, 1, NULL, &req, &ticket, &fault), 0);
    cr_expect_eq(fault.code, ERR_STATE);
    harness_close(h);
}

static void end_newest(struct harness *h)
{
    harness_sql(h, "UPDATE attempt SET started_at = now() - interval '2 h', deadline = now() - interval '1 h', "
                   "closes_at = now() - interval '1 h' WHERE ended_at IS NULL");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
}

Test(attempt, as_often_as_the_policy_says)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket, second;
    ticket = started(h, LAN);
    end_newest(h);
    cr_expect_eq(start(h, 7000 + LAN, &second), ERR_STATE, "the same request never begins a second attempt");
    harness_sql(h, "UPDATE policy SET retake_wait_seconds = 7200");
    cr_expect_eq(start(h, 71, &second), ERR_TOO_SOON);
    harness_sql(h, "UPDATE policy SET retake_wait_seconds = 60");
    cr_assert_eq(start(h, 71, &second), 0);
    cr_expect_eq(second.number, 2);
    cr_expect_neq(form_of(h, ticket.attempt_id), form_of(h, second.attempt_id), "a retake has another form");
    end_newest(h);
    cr_expect_eq(start(h, 72, &second), ERR_ATTEMPTS);
    harness_sql(h, "UPDATE standing SET given_back = 1 WHERE person_id = " ID(10));
    cr_expect_eq(start(h, 7000 + LAN, &second), ERR_STATE, "nor a third");
    cr_expect_eq(start(h, 72, &second), 0, "an officer allowed one more");
    harness_close(h);
}

/* Or everybody's first form would be the first one. */
Test(attempt, lanes_begin_at_forms_of_their_own)
{
    struct harness *h = open_seeded();
    harness_sql(h, "DELETE FROM form_turn");
    started(h, LAN);
    started(h, MINH);
    cr_expect_str_eq(harness_get(h, "SELECT array_agg(a.form_id ORDER BY a.number, a.attempt_id) = "
                                    "ARRAY[p.ready[1 + t.lane / 2], p.ready[1 + (1 + t.lane / 2) %% 4]] "
                                    "FROM attempt a, form_turn t, form_pool p GROUP BY t.lane, p.ready"),
                     "t");
    harness_close(h);
}

Test(attempt, within_the_window)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    struct attempt_ref ref;
    struct attempt_paper paper;
    harness_sql(h, "UPDATE policy SET opens_at = now() + interval '10 min', early_seconds = 60");
    cr_expect_eq(start(h, 70, &ticket), ERR_NOT_OPEN);
    harness_sql(h, "UPDATE policy SET early_seconds = 900");
    cr_assert_eq(start(h, 70, &ticket), 0);
    cr_expect_arr_eq(ticket.state.p, "created", 7);
    cr_expect_gt(ticket.started_at, now_us() + INT64_C(500) * 1000000, "the clock starts when the window opens");
    ref.attempt_id = ticket.attempt_id;
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_OPEN, "and nobody sees a paper before");
    struct answer_receipt receipt;
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), ERR_NOT_OPEN);
    harness_sql(h, "UPDATE attempt SET started_at = now() - interval '1 s'");
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), 0, "the time has come, though no tick has run");
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    harness_sql(h, "UPDATE policy SET opens_at = now() - interval '2 h', closes_at = now() - interval '1 h'");
    as_learner(h, MINH);
    cr_expect_eq(start(h, 70, &ticket), ERR_CLOSED);
    harness_close(h);
}

Test(attempt, extra_time)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    struct enrolment_fact assigned = {.person_id = U(LAN), .programme_id = U(PROGRAMME)};
    PUT_FIELD(&assigned, enrolment_fact, extra_time_percent, 50);
    cr_assert_eq(harness_event(h, follow_learner_assigned, &assigned), 0);
    cr_assert_eq(start(h, 70, &ticket), 0);
    cr_expect_eq(ticket.deadline - ticket.started_at, INT64_C(45) * 60 * 1000000);
    cr_expect_str_eq(harness_get(h, "SELECT closes_at - deadline FROM attempt"), "00:00:30", "grace of the policy");
    harness_close(h);
}

/* Many at once, among them one person twice and one who may not. */
Test(attempt, many_in_one_batch)
{
    struct harness *h = open_seeded();
    struct attempt_request req[12];
    struct attempt_ticket ticket[12];
    struct fault fault[12];
    struct uuid who[12];
    for (uint32_t i = 0; i < 12; i++) {
        who[i] = U(i == 7 ? 503 : 500 + i);
        req[i] = (struct attempt_request){.request_id = U(700 + i), .programme_id = U(PROGRAMME)};
        if (i != 5)
            complete(h, 500 + i);
    }
    cr_assert_eq(harness_batch(h, bind_attempt_start, 12, who, req, ticket, fault), 0);
    for (uint32_t i = 0; i < 12; i++)
        cr_expect_eq(fault[i].code, i == 5 ? ERR_STATE : 0, "call %u: %d", i, fault[i].code);
    cr_expect(uuid_equal(&ticket[3].attempt_id, &ticket[7].attempt_id));
    cr_expect(ticket[7].resumed && !ticket[3].resumed);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "10");
    cr_expect_eq(harness_events(h, "attempts_started"), 1, "one event for the batch");
    cr_expect_str_eq(
        harness_get(h, "SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM attempt GROUP BY form_id) x"), "1",
        "forms are dealt evenly");
    harness_close(h);
}

Test(attempt, list_of_mine)
{
    struct harness *h = open_seeded();
    struct my_attempts_query all = {0};
    struct attempt_rows rows;
    started(h, MINH);
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 3);
    end_newest(h);
    cr_assert_eq(on_my_attempts(&h->ctx, &all, &rows), 0);
    cr_assert_eq(rows.n_attempts, 1);
    cr_expect(uuid_equal(&rows.attempts[0].attempt_id, &ticket.attempt_id));
    cr_expect(HAS(&rows.attempts[0], attempt_row, passed) && rows.attempts[0].passed);
    cr_expect_eq(rows.attempts[0].answers, ITEMS);
    harness_sql(h, "UPDATE policy SET show_result = 'never'");
    cr_assert_eq(on_my_attempts(&h->ctx, &all, &rows), 0);
    cr_expect(!HAS(&rows.attempts[0], attempt_row, passed));
    harness_close(h);
}

Test(attempt, only_declared_steps)
{
    struct harness *h = open_seeded();
    started(h, LAN);
    const char *const states[] = {"created", "running", "submitted", "timed_out", "graded", "voided"};
    for (size_t from = 0; from < 6; from++) {
        for (size_t to = 0; to < 6; to++) {
            const char *declared =
                harness_get(h, "SELECT count(*) FROM attempt_step WHERE from_state = '%s' AND to_state = '%s'",
                            states[from], states[to]);
            harness_sql(h, "ALTER TABLE attempt DISABLE TRIGGER attempt_guard");
            harness_sql(
                h,
                "UPDATE attempt SET state = '%s', ended_at = CASE WHEN '%s' IN ('created', 'running') THEN NULL "
                "ELSE now() END",
                states[from], states[from]);
            harness_sql(h, "ALTER TABLE attempt ENABLE TRIGGER attempt_guard");
            const char *moved = harness_get(h,
                                            "DO $$ BEGIN UPDATE attempt SET state = '%s', ended_at = CASE WHEN '%s' IN "
                                            "('created', 'running') THEN NULL "
                                            "ELSE now() END; EXCEPTION WHEN raise_exception THEN NULL; END $$; "
                                            "SELECT (state = '%s')::integer FROM attempt",
                                            states[to], states[to], states[to]);
            cr_expect_str_eq(moved, *declared != '0' || from == to ? "1" : "0", "%s to %s", states[from], states[to]);
        }
    }
    harness_close(h);
}

Test(attempt, periods)
{
    struct harness *h = open_seeded();
    started(h, LAN);
    cr_expect_str_eq(
        harness_get(h, "SELECT tableoid::regclass = ('attempt_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY\"q\"Q'))"
                       "::regclass FROM attempt"),
        "t", "an attempt lies in its quarter");
    cr_assert_eq(harness_tick(h, periods_ahead), 0, "which are there already");
    harness_sql(h, "SELECT make_period('2031-05-17')");
    harness_sql(h, "SELECT make_period('2031-05-01')");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT count(*) FROM pg_class WHERE relname IN ('attempt_2031q2', 'answer_2031q2', "
                                 "'result_2031q2')"),
                     "3");
    cr_expect(!harness_allowed(h, "SELECT make_period('2032-01-01')"));
    harness_sql(h, "ALTER TABLE attempt DETACH PARTITION attempt_2031q2");
    harness_close(h);
}

/* A backup reads for an hour; making the next quarter neither waits for it nor stops who saves. */
Test(attempt, periods_beside_a_reader)
{
    struct harness *h = open_seeded();
    static struct second reader;
    second_open(&reader, h, "assessment", service_sql);
    second_sql(&reader, "BEGIN");
    second_sql(&reader, "SELECT count(*) FROM attempt, answer, result");
    harness_sql(h, "SET lock_timeout = '2s'");
    harness_sql(h, "SELECT make_period('2031-05-17')");
    second_sql(&reader, "COMMIT");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE "
                                    "c.relname IN ('attempt_2031q2', 'answer_2031q2', 'result_2031q2')"),
                     "3");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT (SELECT count(*) FROM pg_index WHERE indrelid = 'attempt_2031q2'::regclass) = "
                                 "(SELECT count(*) FROM pg_index WHERE indrelid = 'attempt'::regclass) AND "
                                 "(SELECT count(*) FROM pg_trigger WHERE tgrelid = 'attempt_2031q2'::regclass) = 1 AND "
                                 "(SELECT count(*) FROM pg_constraint WHERE conrelid = 'attempt_2031q2'::regclass) = "
                                 "(SELECT count(*) FROM pg_constraint WHERE conrelid = 'attempt'::regclass)"),
                     "t", "indexes, the guard and checks are those of every quarter");
    second_close(&reader);
    harness_close(h);
}

/* The window has opened and no tick has run: whoever looks is told that it runs. */
Test(attempt, created_is_running_once_its_time_has_come)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    struct my_attempts_query all = {0};
    struct attempt_rows rows;
    harness_sql(h, "UPDATE policy SET opens_at = now() + interval '10 min', early_seconds = 900");
    cr_assert_eq(start(h, 70, &ticket), 0);
    cr_assert_eq(start(h, 70, &ticket), 0);
    cr_expect_arr_eq(ticket.state.p, "created", 7);
    harness_sql(h, "UPDATE attempt SET started_at = now()");
    cr_assert_eq(start(h, 70, &ticket), 0);
    cr_expect_arr_eq(ticket.state.p, "running", 7);
    cr_assert_eq(on_my_attempts(&h->ctx, &all, &rows), 0);
    cr_expect_arr_eq(rows.attempts[0].state.p, "running", 7);
    harness_close(h);
}
