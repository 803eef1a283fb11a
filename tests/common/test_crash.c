/*
 * test_crash.c - PostgreSQL goes down in the middle of work and comes up again, as after an immediate shutdown: one of
 * its processes is ended so that the server ends all others and recovers. It is the server of all tests, so this
 * program has this test alone.
 */
#include "bind_test.h"
#include "no_beat.h"
#include "peer.h"

static struct stmt SQL_write = {
    .name = "write",
    .text = "WITH made AS (INSERT INTO outbox (event, body) SELECT 'lesson_completed', jsonb_build_object('person_id',"
            " id, 'programme_id', id, 'lesson_id', id, 'seconds', 1, 'completed_at', now())"
            " FROM (SELECT :lesson_id::uuid AS id) AS asked RETURNING id)"
            " SELECT :lesson_id::uuid AS lesson_id, 0::bigint AS seconds, 0::bigint AS min_seconds, 1 AS beat_seconds"
            " FROM made, pg_sleep(0.005)",
    .in = &msg_lesson_step,
    .out = &msg_lesson_progress,
};
static struct stmt *const write_sql[] = {&SQL_write, NULL};

int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    return pg_call(ctx, &SQL_write, req, ret_reply);
}

int on_lesson_complete(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_write, req, ret_reply);
    return code ? code : pg_commit(ctx);
}

/* A tick must not keep the thread turning while there is no database. */
static int tick(struct ctx *ctx)
{
    (void)ctx;
    return 0;
}

static const struct tick ticks[] = {{"tick", 100, tick}, TICK_END};
static const struct limits limits = {.workers = 3, .in_flight = 2000, .deadline_ms = 5000, .arena_bytes = 1 << 20};
static const struct service writer = {.name = "learning",
                                      .number = SERVICE_learning,
                                      .doc = "A test.",
                                      .bindings = bindings,
                                      .ticks = ticks,
                                      .limits = &limits,
                                      .sql = write_sql};
const struct startable startable[] = {{"writer", &writer}, {NULL, NULL}};

enum { EVERY_MS = 10, WELL_IN_A_ROW = 200, MOST_S = 60 };

Test(crash, a_service_outlives_its_database)
{
    struct peer *p = peer_open();
    log_to_file(p);
    p->pid = start(p, &writer, "");
    wait_ready(p, SERVICE_learning);
    void *socket = raw_open(p);
    pid_t backend = (pid_t)count(p, "SELECT pid FROM pg_stat_activity WHERE usename = 'hocvu_learning' LIMIT 1");
    cr_assert_gt(backend, 1);
    harness_sql(p->h, "CHECKPOINT"); /* recovery has little to do */
    int64_t begun = mono_us();
    int well = 0, unwell = 0;
    for (uint32_t i = 1; well < WELL_IN_A_ROW && mono_us() - begun < MOST_S * INT64_C(1000000); i++) {
        uint64_t id;
        if (i == 50)
            cr_assert_eq(kill(backend, SIGQUIT), 0);
        raw_send(socket, i, i % 2 ? M_lesson_open : M_lesson_complete, soon(), true, U(i), 0);
        int code = raw_receive(socket, 5000, &id, NULL);
        cr_expect(code == 0 || code == ERR_UNAVAILABLE, "code %d", code);
        unwell += code != 0;
        well = code || i < 50 ? 0 : well + 1;
        usleep(EVERY_MS * 1000);
    }
    int seconds = (int)((mono_us() - begun) / 1000000) + 1, lines = count_logged(p, "");
    cr_expect_geq(well, WELL_IN_A_ROW, "it is well again");
    cr_expect_gt(unwell, 0);
    cr_expect_leq(lines, 6 * seconds, "%d lines in %d s", lines, seconds);
    zmq_close(socket);
    peer_close(p);
}
