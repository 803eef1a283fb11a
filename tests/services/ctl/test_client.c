/*
 * test_client.c - requests are built as the METHOD rows say, answers are read strictly, and what may pass is tried
 * again with the same content. The peer is a socket that plays answers back and keeps what it was sent.
 */
#include "client.h"
#include "codec.h"
#include "service.h"
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <unistd.h>

static const struct uuid id = {{0x01, 0x93, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 7}};
#define ID "01930000-0000-7000-8000-000000000007"

static void expect_target(uint16_t number, const void *in, const char *target, const char *body)
{
    struct buf built;
    buf_init(&built, 4096);
    cr_expect_eq(client_target(method_find(number), in, &built), 0);
    buf_add(&built, "", 1);
    cr_expect_str_eq(built.p, target);
    buf_clear(&built);
    client_body(method_find(number), in, &built);
    buf_add(&built, "", 1);
    cr_expect_str_eq(built.p, body);
    buf_release(&built);
}

Test(client, path_members_are_not_in_the_body)
{
    struct answer_save answer = {.attempt_id = id, .position = 3, .revision = 2, .response = SPAN("4")};
    expect_target(M_answer_save, &answer, "/v1/attempts/" ID "/answers/3", "{\"revision\":2,\"response\":\"4\"}");
}

Test(client, a_post_with_everything_in_its_path_has_no_body)
{
    struct lesson_step step = {.lesson_id = id};
    expect_target(M_lesson_beat, &step, "/v1/me/lessons/" ID "/beats", "");
}

Test(client, optional_members_stand_only_when_given)
{
    struct unit_query query = {0};
    expect_target(M_units, &query, "/v1/units", "");
    PUT_FIELD(&query, unit_query, as_of, 20779);
    PUT_FIELD(&query, unit_query, after, SPAN("A&B=c d/ệ%"));
    expect_target(M_units, &query, "/v1/units?as_of=2026-11-22&after=A%26B%3Dc%20d%2F%E1%BB%87%25", "");
}

Test(client, path_text_is_escaped)
{
    struct certificate_query query = {.number = SPAN("../a?b#c")};
    expect_target(M_certificate_check, &query, "/v1/certificates/..%2Fa%3Fb%23c", "");
}

Test(client, an_empty_request_has_neither)
{
    struct empty in = {0};
    expect_target(M_session_end, &in, "/v1/session/logout", "");
    expect_target(M_me, &in, "/v1/me", "");
}

Test(client, lists_stand_in_the_body)
{
    struct person_ref people[] = {{.person_id = id}};
    struct assignment_draft draft = {
        .assignment_id = id, .programme_id = id, .unit_id = id, .people = people, .n_people = 1};
    expect_target(M_assignment_create, &draft, "/v1/assignments",
                  "{\"assignment_id\":\"" ID "\",\"programme_id\":\"" ID "\",\"unit_id\":\"" ID
                  "\",\"due_date\":\"1970-01-01\",\"people\":[{\"person_id\":\"" ID "\"}]}");
}

/* Each of the interface's methods can be written: no path names what its message lacks, no query holds a list. */
Test(client, every_method_has_a_target)
{
    static char zeros[4096];
    struct buf built;
    buf_init(&built, 4096);
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *method = &proto_methods[i];
        if (method->verb == INTERNAL)
            continue;
        buf_clear(&built);
        cr_assert_leq(method->in->size, sizeof(zeros));
        cr_expect_eq(client_target(method, zeros, &built), 0, "%s", method->name);
        cr_expect_null(memchr(built.p, '{', built.n), "%s", method->name);
    }
    buf_release(&built);
}

/* The peer */

enum { ANSWERS_MOST = 8, REQUEST_MOST = 4096 };

static struct peer {
    int socket;
    char url[64];
    const char *answers[ANSWERS_MOST]; /* "" closes the connection without one */
    char requests[ANSWERS_MOST][REQUEST_MOST];
    int n;
    pthread_t thread;
} peer;

/* A request has come whole when its head has, and as many bytes behind it as that says. */
static bool whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "Content-Length: ");
    return end && strlen(end + 4) >= (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
}

static void *play(void *unused)
{
    (void)unused;
    for (int i = 0; peer.answers[i]; i++) {
        int fd = accept(peer.socket, NULL, NULL);
        ssize_t got = 1;
        for (size_t n = 0; got > 0 && n < REQUEST_MOST - 1 && !whole(peer.requests[i]); n += (size_t)got)
            got = recv(fd, peer.requests[i] + n, REQUEST_MOST - 1 - n, 0);
        got = send(fd, peer.answers[i], strlen(peer.answers[i]), MSG_NOSIGNAL);
        close(fd);
        peer.n++;
    }
    return NULL;
}

static struct client client;

static void peer_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    cr_assert_eq(http_start(), 0);
    peer.socket = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(peer.socket, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(peer.socket, 8), 0);
    cr_assert_eq(getsockname(peer.socket, (struct sockaddr *)&address, &n), 0);
    snprintf(peer.url, sizeof(peer.url), "http://127.0.0.1:%d", ntohs(address.sin_port));
    cr_assert_eq(client_init(&client, peer.url, SPAN("secret word"), 5), 0);
}

static void peer_close(void)
{
    client_release(&client);
    close(peer.socket);
}

static void peer_plays(void)
{
    cr_assert_eq(pthread_create(&peer.thread, NULL, play, NULL), 0);
}

static void peer_ends(int n)
{
    pthread_join(peer.thread, NULL);
    cr_expect_eq(peer.n, n);
}

TestSuite(calls, .init = peer_open, .fini = peer_close, .timeout = 20);

#define ANSWER(status, body) "HTTP/1.1 " status " x\r\nConnection: close\r\n\r\n" body
#define RECEIPT                                                                                                        \
    "{\"attempt_id\":\"" ID "\",\"position\":3,\"revision\":1,\"saved_at\":\"2026-11-22T00:00:00Z\","                  \
    "\"seq\":1,\"link\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","                                              \
    "\"seal\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"devices\":0}"

static const struct answer_save answer = {.attempt_id = id, .position = 3, .revision = 1, .response = SPAN("2")};

static struct session fresh_session(void)
{
    return (struct session){.access = strdup("token1"), .access_until = now_us() + 60000000};
}

Test(calls, what_passes_is_tried_again_unchanged)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    peer.answers[0] = ANSWER("503", "");
    peer.answers[1] = "";
    peer.answers[2] = ANSWER("504", "{\"error\":{\"code\":\"deadline\"}}");
    peer.answers[3] = ANSWER("429", "");
    peer.answers[4] = ANSWER("200", RECEIPT);
    peer_plays();
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), 0);
    peer_ends(5);
    cr_expect_eq(receipt.position, 3);
    cr_expect_eq(receipt.link.n, 32);
    cr_expect_eq(receipt.seq, 1);
    cr_expect(strstr(peer.requests[0], "Authorization: Bearer token1\r\n"));
    cr_expect(strstr(peer.requests[0], "PUT /v1/attempts/" ID "/answers/3 HTTP/1.1\r\n"));
    cr_expect(strstr(peer.requests[0], "{\"revision\":1,\"response\":\"2\"}"));
    for (int i = 1; i < 5; i++)
        cr_expect_str_eq(peer.requests[i], peer.requests[0]);
    session_release(&session);
}

Test(calls, retry_after_is_waited_for)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    peer.answers[0] = "HTTP/1.1 503 x\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    peer.answers[1] = ANSWER("200", RECEIPT);
    peer_plays();
    int64_t begin = now_us();
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), 0);
    cr_expect_geq(now_us() - begin, 1000000);
    peer_ends(2);
    session_release(&session);
}

Test(calls, a_refusal_is_told_and_not_repeated)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    peer.answers[0] = ANSWER("409", "{\"error\":{\"code\":\"time_over\",\"field\":\"attempt_id\",\"message_vi\":\"a\","
                                    "\"message_en\":\"Over.\",\"trace\":\"abc\",\"later_member\":1}}");
    peer_plays();
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), ERR_TIME_OVER);
    peer_ends(1);
    struct buf text;
    buf_init(&text, 500);
    client_fault_text(&client, &text);
    buf_add(&text, "", 1);
    cr_expect_str_eq(text.p, "time_over (409), attempt_id: Over. [trace abc]");
    buf_release(&text);
    session_release(&session);
}

Test(calls, an_answer_that_is_no_reply_is_a_fault)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    peer.answers[0] = ANSWER("200", "{\"attempt_id\":\"" ID "\",\"key\":2}");
    peer.answers[1] = ANSWER("500", "<html>");
    peer_plays();
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), ERR_UNKNOWN);
    cr_expect_str_eq(client.fault.field, "key");
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), ERR_INTERNAL);
    peer_ends(2);
    session_release(&session);
}

#define TOKENS                                                                                                         \
    "{\"access_token\":\"token2\",\"access_expires\":\"2999-01-01T00:00:00Z\",\"refresh_token\":\"r2\","               \
    "\"refresh_expires\":\"2999-01-01T00:00:00Z\",\"person_id\":\"" ID "\"}"

Test(calls, an_ended_token_is_renewed)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    snprintf(session.refresh, sizeof(session.refresh), "r1");
    peer.answers[0] = ANSWER("401", "{\"error\":{\"code\":\"unauthenticated\"}}");
    peer.answers[1] = ANSWER("200", TOKENS);
    peer.answers[2] = ANSWER("200", RECEIPT);
    peer_plays();
    cr_expect_eq(client_call(&client, &session, M_answer_save, &answer, &receipt), 0);
    peer_ends(3);
    cr_expect(strstr(peer.requests[1], "POST /v1/session/refresh "));
    cr_expect(strstr(peer.requests[1], "{\"refresh_token\":\"r1\"}"));
    cr_expect_null(strstr(peer.requests[1], "Authorization"));
    cr_expect(strstr(peer.requests[2], "Bearer token2\r\n"));
    cr_expect_str_eq(session.refresh, "r2");
    session_release(&session);
}

Test(calls, a_file_comes_as_such)
{
    struct session session = fresh_session();
    struct snapshot_ref ref = {.snapshot_id = id};
    struct file file;
    peer.answers[0] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=\"a.csv\"\r\n"
        "Connection: close\r\n\r\na,b\r\n";
    peer_plays();
    cr_expect_eq(client_call(&client, &session, M_snapshot_csv, &ref, &file), 0);
    peer_ends(1);
    cr_expect(span_equal(file.media_type, SPAN("text/csv")));
    cr_expect(span_equal(file.name, SPAN("a.csv")));
    cr_expect(span_equal(file.content, SPAN("a,b\r\n")));
    session_release(&session);
}

Test(calls, a_login_follows_redirects_and_form)
{
    struct sample_official who = {.national_id = SPAN("999069693117")};
    struct session session = {.who = &who};
    char first[200], back[200];
    snprintf(first, sizeof(first),
             "HTTP/1.1 302 x\r\nLocation: http://localhost:%s/form?x=1\r\nSet-Cookie: b=1\r\n"
             "Connection: close\r\n\r\n",
             strrchr(peer.url, ':') + 1);
    snprintf(back, sizeof(back),
             "HTTP/1.1 303 x\r\nLocation: %s/login/callback?code=c&state=s\r\nConnection: close\r\n\r\n", peer.url);
    peer.answers[0] = first;
    peer.answers[1] = ANSWER("200", "<p><form method=\"post\" action=\"/in/abc\"><input>");
    peer.answers[2] = back;
    peer.answers[3] = ANSWER("200", TOKENS);
    peer_plays();
    cr_expect_eq(session_open(&client, &session), 0);
    peer_ends(4);
    cr_expect(strstr(peer.requests[0], "GET /login HTTP/1.1\r\n"));
    cr_expect(strstr(peer.requests[0], "Accept: application/json\r\n"));
    cr_expect(strstr(peer.requests[1], "Accept: text/html\r\n"));
    cr_expect_null(strstr(peer.requests[1], "b=1"), "a cookie went to another host");
    cr_expect(strstr(peer.requests[2], "POST /in/abc HTTP/1.1\r\n"));
    cr_expect(strstr(peer.requests[2], "\r\n\r\nnumber=999069693117&password=secret%20word"));
    cr_expect(strstr(peer.requests[3], "GET /login/callback?code=c&state=s HTTP/1.1\r\n"));
    cr_expect(strstr(peer.requests[3], "b=1"));
    cr_expect_str_eq(session.access, "token2");
    cr_expect(uuid_equal(&session.person_id, &id));
    session_release(&session);
}

Test(calls, a_broken_login_begins_again_and_a_refused_one_does_not)
{
    struct sample_official who = {.national_id = SPAN("999069693117")};
    struct session session = {.who = &who};
    peer.answers[0] = ANSWER("400", "{\"error\":{\"code\":\"invalid\"}}");
    peer.answers[1] = ANSWER("502", "{\"error\":{\"code\":\"provider\"}}");
    peer.answers[2] = ANSWER("403", "{\"error\":{\"code\":\"not_on_roster\"}}");
    peer_plays();
    client.provider = "vneid";
    cr_expect_eq(session_open(&client, &session), ERR_NOT_ON_ROSTER);
    peer_ends(3);
    cr_expect(strstr(peer.requests[0], "GET /login/vneid HTTP/1.1\r\n"), "each begins at the provider that was named");
    cr_expect(strstr(peer.requests[2], "GET /login/vneid HTTP/1.1\r\n"));
    session_release(&session);
}

Test(calls, nobody_there)
{
    struct session session = fresh_session();
    struct answer_receipt receipt;
    struct client patient;
    cr_assert_eq(client_init(&patient, "http://127.0.0.1:1", SPAN(""), 1), 0);
    cr_expect_eq(client_call(&patient, &session, M_answer_save, &answer, &receipt), ERR_UNAVAILABLE);
    cr_expect_eq(patient.fault.status, 0);
    client_release(&patient);
    session_release(&session);
}

Test(calls, not_yet_is_asked_again_for_the_named_field_only)
{
    static const struct not_yet not_yet[] = {{ERR_STATE, "programme_id"}, {0, NULL}};
    struct session session = fresh_session();
    struct answer_receipt receipt;
    peer.answers[0] = ANSWER("409", "{\"error\":{\"code\":\"state\",\"field\":\"programme_id\"}}");
    peer.answers[1] = ANSWER("409", "{\"error\":{\"code\":\"state\",\"field\":\"attempt_id\"}}");
    peer_plays();
    cr_expect_eq(client_await(&client, &session, M_answer_save, &answer, &receipt, not_yet, 5), ERR_STATE);
    peer_ends(2);
    session_release(&session);
}
