/* test_race.c - two connections at once: one start per person, no acknowledged answer left out of a grade. */
#include "../second.h"
#include "grading.h"

/* A batch of one on the second connection. */
struct other {
    struct second second;
    struct call_header head;
    const struct call_header *heads;
    struct fault fault;
    struct batch batch;
    struct uuid attempt;
    int code;
};

static void other_open(struct other *o, struct harness *h)
{
    *o = (struct other){.head = h->head, .code = -1};
    second_open(&o->second, h, "assessment", service_sql);
    o->heads = &o->head;
    o->batch = (struct batch){.n = 1, .head = &o->heads, .fault = &o->fault};
    o->second.ctx.head = &o->head;
}

static int other_code(const struct other *o)
{
    return o->code ? o->code : o->fault.code;
}

/* Handlers by themselves, in the transaction that is open on the harness's connection. */
static int save_now(struct harness *h, struct uuid attempt, struct span response)
{
    struct answer_save req = {.attempt_id = attempt, .position = 1, .revision = 1, .response = response};
    struct answer_receipt receipt;
    const struct call_header *head = &h->head;
    struct fault fault = {0};
    struct batch batch = {.n = 1, .head = &head, .fault = &fault};
    int code = on_answer_save(&h->ctx, &batch, &req, &receipt);
    return code ? code : fault.code;
}

static int submit_now(struct harness *h, struct uuid attempt, struct attempt_result *ret_result)
{
    struct attempt_ref ref = {.attempt_id = attempt};
    const struct call_header *head = &h->head;
    struct fault fault = {0};
    struct batch batch = {.n = 1, .head = &head, .fault = &fault};
    int code = on_attempt_submit(&h->ctx, &batch, &ref, ret_result);
    return code ? code : fault.code;
}

/* --- starts --- */

struct starter {
    struct other other;
    uint32_t request;
    struct attempt_ticket ticket;
};

static void *run_start(void *arg)
{
    struct starter *s = arg;
    struct attempt_request req = {.request_id = U(s->request), .programme_id = U(PROGRAMME)};
    s->other.code = on_attempt_start(&s->other.second.ctx, &s->other.batch, &req, &s->ticket);
    return NULL;
}

/* A start that has not committed yet holds the person's standing; the other waits, and then begins nothing. */
static void race_starts(uint32_t second_request)
{
    struct harness *h = open_seeded();
    static struct starter s;
    struct attempt_request req = {.request_id = U(7000), .programme_id = U(PROGRAMME)};
    struct attempt_ticket ticket;
    const struct call_header *head = &h->head;
    struct fault fault = {0};
    struct batch batch = {.n = 1, .head = &head, .fault = &fault};
    pthread_t thread;
    s = (struct starter){.request = second_request};
    other_open(&s.other, h);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(on_attempt_start(&h->ctx, &batch, &req, &ticket), 0);
    cr_assert_eq(fault.code, 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_start, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(other_code(&s.other), 0, "%d", other_code(&s.other));
    cr_expect(s.ticket.resumed && uuid_equal(&s.ticket.attempt_id, &ticket.attempt_id));
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT taken FROM standing WHERE person_id = " ID(10)), "1");
    second_close(&s.other.second);
    harness_close(h);
}

Test(race, two_starts_of_one_person)
{
    race_starts(7001);
}

Test(race, the_same_start_twice)
{
    race_starts(7000);
}

struct starters {
    struct second second;
    struct call_header head[2];
    const struct call_header *heads[2];
    struct fault fault[2];
    struct attempt_ticket ticket[2];
    int code;
};

static void *run_two_starts(void *arg)
{
    struct starters *s = arg;
    struct batch batch = {.n = 2, .head = s->heads, .fault = s->fault};
    const struct attempt_request req[] = {{.request_id = U(7000), .programme_id = U(PROGRAMME)},
                                          {.request_id = U(7001), .programme_id = U(PROGRAMME)}};
    s->code = on_attempt_start(&s->second.ctx, &batch, req, s->ticket);
    return NULL;
}

/* Of connections opened from now on. Whoever waits looks for a circle once, after this time, and gives way. */
static void circle_seen_after(struct harness *h, const char *wait)
{
    harness_sql(h,
                "DO $$ BEGIN EXECUTE format('ALTER ROLE hocvu_assessment IN DATABASE %%I SET deadlock_timeout = %%L', "
                "current_database(), '%s'); END $$",
                wait);
}

/* A page of events holds one standing and wants the other: the batch is taken back by PostgreSQL, and begins all the
 * same. */
Test(race, starts_in_a_circle_with_events)
{
    struct harness *h = open_seeded();
    static struct starters s;
    static struct second events;
    pthread_t thread;
    circle_seen_after(h, "60s");
    second_open(&events, h, "assessment", service_sql);
    circle_seen_after(h, "2s");
    second_open(&s.second, h, "assessment", service_sql);
    for (uint32_t i = 0; i < 2; i++) {
        s.head[i] = h->head;
        s.head[i].subject = U(LAN + i);
        s.heads[i] = &s.head[i];
    }
    s.second.ctx.head = s.heads[0];
    second_sql(&events, "BEGIN");
    second_sql(&events, "UPDATE standing SET extra_time_percent = 20 WHERE person_id = " ID(11));
    cr_assert_eq(pthread_create(&thread, NULL, run_two_starts, &s), 0);
    await_blocked(h);
    second_sql(&events, "UPDATE standing SET extra_time_percent = 20 WHERE person_id = " ID(10));
    second_sql(&events, "COMMIT");
    pthread_join(thread, NULL);
    cr_expect_eq(s.code, 0);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(s.fault[i].code, 0, "%d", s.fault[i].code);
        cr_expect_eq(s.ticket[i].deadline - s.ticket[i].started_at, INT64_C(36) * 60 * 1000000);
    }
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "2");
    second_close(&s.second);
    second_close(&events);
    harness_close(h);
}

/* --- the same answers through several processes --- */

enum { REPEATERS = 3, PAPERS = 16, ROUNDS = 40 };

struct repeater {
    struct second second;
    struct call_header head[PAPERS];
    const struct call_header *heads[PAPERS];
    const struct uuid *attempt;
    uint32_t calls; /* of a batch */
    struct answer_receipt receipt[ROUNDS][PAPERS];
    uint8_t link[ROUNDS][PAPERS][RECEIPT_LINK];
    int code;
};

static void repeat_some(struct repeater *r, uint32_t round, uint32_t first)
{
    struct answer_save req[PAPERS];
    struct fault fault[PAPERS] = {0};
    struct batch batch = {.n = r->calls, .head = r->heads + first, .fault = fault};
    for (uint32_t i = 0; i < r->calls; i++)
        req[i] = (struct answer_save){
            .attempt_id = r->attempt[first + i], .position = 1, .revision = round + 1, .response = SPAN("1")};
    r->code = on_answer_save(&r->second.ctx, &batch, req, r->receipt[round] + first);
    for (uint32_t i = 0; i < r->calls && !r->code; i++) {
        r->code = fault[i].code;
        if (!r->code)
            memcpy(r->link[round][first + i], r->receipt[round][first + i].link.p, RECEIPT_LINK);
    }
    arena_clear(&r->second.arena);
}

static void *run_repeats(void *arg)
{
    struct repeater *r = arg;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t first = 0; first < PAPERS && !r->code; first += r->calls)
            repeat_some(r, round, first);
    }
    return NULL;
}

/*
 * One process sends all papers at once, the others one by one: a batch meets them more than once. Each answer is stored
 * once, each sender gets the same receipt, nobody is sent away, and the chains are whole.
 */
Test(race, the_same_answers_through_three_processes)
{
    struct harness *h = open_seeded();
    static struct repeater r[REPEATERS];
    static struct uuid attempt[PAPERS];
    pthread_t threads[REPEATERS];
    for (uint32_t i = 0; i < PAPERS; i++) {
        complete(h, 500 + i);
        attempt[i] = started(h, 500 + i).attempt_id;
    }
    for (int k = 0; k < REPEATERS; k++) {
        r[k] = (struct repeater){.attempt = attempt, .calls = k ? 1 : PAPERS};
        second_open(&r[k].second, h, "assessment", service_sql);
        for (uint32_t i = 0; i < PAPERS; i++) {
            r[k].head[i] = h->head;
            r[k].head[i].subject = U(500 + i);
            r[k].heads[i] = &r[k].head[i];
        }
        r[k].second.ctx.head = r[k].heads[0];
    }
    for (int k = 0; k < REPEATERS; k++)
        cr_assert_eq(pthread_create(&threads[k], NULL, run_repeats, &r[k]), 0);
    for (int k = 0; k < REPEATERS; k++) {
        pthread_join(threads[k], NULL);
        cr_expect_eq(r[k].code, 0, "%d", r[k].code);
        cr_expect_eq(memcmp(r[k].link, r[0].link, sizeof(r[k].link)), 0, "another receipt for the same answer");
        second_close(&r[k].second);
    }
    cr_expect_str_eq(harness_get(h, "SELECT count(*) || ' ' || count(DISTINCT (attempt_id, seq)) || ' ' || max(seq) "
                                    "FROM answer"),
                     "640 640 40");
    cr_expect_str_eq(
        harness_get(h, "SELECT count(*) FROM (SELECT n.*, lag(link) OVER (PARTITION BY attempt_id ORDER BY seq) AS "
                       "before FROM answer n) n WHERE seq > 1 AND link IS DISTINCT FROM sha256(before || "
                       "int4send(position) || int8send(revision) || timestamptz_send(saved_at) || "
                       "convert_to(response, 'UTF8'))"),
        "0", "a chain is broken");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt a JOIN answer n ON n.attempt_id = a.attempt_id AND "
                                    "n.seq = a.answers AND n.link = a.head"),
                     "16");
    harness_close(h);
}

/* --- saves against the end --- */

struct submitter {
    struct other other;
    struct attempt_result result;
};

static void *run_submit(void *arg)
{
    struct submitter *s = arg;
    struct attempt_ref ref = {.attempt_id = s->other.attempt};
    s->other.code = on_attempt_submit(&s->other.second.ctx, &s->other.batch, &ref, &s->result);
    return NULL;
}

/* A save that has not committed when the attempt is handed in: submit waits for it and counts it. */
Test(race, submit_counts_the_answer_that_is_being_saved)
{
    struct harness *h = open_seeded();
    static struct submitter s;
    pthread_t thread;
    struct attempt_ticket ticket = started(h, LAN);
    struct span right = right_at(form_of(h, ticket.attempt_id), 1);
    other_open(&s.other, h);
    s.other.attempt = ticket.attempt_id;
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(save_now(h, ticket.attempt_id, right), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_submit, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(other_code(&s.other), 0);
    cr_expect_eq(s.result.right, 1);
    cr_expect_eq(s.result.answers, 1, "the signed head is that of the last receipt");
    cr_expect_str_eq(harness_get(h, "SELECT a.head = n.link FROM attempt a JOIN answer n USING (attempt_id)"), "t");
    second_close(&s.other.second);
    harness_close(h);
}

struct saver {
    struct other other;
    uint16_t position;
    const char *right, *wrong;
    uint32_t acknowledged; /* highest revision with a receipt; its response is right when it is odd */
};

static void *run_save(void *arg)
{
    struct saver *s = arg;
    struct answer_save req = {.attempt_id = s->other.attempt, .position = 1, .revision = 1, .response = SPAN("1")};
    struct answer_receipt receipt;
    s->other.code = on_answer_save(&s->other.second.ctx, &s->other.batch, &req, &receipt);
    return NULL;
}

/* The other way round: a save that meets an attempt being handed in waits, and is then refused, not lost. */
Test(race, save_is_refused_when_submit_came_first)
{
    struct harness *h = open_seeded();
    static struct saver s;
    struct attempt_result result;
    pthread_t thread;
    struct attempt_ticket ticket = started(h, LAN);
    other_open(&s.other, h);
    s.other.attempt = ticket.attempt_id;
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(submit_now(h, ticket.attempt_id, &result), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_save, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(other_code(&s.other), ERR_STATE, "%d", other_code(&s.other));
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "0");
    second_close(&s.other.second);
    harness_close(h);
}

/* Two processes hand in the same attempt: graded once, both get the result. */
Test(race, two_submits)
{
    struct harness *h = open_seeded();
    static struct submitter s;
    struct attempt_result result;
    pthread_t thread;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 3);
    other_open(&s.other, h);
    s.other.attempt = ticket.attempt_id;
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(submit_now(h, ticket.attempt_id, &result), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_submit, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(other_code(&s.other), 0);
    cr_expect_eq(s.result.right, 3);
    cr_expect_eq(s.result.graded_at, result.graded_at);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    second_close(&s.other.second);
    harness_close(h);
}

/* The clock does not wait for a save; the next run ends the attempt. */
Test(race, clock_passes_over_an_attempt_that_is_being_saved)
{
    struct harness *h = open_seeded();
    static struct other o;
    struct attempt_ticket ticket = started(h, LAN);
    let_time_pass(h, ticket.attempt_id);
    other_open(&o, h);
    second_sql(&o.second, "BEGIN");
    second_sql(&o.second, "UPDATE attempt SET devices = devices");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 0);
    second_sql(&o.second, "COMMIT");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    second_close(&o.second);
    harness_close(h);
}

/* Two processes whose clocks strike together share the work. */
Test(race, two_clocks)
{
    struct harness *h = open_seeded();
    static struct other o;
    struct attempt_ticket ticket = started(h, LAN);
    let_time_pass(h, ticket.attempt_id);
    other_open(&o, h);
    second_sql(&o.second, "BEGIN");
    cr_assert_eq(attempts_close_due(&o.second.ctx), 0);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    second_sql(&o.second, "COMMIT");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    second_close(&o.second);
    harness_close(h);
}

/* --- a decision against a void --- */

static void *run_decide(void *arg)
{
    struct other *o = arg;
    struct appeal_decision req = {.appeal_id = U(800), .state = SPAN("upheld"), .decision = SPAN("Mất điện.")};
    struct appeal appeal;
    PUT_FIELD(&req, appeal_decision, remedy, SPAN("void"));
    o->code = on_appeal_decide(&o->second.ctx, &req, &appeal);
    return NULL;
}

/* One officer voids without giving back, while another upholds an appeal with a void that gives back: the second is
 * told, and the appeal is still open. Nobody is promised an attempt that is not given. */
Test(race, decision_meets_a_void)
{
    struct harness *h = open_seeded();
    static struct other o;
    struct attempt_void req = {.reason = SPAN("Sai phòng thi")};
    struct attempt_row row;
    pthread_t thread;
    harness_sql(h, "INSERT INTO unit VALUES (" ID(900) ", NULL, 'VN', 'nation', 'VN', ARRAY[" ID(900) "])");
    harness_sql(h, "INSERT INTO person VALUES (" ID(10) ", 'Lan', " ID(900) ", false)");
    req.attempt_id = sat(h, LAN, 1);
    harness_sql(
        h, "INSERT INTO appeal (appeal_id, attempt_id, person_id, reason) VALUES (" ID(800) ", '%s', " ID(10) ", 'x')",
        id_text(req.attempt_id));
    harness_as(h, U(CHECKER), EXAM_OFFICER, U(NATION));
    other_open(&o, h);
    as_officer(h);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(on_attempt_void(&h->ctx, &req, &row), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_decide, &o), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(o.code, ERR_STATE, "%d", o.code);
    cr_expect_str_eq(o.second.ctx.fault.field, "remedy");
    cr_expect_str_eq(harness_get(h, "SELECT state FROM appeal"), "open");
    cr_expect_str_eq(harness_get(h, "SELECT given_back FROM standing WHERE person_id = " ID(10)), "0");
    cr_expect_eq(harness_events(h, "appeal_decided"), 0);
    second_close(&o.second);
    harness_close(h);
}

/* --- a correction against a grade --- */

static void *run_correct(void *arg)
{
    struct other *o = arg;
    struct item_correction req = {
        .regrade_id = U(600), .version_id = U(100), .mode = SPAN("exclude"), .reason = SPAN("Sai đề")};
    struct regrade regrade;
    o->head.subject = U(OFFICER);
    o->code = on_item_correct(&o->second.ctx, &req, &regrade);
    return NULL;
}

/* An attempt is being graded by the old key: the correction waits for it, so that the regrade finds it. */
Test(race, correction_waits_for_grades_by_the_old_key)
{
    struct harness *h = open_seeded();
    static struct other o;
    struct attempt_result result;
    pthread_t thread;
    struct attempt_ticket ticket = started(h, LAN); /* form 0 begins with item 0 */
    answer_all(h, ticket.attempt_id, 5);
    other_open(&o, h);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(submit_now(h, ticket.attempt_id, &result), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_correct, &o), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(o.code, 0);
    cr_assert_eq(harness_tick(h, regrades_go_on), 0);
    cr_expect_str_eq(harness_get(h, "SELECT max_score FROM attempt a JOIN result r ON r.attempt_id = a.attempt_id AND "
                                    "r.version = a.result_version"),
                     "400");
    second_close(&o.second);
    harness_close(h);
}

/* --- everything at once --- */

static void *run_storm(void *arg)
{
    struct saver *s = arg;
    for (uint32_t revision = 1; revision < 100000; revision++) {
        const char *response = revision % 2 ? s->right : s->wrong;
        struct answer_save req = {
            .attempt_id = s->other.attempt, .position = s->position, .revision = revision, .response = {response, 1}};
        struct answer_receipt receipt;
        s->other.fault = (struct fault){0};
        s->other.code = on_answer_save(&s->other.second.ctx, &s->other.batch, &req, &receipt);
        arena_clear(&s->other.second.arena);
        if (other_code(&s->other))
            break;
        s->acknowledged = revision;
    }
    return NULL;
}

/*
 * Three connections save while a fourth hands in. Afterwards the grade must be the one that the acknowledged answers
 * give, no more and no less.
 */
Test(race, saves_against_submit)
{
    enum { SAVERS = 3 };
    struct harness *h = open_seeded();
    static struct saver savers[SAVERS];
    struct attempt_result result;
    pthread_t threads[SAVERS];
    uint16_t expected = 0;
    uint32_t receipts = 0;
    struct attempt_ticket ticket = started(h, LAN);
    uint32_t form = form_of(h, ticket.attempt_id);
    for (uint16_t i = 0; i < SAVERS; i++) {
        savers[i] = (struct saver){
            .position = (uint16_t)(i + 1), .right = right_at(form, i + 1u).p, .wrong = wrong_at(form, i + 1u).p};
        other_open(&savers[i].other, h);
        savers[i].other.attempt = ticket.attempt_id;
    }
    for (int i = 0; i < SAVERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_storm, &savers[i]), 0);
    while (strcmp(harness_get(h, "SELECT count(DISTINCT position) FROM answer"), "3"))
        usleep(5000);
    usleep(20000);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    for (int i = 0; i < SAVERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_gt(savers[i].acknowledged, 0u);
        expected = (uint16_t)(expected + savers[i].acknowledged % 2);
        receipts += savers[i].acknowledged;
    }
    cr_expect_eq(result.right, expected);
    cr_expect_eq(result.answers, receipts);
    for (uint16_t i = 0; i < SAVERS; i++) {
        cr_expect_eq(strtoul(harness_get(h, "SELECT max(revision) FROM answer WHERE position = %u", i + 1u), NULL, 10),
                     savers[i].acknowledged, "nothing is stored that was refused");
        second_close(&savers[i].other.second);
    }
    harness_close(h);
}
