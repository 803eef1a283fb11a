/*
 * test_clock.c - the wall clock is set back by an hour: nothing in a process may wait for it to come round again.
 *
 * Setting the machine's clock is not a test's business, so this program brings its own clock_gettime: the kernel's,
 * moved by an offset that stands in a file which test and service share.
 */
#include "bind_test.h"
#include "no_beat.h"
#include "cache.h"
#include "peer.h"
#include "pg_conn.h"
#include "wall_clock.h"

static void set_back(void)
{
    *wall_offset_s = -3600;
}

/* --- The services under test. --- */

static struct stmt SQL_emit = {
    .name = "emit",
    .text = "INSERT INTO outbox (event, body) SELECT 'lesson_completed',"
            " jsonb_build_object('person_id', :ctx_subject, 'programme_id', l, 'lesson_id', l, 'seconds', 1,"
            " 'completed_at', now()) FROM (SELECT :lesson_id::uuid AS l) AS asked",
    .in = &msg_lesson_step,
};
static struct stmt SQL_apply = {
    .name = "apply", .text = "INSERT INTO test_applied (lesson_id) VALUES (:lesson_id)", .in = &msg_lesson_fact};
static struct stmt SQL_tick = {.name = "tick", .text = "INSERT INTO test_ticked DEFAULT VALUES"};
static struct stmt *const producer_sql[] = {&SQL_emit, NULL};
static struct stmt *const follower_sql[] = {&SQL_apply, &SQL_tick, NULL};

int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = 1;
    return pg_call(ctx, &SQL_emit, req, NULL);
}

int on_lesson_complete(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    struct timespec wait = {0, 400000000};
    (void)ctx;
    nanosleep(&wait, NULL);
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = 1;
    return 0;
}

int on_event_lesson_completed(struct ctx *ctx, const struct lesson_fact *event)
{
    return pg_call(ctx, &SQL_apply, event, NULL);
}

static int tick(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_tick, NULL, NULL);
}

static const struct follow follows[] = {FOLLOW(lesson_completed), FOLLOW_END};
static const struct tick ticks[] = {{"tick", 300, tick}, TICK_END};
static const struct limits limits = {.workers = 1, .in_flight = 64, .deadline_ms = 1500, .arena_bytes = 1 << 20};
static const struct service producer = {.name = "learning",
                                        .number = SERVICE_learning,
                                        .doc = "A test.",
                                        .bindings = bindings,
                                        .limits = &limits,
                                        .sql = producer_sql};
static const struct service follower = {.name = "reporting",
                                        .number = SERVICE_reporting,
                                        .doc = "A test.",
                                        .bindings = bindings,
                                        .follows = follows,
                                        .ticks = ticks,
                                        .limits = &limits,
                                        .sql = follower_sql};
const struct startable startable[] = {{"producer", &producer}, {"follower", &follower}, {NULL, NULL}};

/* Before peer.h makes a service of this process: a lower number runs earlier. */
__attribute__((constructor(101))) static void open_shared_clock(void)
{
    const char *path = getenv("HOCVU_TEST_CLOCK");
    if (path)
        wall_clock_share(path);
}

static struct peer *peer_with_clock(void)
{
    struct peer *p = peer_open();
    char path[256];
    snprintf(path, sizeof(path), "%s/clock", p->dir);
    setenv("HOCVU_TEST_CLOCK", path, 1);
    wall_clock_share(path);
    return p;
}

/* --- Tests. --- */

Test(clock, only_the_wall_clock_is_set_back)
{
    struct peer *p = peer_with_clock();
    int64_t wall = now_us(), mono = mono_us();
    set_back();
    cr_expect_lt(now_us(), wall - INT64_C(3500) * 1000000);
    cr_expect_geq(mono_us(), mono);
    peer_close(p);
}

Test(clock, a_call_does_not_wait_for_the_clock_to_come_round)
{
    struct peer *p = peer_with_clock();
    int codes[2] = {0, 0};
    p->pid = start(p, &producer, "");
    wait_ready(p, SERVICE_learning);
    void *socket = raw_open(p);
    int64_t deadline = now_us() + 1500000; /* made before the step */
    set_back();
    for (uint32_t i = 1; i <= 8; i++) /* 400 ms each, one worker: the first four have time */
        raw_send(socket, i, M_lesson_complete, deadline, true, U(1), i < 8 ? ZMQ_SNDMORE : 0);
    for (int i = 0; i < 8; i++) {
        uint64_t id;
        int code = raw_receive(socket, 4000, &id, NULL);
        cr_assert(code == 0 || code == ERR_DEADLINE, "code %d", code);
        codes[code != 0]++;
    }
    cr_expect(codes[0] >= 1 && codes[0] <= 4, "%d were answered", codes[0]);
    cr_expect_geq(codes[1], 4);
    zmq_close(socket);
    peer_close(p);
}

Test(clock, events_and_ticks_go_on)
{
    struct peer *p = peer_with_clock();
    uint64_t id;
    harness_sql(p->h, "CREATE TABLE reporting.test_applied (lesson_id uuid);"
                      "CREATE TABLE reporting.test_ticked (at timestamptz DEFAULT now());"
                      "GRANT INSERT ON reporting.test_applied, reporting.test_ticked TO hocvu_reporting");
    p->pid = start(p, &producer, "");
    pid_t following = start(p, &follower, "");
    wait_ready(p, SERVICE_learning);
    wait_ready(p, SERVICE_reporting);
    void *socket = raw_open(p);
    raw_send(socket, 1, M_lesson_open, now_us() + 1000000, true, U(1), 0);
    cr_assert_eq(raw_receive(socket, 3000, &id, NULL), 0);
    wait_count(p, "SELECT count(*) FROM reporting.test_applied", 1);
    set_back();
    long ticked = count(p, "SELECT count(*) FROM reporting.test_ticked");
    raw_send(socket, 2, M_lesson_open, now_us() + 1000000, true, U(2), 0);
    cr_assert_eq(raw_receive(socket, 3000, &id, NULL), 0);
    wait_count(p, "SELECT count(*) FROM reporting.test_applied", 2);
    /* Without a wake-up from the producer: the follower asks by itself, the relay looks by itself. */
    harness_sql(p->h, "INSERT INTO learning.outbox (event, body) SELECT event, body FROM learning.outbox");
    wait_count(p, "SELECT count(*) FROM reporting.test_applied", 4);
    usleep(1500000);
    cr_expect_geq(count(p, "SELECT count(*) FROM reporting.test_ticked"), ticked + 3);
    cr_expect_eq(stop(following), 0);
    zmq_close(socket);
    peer_close(p);
}

Test(clock, back_off_ends)
{
    struct peer *p = peer_with_clock();
    struct stmt *const *const none[] = {NULL};
    struct pg_conf conf = {
        .database = "host=/nonexistent dbname=none", .application = "test", .statement_ms = 1000, .sql = none};
    struct pg pg;
    struct arena arena;
    struct span value;
    char path[256];
    pg_init(&pg, &conf);
    cr_assert_eq(pg_ensure(&pg), PG_AWAY);
    snprintf(path, sizeof(path), "%s/redis", p->dir);
    struct cache *cache = cache_new(path);
    arena_init(&arena, 4096);
    cache_put(cache, "test clock", SPAN("kept"), 60);
    set_back();
    cr_assert_eq(symlink(getenv("HOCVU_TEST_REDIS"), path), 0);
    usleep(1200000);
    pg_ensure(&pg);
    cr_expect_eq(pg.failures, 2, "it has tried again");
    /* Redis has 50 ms to answer, and may be late on a busy machine; the hour that the clock lost is not waited for. */
    bool found = false;
    for (int64_t end = mono_us() + 20000000; !found && mono_us() < end; usleep(100000)) {
        cache_put(cache, "test clock", SPAN("kept"), 60);
        found = cache_get(cache, &arena, "test clock", &value);
    }
    cr_expect(found);
    cache_free(cache);
    arena_release(&arena);
    pg_release(&pg);
    peer_close(p);
}

Test(clock, a_blocking_call_ends_in_time)
{
    struct peer *p = peer_with_clock();
    struct empty none = {0};
    struct health health;
    p->pid = start(p, &producer, "");
    wait_ready(p, SERVICE_learning);
    kill(p->pid, SIGSTOP); /* it takes the call and does not answer */
    pid_t stepper = fork();
    cr_assert(stepper >= 0);
    if (!stepper) {
        usleep(300000);
        set_back();
        _exit(0);
    }
    int64_t begun = mono_us();
    int code = bus_call_service(p->bus, SERVICE_learning, M_service_health, &msg_empty, &none, &msg_health, &health);
    cr_expect_eq(code, ERR_DEADLINE, "%d", code);
    cr_expect_lt(mono_us() - begun, 4500000, "its 3 s, whatever the clock says");
    waitpid(stepper, NULL, 0);
    kill(p->pid, SIGCONT);
    peer_close(p);
}
