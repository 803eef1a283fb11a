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
    cr_expect(other_code(&s.other) == ERR_BUSY || (!other_code(&s.other) && s.ticket.resumed), "%d", other_code(&s.other));
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
        struct answer_save req = {.attempt_id = s->other.attempt,
                                  .position = s->position,
                                  .revision = revision,
                                  .response = {response, 1}};
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
 * Three connections save while a fourth hands in. Afterwards the grade must be the one that the acknowledged answers give,
 * no more and no less.
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
        savers[i] = (struct saver){.position = (uint16_t)(i + 1),
                                   .right = right_at(form, i + 1u).p,
                                   .wrong = wrong_at(form, i + 1u).p};
        other_open(&savers[i].other, h);
        savers[i].other.attempt = ticket.attempt_id;
    }
    for (int i = 0; i < SAVERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_storm, &savers[i]), 0);
    usleep(30000);
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
