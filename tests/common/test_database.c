/*
 * test_database.c - statements that PostgreSQL refuses: what the handler is told, that it can try again, and that a
 * service neither floods its log nor stays ill. What happens when the whole server goes down is in test_crash.c.
 */
#include "bind_test.h"
#include "no_beat.h"
#include "peer.h"
#include "pg_conn.h"
#include <pthread.h>

/* --- The service under test: each write goes through a function that can be told to have no room left. --- */

static struct stmt SQL_write = {
    .name = "write",
    .text = "SELECT test_write(:lesson_id) AS lesson_id, 0::bigint AS seconds, 0::bigint AS min_seconds,"
            " 1 AS beat_seconds",
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
    (void)req;
    (void)ret_reply;
    return fail(ctx, ERR_STATE, "unused");
}

static const struct limits limits = {.workers = 2, .in_flight = 2000, .deadline_ms = 5000, .arena_bytes = 1 << 20};
static const struct service writer = {.name = "learning",
                                      .number = SERVICE_learning,
                                      .doc = "A test.",
                                      .bindings = bindings,
                                      .limits = &limits,
                                      .sql = write_sql};
const struct startable startable[] = {{"writer", &writer}, {NULL, NULL}};

enum { CALLS = 300 };

/* Sends many calls; how many were answered with `code`. */
static int answered(void *socket, int code)
{
    int n = 0;
    for (uint32_t i = 1; i <= CALLS; i++)
        raw_send(socket, i, M_lesson_open, soon(), true, U(1), 0);
    for (uint32_t i = 1; i <= CALLS; i++) {
        uint64_t id;
        n += raw_receive(socket, 3000, &id, NULL) == code;
    }
    return n;
}

Test(database, a_full_disk_is_unavailability_said_once_a_second)
{
    struct peer *p = peer_open();
    harness_sql(p->h, "CREATE TABLE learning.test_full (); GRANT SELECT ON learning.test_full TO hocvu_learning;"
                      "CREATE FUNCTION learning.test_write(id uuid) RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN"
                      " IF EXISTS (SELECT FROM learning.test_full) THEN"
                      " RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END IF;"
                      " RETURN id; END $$");
    log_to_file(p);
    p->pid = start(p, &writer, "");
    wait_ready(p, SERVICE_learning);
    void *socket = raw_open(p);
    cr_expect_eq(answered(socket, 0), CALLS);
    harness_sql(p->h, "INSERT INTO learning.test_full DEFAULT VALUES");
    int64_t begun = mono_us();
    cr_expect_eq(answered(socket, ERR_UNAVAILABLE), CALLS);
    int said = count_logged(p, "could not extend file"), most = (int)((mono_us() - begun) / 1000000) + 1;
    cr_expect(said >= 1 && said <= most, "%d lines", said);
    harness_sql(p->h, "DELETE FROM learning.test_full");
    cr_expect_eq(answered(socket, 0), CALLS, "there is room again, and nothing else is needed");
    zmq_close(socket);
    peer_close(p);
}

Test(database, sqlstate_becomes_a_code)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        {"DO 'BEGIN RAISE SQLSTATE ''40P01''; END'", ERR_BUSY},        /* deadlock */
        {"DO 'BEGIN RAISE SQLSTATE ''40001''; END'", ERR_BUSY},        /* serialization */
        {"DO 'BEGIN RAISE SQLSTATE ''55P03''; END'", ERR_BUSY},        /* lock not available */
        {"DO 'BEGIN RAISE SQLSTATE ''23505''; END'", ERR_CONFLICT},    /* unique violation */
        {"DO 'BEGIN RAISE SQLSTATE ''53100''; END'", ERR_UNAVAILABLE}, /* disk full */
        {"DO 'BEGIN RAISE SQLSTATE ''53200''; END'", ERR_UNAVAILABLE}, /* out of memory */
        {"DO 'BEGIN RAISE SQLSTATE ''58030''; END'", ERR_UNAVAILABLE}, /* input or output failed */
        {"DO 'BEGIN RAISE SQLSTATE ''57P02''; END'", ERR_UNAVAILABLE}, /* immediate shutdown */
        {"DO 'BEGIN RAISE SQLSTATE ''57014''; END'", ERR_DEADLINE},    /* statement_timeout */
        {"DO 'BEGIN RAISE SQLSTATE ''42P01''; END'", ERR_INTERNAL},
    };
    struct harness *h = harness_open("learning", NULL, false, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(pg_simple(h->ctx.pg, cases[i].text), cases[i].code, "%s", cases[i].text);
    harness_close(h);
}

/* --- A batch against another process. --- */

#define ONE_ROW ", 0::bigint AS min_seconds, 1 AS beat_seconds"
/* Locks the rows in the order of their names. */
static struct stmt SQL_hold = {
    .name = "hold",
    .text = "WITH held AS (SELECT producer, seq FROM follow_cursor"
            "               WHERE producer = ANY (:lesson_id::uuid[]::text[]) ORDER BY producer FOR UPDATE)"
            " SELECT u.ord, u.id AS lesson_id, held.seq AS seconds" ONE_ROW
            "  FROM unnest(:lesson_id::uuid[]) WITH ORDINALITY AS u (id, ord) JOIN held ON held.producer = u.id::text",
    .in = &msg_lesson_step,
    .out = &msg_lesson_progress,
    .kind = STMT_BATCH,
};
/* Makes the rows that it does not see, and tells of all. */
static struct stmt SQL_make = {
    .name = "make",
    .text = "WITH asked AS (SELECT id, ord FROM unnest(:lesson_id::uuid[]) WITH ORDINALITY AS u (id, ord)),"
            " made AS (INSERT INTO follow_cursor (producer, seq) SELECT id::text, 1 FROM asked"
            "           WHERE NOT EXISTS (SELECT FROM follow_cursor WHERE producer = id::text)"
            "          RETURNING producer, seq),"
            " known AS (SELECT producer, seq FROM made UNION ALL SELECT producer, seq FROM follow_cursor)"
            " SELECT ord, id AS lesson_id, seq AS seconds" ONE_ROW " FROM asked JOIN known ON producer = id::text",
    .in = &msg_lesson_step,
    .out = &msg_lesson_progress,
    .kind = STMT_BATCH,
};
/* Whose session it is; the nil UUID for none. */
static struct stmt SQL_whose = {
    .name = "whose",
    .text = "SELECT ord, coalesce(session, '00000000-0000-0000-0000-000000000000') AS lesson_id,"
            " (person IS NOT NULL)::int::bigint AS seconds" ONE_ROW
            "  FROM unnest(:ctx_session, :ctx_subject, :lesson_id::uuid[])"
            "  WITH ORDINALITY AS u (session, person, id, ord)",
    .in = &msg_lesson_step,
    .out = &msg_lesson_progress,
    .kind = STMT_BATCH,
};
static struct stmt *const batch_sql[] = {&SQL_hold, &SQL_make, &SQL_whose, NULL};

/* The other process: begins, runs `first`, waits until the batch waits for it, runs `then`. */
struct other {
    char conninfo[512];
    const char *first, *then;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool holds;
    pthread_t thread;
};

static void other_run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    cr_assert(PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

static void *other_thread(void *arg)
{
    static const char waits[] = "SELECT FROM pg_stat_activity WHERE usename = 'hocvu_learning' AND"
                                " datname = current_database() AND wait_event_type = 'Lock'";
    struct other *other = arg;
    PGconn *conn = PQconnectdb(other->conninfo);
    cr_assert(PQstatus(conn) == CONNECTION_OK);
    /* In a deadlock the one that looks for it first is the one that fails: the batch. */
    other_run(conn, "SET deadlock_timeout = '60s'");
    other_run(conn, "BEGIN");
    other_run(conn, other->first);
    pthread_mutex_lock(&other->lock);
    other->holds = true;
    pthread_cond_signal(&other->changed);
    pthread_mutex_unlock(&other->lock);
    PGconn *looking = PQconnectdb(other->conninfo);
    for (int i = 0, n = 0; i < 500 && !n; i++, usleep(10000)) {
        PGresult *result = PQexec(looking, waits);
        n = PQntuples(result);
        PQclear(result);
    }
    PQfinish(looking);
    other_run(conn, other->then);
    other_run(conn, "COMMIT");
    PQfinish(conn);
    return NULL;
}

static void other_begin(struct other *other, struct harness *h, const char *first, const char *then)
{
    *other = (struct other){.first = first, .then = then};
    snprintf(other->conninfo, sizeof(other->conninfo),
             "host=%s dbname=%s user=postgres options='-c search_path=learning'", getenv("HOCVU_TEST_PG"),
             harness_get(h, "SELECT current_database()"));
    pthread_mutex_init(&other->lock, NULL);
    pthread_cond_init(&other->changed, NULL);
    cr_assert_eq(pthread_create(&other->thread, NULL, other_thread, other), 0);
    pthread_mutex_lock(&other->lock);
    while (!other->holds)
        pthread_cond_wait(&other->changed, &other->lock);
    pthread_mutex_unlock(&other->lock);
}

/*
 * A batch handler that tries again; keeps what the first try gave. More than once, because after a deadlock it may get
 * its first lock again before the other one does.
 */
static struct stmt *tried;
static int first_code;

static int try_again(struct ctx *ctx, struct batch *batch, const void *reqs, void *ret_replies)
{
    int code = pg_batch(ctx, batch, tried, reqs, ret_replies);
    first_code = code;
    for (int i = 0; i < 9 && (code == ERR_BUSY || code == ERR_CONFLICT); i++)
        code = pg_batch(ctx, batch, tried, reqs, ret_replies);
    return code;
}

#define ROW_1 "'00000000-0000-0000-0000-000000000001'"
#define ROW_2 "'00000000-0000-0000-0000-000000000002'"

Test(database, a_batch_can_try_again_after_a_deadlock)
{
    struct harness *h = harness_open("learning", batch_sql, false, NULL);
    struct lesson_step reqs[2] = {{.lesson_id = U(2)}, {.lesson_id = U(1)}};
    struct lesson_progress replies[2] = {0};
    struct fault faults[2];
    struct other other;
    harness_sql(h, "INSERT INTO follow_cursor (producer, seq) VALUES (" ROW_1 ", 10), (" ROW_2 ", 20)");
    other_begin(&other, h, "UPDATE follow_cursor SET seq = seq + 1 WHERE producer = " ROW_2,
                "UPDATE follow_cursor SET seq = seq + 1 WHERE producer = " ROW_1);
    tried = &SQL_hold;
    cr_expect_eq(harness_batch(h, try_again, 2, NULL, reqs, replies, faults), 0);
    pthread_join(other.thread, NULL);
    cr_expect_eq(first_code, ERR_BUSY, "%d", first_code);
    cr_expect_eq(faults[0].code, 0);
    cr_expect_eq(faults[1].code, 0);
    cr_expect_eq(replies[0].seconds, 21);
    cr_expect_eq(replies[1].seconds, 11);
    harness_close(h);
}

Test(database, a_batch_can_try_again_when_another_was_faster)
{
    struct harness *h = harness_open("learning", batch_sql, false, NULL);
    struct lesson_step reqs[2] = {{.lesson_id = U(1)}, {.lesson_id = U(2)}};
    struct lesson_progress replies[2] = {0};
    struct fault faults[2];
    struct other other;
    other_begin(&other, h, "INSERT INTO follow_cursor (producer, seq) VALUES (" ROW_2 ", 7)", "SET LOCAL jit = off");
    tried = &SQL_make;
    cr_expect_eq(harness_batch(h, try_again, 2, NULL, reqs, replies, faults), 0);
    pthread_join(other.thread, NULL);
    cr_expect_eq(first_code, ERR_CONFLICT, "%d", first_code);
    cr_expect_eq(faults[0].code, 0);
    cr_expect_eq(faults[1].code, 0);
    cr_expect_eq(replies[0].seconds, 1);
    cr_expect_eq(replies[1].seconds, 7);
    harness_close(h);
}

Test(database, each_call_of_a_batch_has_its_own_session)
{
    struct harness *h = harness_open("learning", batch_sql, false, NULL);
    struct call_header heads[3] = {{.trace = SPAN("")}, {.trace = SPAN("")}, {.trace = SPAN("")}};
    const struct call_header *pointers[3] = {&heads[0], &heads[1], &heads[2]};
    struct lesson_step reqs[3] = {{.lesson_id = U(1)}, {.lesson_id = U(1)}, {.lesson_id = U(1)}};
    struct lesson_progress replies[3] = {0};
    struct fault faults[3] = {{0, ""}};
    struct batch batch = {.n = 3, .head = pointers, .fault = faults};
    struct uuid sessions[3] = {U(31), U(0), U(33)};
    PUT_FIELD(&heads[0], call_header, session_id, sessions[0]);
    PUT_FIELD(&heads[0], call_header, subject, U(5));
    PUT_FIELD(&heads[2], call_header, session_id, sessions[2]);
    cr_expect_eq(pg_batch(&h->ctx, &batch, &SQL_whose, reqs, replies), 0);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(faults[i].code, 0);
        cr_expect(uuid_equal(&replies[i].lesson_id, &sessions[i]), "call %zu", i);
        cr_expect_eq(replies[i].seconds, i == 0);
    }
    harness_close(h);
}
