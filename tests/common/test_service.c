/*
 * test_service.c - the skeleton, as a process of its own: a small service with the learning schema is started by
 * service_run in a child, and spoken to over real sockets.
 */
#include "bind_test.h"
#include "peer.h"
#include "pg_conn.h"
#include <libpq-fe.h>

/* --- The service under test. --- */

static struct stmt SQL_emit = {
    .name = "emit",
    .text = "WITH changed AS (SELECT :lesson_id::uuid AS lesson_id)"
            " INSERT INTO outbox (event, body, trace)"
            " SELECT 'lesson_completed', jsonb_build_object('person_id', :ctx_subject, 'programme_id', lesson_id,"
            " 'lesson_id', lesson_id, 'seconds', 1, 'completed_at', now()), :ctx_trace FROM changed",
    .in = &msg_lesson_step,
};
static struct stmt *const test_sql[] = {&SQL_emit, NULL};

/* The fault that drift is: a column of another type than the message declares. */
static struct stmt SQL_drift = {
    .name = "drift", .text = "SELECT 'text' AS beat_seconds", .in = NULL, .out = &msg_lesson_progress};
static struct stmt *const drift_sql[] = {&SQL_drift, NULL};

int on_lesson_open(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = 1;
    return pg_call(ctx, &SQL_emit, req, NULL);
}

int on_lesson_beat(struct ctx *ctx, struct batch *batch, const struct lesson_step *req,
                   struct lesson_progress *ret_reply)
{
    struct timespec wait = {0, 20000000};
    (void)ctx;
    nanosleep(&wait, NULL); /* so that calls gather behind it */
    for (size_t i = 0; i < batch->n; i++) {
        ret_reply[i].lesson_id = req[i].lesson_id;
        ret_reply[i].seconds = (uint32_t)batch->n;
        ret_reply[i].beat_seconds = 1;
        if (req[i].lesson_id.b[15] == 99)
            batch_fail(batch, i, ERR_STATE, "lesson_id");
    }
    return 0;
}

int on_lesson_complete(struct ctx *ctx, const struct lesson_step *req, struct lesson_progress *ret_reply)
{
    struct timespec wait = {0, 400000000};
    (void)ctx;
    nanosleep(&wait, NULL);
    ret_reply->lesson_id = req->lesson_id;
    ret_reply->beat_seconds = req->lesson_id.b[15] == 98 ? 0 : 1; /* 0 is out of bounds */
    return 0;
}

static const struct limits limits = {.workers = 3, .in_flight = 64, .deadline_ms = 5000, .arena_bytes = 16 << 20};
static const struct service test_service = {.name = "learning",
                                            .number = SERVICE_learning,
                                            .doc = "A test.",
                                            .bindings = bindings,
                                            .limits = &limits,
                                            .sql = test_sql};
static const struct service drift_service = {.name = "learning",
                                             .number = SERVICE_learning,
                                             .doc = "A test.",
                                             .bindings = bindings,
                                             .limits = &limits,
                                             .sql = drift_sql};

/* A follower of it, with the reporting schema; keeps what it applied as rows of its own cursor table's neighbour. */
static struct stmt SQL_keep = {
    .name = "keep",
    .text = "INSERT INTO test_applied (lesson_id) VALUES (:lesson_id)",
    .in = &msg_lesson_fact,
};
static struct stmt *const follow_sql[] = {&SQL_keep, NULL};

int on_event_lesson_completed(struct ctx *ctx, const struct lesson_fact *event)
{
    return pg_call(ctx, &SQL_keep, event, NULL);
}

int on_event_programme_published(struct ctx *ctx, const struct programme *event)
{
    (void)event;
    return fail(ctx, ERR_INTERNAL, "never sent");
}

static const struct follow follows[] = {FOLLOW(lesson_completed), FOLLOW_END};
static const struct service follow_service = {.name = "reporting",
                                              .number = SERVICE_reporting,
                                              .doc = "A test.",
                                              .bindings = bindings,
                                              .follows = follows,
                                              .limits = &limits,
                                              .sql = follow_sql};

/* The same beside a producer that is not there. */
static const struct follow more_follows[] = {FOLLOW(lesson_completed), FOLLOW(programme_published), FOLLOW_END};
static const struct service follow_more_service = {.name = "reporting",
                                                   .number = SERVICE_reporting,
                                                   .doc = "A test.",
                                                   .bindings = bindings,
                                                   .follows = more_follows,
                                                   .limits = &limits,
                                                   .sql = follow_sql};

const struct startable startable[] = {{"plain", &test_service},
                                      {"drift", &drift_service},
                                      {"follower", &follow_service},
                                      {"follower of two", &follow_more_service},
                                      {NULL, NULL}};

/* --- Calls. --- */

Test(service, answers_and_refuses_by_role)
{
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    struct lesson_progress progress;
    uint64_t id = 0;
    raw_send(socket, 7, M_lesson_open, soon(), true, U(1), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, &progress), 0);
    cr_expect_eq(id, 7);
    struct uuid one = U(1);
    cr_expect(uuid_equal(&progress.lesson_id, &one));
    raw_send(socket, 8, M_lesson_open, soon(), false, U(1), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), ERR_FORBIDDEN);
    raw_send(socket, 9, M_answer_save, soon(), true, U(1), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), ERR_NOT_FOUND, "a method of another service");
    raw_send(socket, 10, M_lesson_complete, soon(), true, U(98), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), ERR_INTERNAL, "a reply out of bounds is not the caller's fault");
    zmq_close(socket);
    peer_close(p);
}

Test(service, batches_grow_under_load_and_fail_one_by_one)
{
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    struct lesson_progress progress;
    uint32_t largest = 0, good = 0, refused = 0;
    uint64_t id;
    /* Behind the first, a call of someone without the role: the others' roles do not cover it. */
    raw_send(socket, 100, M_lesson_beat, soon(), true, U(1), ZMQ_SNDMORE);
    raw_send(socket, 101, M_lesson_beat, soon(), false, U(1), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, &progress), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), ERR_FORBIDDEN);
    cr_expect_eq(id, 101);
    for (uint32_t i = 0; i < 50; i++) /* one message of many pairs, as the gateway sends a turn of its loop */
        raw_send(socket, i + 1, M_lesson_beat, soon(), true, U(i == 20 ? 99 : 1), i < 49 ? ZMQ_SNDMORE : 0);
    for (int i = 0; i < 50; i++) {
        int code = raw_receive(socket, 3000, &id, &progress);
        refused += code == ERR_STATE && id == 21;
        good += code == 0;
        if (!code && progress.seconds > largest)
            largest = progress.seconds;
    }
    cr_expect_eq(good, 49);
    cr_expect_eq(refused, 1, "one call of a batch fails alone");
    cr_expect_gt(largest, 10);
    zmq_close(socket);
    peer_close(p);
}

Test(service, drops_expired_calls_and_sheds_load)
{
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    uint64_t id;
    int busy = 0, fine = 0;
    raw_send(socket, 1, M_lesson_open, now_us() - 1, true, U(1), 0);
    cr_expect_eq(raw_receive(socket, 200, &id, NULL), -1, "nobody waits for an expired call");
    for (uint32_t i = 0; i < 100; i++) /* 64 may be in flight; each takes 400 ms on one of three workers */
        raw_send(socket, i + 10, M_lesson_complete, now_us() + 60000000, true, U(1), 0);
    while (busy < 36) {
        int code = raw_receive(socket, 3000, &id, NULL);
        cr_assert(code == ERR_BUSY || code == 0, "code %d", code);
        busy += code == ERR_BUSY;
        fine += code == 0;
    }
    cr_expect_leq(fine, 6, "the refusals come first");
    zmq_close(socket);
    peer_close(p);
}

Test(service, does_not_run_a_call_that_expired_while_it_waited)
{
    struct peer *p = peer_open();
    int code[4] = {-1, -1, -1, -1};
    p->pid = start(p, &test_service, "workers = 1\n");
    wait_ready(p, SERVICE_learning);
    void *socket = raw_open(p);
    raw_send(socket, 1, M_lesson_complete, soon(), true, U(1), 0); /* keeps the one worker for 400 ms */
    raw_send(socket, 2, M_lesson_open, now_us() + 150000, true, U(1), 0);
    raw_send(socket, 3, M_lesson_open, soon(), true, U(2), 0);
    for (int i = 0; i < 3; i++) {
        uint64_t id = 0;
        int got = raw_receive(socket, 3000, &id, NULL);
        code[id & 3] = got;
    }
    cr_expect_eq(code[1], 0);
    cr_expect_eq(code[2], ERR_DEADLINE);
    cr_expect_eq(code[3], 0);
    cr_expect_eq(count(p, "SELECT count(*) FROM learning.outbox"), 1);
    zmq_close(socket);
    peer_close(p);
}

Test(service, survives_hostile_frames)
{
    static const struct {
        const char *bytes;
        size_t n;
    } hostile[] = {
        {"\xdd\xff\x00\x00\x00", 5},
        {"\xdf\xff\xff\xff\xff", 5},
        {"\xdb\xff\xff\xff\xff", 5},
        {"", 0},
        {"\x81", 1},
        {"\xc1", 1},
        {"garbage that is no map", 22},
        {"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91", 12},
    };
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    struct call_header head = {.call_id = 77, .method = M_lesson_open, .trace = SPAN("")};
    struct buf frame;
    uint64_t id;
    buf_init(&frame, 4096);
    head.deadline = soon() + 60000000;
    head.grants = &learner;
    head.n_grants = 1;
    PUT_FIELD(&head, call_header, subject, U(5));
    msg_pack(&msg_call_header, &head, &frame);
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        zmq_send(socket, hostile[i].bytes, hostile[i].n, 0); /* a single frame */
        zmq_send(socket, hostile[i].bytes, hostile[i].n, ZMQ_SNDMORE);
        zmq_send(socket, hostile[i].bytes, hostile[i].n, 0);
        zmq_send(socket, frame.p, frame.n, ZMQ_SNDMORE); /* a good header with a hostile body */
        zmq_send(socket, hostile[i].bytes, hostile[i].n, 0);
        int code = raw_receive(socket, 3000, &id, NULL);
        cr_expect(code == ERR_SYNTAX || code == ERR_TYPE || code == ERR_MISSING || code == ERR_TOO_LARGE,
                  "case %zu gave %d", i, code);
        cr_expect_eq(id, 77);
    }
    zmq_send(socket, frame.p, frame.n - 1, ZMQ_SNDMORE); /* a header that is broken behind what the router reads */
    zmq_send(socket, "\x80", 1, 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), ERR_SYNTAX);
    cr_expect_eq(id, 77);
    char *huge = calloc(1, proto_max_packed() + 4096);
    zmq_send(socket, huge, proto_max_packed() + 4096, 0); /* closes the connection before it is read */
    free(huge);
    zmq_close(socket);
    socket = raw_open(p);
    raw_send(socket, 5, M_lesson_open, soon(), true, U(1), 0);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), 0);
    buf_release(&frame);
    zmq_close(socket);
    peer_close(p);
}

Test(service, finishes_what_is_in_flight_on_sigterm)
{
    struct empty none = {0};
    struct health health = {0};
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    uint64_t id;
    int status;
    raw_send(socket, 1, M_lesson_complete, soon(), true, U(1), 0);
    for (int i = 0; i < 50 && health.in_flight < 2; i++) { /* it, and the question */
        cr_assert_eq(
            bus_call_service(p->bus, SERVICE_learning, M_service_health, &msg_empty, &none, &msg_health, &health), 0);
        usleep(2000);
    }
    kill(p->pid, SIGTERM);
    cr_expect_eq(raw_receive(socket, 3000, &id, NULL), 0);
    waitpid(p->pid, &status, 0);
    cr_expect_eq(status, 0);
    p->pid = 0;
    zmq_close(socket);
    peer_close(p);
}

Test(service, notices_idle_connections_that_broke_before_a_call_does)
{
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    uint64_t id;
    harness_sql(p->h, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hocvu_learning'"
                      " AND datname = current_database()");
    usleep(200000); /* until the backends are gone */
    for (uint64_t i = 1; i <= 20; i++) {
        raw_send(socket, i, M_lesson_open, soon(), true, U(1), 0);
        cr_expect_eq(raw_receive(socket, 3000, &id, NULL), 0);
    }
    zmq_close(socket);
    peer_close(p);
}

Test(service, errors_of_statements_do_not_quote_rows)
{
    struct harness *h = harness_open("learning", test_sql, false, NULL);
    PGresult *result = PQexec(h->ctx.pg->conn, "INSERT INTO evidence VALUES ('00000000-0000-0000-0000-000000000001',"
                                               " '00000000-0000-0000-0000-000000000002', now(), 'secret', 0, 0)");
    cr_expect_str_eq(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23514");
    cr_expect_not_null(strstr(PQresultErrorMessage(result), "evidence_what_check"));
    cr_expect_null(strstr(PQresultErrorMessage(result), "secret"), "%s", PQresultErrorMessage(result));
    PQclear(result);
    harness_close(h);
}

/* --- Boot. --- */

static int check_exit(const struct service *service, const char *more)
{
    struct peer *p = peer_open();
    char path[256], text[1024];
    int status;
    snprintf(path, sizeof(path), "%s/check.conf", p->dir);
    snprintf(text, sizeof(text),
             "database = host=%s dbname=%s user=hocvu_learning\nbus_dir = %s\nlog_level = error\n%s",
             getenv("HOCVU_TEST_PG"), database_of(p), p->dir, more);
    write_file(path, text);
    pid_t pid = spawn(service, path, true);
    waitpid(pid, &status, 0);
    peer_close(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(service, check_accepts_a_good_configuration)
{
    cr_expect_eq(check_exit(&test_service, ""), 0);
}

Test(service, drift_fails_the_boot)
{
    cr_expect_eq(check_exit(&drift_service, ""), 1);
}

Test(service, bad_configuration_fails_the_boot)
{
    cr_expect_eq(check_exit(&test_service, "workers = 65\n"), 1);
    cr_expect_eq(check_exit(&test_service, "wrokers = 5\n"), 1);
    cr_expect_eq(check_exit(&test_service, "database_password = /nonexistent/file\n"), 1);
    cr_expect_eq(check_exit(&test_service, "log_level = loud\n"), 1);
}

/* --- Events. --- */

/* What the follower writes into. */
static void make_applied(struct peer *p)
{
    harness_sql(p->h, "CREATE TABLE reporting.test_applied (lesson_id uuid); "
                      "GRANT INSERT ON reporting.test_applied TO hocvu_reporting");
}

Test(service, events_are_numbered_without_holes_and_applied_once)
{
    struct peer *p = peer_start(&test_service);
    void *socket = raw_open(p);
    uint64_t id;
    make_applied(p);
    pid_t follower = start(p, &follow_service, "");
    wait_ready(p, SERVICE_reporting);
    for (uint32_t i = 1; i <= 300; i++) {
        raw_send(socket, i, M_lesson_open, soon(), true, U(i), 0);
        cr_assert_eq(raw_receive(socket, 3000, &id, NULL), 0);
        if (i % 100 == 0) { /* the follower dies where it stands, and again */
            kill(follower, SIGKILL);
            waitpid(follower, NULL, 0);
            follower = start(p, &follow_service, "");
        }
        if (i == 150) { /* so does the producer: nothing acknowledged may be lost */
            kill(p->pid, SIGKILL);
            waitpid(p->pid, NULL, 0);
            p->pid = start(p, &test_service, "");
            wait_ready(p, SERVICE_learning);
        }
    }
    wait_count(p, "SELECT count(*) FROM reporting.test_applied", 300);
    cr_expect_eq(count(p, "SELECT count(DISTINCT lesson_id) FROM reporting.test_applied"), 300);
    cr_expect_eq(count(p, "SELECT max(seq) FROM learning.outbox"), 300);
    cr_expect_eq(count(p, "SELECT seq FROM reporting.follow_cursor WHERE producer = 'learning'"), 300);
    /* A row that commits late with an older id is numbered after what was numbered before it. */
    harness_sql(p->h, "INSERT INTO learning.outbox (id, event, body) OVERRIDING SYSTEM VALUE VALUES (0, "
                      "'lesson_completed', '{\"person_id\":\"00000000-0000-0000-0000-000000000001\",\"programme_id\":"
                      "\"00000000-0000-0000-0000-000000000001\",\"lesson_id\":\"00000000-0000-0000-0000-0000000003e7\","
                      "\"seconds\":1,\"completed_at\":\"2026-01-01T00:00:00Z\"}')");
    wait_count(p, "SELECT count(*) FROM reporting.test_applied", 301);
    cr_expect_eq(count(p, "SELECT seq FROM learning.outbox WHERE id = 0"), 301);
    cr_expect_eq(stop(follower), 0);
    zmq_close(socket);
    peer_close(p);
}

/* More than one statement numbers, and then a row below all ids that the relay still looks at. */
Test(service, a_backlog_and_what_commits_late_are_numbered)
{
    static const char insert[] = "INSERT INTO learning.outbox (id, event, body) OVERRIDING SYSTEM VALUE"
                                 " SELECT g, 'lesson_completed', '{}' FROM generate_series(%d, %d) AS g";
    struct peer *p = peer_start(&test_service);
    harness_sql(p->h, insert, 1, 20000);
    wait_count(p, "SELECT max(seq) FROM learning.outbox", 20000);
    for (int i = 1; i <= 5; i++) { /* time passes while events come */
        sleep(1);
        harness_sql(p->h, insert, 20000 + i, 20000 + i);
        wait_count(p, "SELECT max(seq) FROM learning.outbox", 20000 + i);
    }
    harness_sql(p->h, insert, -5, -5);
    wait_count(p, "SELECT seq FROM learning.outbox WHERE id = -5", 20006);
    cr_expect_eq(count(p, "SELECT count(DISTINCT seq) FROM learning.outbox"), 20006);
    cr_expect_eq(count(p, "SELECT seq FROM learning.outbox_head"), 20006);
    cr_expect_eq(count(p, "SELECT count(*) FROM learning.outbox WHERE id BETWEEN 1 AND 20005 AND seq <> id"), 0);
    peer_close(p);
}

/* Two relays that number at once would number a row twice. */
Test(service, a_relay_whose_connection_broke_takes_the_lock_again)
{
    static const char held[] = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                               " WHERE l.locktype = 'advisory' AND l.granted AND a.usename = 'hocvu_learning'"
                               " AND a.datname = current_database()";
    struct peer *p = peer_start(&test_service);
    wait_count(p, held, 1);
    harness_sql(p->h, "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
                      " WHERE usename = 'hocvu_learning' AND datname = current_database()");
    wait_count(p, held, 1);
    harness_sql(p->h, "INSERT INTO learning.outbox (event, body) VALUES ('lesson_completed', '{}')");
    wait_count(p, "SELECT count(*) FROM learning.outbox WHERE seq = 1", 1);
    cr_expect_eq(count(p, held), 1);
    peer_close(p);
}

Test(service, a_producer_that_is_away_does_not_hide_that_another_is_stuck)
{
    struct peer *p = peer_start(&test_service);
    struct empty none = {0};
    struct health health;
    int healthy = 0;
    make_applied(p);
    harness_sql(p->h, "INSERT INTO learning.outbox (event, body) VALUES ('lesson_completed', '{\"person_id\": 5}')");
    pid_t follower = start(p, &follow_more_service, "");
    wait_ready(p, SERVICE_reporting);
    sleep(2); /* both have been asked */
    for (int i = 0; i < 80; i++, usleep(50000)) {
        cr_assert_eq(
            bus_call_service(p->bus, SERVICE_reporting, M_service_health, &msg_empty, &none, &msg_health, &health), 0);
        healthy += health.healthy;
    }
    cr_expect_eq(healthy, 0);
    cr_expect_eq(stop(follower), 0);
    peer_close(p);
}

Test(service, an_event_that_is_not_as_declared_holds_the_stream)
{
    struct peer *p = peer_start(&test_service);
    struct events_query query = {.after = 0, .most = 10};
    struct events_page page;
    harness_sql(p->h, "INSERT INTO learning.outbox (event, body) VALUES ('lesson_completed', '{\"person_id\": 5}')");
    wait_count(p, "SELECT count(*) FROM learning.outbox WHERE seq = 1", 1);
    cr_expect_eq(
        bus_call_service(p->bus, SERVICE_learning, M_events_since, &msg_events_query, &query, &msg_events_page, &page),
        ERR_INTERNAL);
    peer_close(p);
}

/* --- CURVE. --- */

static void make_keys(const char *dir, const char *name, char public_key[41], bool known)
{
    char secret[41], path[256], text[128];
    cr_assert_eq(zmq_curve_keypair(public_key, secret), 0);
    snprintf(path, sizeof(path), "%s/%s.curve", dir, name);
    snprintf(text, sizeof(text), "%s\n%s\n", public_key, secret);
    write_file(path, text);
    snprintf(path, sizeof(path), "%s/known", dir);
    FILE *file = fopen(path, "ae");
    if (known)
        fprintf(file, "%s %s\n", name, public_key);
    fclose(file);
}

static int tcp_call(struct peer *p, const char *peers, const char *key_name, char *known)
{
    char path[256], key[256] = "";
    struct bus_conf conf = {.bus_dir = p->dir, .peers = peers};
    struct empty none = {0};
    struct health health;
    snprintf(path, sizeof(path), "%s/%s.curve", p->dir, key_name);
    FILE *file = fopen(path, "re");
    cr_assert(file);
    conf.curve_key = (struct conf_secret){.bytes = key, .n = fread(key, 1, sizeof(key) - 1, file)};
    fclose(file);
    conf.curve_known = (struct conf_secret){.bytes = known, .n = strlen(known)};
    struct bus *bus = bus_new(p->zmq, &conf, 1500);
    int code = bus_call_service(bus, SERVICE_learning, M_service_health, &msg_empty, &none, &msg_health, &health);
    bus_free(bus);
    return code;
}

Test(service, tcp_speaks_only_to_known_keys)
{
    struct peer *p = peer_open();
    char server[41], friend[41], stranger[41], more[1024], peers[128], known[256];
    int port = 20000 + getpid() % 20000;
    make_keys(p->dir, "learning", server, true);
    make_keys(p->dir, "friend", friend, true);
    make_keys(p->dir, "stranger", stranger, false);
    snprintf(more, sizeof(more),
             "listen_call = tcp://127.0.0.1:%d\nlisten_events = tcp://127.0.0.1:%d\ncurve_key = %s/learning.curve\n"
             "curve_known = %s/known\n",
             port, port + 1, p->dir, p->dir);
    snprintf(peers, sizeof(peers), "learning=tcp://127.0.0.1:%d|tcp://127.0.0.1:%d", port, port + 1);
    snprintf(known, sizeof(known), "learning %s\n", server);
    p->pid = start(p, &test_service, more);
    int code = ERR_UNAVAILABLE;
    for (int i = 0; i < 30 && code; i++)
        code = tcp_call(p, peers, "friend", known);
    cr_expect_eq(code, 0, "a known key is served");
    cr_expect_neq(tcp_call(p, peers, "stranger", known), 0, "an unknown key is not");
    void *plain = zmq_socket(p->zmq, ZMQ_DEALER); /* nor is someone without CURVE */
    char endpoint[64];
    int linger = 0;
    uint64_t id;
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", port);
    zmq_setsockopt(plain, ZMQ_LINGER, &linger, sizeof(linger));
    cr_assert_eq(zmq_connect(plain, endpoint), 0);
    raw_send(plain, 1, M_lesson_open, soon(), true, U(1), 0);
    cr_expect_eq(raw_receive(plain, 1000, &id, NULL), -1);
    zmq_close(plain);
    peer_close(p);
}
