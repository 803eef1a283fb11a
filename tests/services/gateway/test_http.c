/* test_http.c - what clients may send and what they may not: the real gateway, real sockets, hostile bytes. */
#include "edge.h"

static struct edge *e;
static struct peer *assessment;

static void open_edge(void)
{
    e = edge_open();
    assessment = peer_open(e, "assessment");
    edge_start(e, "");
}

static void close_edge(void)
{
    edge_close(e);
}

/* Sends a request over a connection of its own and lets the peer answer it. */
static struct response answered(const char *text)
{
    int fd = edge_connect(e);
    edge_say(fd, text);
    answer_call(assessment, peer_await(assessment, 1));
    struct response r = edge_read(e, fd);
    peer_forget(assessment);
    close(fd);
    return r;
}

Test(http, a_call_and_its_answer, .init = open_edge, .fini = close_edge)
{
    struct uuid person = uuid7(), session = uuid7();
    const char *token = edge_token_of(e, person, session, LEARNER, 60);
    struct response r =
        answered(edge_text(e, "PUT", ANSWER_PATH, token,
                           "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n", ANSWER_BODY));
    struct call *call = assessment->calls;
    struct answer_save answer;
    call_body(e, call, &msg_answer_save, &answer);
    cr_assert_eq(r.status, 200, "%s", r.body);
    cr_assert_str_eq(r.body, "{\"attempt_id\":\"01890000-0000-7000-8000-000000000001\",\"position\":7,\"revision\":3,"
                             "\"saved_at\":\"1970-01-01T00:00:01.000000Z\","
                             "\"seq\":5,\"link\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\","
                             "\"seal\":\"ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA\",\"devices\":1}\n");
    cr_assert_str_eq(edge_header(e, &r, "Content-Type"), "application/json");
    cr_assert_str_eq(edge_header(e, &r, "Cache-Control"), "no-store");
    cr_assert_str_eq(edge_header(e, &r, "X-Content-Type-Options"), "nosniff");
    cr_assert_str_eq(edge_header(e, &r, "X-Trace-Id"), "0af7651916cd43dd8448eb211c80319c");
    cr_assert(answer.position == 7 && answer.revision == 3 && answer.response.n == 1 && *answer.response.p == '2');

    cr_assert_eq(call->head.method, M_answer_save);
    cr_assert_str_eq(call->trace, "0af7651916cd43dd8448eb211c80319c");
    cr_assert(HAS(&call->head, call_header, sampled) && call->head.sampled);
    cr_assert(HAS(&call->head, call_header, subject) && uuid_equal(&call->head.subject, &person));
    cr_assert(HAS(&call->head, call_header, session_id) && uuid_equal(&call->head.session_id, &session));
    cr_assert(call->head.n_grants == 1 && call->grants[0].roles == LEARNER);
    int64_t left = call->head.deadline - now_us();
    cr_assert(left > 0 && left <= 5000000, "five seconds at most, %lld us left", (long long)left);
}

/* Table of requests that never reach a service. */
struct refusal {
    const char *verb, *path, *more, *body;
    int status;
    const char *code, *field;
};

static void all_refused(const struct refusal *rows, size_t n, const char *token)
{
    for (size_t i = 0; i < n; i++) {
        const struct refusal *row = &rows[i];
        struct response r = edge_ask(e, row->verb, row->path, token, row->more, row->body);
        cr_assert(r.status == row->status && edge_is_error(&r, row->code, row->field),
                  "row %zu: %s %s %s: expected %d %s %s, got %d %s", i, row->verb, row->path,
                  row->body ? row->body : "", row->status, row->code, row->field, r.status, r.body);
        cr_assert_eq(strlen(edge_header(e, &r, "X-Trace-Id")), 32);
    }
    peer_turn(assessment, 20);
    cr_assert_eq(assessment->n_calls, 0, "nothing of it reached the service");
}

#define REFUSED(rows, token) all_refused(rows, sizeof(rows) / sizeof((rows)[0]), token)

Test(http, bodies_that_are_not_what_is_declared, .init = open_edge, .fini = close_edge)
{
    static const struct refusal rows[] = {
        {"PUT", ANSWER_PATH, NULL, NULL, 400, "missing", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{}", 400, "missing", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1}", 400, "missing", "response"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"1\",\"more\":1}", 400, "unknown", "more"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"revision\":1,\"response\":\"1\"}", 400, "twice", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"1\",\"position\":7}", 400, "twice", "position"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":\"1\",\"response\":\"1\"}", 400, "type", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":0,\"response\":\"1\"}", 400, "range", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":4294967296,\"response\":\"1\"}", 400, "range", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1e400,\"response\":\"1\"}", 400, "type", "revision"},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"\\u0000\"}", 400, "syntax", ""},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"\xff\"}", 400, "syntax", ""},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"1\"", 400, "syntax", ""},
        {"PUT", ANSWER_PATH, NULL, "{\"revision\":1,\"response\":\"1\"}}", 400, "syntax", ""},
        {"PUT", ANSWER_PATH, NULL, "[]", 400, "type", ""},
        {"PUT", ANSWER_PATH, NULL, "null", 400, "type", ""},
        {"PUT", ANSWER_PATH, NULL, "\"\"", 400, "type", ""},
        {"PUT", ANSWER_PATH, NULL, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 400, "too_large", ""},
    };
    const char *token = edge_token(e, LEARNER);
    struct response r = edge_ask(e, "PUT", ANSWER_PATH, token, NULL, rows[17].body);
    cr_assert(r.status == 400 || r.status == 413, "depth: %d %s", r.status, r.body);
    all_refused(rows, sizeof(rows) / sizeof(rows[0]) - 1, token);
}

Test(http, a_role_for_a_part_of_the_nation_does_not_do_for_the_whole, .init = open_edge, .fini = close_edge)
{
    static const struct refusal rows[] = {
        {"POST", "/v1/policies", NULL, "{}", 403, "forbidden", ""},
        {"GET", "/v1/item-banks/01890000-0000-7000-8000-000000000001/items", NULL, NULL, 403, "forbidden", ""},
    };
    all_refused(rows, sizeof(rows) / sizeof(rows[0]), edge_token(e, EXAM_OFFICER | EDITOR | REVIEWER));
    static const struct refusal whole[] = {{"POST", "/v1/policies", NULL, "{}", 400, "missing", "policy_id"}};
    all_refused(whole, 1, edge_token(e, EXAM_OFFICER | NATIONAL));
}

Test(http, paths_and_queries_that_are_not_declared, .init = open_edge, .fini = close_edge)
{
    static const struct refusal rows[] = {
        {"PUT", "/v1/attempts/none/answers/7", NULL, ANSWER_BODY, 400, "type", "attempt_id"},
        {"PUT", "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/0", NULL, ANSWER_BODY, 400, "range",
         "position"},
        {"PUT", "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/201", NULL, ANSWER_BODY, 400, "range",
         "position"},
        {"PUT", "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/7.0", NULL, ANSWER_BODY, 400, "type",
         "position"},
        {"PUT", "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/%zz", NULL, ANSWER_BODY, 400, "syntax",
         "position"},
        {"PUT", "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/7%00", NULL, ANSWER_BODY, 400, "type",
         "position"},
        {"PUT", ANSWER_PATH "?sql=1", NULL, ANSWER_BODY, 400, "unknown", "sql"},
        {"PUT", ANSWER_PATH "?s%71l", NULL, ANSWER_BODY, 400, "unknown", "sql"},
        {"PUT", ANSWER_PATH "?position=7", NULL, ANSWER_BODY, 400, "twice", "position"},
        {"PUT", ANSWER_PATH "?revision=1", NULL, ANSWER_BODY, 400, "twice", "revision"},
        {"PUT", ANSWER_PATH "?revision=%", NULL, ANSWER_BODY, 400, "syntax", "query"},
        {"GET", "/v1/attempts/01890000-0000-7000-8000-000000000001?x=1&x=2", NULL, NULL, 400, "unknown", "x"},
        {"GET", "/v1/attempts/01890000-0000-7000-8000-000000000001/", NULL, NULL, 404, "not_found", ""},
        {"GET", "/v1/attempts/../../etc/passwd", NULL, NULL, 404, "not_found", ""},
        {"GET", "/portal.css/../index.html", NULL, NULL, 404, "not_found", ""},
        {"GET", "http://test/v1/me", NULL, NULL, 404, "not_found", ""},
        {"GET", "*", NULL, NULL, 404, "not_found", ""},
        {"PATCH", ANSWER_PATH, NULL, ANSWER_BODY, 405, "no_method", ""},
        {"OPTIONS", ANSWER_PATH, NULL, NULL, 405, "no_method", ""},
        {"POST", "/", NULL, "{}", 405, "no_method", ""},
        {"POST", "/health", NULL, NULL, 405, "no_method", ""},
        {"HEAD", "/login", NULL, NULL, 405, "no_method", ""},
        {"GET", "/v1/attempts/01890000-0000-7000-8000-000000000001", NULL, "{}", 400, "syntax", "body"},
    };
    const char *token = edge_token(e, LEARNER);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!strcmp(rows[i].verb, "HEAD"))
            continue; /* its answer has no body to look at */
        all_refused(&rows[i], 1, token);
    }
    struct response r = edge_ask(e, "OPTIONS", ANSWER_PATH, token, NULL, NULL);
    cr_assert_str_eq(edge_header(e, &r, "Allow"), "PUT");
}

Test(http, content_types, .init = open_edge, .fini = close_edge)
{
    static const char *const wrong[] = {"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "",
                                        "json"};
    const char *token = edge_token(e, LEARNER);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *text = arena_printf(&e->arena,
                                        "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                                        "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n" ANSWER_BODY,
                                        token, wrong[i], strlen(ANSWER_BODY));
        int fd = edge_connect(e);
        edge_say(fd, text);
        struct response r = edge_read(e, fd);
        assert_error(r, 400, "type", "Content-Type");
        close(fd);
    }
    const char *text =
        arena_printf(&e->arena,
                     "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                     "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: %zu\r\n\r\n" ANSWER_BODY,
                     token, strlen(ANSWER_BODY));
    cr_assert_eq(answered(text).status, 200);
}

Test(http, tokens, .init = open_edge, .fini = close_edge)
{
    const char *token = edge_token(e, LEARNER);
    char *forged = arena_printf(&e->arena, "%s", token);
    cr_assert(forged);
    forged[strlen(forged) - 1] = forged[strlen(forged) - 1] == 'A' ? 'Q' : 'A';
    const char *wrong[] = {
        NULL, "x", forged, edge_token_of(e, uuid7(), uuid7(), LEARNER, -1), "eyJhbGciOiJub25lIn0.e30.",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct response r = edge_ask(e, "PUT", ANSWER_PATH, wrong[i], NULL, ANSWER_BODY);
        assert_error(r, 401, "unauthenticated", "");
        cr_assert_str_eq(edge_header(e, &r, "WWW-Authenticate"), "Bearer");
    }
    struct response r = edge_ask(e, "PUT", ANSWER_PATH, NULL, "Authorization: Basic eDp5\r\n", ANSWER_BODY);
    assert_error(r, 401, "unauthenticated", "");
    r = edge_ask(e, "PUT", ANSWER_PATH, token, "Authorization: Bearer x\r\n", ANSWER_BODY);
    assert_error(r, 400, "syntax", "header");
    r = edge_ask(e, "PUT", ANSWER_PATH, edge_token(e, EDITOR | NATIONAL_OPERATOR), NULL, ANSWER_BODY);
    assert_error(r, 403, "forbidden", "");
    r = edge_ask(e, "PUT", ANSWER_PATH, edge_token(e, 0), NULL, ANSWER_BODY);
    assert_error(r, 403, "forbidden", "");
    peer_turn(assessment, 20);
    cr_assert_eq(assessment->n_calls, 0);
    cr_assert_eq(answered(edge_text(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY)).status, 200);
    cr_assert_eq(edge_metric(e, "hocvu_token_cache_hits_total"), 0);
    cr_assert_eq(answered(edge_text(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY)).status, 200);
    cr_assert_eq(edge_metric(e, "hocvu_token_cache_hits_total"), 1, "remembered");
}

Test(http, cookies_need_our_header_for_unsafe_verbs, .init = open_edge, .fini = close_edge)
{
    const char *token = edge_token(e, LEARNER);
    const char *cookie = arena_printf(&e->arena, "Cookie: a=b; hocvu_access=%s; c=d\r\n", token);
    const char *both = arena_printf(&e->arena, "%sX-Hocvu: 1\r\n", cookie);
    const char *other = arena_printf(&e->arena, "%sX-Hocvu: 2\r\n", cookie);
    const char *named = arena_printf(&e->arena, "Cookie: xhocvu_access=%s\r\nX-Hocvu: 1\r\n", token);
    struct response r = edge_ask(e, "PUT", ANSWER_PATH, NULL, cookie, ANSWER_BODY);
    assert_error(r, 403, "forbidden", "X-Hocvu");
    r = edge_ask(e, "PUT", ANSWER_PATH, NULL, other, ANSWER_BODY);
    assert_error(r, 403, "forbidden", "X-Hocvu");
    r = edge_ask(e, "PUT", ANSWER_PATH, NULL, named, ANSWER_BODY);
    assert_error(r, 401, "unauthenticated", "");
    cr_assert_eq(answered(edge_text(e, "PUT", ANSWER_PATH, NULL, both, ANSWER_BODY)).status, 200);
    /* A GET changes nothing, so the cookie is enough; no peer takes the place of identity here. */
    r = edge_ask(e, "GET", "/v1/me", NULL, cookie, NULL);
    assert_error(r, 503, "unavailable", "identity");
    /* The header wins over the cookie, also when it is wrong. */
    r = edge_ask(e, "PUT", ANSWER_PATH, "x", both, ANSWER_BODY);
    assert_error(r, 401, "unauthenticated", "");
}

Test(http, too_large_is_refused_before_it_is_read, .init = open_edge, .fini = close_edge)
{
    const char *token = edge_token(e, LEARNER);
    int fd = edge_connect(e);
    edge_say(fd, arena_printf(&e->arena,
                              "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                              "Content-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n",
                              token));
    struct response r = edge_read(e, fd);
    assert_error(r, 413, "too_large", "body");
    cr_assert(edge_ended(fd), "the rest is not waited for");
    close(fd);

    /* In pieces of unknown number: read up to a bound, then answered; beyond that, closed. */
    char *piece = malloc(0x4000 + 32);
    int n = snprintf(piece, 16, "4000\r\n");
    memset(piece + n, ' ', 0x4000);
    memcpy(piece + n + 0x4000, "\r\n", 2);
    const char *head = arena_printf(&e->arena,
                                    "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                                    "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
                                    token);
    fd = edge_connect(e);
    edge_say(fd, head);
    for (int i = 0; i < 8; i++)
        edge_send(fd, piece, (size_t)n + 0x4002);
    edge_say(fd, "0\r\n\r\n");
    r = edge_read(e, fd);
    assert_error(r, 413, "too_large", "body");
    close(fd);
    fd = edge_connect(e);
    edge_say(fd, head);
    for (int i = 0; i < 128; i++)
        edge_send(fd, piece, (size_t)n + 0x4002);
    cr_assert(edge_ended(fd));
    close(fd);
    free(piece);
    cr_assert_eq(edge_metric(e, "hocvu_body_bytes"), 0);
}

Test(http, header_limits, .init = open_edge, .fini = close_edge)
{
    char *long_line = malloc(100001);
    memset(long_line, 'a', 100000);
    long_line[100000] = '\0';
    int fd = edge_connect(e);
    edge_say(fd, "GET /live HTTP/1.1\r\nHost: test\r\nX-Long: ");
    edge_say(fd, long_line);
    edge_say(fd, "\r\n\r\n");
    cr_assert_eq(edge_read(e, fd).status, 431);
    close(fd);
    fd = edge_connect(e);
    edge_say(fd, "GET /");
    edge_say(fd, long_line);
    edge_say(fd, " HTTP/1.1\r\nHost: test\r\n\r\n");
    cr_assert_eq(edge_read(e, fd).status, 414);
    close(fd);
    free(long_line);
    /* The largest token that there may be still fits, beside what browsers and proxies add. */
    const char *others =
        arena_printf(&e->arena, "Cookie: a=%01500d\r\nUser-Agent: %0300d\r\nAccept: %0200d\r\n", 1, 2, 3);
    cr_assert_eq(edge_ask(e, "GET", "/live", arena_printf(&e->arena, "%04095d", 1), others, NULL).status, 200);
    cr_assert_eq(edge_metric(e, "hocvu_http_requests_open"), 0);
}

Test(http, lines_that_contradict_each_other, .init = open_edge, .fini = close_edge)
{
    static const char *const lines[] = {
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x10\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Cookie: a=b\r\nCookie: c=d\r\n",
        "Content-Type: application/json\r\nContent-Type: text/plain\r\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int fd = edge_connect(e);
        edge_say(fd, edge_text(e, "POST", "/v1/certificates/verify", NULL, lines[i], NULL));
        edge_say(fd, "0\r\n\r\n");
        struct response r = edge_read(e, fd);
        cr_assert(r.status >= 400 && r.status < 500, "%s: %d", lines[i], r.status);
        close(fd);
    }
    /* HTTP/1.1 without Host, and what is no HTTP at all. */
    static const char *const nonsense[] = {"GET /live HTTP/1.1\r\n\r\n",
                                           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "GET\r\n\r\n",
                                           "GET /live HTTP/9.9\r\nHost: test\r\n\r\n"};
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        int fd = edge_connect(e);
        edge_say(fd, nonsense[i]);
        shutdown(fd, SHUT_WR);
        char status[64] = "";
        ssize_t n = recv(fd, status, sizeof(status) - 1, 0);
        cr_assert(n <= 0 || !strncmp(status, "HTTP/1.1 400", 12) || !strncmp(status, "HTTP/1.1 505", 12) ||
                      !strncmp(status, "HTTP/1.0 400", 12),
                  "%zu: %s", i, status);
        close(fd);
    }
    cr_assert_eq(edge_ask(e, "GET", "/live", NULL, NULL, NULL).status, 200);
}

Test(http, refused_connections_live_on, .init = open_edge, .fini = close_edge)
{
    int fd = edge_connect(e);
    for (int i = 0; i < 5; i++) {
        edge_say(fd, edge_text(e, "PUT", ANSWER_PATH, NULL, NULL, ANSWER_BODY));
        struct response r = edge_read(e, fd);
        assert_error(r, 401, "unauthenticated", "");
    }
    edge_say(fd, edge_text(e, "GET", "/live", NULL, NULL, NULL));
    cr_assert_eq(edge_read(e, fd).status, 200);
    close(fd);
}

Test(http, expect_continue, .init = open_edge, .fini = close_edge)
{
    int fd = edge_connect(e);
    char line[64];
    edge_say(fd, arena_printf(&e->arena,
                              "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                              "Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
                              edge_token(e, LEARNER), strlen(ANSWER_BODY)));
    cr_assert_eq(recv(fd, line, 25, MSG_WAITALL), 25);
    cr_assert(!memcmp(line, "HTTP/1.1 100 Continue\r\n\r\n", 25));
    edge_say(fd, ANSWER_BODY);
    answer_call(assessment, peer_await(assessment, 1));
    cr_assert_eq(edge_read(e, fd).status, 200);
    close(fd);
    fd = edge_connect(e);
    edge_say(fd, "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                 "Expect: 100-continue\r\nContent-Length: 26\r\n\r\n");
    struct response r = edge_read(e, fd);
    assert_error(r, 401, "unauthenticated", "");
    close(fd);
}

static void open_impatient(void)
{
    e = edge_open();
    assessment = peer_open(e, "assessment");
    edge_start(e, "idle_seconds = 1\n");
}

Test(http, slow_clients_are_cut, .init = open_impatient, .fini = close_edge)
{
    int silent = edge_connect(e), half = edge_connect(e), drip = edge_connect(e), body = edge_connect(e);
    edge_say(half, "GET /live HTTP/1.1\r\nHost:");
    edge_say(drip, "GET /live HTTP/1.1\r\n");
    edge_say(body, arena_printf(&e->arena,
                                "PUT " ANSWER_PATH " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"
                                "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{",
                                edge_token(e, LEARNER)));
    int64_t began = edge_ms();
    bool cut = false;
    /* One byte now and then keeps a connection from being silent, but not from missing its milestone. */
    while (!cut && edge_ms() - began < 9000) {
        struct pollfd item = {.fd = drip, .events = POLLIN};
        edge_say(drip, "a");
        edge_say(body, " ");
        cut = poll(&item, 1, 200) > 0;
    }
    cr_assert(cut && edge_ended(drip), "the dripping one is cut after four times idle_seconds");
    cr_assert(edge_ended(silent) && edge_ended(half));
    cr_assert(edge_ended(body));
    cr_assert_geq(edge_metric(e, "hocvu_http_connections_cut_total"), 1);
    edge_await(e, "hocvu_http_connections", 0);
    cr_assert_eq(edge_metric(e, "hocvu_body_bytes"), 0);
    close(silent);
    close(half);
    close(drip);
    close(body);
}

static void open_rate(void)
{
    e = edge_open();
    assessment = peer_open(e, "assessment");
    edge_start(e, "rate_per_second = 1\nrate_burst = 3\ntrusted_proxy = ::1 127.0.0.1\n");
}

Test(http, rate_limit, .init = open_rate, .fini = close_edge)
{
    struct response r;
    for (int i = 0; i < 3; i++)
        cr_assert_eq(edge_ask(e, "GET", "/", NULL, NULL, NULL).status, 200);
    r = edge_ask(e, "GET", "/", NULL, NULL, NULL);
    assert_error(r, 429, "too_many", "");
    cr_assert_str_eq(edge_header(e, &r, "Retry-After"), "1");
    /* Behind our proxy each client has a bucket of its own; what a client adds in front changes nothing. */
    for (int i = 0; i < 3; i++)
        cr_assert_eq(edge_ask(e, "GET", "/", NULL, "X-Forwarded-For: 198.51.100.7\r\n", NULL).status, 200);
    r = edge_ask(e, "GET", "/", NULL, "X-Forwarded-For: 10.0.0.1, 198.51.100.7\r\n", NULL);
    assert_error(r, 429, "too_many", "");
    cr_assert_eq(edge_ask(e, "GET", "/live", NULL, NULL, NULL).status, 200, "whoever watches us is not limited");
    cr_assert_eq(edge_metric(e, "hocvu_rate_limited_total"), 2);
}

static void open_rate_without_proxy(void)
{
    e = edge_open();
    assessment = peer_open(e, "assessment");
    edge_start(e, "rate_per_second = 1\nrate_burst = 1\n");
}

Test(http, strangers_cannot_choose_their_address, .init = open_rate_without_proxy, .fini = close_edge)
{
    cr_assert_eq(edge_ask(e, "GET", "/", NULL, "X-Forwarded-For: 198.51.100.1\r\n", NULL).status, 200);
    cr_assert_eq(edge_ask(e, "GET", "/", NULL, "X-Forwarded-For: 198.51.100.2\r\n", NULL).status, 429);
}

Test(http, pages_and_their_policy, .init = open_edge, .fini = close_edge)
{
    static const char *const paths[] = {"/",          "/verify",   "/sessions", "/portal.css",
                                        "/portal.js", "/icon.svg", "/api",      "/openapi.json"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct response r = edge_ask(e, "GET", paths[i], NULL, NULL, NULL);
        cr_assert(r.status == 200 && r.n_body > 50, "%s: %d", paths[i], r.status);
        cr_assert(!strncmp(edge_header(e, &r, "Content-Security-Policy"), "default-src '", 13));
        cr_assert_str_eq(edge_header(e, &r, "X-Content-Type-Options"), "nosniff");
        cr_assert_str_eq(edge_header(e, &r, "Referrer-Policy"), "no-referrer");
        if (strstr(edge_header(e, &r, "Content-Type"), "html")) {
            cr_assert_null(strstr(r.body, "<script>"), "%s has an inline script, which the policy forbids", paths[i]);
            cr_assert_null(strstr(r.body, " style=\""), "%s has an inline style, which the policy forbids", paths[i]);
            cr_assert_null(strstr(r.body, " onclick="), "%s", paths[i]);
        }
    }
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "HEAD", "/", NULL, NULL, NULL));
    edge_say(fd, edge_text(e, "GET", "/live", NULL, NULL, NULL));
    char head[4096];
    ssize_t n = 0, more;
    while ((more = recv(fd, head + n, sizeof(head) - 1 - (size_t)n, 0)) > 0) {
        n += more;
        head[n] = '\0';
        if (strstr(head, "{\"ok\":true}"))
            break;
    }
    cr_assert(!strstr(head, "<html"), "HEAD has no body");
    close(fd);
}

Test(http, health_says_who_is_away, .init = open_edge, .fini = close_edge)
{
    struct response r = {.body = NULL};
    /* The one peer answers when it is asked; the others are not there. */
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; edge_ms() < until; peer_turn(assessment, 20)) {
        r = edge_ask(e, "GET", "/health", NULL, NULL, NULL);
        if (strstr(r.body, "{\"service\":\"assessment\",\"healthy\":true}"))
            break;
    }
    cr_assert_eq(r.status, 503);
    cr_assert(strstr(r.body, "{\"healthy\":false,"), "%s", r.body);
    cr_assert(strstr(r.body, "{\"service\":\"assessment\",\"healthy\":true}"), "%s", r.body);
    cr_assert(strstr(r.body, "{\"service\":\"identity\",\"healthy\":false}"), "%s", r.body);
    r = edge_admin(e, "/health");
    cr_assert(r.status == 503 && strstr(r.body, "\"events_behind\":"), "%s", r.body);
    cr_assert_eq(edge_admin(e, "/none").status, 404);
    cr_assert_eq(edge_ask(e, "GET", "/metrics", NULL, NULL, NULL).status, 404, "not on the public address");
}
