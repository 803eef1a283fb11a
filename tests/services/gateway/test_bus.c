/*
 * test_bus.c - services that are away, silent, slow, killed, or talk nonsense; clients that go away; many at once; the
 * end of the process. The peers are ROUTERs of the test (edge.h).
 */
#include "edge.h"

static struct edge *e;
static struct peer *assessment;
static const char *token;

static void open_with(const char *rows)
{
    e = edge_open();
    assessment = peer_open(e, "assessment");
    edge_start(e, rows);
    token = edge_token(e, LEARNER);
}

static void open_edge(void)
{
    open_with("");
}

static void close_edge(void)
{
    edge_close(e);
}

static const char *put_answer(void)
{
    return edge_text(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY);
}

/* An answer for another position, so that replies can be told apart. */
static const char *put_position(int position)
{
    return edge_text(e, "PUT",
                     arena_printf(&e->arena, "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/%d", position),
                     token, NULL, ANSWER_BODY);
}

/* A request that waits at the service. */
static int asked(const char *text)
{
    int fd = edge_connect(e);
    size_t before = assessment->n_calls;
    edge_say(fd, text);
    peer_await(assessment, before + 1);
    return fd;
}

Test(bus, nobody_there, .init = open_edge, .fini = close_edge)
{
    int64_t began = edge_ms();
    struct response r = edge_ask(e, "GET", "/v1/certificates/HV-1", NULL, NULL, NULL);
    assert_error(r, 503, "unavailable", "certification");
    cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "2");
    cr_assert_lt(edge_ms() - began, 1000, "at once, not at the deadline");
    cr_assert_geq(edge_metric(e, "hocvu_bus_refused_total{service=\"certification\"}"), 1);
}

Test(bus, errors_of_services, .init = open_edge, .fini = close_edge)
{
    static const struct {
        int code;
        const char *field;
        int status;
        const char *name, *shown;
    } rows[] = {
        {ERR_STATE, "attempt_id", 409, "state", "attempt_id"},
        {ERR_TIME_OVER, NULL, 409, "time_over", ""},
        {ERR_NOT_FOUND, "attempt_id", 404, "not_found", "attempt_id"},
        {ERR_BUSY, "assessment", 503, "busy", "assessment"},
        {ERR_INTERNAL, NULL, 500, "internal", ""},
        {9999, NULL, 500, "internal", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = asked(put_answer());
        peer_fail(assessment, assessment->calls, rows[i].code, rows[i].field);
        peer_forget(assessment);
        struct response r = edge_read(e, fd);
        assert_error(r, rows[i].status, rows[i].name, rows[i].shown);
        if (rows[i].status == 503)
            cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "1");
        close(fd);
    }
}

Test(bus, replies_that_say_come_back, .init = open_edge, .fini = close_edge)
{
    static const struct {
        uint32_t ms;
        const char *seconds;
    } rows[] = {{0, "1"}, {1, "1"}, {1000, "1"}, {1001, "2"}, {2500, "3"}, {600000, "600"}};
    struct answer_save answer;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct reply_header later = {.code = 0};
        PUT_FIELD(&later, reply_header, retry_ms, rows[i].ms);
        int fd = asked(put_answer());
        const struct call *call = assessment->calls;
        call_body(e, call, &msg_answer_save, &answer);
        struct answer_receipt receipt = receipt_of(&answer);
        peer_send(assessment, &call, 1, later, &msg_answer_receipt, &receipt);
        struct response r = edge_read(e, fd);
        cr_assert(r.status == 202 && strstr(r.body, "\"position\":7,"), "%d %s", r.status, r.body);
        cr_assert_str_eq(edge_header(e, &r, "Retry-After"), rows[i].seconds);
        cr_assert_str_eq(edge_header(e, &r, "Content-Type"), "application/json");
        /* The next reply, over the same connection, is final. */
        peer_forget(assessment);
        edge_say(fd, put_answer());
        answer_call(assessment, peer_await(assessment, 1));
        peer_forget(assessment);
        r = edge_read(e, fd);
        cr_assert_eq(r.status, 200);
        cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "");
        close(fd);
    }
    long n = (long)(sizeof(rows) / sizeof(rows[0]));
    cr_assert_eq(edge_metric(e, "hocvu_http_requests_total{method=\"answer_save\",status=\"202\"}"), n);

    /* More than the header may say is no reply; with an error it says nothing. */
    struct reply_header wrong = {.code = 0};
    PUT_FIELD(&wrong, reply_header, retry_ms, 600001);
    int fd = asked(put_answer());
    const struct call *call = assessment->calls;
    peer_send(assessment, &call, 1, wrong, NULL, NULL);
    edge_await(e, "hocvu_bus_malformed_total{service=\"assessment\"}", 1);
    wrong.retry_ms = 9000;
    wrong.code = ERR_STATE;
    peer_send(assessment, &call, 1, wrong, NULL, NULL);
    struct response r = edge_read(e, fd);
    assert_error(r, 409, "state", "");
    cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "");
    close(fd);
}

static void send_raw(const struct call *call, const char *head, size_t n_head, const char *body, size_t n_body,
                     bool pair)
{
    zmq_send(assessment->socket, call->peer, call->n_peer, ZMQ_SNDMORE);
    zmq_send(assessment->socket, head, n_head, pair ? ZMQ_SNDMORE : 0);
    if (pair)
        zmq_send(assessment->socket, body, n_body, 0);
}

Test(bus, replies_that_are_nonsense, .init = open_edge, .fini = close_edge)
{
    static const struct empty nothing;
    int fd = asked(put_answer());
    struct call *call = assessment->calls;
    /* None of these is the reply, so the request goes on waiting. */
    send_raw(call, "\xdd\xff\xff\xff\xff", 5, "", 0, true);
    send_raw(call, "", 0, "", 0, true);
    send_raw(call, "alone", 5, "", 0, false);
    struct call other = *call;
    other.head.call_id ^= UINT64_C(1) << 30;
    answer_call(assessment, &other);
    other.head.call_id = call->head.call_id + 1;
    answer_call(assessment, &other);
    other.head.call_id = INT64_MAX;
    answer_call(assessment, &other);
    other.head.call_id = 0;
    answer_call(assessment, &other);
    edge_await(e, "hocvu_bus_late_replies_total{service=\"assessment\"}", 4);
    cr_assert_eq(edge_metric(e, "hocvu_bus_malformed_total{service=\"assessment\"}"), 3);
    cr_assert_eq(edge_metric(e, "hocvu_http_requests_suspended"), 1);
    /* This one is, but not with the message that the method promises. */
    peer_reply(assessment, call, &msg_empty, &nothing);
    struct response r = edge_read(e, fd);
    assert_error(r, 500, "internal", "");
    close(fd);
}

Test(bus, silent_service_then_late_reply, .init = open_edge, .fini = close_edge)
{
    int64_t began = edge_ms();
    int fd = asked(put_answer()), second = asked(put_position(8));
    struct response r = edge_read(e, fd);
    assert_error(r, 504, "deadline", "assessment");
    cr_assert(edge_ms() - began >= 4900 && edge_ms() - began < 6500, "%lld ms", (long long)(edge_ms() - began));
    cr_assert_eq(edge_read(e, second).status, 504);
    cr_assert_eq(edge_metric(e, "hocvu_bus_expired_total{service=\"assessment\"}"), 2);
    /* The connection asks again; what comes late is for nobody, the new reply is for it. */
    struct call late = assessment->calls[0];
    peer_forget(assessment);
    edge_say(fd, put_position(9));
    struct call *call = peer_await(assessment, 1);
    cr_assert_neq(call->head.call_id, late.head.call_id);
    answer_call(assessment, &late);
    answer_call(assessment, &late);
    answer_call(assessment, call);
    r = edge_read(e, fd);
    cr_assert(r.status == 200 && strstr(r.body, "\"position\":9,"), "%s", r.body);
    cr_assert_eq(edge_metric(e, "hocvu_bus_late_replies_total{service=\"assessment\"}"), 2);
    answer_call(assessment, call); /* twice is late too */
    edge_await(e, "hocvu_bus_late_replies_total{service=\"assessment\"}", 3);
    close(fd);
    close(second);
}

Test(bus, killed_service_fails_its_calls_at_once_and_is_found_again, .init = open_edge, .fini = close_edge)
{
    int fds[20];
    for (int i = 0; i < 20; i++)
        fds[i] = asked(put_answer());
    /* One reply is on its way when the end comes. */
    answer_call(assessment, &assessment->calls[0]);
    cr_assert_eq(edge_read(e, fds[0]).status, 200);
    int64_t began = edge_ms();
    peer_die(assessment);
    for (int i = 1; i < 20; i++) {
        struct response r = edge_read(e, fds[i]);
        assert_error(r, 503, "unavailable", "assessment");
    }
    cr_assert_lt(edge_ms() - began, 2000, "not at the deadline");
    struct response r = edge_ask(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY);
    assert_error(r, 503, "unavailable", "assessment");
    for (int i = 0; i < 20; i++)
        close(fds[i]);

    /* It comes back at the same place. */
    struct peer *again = peer_open(e, "assessment");
    peer_await_health(again);
    int fd = edge_connect(e);
    edge_say(fd, put_answer());
    answer_call(again, peer_await(again, 1));
    cr_assert_eq(edge_read(e, fd).status, 200);
    close(fd);
    cr_assert_geq(edge_metric(e, "hocvu_bus_disconnects_total{service=\"assessment\"}"), 1);
}

Test(bus, client_gone_while_its_call_waits, .init = open_edge, .fini = close_edge)
{
    int fds[50];
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    for (int i = 0; i < 50; i++)
        fds[i] = asked(put_answer());
    for (int i = 0; i < 50; i++) {
        if (i % 2)
            setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fds[i]);
    }
    cr_assert_eq(edge_metric(e, "hocvu_http_requests_suspended"), 50);
    for (int i = 0; i < 50; i++)
        answer_call(assessment, &assessment->calls[i]);
    edge_await(e, "hocvu_http_requests_open", 0);
    edge_await(e, "hocvu_http_connections", 0);
    peer_forget(assessment);
    int fd = asked(put_answer());
    answer_call(assessment, assessment->calls);
    cr_assert_eq(edge_read(e, fd).status, 200);
    close(fd);
}

Test(bus, replies_in_one_message_reach_their_own, .init = open_edge, .fini = close_edge)
{
    enum { N = 40 };
    int fds[N];
    struct buf head, body;
    for (int i = 0; i < N; i++)
        fds[i] = asked(put_position(i + 1));
    /* All in one message, in the opposite order. */
    buf_init(&head, 4096);
    buf_init(&body, 4096);
    zmq_send(assessment->socket, assessment->calls[0].peer, assessment->calls[0].n_peer, ZMQ_SNDMORE);
    for (int i = N - 1; i >= 0; i--) {
        struct call *call = &assessment->calls[i];
        struct answer_save answer;
        struct reply_header h = {.call_id = call->head.call_id};
        call_body(e, call, &msg_answer_save, &answer);
        struct answer_receipt receipt = receipt_of(&answer);
        buf_clear(&head);
        buf_clear(&body);
        msg_pack(&msg_reply_header, &h, &head);
        msg_pack(&msg_answer_receipt, &receipt, &body);
        zmq_send(assessment->socket, head.p, head.n, ZMQ_SNDMORE);
        zmq_send(assessment->socket, body.p, body.n, i ? ZMQ_SNDMORE : 0);
    }
    buf_release(&head);
    buf_release(&body);
    for (int i = 0; i < N; i++) {
        struct response r = edge_read(e, fds[i]);
        const char *wanted = arena_printf(&e->arena, "\"position\":%d,", i + 1);
        cr_assert(r.status == 200 && strstr(r.body, wanted), "%s in %s", wanted, r.body);
        close(fds[i]);
    }
    cr_assert_eq(edge_metric(e, "hocvu_bus_messages_received_total{service=\"assessment\"}") -
                     edge_metric(e, "hocvu_bus_replies_received_total{service=\"assessment\"}"),
                 1 - N, "one message, besides those about health");
}

Test(bus, two_hundred_requests_in_one_pipeline, .init = open_edge, .fini = close_edge)
{
    enum { N = 200 };
    int fd = edge_connect(e);
    struct buf all;
    buf_init(&all, 1 << 20);
    for (int i = 0; i < N; i++)
        buf_add_text(&all, put_position(i + 1));
    edge_send(fd, all.p, all.n);
    buf_release(&all);
    for (int i = 0; i < N; i++) {
        answer_call(assessment, peer_await(assessment, 1));
        cr_assert_eq(assessment->n_calls, 1, "the next is read when this one is answered");
        peer_forget(assessment);
        struct response r = edge_read(e, fd);
        const char *wanted = arena_printf(&e->arena, "\"position\":%d,", i + 1);
        cr_assert(r.status == 200 && strstr(r.body, wanted), "%s in %s", wanted, r.body);
    }
    close(fd);
}

Test(bus, what_a_turn_collected_goes_as_one_message, .init = open_edge, .fini = close_edge)
{
    enum { N = 200, ROUNDS = 5 };
    int fds[N];
    for (int i = 0; i < N; i++)
        fds[i] = edge_connect(e);
    for (int round = 0; round < ROUNDS; round++) {
        /* While the gateway is stopped the requests pile up; then it finds them all in one turn, or few. */
        kill(e->pid, SIGSTOP);
        for (int i = 0; i < N; i++)
            edge_say(fds[i], put_position(i + 1));
        kill(e->pid, SIGCONT);
        peer_await(assessment, N);
        for (size_t i = 0; i < N; i++)
            answer_call(assessment, &assessment->calls[i]);
        for (int i = 0; i < N; i++) {
            struct response r = edge_read(e, fds[i]);
            const char *wanted = arena_printf(&e->arena, "\"position\":%d,", i + 1);
            cr_assert(r.status == 200 && strstr(r.body, wanted), "%s in %s", wanted, r.body);
        }
        peer_forget(assessment);
    }
    cr_assert_leq(assessment->messages, ROUNDS * 20, "%u messages for %d calls", assessment->messages, N * ROUNDS);
    for (int i = 0; i < N; i++)
        close(fds[i]);
}

static void open_small(void)
{
    open_with("in_flight = 8\n");
}

Test(bus, in_flight_limits, .init = open_small, .fini = close_edge)
{
    int fds[8];
    struct peer *content = peer_open(e, "content");
    /* One service may hold three quarters of the places, the others have the rest. */
    for (int i = 0; i < 6; i++)
        fds[i] = asked(put_answer());
    struct response r = edge_ask(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY);
    assert_error(r, 503, "busy", "");
    cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "1");
    peer_await_health(content);
    for (size_t i = 6; i < 8; i++) {
        fds[i] = edge_connect(e);
        edge_say(fds[i], edge_text(e, "GET", "/v1/programmes", token, NULL, NULL));
        peer_await(content, i - 5);
    }
    r = edge_ask(e, "GET", "/v1/programmes", token, NULL, NULL);
    assert_error(r, 503, "busy", "");
    cr_assert_eq(edge_metric(e, "hocvu_in_flight"), 8);
    for (size_t i = 0; i < 6; i++)
        answer_call(assessment, &assessment->calls[i]);
    for (size_t i = 0; i < 2; i++)
        peer_fail(content, &content->calls[i], ERR_NOT_FOUND, NULL);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(edge_read(e, fds[i]).status, i < 6 ? 200 : 404);
        close(fds[i]);
    }
    cr_assert_eq(edge_metric(e, "hocvu_in_flight"), 0);
}

Test(bus, documents, .init = open_edge, .fini = close_edge)
{
    struct peer *reporting = peer_open(e, "reporting");
    struct file file = {.media_type = SPAN("text/csv; charset=utf-8"),
                        .name = SPAN("b\"\xc3\xa1o\r\nX-Evil: 1.csv"),
                        .content = SPAN("\xef\xbb\xbf"
                                        "a,b\r\n1,\"x\"\r\n")};
    const char *officer = edge_token(e, PROVINCE_OFFICER);
    int fd = edge_connect(e);
    peer_await_health(reporting);
    edge_say(fd, edge_text(e, "GET", "/v1/snapshots/01890000-0000-7000-8000-000000000009/csv", officer, NULL, NULL));
    peer_reply(reporting, peer_await(reporting, 1), &msg_file, &file);
    struct response r = edge_read(e, fd);
    close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(edge_header(e, &r, "Content-Type"), "text/csv; charset=utf-8");
    cr_assert_str_eq(edge_header(e, &r, "Content-Disposition"), "attachment; filename=\"b___o__X-Evil: 1.csv\"");
    cr_assert_str_eq(edge_header(e, &r, "X-Evil"), "");
    cr_assert(r.n_body == file.content.n && !memcmp(r.body, file.content.p, r.n_body));
}

/* Takes messages off the socket until one has a body of more than `n` bytes; it is left in `body`. */
static void await_large(struct peer *peer, size_t n, struct call *ret_call, zmq_msg_t *body)
{
    zmq_msg_t head;
    struct fault fault;
    zmq_msg_init(&head);
    zmq_msg_init(body);
    do {
        ret_call->n_peer = (size_t)zmq_recv(peer->socket, ret_call->peer, sizeof(ret_call->peer), 0);
        cr_assert(zmq_msg_recv(&head, peer->socket, 0) >= 0 && zmq_msg_recv(body, peer->socket, 0) >= 0);
    } while (zmq_msg_size(body) <= n);
    struct span bytes = {zmq_msg_data(&head), (uint32_t)zmq_msg_size(&head)};
    cr_assert_eq(msg_unpack(&msg_call_header, &ret_call->head, &e->arena, bytes, &fault), 0);
    zmq_msg_close(&head);
}

Test(bus, the_largest_upload, .init = open_edge, .fini = close_edge)
{
    enum { CSV = 4 << 20, EXTRA = 32 };
    struct peer *identity = peer_open(e, "identity");
    peer_await_health(identity);
    char *text = malloc(2 * CSV + EXTRA), *p = text + snprintf(text, EXTRA, "{\"csv\":\"");
    for (int i = 0; i < CSV / 4; i++) {
        memcpy(p, i % 2 ? "abc\\n" : "d,e\\n", 5);
        p += 5;
    }
    size_t n = (size_t)(p - text) + (size_t)snprintf(p, EXTRA, "\"}");
    const char *head = arena_printf(&e->arena,
                                    "POST /v1/units/import HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                                    edge_token(e, NATIONAL_OPERATOR), n);
    int fd = edge_connect(e);
    edge_say(fd, head);
    edge_send(fd, text, n);
    struct call call;
    struct import_file file;
    struct fault fault;
    zmq_msg_t body;
    await_large(identity, 1 << 20, &call, &body);
    struct span bytes = {zmq_msg_data(&body), (uint32_t)zmq_msg_size(&body)};
    cr_assert_eq(msg_unpack(&msg_import_file, &file, &e->arena, bytes, &fault), 0);
    cr_assert(file.csv.n == CSV && !memcmp(file.csv.p, "d,e\nabc\nd,e\n", 12));
    zmq_msg_close(&body);
    struct import_report report = {.rows = 7};
    peer_reply(identity, &call, &msg_import_report, &report);
    struct response r = edge_read(e, fd);
    cr_assert(r.status == 200 && strstr(r.body, "\"rows\":7,"), "%d %s", r.status, r.body);
    cr_assert_eq(edge_metric(e, "hocvu_body_bytes"), 0);
    /* One row more is out of bounds, which only the message knows. */
    memmove(p + 5, p, 3);
    memcpy(p, "abc\\n", 5);
    head = arena_printf(&e->arena,
                        "POST /v1/units/import HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                        edge_token(e, NATIONAL_OPERATOR), n + 5);
    edge_say(fd, head);
    edge_send(fd, text, n + 5);
    r = edge_read(e, fd);
    assert_error(r, 400, "range", "csv");
    free(text);
    close(fd);
}

Test(bus, drain_finishes_what_was_asked, .init = open_edge, .fini = close_edge)
{
    int fd = asked(put_answer()), idle = edge_connect(e), status;
    edge_say(idle, edge_text(e, "GET", "/live", NULL, NULL, NULL));
    cr_assert_eq(edge_read(e, idle).status, 200);
    kill(e->pid, SIGTERM);
    for (int more; (more = edge_try_connect(e->port)) >= 0; edge_sleep_ms(5)) /* until no new ones are taken */
        close(more);
    cr_assert_eq(waitpid(e->pid, &status, WNOHANG), 0, "it waits for the answer");
    answer_call(assessment, assessment->calls);
    struct response r = edge_read(e, fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(edge_header(e, &r, "Connection"), "close");
    cr_assert(edge_ended(fd));
    cr_assert_eq(waitpid(e->pid, &status, 0), e->pid);
    e->pid = 0;
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(fd);
    close(idle);
}

Test(bus, drain_does_not_wait_for_ever, .init = open_edge, .fini = close_edge)
{
    int fd = asked(put_answer());
    int64_t began = edge_ms();
    cr_assert_eq(edge_stop(e), 0);
    cr_assert_lt(edge_ms() - began, 6500);
    int status = edge_read(e, fd).status;
    cr_assert(status == 503 || status == 504, "%d", status);
    close(fd);
}

Test(bus, configuration_that_cannot_be, .init = open_edge, .fini = close_edge)
{
    static const char *const rows[] = {
        "listen = nowhere\n",      "listen = 127.0.0.1:99999\n",     "in_flight = 0\n",
        "trusted_proxy = proxy\n", "public_url = ftp://test/\n",     "rate_burst = many\n",
        "tokens_kept = 3\n",       "token_public_key = /dev/null\n", "no_such_row = 1\n",
        "log_level = loud\n"};
    char path[256], program[512];
    snprintf(program, sizeof(program), "%s/gateway", getenv("HOCVU_BIN") ? getenv("HOCVU_BIN") : "build/bin");
    snprintf(path, sizeof(path), "%s/wrong.conf", e->dir);
    for (size_t i = 0; i <= sizeof(rows) / sizeof(rows[0]); i++) {
        bool wrong = i < sizeof(rows) / sizeof(rows[0]);
        edge_write(e, "wrong.conf",
                   arena_printf(&e->arena, "token_public_key = %s/token.pub\n%s", e->dir, wrong ? rows[i] : ""));
        pid_t pid = fork();
        int status;
        if (pid == 0) {
            int quiet = open("/dev/null", O_WRONLY);
            dup2(quiet, STDERR_FILENO);
            execl(program, "gateway", "--check", "--conf", path, (char *)NULL);
            _exit(127);
        }
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == (wrong ? 1 : 0), "%s", wrong ? rows[i] : "all good");
    }
    unlink(path);
}
