/* test_race.c - two connections at once: one start per person, no acknowledged answer left out of a grade. */
#include "../second.h"
#include "seed.h"

struct starter {
    struct second second;
    uint32_t attempt;
    struct attempt_paper paper;
    int code;
};

static void *run_start(void *arg)
{
    struct starter *s = arg;
    struct attempt_request req = {.attempt_id = U(s->attempt), .programme_id = U(PROGRAMME)};
    s->code = on_attempt_start(&s->second.ctx, &req, &s->paper);
    return NULL;
}

/* A start that has not committed yet holds the person's place; the other waits for it. */
static struct starter race(struct harness *h, uint32_t first, uint32_t second)
{
    struct starter a = {.attempt = second};
    struct attempt_request req = {.attempt_id = U(first), .programme_id = U(PROGRAMME)};
    struct attempt_paper paper;
    pthread_t thread;
    second_open(&a.second, h, "assessment", service_sql);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(on_attempt_start(&h->ctx, &req, &paper), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_start, &a), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    return a;
}

Test(race, two_starts_of_one_person)
{
    struct harness *h = open_seeded();
    struct starter loser = race(h, 50, 51);
    cr_expect_eq(loser.code, ERR_STATE, "%d", loser.code);
    cr_expect_str_eq(loser.second.ctx.fault.field, "attempt_id");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "1");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM paper"), "1");
    cr_expect_eq(harness_events(h, "attempt_started"), 1);
    second_close(&loser.second);
    harness_close(h);
}

Test(race, the_same_start_twice)
{
    struct harness *h = open_seeded();
    struct starter loser = race(h, 50, 50);
    cr_expect_eq(loser.code, 0);
    cr_expect_eq(loser.paper.n_items, ITEMS);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM attempt"), "1");
    cr_expect_eq(harness_events(h, "attempt_started"), 1);
    second_close(&loser.second);
    harness_close(h);
}

struct submitter {
    struct second second;
    struct attempt_result result;
    int code;
};

static void *run_submit(void *arg)
{
    struct submitter *s = arg;
    struct attempt_ref ref = {.attempt_id = U(50)};
    s->code = on_attempt_submit(&s->second.ctx, &ref, &s->result);
    return NULL;
}

/* A save that has not committed when the attempt is handed in: submit waits for it and counts it. */
Test(race, submit_counts_the_answer_that_is_being_saved)
{
    struct harness *h = open_seeded();
    struct submitter s = {.code = -1};
    pthread_t thread;
    started(h, 50);
    struct answer_save req = {
        .attempt_id = U(50), .position = 1, .revision = 1, .response = S(right_response(h, 50, 1))};
    struct answer_receipt receipt;
    const struct call_header *head = &h->head;
    struct fault fault = {0, ""};
    struct batch batch = {.n = 1, .head = &head, .fault = &fault};
    second_open(&s.second, h, "assessment", service_sql);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(on_answer_save(&h->ctx, &batch, &req, &receipt), 0);
    cr_assert_eq(fault.code, 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_submit, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(s.code, 0);
    cr_expect_eq(s.result.right, 1);
    second_close(&s.second);
    harness_close(h);
}

struct saver {
    struct harness *h;
    struct second second;
    struct fault fault;
    int code;
};

static void *run_save(void *arg)
{
    struct saver *s = arg;
    struct answer_save req = {.attempt_id = U(50), .position = 1, .revision = 1, .response = SPAN("1")};
    struct answer_receipt receipt;
    const struct call_header *head = &s->h->head;
    struct batch batch = {.n = 1, .head = &head, .fault = &s->fault};
    s->code = on_answer_save(&s->second.ctx, &batch, &req, &receipt);
    return NULL;
}

/* The other way round: a save that meets an attempt being handed in waits, and is then refused, not lost. */
Test(race, save_is_refused_when_submit_came_first)
{
    struct harness *h = open_seeded();
    struct saver s = {.h = h, .code = -1};
    struct attempt_result result;
    pthread_t thread;
    started(h, 50);
    second_open(&s.second, h, "assessment", service_sql);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_save, &s), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    cr_expect_eq(s.code, 0);
    cr_expect_eq(s.fault.code, ERR_STATE, "%d", s.fault.code);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "0");
    second_close(&s.second);
    harness_close(h);
}

/* The clock does not wait for a save; the next run ends the attempt. */
Test(race, clock_passes_over_an_attempt_that_is_being_saved)
{
    struct harness *h = open_seeded();
    struct second other;
    started(h, 50);
    let_time_pass(h, 50);
    second_open(&other, h, "assessment", service_sql);
    second_sql(&other, "BEGIN");
    second_sql(&other, "SELECT FROM attempt FOR KEY SHARE");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 0);
    second_sql(&other, "COMMIT");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    second_close(&other);
    harness_close(h);
}

/* Two processes whose clocks strike together share the work. */
Test(race, two_clocks)
{
    struct harness *h = open_seeded();
    struct second other;
    started(h, 50);
    let_time_pass(h, 50);
    second_open(&other, h, "assessment", service_sql);
    second_sql(&other, "BEGIN");
    cr_assert_eq(attempts_close_due(&other.ctx), 0);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    second_sql(&other, "COMMIT");
    cr_expect_eq(harness_events(h, "attempt_graded"), 1);
    second_close(&other);
    harness_close(h);
}

/* Locking needs the right to update; the one column that it is given for cannot change. */
Test(race, key_of_an_attempt_cannot_change)
{
    struct harness *h = open_seeded();
    struct second other;
    started(h, 50);
    second_open(&other, h, "assessment", service_sql);
    cr_expect_neq(pg_simple(&other.pg, "UPDATE attempt SET attempt_id = gen_random_uuid()"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT attempt_id FROM attempt"), "00000000-0000-0000-0000-000000000032");
    second_close(&other);
    harness_close(h);
}

/*
 * Everything at once: three connections save while a fourth hands in. Afterwards the grade must be the one that the
 * acknowledged answers give, no more and no less.
 */
struct storm {
    struct saver saver;
    uint16_t position;
    uint32_t acknowledged; /* highest revision with a receipt; its response is right when it is odd */
    const char *right, *wrong;
};

static void *run_storm(void *arg)
{
    struct storm *s = arg;
    const struct call_header *head = &s->saver.h->head;
    for (uint32_t revision = 1; revision < 100000; revision++) {
        struct answer_save req = {.attempt_id = U(50),
                                  .position = s->position,
                                  .revision = revision,
                                  .response = S(revision % 2 ? s->right : s->wrong)};
        struct answer_receipt receipt;
        struct fault fault = {0, ""};
        struct batch batch = {.n = 1, .head = &head, .fault = &fault};
        int code = on_answer_save(&s->saver.second.ctx, &batch, &req, &receipt);
        arena_clear(&s->saver.second.arena);
        if (code || fault.code)
            break;
        s->acknowledged = revision;
    }
    return NULL;
}

Test(race, saves_against_submit)
{
    enum { SAVERS = 3 };
    struct harness *h = open_seeded();
    static struct storm storms[SAVERS];
    struct attempt_result result;
    pthread_t threads[SAVERS];
    uint16_t expected = 0;
    started(h, 50);
    for (uint16_t i = 0; i < SAVERS; i++) {
        storms[i] = (struct storm){.saver = {.h = h},
                                   .position = (uint16_t)(i + 1),
                                   .right = right_response(h, 50, (uint16_t)(i + 1)),
                                   .wrong = wrong_response(h, 50, (uint16_t)(i + 1))};
        second_open(&storms[i].saver.second, h, "assessment", service_sql);
    }
    for (int i = 0; i < SAVERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, run_storm, &storms[i]), 0);
    usleep(30000);
    cr_assert_eq(submit(h, 50, &result), 0);
    for (int i = 0; i < SAVERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_gt(storms[i].acknowledged, 0u);
        expected = (uint16_t)(expected + storms[i].acknowledged % 2);
    }
    cr_expect_eq(result.right, expected);
    for (uint16_t i = 0; i < SAVERS; i++) {
        cr_expect_eq(strtoul(harness_get(h, "SELECT max(revision) FROM answer WHERE position = %u", i + 1u), NULL, 10),
                     storms[i].acknowledged, "nothing is stored that was refused");
        second_close(&storms[i].saver.second);
    }
    harness_close(h);
}
