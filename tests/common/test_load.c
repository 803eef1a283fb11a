/*
 * test_load.c - who is served first, who is told to come back later, and what a service knows of its own load. As
 * test_service.c: a process of its own, spoken to over real sockets.
 */
#include "bind_test.h"
#include "peer.h"

/* --- The service under test. --- */

/* The last byte of the lesson says what to do. */
enum { BEAT_MS = 20, LONG_BEAT_MS = 500, COMPLETE_MS = 400 };
enum { LONG = 97, LATER = 96, LATER_AND_FAILED = 95, MUCH_LATER = 94 };
enum { ASK_WAITING = 1, ASK_PER_CALL = 2, ASK_WAITED = 3, ASK_OTHER = 4 };

static void sleep_ms(long ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

/* Tells the load of lesson_beat in `seconds`. */
int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    struct method_load load = {0};
    bool known = method_load(ctx, M_lesson_beat, &load), other = method_load(ctx, M_answer_save, &load);
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = 1;
    switch (req->lesson_id.b[15]) {
    case ASK_WAITING:
        ret_reply->seconds = load.waiting;
        break;
    case ASK_PER_CALL:
        ret_reply->seconds = (uint32_t)load.us_per_call;
        break;
    case ASK_WAITED:
        ret_reply->seconds = (uint32_t)load.us_waited;
        break;
    default:
        ret_reply->seconds = known && !other;
        break;
    }
    return 0;
}

int on_lesson_beat(struct ctx *ctx, struct batch *batch, const struct lesson_step *req,
                   struct lesson_progress *ret_reply)
{
    bool is_long = false;
    (void)ctx;
    for (size_t i = 0; i < batch->n; i++) {
        uint8_t what = req[i].lesson_id.b[15];
        ret_reply[i].lesson_id = req[i].lesson_id;
        ret_reply[i].seconds = (uint32_t)batch->n;
        ret_reply[i].beat_seconds = 1;
        is_long = is_long || what == LONG;
        if (what == LATER)
            batch_later(batch, i, 2500);
        if (what == MUCH_LATER)
            batch_later(batch, i, 86400000);
        if (what == LATER_AND_FAILED) {
            batch_later(batch, i, 2500);
            batch_fail(batch, i, ERR_STATE, "lesson_id");
        }
    }
    sleep_ms(is_long ? LONG_BEAT_MS : BEAT_MS);
    return 0;
}

int on_lesson_complete(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    uint8_t what = req->lesson_id.b[15];
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = 1;
    if (what == LATER || what == LATER_AND_FAILED)
        later(ctx, 1500);
    else
        sleep_ms(COMPLETE_MS);
    return what == LATER_AND_FAILED ? fail(ctx, ERR_STATE, "lesson_id") : 0;
}

static const struct limits limits = {.workers = 2, .in_flight = 2000, .deadline_ms = 5000, .arena_bytes = 16 << 20};
static const uint16_t beats_first[] = {M_lesson_beat, 0};
static const uint16_t completes_first[] = {M_lesson_complete, 0};
#define TEST_SERVICE                                                                                                   \
    .name = "learning", .number = SERVICE_learning, .doc = "A test.", .bindings = bindings, .limits = &limits
static const struct service plain = {TEST_SERVICE};
static const struct service beats = {TEST_SERVICE, .first = beats_first};
static const struct service no_batch_first = {TEST_SERVICE, .first = completes_first};
/* Six workers, two of them for what is slow. */
static const struct limits more_workers = {
    .workers = 6, .in_flight = 2000, .deadline_ms = 5000, .arena_bytes = 16 << 20};
static const uint16_t beats_slow[] = {M_lesson_beat, 0};
static const struct service slow = {.name = "learning",
                                    .number = SERVICE_learning,
                                    .doc = "A test.",
                                    .bindings = bindings,
                                    .limits = &more_workers,
                                    .slow = completes_first};
static const struct service batch_slow = {TEST_SERVICE, .slow = beats_slow};
const struct startable startable[] = {{"plain", &plain},
                                      {"beats first", &beats},
                                      {"no batch method first", &no_batch_first},
                                      {"completes slow", &slow},
                                      {"batch method slow", &batch_slow},
                                      {NULL, NULL}};

/* --- Later. --- */

static uint32_t retry_ms_of(void *socket, uint16_t method, uint32_t what, int wanted)
{
    struct reply_header head;
    struct lesson_progress progress;
    raw_send(socket, 1, method, soon(), true, U(what), 0);
    cr_assert_eq(raw_reply(socket, 3000, &head, &progress), wanted);
    return HAS(&head, reply_header, retry_ms) ? head.retry_ms : 0;
}

Test(load, later_stands_in_the_header_of_a_reply_without_fault)
{
    struct peer *p = peer_start(&plain);
    void *socket = raw_open(p);
    cr_expect_eq(retry_ms_of(socket, M_lesson_complete, LATER, 0), 1500);
    cr_expect_eq(retry_ms_of(socket, M_lesson_complete, LATER_AND_FAILED, ERR_STATE), 0);
    cr_expect_eq(retry_ms_of(socket, M_lesson_complete, 1, 0), 0);
    cr_expect_eq(retry_ms_of(socket, M_lesson_beat, LATER, 0), 2500);
    cr_expect_eq(retry_ms_of(socket, M_lesson_beat, MUCH_LATER, 0), 600000, "never more than the header may say");
    cr_expect_eq(retry_ms_of(socket, M_lesson_beat, LATER_AND_FAILED, ERR_STATE), 0);
    /* In one batch each call has its own. */
    for (uint32_t i = 1; i <= 40; i++)
        raw_send(socket, i, M_lesson_beat, soon(), true, U(i % 2 ? LATER : 1), i < 40 ? ZMQ_SNDMORE : 0);
    for (int i = 0; i < 40; i++) {
        struct reply_header head;
        struct lesson_progress progress;
        cr_assert_eq(raw_reply(socket, 3000, &head, &progress), 0);
        cr_expect_eq(HAS(&head, reply_header, retry_ms) ? head.retry_ms : 0, head.call_id % 2 ? 2500u : 0u);
    }
    zmq_close(socket);
    peer_close(p);
}

/* --- First. --- */

enum { BEATS = 300, BEAT_EVERY_MS = 5, COMPLETES = 14 };

struct served {
    double runs;   /* of beats */
    int completes; /* answered before the last beat */
};

/* Two workers, both with a long call and more of them waiting, and beats all the time. */
static struct served serve(const struct service *service)
{
    struct peer *p = peer_start(service);
    void *socket = raw_open(p);
    struct served served = {0};
    int n_beats = 0, completes = 0;
    for (uint32_t i = 0; i < COMPLETES; i++)
        raw_send(socket, 1000 + i, M_lesson_complete, soon(), true, U(1), i < COMPLETES - 1 ? ZMQ_SNDMORE : 0);
    for (uint32_t i = 0; i < BEATS; i++, sleep_ms(BEAT_EVERY_MS))
        raw_send(socket, 1 + i, M_lesson_beat, soon(), true, U(1), 0);
    while (n_beats < BEATS) {
        struct lesson_progress progress;
        uint64_t id = 0;
        cr_assert_eq(raw_receive(socket, 4000, &id, &progress), 0);
        completes += id >= 1000;
        if (id >= 1000)
            continue;
        n_beats++;
        served.runs += 1.0 / progress.seconds;
        served.completes = completes;
    }
    zmq_close(socket);
    peer_close(p);
    return served;
}

Test(load, preferred_methods_run_before_the_others_and_do_not_starve_them)
{
    struct served first = serve(&beats), turns = serve(&plain);
    cr_expect_gt(first.runs, 3 * turns.runs, "%.1f runs of beats, %.1f without preference", first.runs, turns.runs);
    cr_expect_geq(first.completes, 3, "one worker is left to the others: %d", first.completes);
}

/* However many long calls wait, a worker is kept for what comes first: a beat does not wait for one of them to end. */
Test(load, a_worker_is_kept_for_each_preferred_method)
{
    struct peer *p = peer_start(&beats);
    void *socket = raw_open(p);
    struct lesson_progress progress;
    uint64_t id = 0;
    for (uint32_t i = 0; i < 6; i++)
        raw_send(socket, 1000 + i, M_lesson_complete, soon(), true, U(1), i < 5 ? ZMQ_SNDMORE : 0);
    sleep_ms(COMPLETE_MS / 4);
    raw_send(socket, 1, M_lesson_beat, soon(), true, U(1), 0);
    cr_assert_eq(raw_receive(socket, 4000, &id, &progress), 0);
    cr_expect_eq(id, 1, "a long call was answered first");
    for (int i = 0; i < 6; i++)
        cr_assert_eq(raw_receive(socket, 4000, &id, &progress), 0, "and the long ones go on one by one");
    zmq_close(socket);
    peer_close(p);
}

/* However many slow calls wait, they run two at once, and nothing else waits with them. */
Test(load, slow_methods_leave_workers_to_all_others)
{
    enum { SLOW = 8 };
    struct peer *p = peer_start(&slow);
    void *socket = raw_open(p);
    struct lesson_progress progress;
    uint64_t id = 0;
    int64_t begun = mono_us();
    for (uint32_t i = 0; i < SLOW; i++)
        raw_send(socket, 1000 + i, M_lesson_complete, soon(), true, U(1), i < SLOW - 1 ? ZMQ_SNDMORE : 0);
    sleep_ms(COMPLETE_MS / 4);
    raw_send(socket, 1, M_lesson_open, soon(), true, U(1), 0);
    cr_assert_eq(raw_receive(socket, 4000, &id, &progress), 0);
    cr_expect_eq(id, 1, "a slow call was answered first");
    for (int i = 0; i < SLOW; i++)
        cr_assert_eq(raw_receive(socket, 4000, &id, &progress), 0);
    int64_t ms = (mono_us() - begun) / 1000;
    cr_expect_geq(ms, SLOW / 2 * COMPLETE_MS, "more than two ran at once: %lld ms", (long long)ms);
    cr_expect_lt(ms, SLOW * COMPLETE_MS, "they ran one by one: %lld ms", (long long)ms);
    zmq_close(socket);
    peer_close(p);
}

static int check_exit(const struct service *service, const char *more)
{
    struct peer *p = peer_open();
    int status = -1;
    char path[256], text[1024];
    snprintf(path, sizeof(path), "%s/check.conf", p->dir);
    snprintf(text, sizeof(text), "database = host=%s dbname=%s user=hocvu_learning\nbus_dir = %s\n%s",
             getenv("HOCVU_TEST_PG"), database_of(p), p->dir, more);
    write_file(path, text);
    waitpid(spawn(service, path, true), &status, 0);
    peer_close(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(load, what_could_starve_others_fails_the_boot)
{
    cr_expect_eq(check_exit(&beats, ""), 0);
    cr_expect_eq(check_exit(&beats, "workers = 1\n"), 1);
    cr_expect_eq(check_exit(&plain, "workers = 1\n"), 0);
    cr_expect_eq(check_exit(&no_batch_first, ""), 1);
    cr_expect_eq(check_exit(&slow, ""), 0);
    cr_expect_eq(check_exit(&slow, "workers = 1\n"), 0);
    cr_expect_eq(check_exit(&batch_slow, ""), 1);
}

/* --- Load. --- */

static uint32_t ask(void *socket, uint32_t what)
{
    struct lesson_progress progress;
    uint64_t id;
    raw_send(socket, 5000, M_lesson_open, soon(), true, U(what), 0);
    cr_assert_eq(raw_receive(socket, 3000, &id, &progress), 0);
    cr_assert_eq(id, 5000);
    return progress.seconds;
}

static void receive_all(void *socket, int n)
{
    uint64_t id;
    for (int i = 0; i < n; i++)
        cr_assert_eq(raw_receive(socket, 3000, &id, NULL), 0);
    sleep_ms(50); /* the load is counted just after the replies have left */
}

Test(load, a_service_knows_its_load)
{
    struct peer *p = peer_start(&plain);
    void *socket = raw_open(p), *asking = raw_open(p);
    uint32_t us;
    cr_expect_eq(ask(asking, ASK_OTHER), 1, "a method of another service has no load here");
    cr_expect_eq(ask(asking, ASK_WAITING), 0);
    cr_expect_eq(ask(asking, ASK_PER_CALL), 0);
    cr_expect_eq(ask(asking, ASK_WAITED), 0);
    for (uint32_t i = 1; i <= 50; i++)
        raw_send(socket, i, M_lesson_beat, soon(), true, U(1), i < 50 ? ZMQ_SNDMORE : 0);
    receive_all(socket, 50);
    us = ask(asking, ASK_PER_CALL);
    cr_expect(us >= BEAT_MS * 1000 / 50 && us < BEAT_MS * 1000, "a run of %d ms is shared by its calls: %u us", BEAT_MS,
              us);
    us = ask(asking, ASK_WAITED);
    cr_expect(us >= BEAT_MS * 1000, "a call waits for the whole run: %u us", us);
    /* While a long run is under way the others wait. */
    raw_send(socket, 1, M_lesson_beat, soon(), true, U(LONG), 0);
    sleep_ms(100);
    for (uint32_t i = 1; i <= 7; i++)
        raw_send(socket, i, M_lesson_beat, soon(), true, U(1), i < 7 ? ZMQ_SNDMORE : 0);
    sleep_ms(100);
    cr_expect_eq(ask(asking, ASK_WAITING), 7);
    receive_all(socket, 8);
    cr_expect_eq(ask(asking, ASK_WAITING), 0);
    us = ask(asking, ASK_WAITED);
    cr_expect(us > 60000, "%u us", us);
    /* Old figures count no more, nor do they come back; what a call costs is kept. */
    sleep_ms(2300);
    cr_expect_eq(ask(asking, ASK_WAITED), 0);
    cr_expect_gt(ask(asking, ASK_PER_CALL), 0);
    raw_send(socket, 1, M_lesson_beat, soon(), true, U(1), 0);
    receive_all(socket, 1);
    us = ask(asking, ASK_WAITED);
    cr_expect(us >= BEAT_MS * 1000 && us < 60000, "%u us", us);
    zmq_close(asking);
    zmq_close(socket);
    peer_close(p);
}
