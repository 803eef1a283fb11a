/* test_http.c - requests to peers that behave and peers that do not: a small server in a thread plays both. */
#include "http.h"
#include "identity_test.h"
#include "url.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum behaviour { PLAIN, SILENT, DRIP, HUGE_LENGTH, HUGE_STREAM, REDIRECT, GARBAGE, HANG_UP, ECHO, MALFORMED };

struct peer {
    enum behaviour how;
    int listener, port;
    _Atomic int connections, requests; /* counted by its thread, looked at by the test */
    pthread_t thread;
};

static void write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = send(fd, text, n, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        text += done;
        n -= (size_t)done;
    }
}

static void say(int fd, const char *text)
{
    write_all(fd, text, strlen(text));
}

/* Answers one request whose head (and small body) stands in `request`. False: the connection is over. */
static bool answer(struct peer *peer, int fd, const char *request)
{
    static char block[65536];
    char reply[8192];
    switch (peer->how) {
    case PLAIN:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"a\":\"b c\"}");
        return true;
    case ECHO:
        snprintf(reply, sizeof(reply), "HTTP/1.1 400 Bad\r\nContent-Length: %zu\r\n\r\n%s", strlen(request), request);
        say(fd, reply);
        return true;
    case SILENT:
        usleep(1500000);
        return false;
    case DRIP:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
        for (int i = 0; i < 15; i++) {
            say(fd, "x");
            usleep(100000);
        }
        return false;
    case HUGE_LENGTH:
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
        return false;
    case HUGE_STREAM:
        say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        memset(block, 'x', sizeof(block));
        for (int i = 0; i < 64; i++)
            write_all(fd, block, sizeof(block));
        return false;
    case REDIRECT:
        say(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        return true;
    case GARBAGE:
        say(fd, "\x00\x01\x02 this is not HTTP\r\n\r\n");
        return false;
    case MALFORMED:
        say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzzz\r\n");
        return false;
    case HANG_UP:
        return false;
    }
    return false;
}

static void *serve(void *arg)
{
    struct peer *peer = arg;
    for (;;) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        peer->connections++;
        char request[4096];
        ssize_t n;
        while ((n = recv(fd, request, sizeof(request) - 1, 0)) > 0) {
            request[n] = '\0';
            peer->requests++;
            if (!answer(peer, fd, request))
                break;
        }
        close(fd);
    }
}

static struct arena arena;
static const char *why;
static struct http_reply reply;
static struct peer peer;

static void begin(enum behaviour how)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    arena_init(&arena, 4 << 20);
    cr_assert_eq(http_start(), 0);
    peer = (struct peer){.how = how, .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    cr_assert_eq(bind(peer.listener, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(listen(peer.listener, 8), 0);
    cr_assert_eq(getsockname(peer.listener, (struct sockaddr *)&at, &n), 0);
    peer.port = ntohs(at.sin_port);
    cr_assert_eq(pthread_create(&peer.thread, NULL, serve, &peer), 0);
}

static void end(void)
{
    shutdown(peer.listener, SHUT_RDWR);
    pthread_join(peer.thread, NULL);
    close(peer.listener);
    arena_release(&arena);
}

static int ask(int64_t most_ms, const char *form)
{
    struct http_request request = {.url = arena_printf(&arena, "http://127.0.0.1:%d/x", peer.port),
                                   .form = form,
                                   .user = form ? "id%3A1" : NULL,
                                   .password = form ? "s%2B" : NULL,
                                   .deadline_us = mono_us() + most_ms * 1000,
                                   .connect_ms = 500};
    why = "";
    return http_send(&request, &arena, &reply, &why);
}

Test(http, replies_are_taken_and_connections_kept, .timeout = 20)
{
    begin(PLAIN);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ask(1000, NULL), 0, "%s", why);
        cr_expect_eq(reply.status, 200);
        cr_expect_eq(reply.body.n, 11);
    }
    cr_expect_eq(peer.requests, 3);
    cr_expect_eq(peer.connections, 1);
    shutdown(peer.listener, SHUT_RDWR);
}

Test(http, forms_go_with_basic_credentials_and_only_then, .timeout = 20)
{
    begin(ECHO);
    cr_assert_eq(ask(1000, "code=a%2Bb"), 0, "%s", why);
    cr_expect_eq(reply.status, 400);
    const char *text = arena_printf(&arena, "%.*s", (int)reply.body.n, reply.body.p);
    cr_expect(strstr(text, "POST /x HTTP/1.1\r\n"));
    cr_expect(strstr(text, "Authorization: Basic aWQlM0ExOnMlMkI=\r\n"));
    cr_expect(strstr(text, "Content-Type: application/x-www-form-urlencoded\r\n"));
    cr_expect(strstr(text, "\r\n\r\ncode=a%2Bb"));
    cr_assert_eq(ask(1000, NULL), 0);
    text = arena_printf(&arena, "%.*s", (int)reply.body.n, reply.body.p);
    cr_expect(strstr(text, "GET /x HTTP/1.1\r\n"));
    cr_expect_null(strstr(text, "Authorization"), "credentials of the request before are sent again");
}

Test(http, slow_peers_cost_no_more_than_the_deadline, .timeout = 20)
{
    static const enum behaviour slow[] = {SILENT, DRIP};
    for (int i = 0; i < 2; i++) {
        begin(slow[i]);
        int64_t before = mono_us();
        cr_expect_eq(ask(200, NULL), ERR_PROVIDER_SLOW);
        cr_expect_lt(mono_us() - before, 600000);
        cr_expect(*why);
        end();
    }
    begin(PLAIN);
    cr_expect_eq(ask(-5, NULL), ERR_PROVIDER_SLOW, "the deadline has passed before the request");
    cr_expect_eq(peer.requests, 0);
}

Test(http, long_replies_are_cut_off, .timeout = 20)
{
    static const enum behaviour longs[] = {HUGE_LENGTH, HUGE_STREAM};
    for (int i = 0; i < 2; i++) {
        begin(longs[i]);
        cr_expect_eq(ask(2000, NULL), ERR_PROVIDER);
        cr_expect(*why);
        end();
    }
}

Test(http, redirects_are_not_followed, .timeout = 20)
{
    begin(REDIRECT);
    cr_assert_eq(ask(1000, NULL), 0);
    cr_expect_eq(reply.status, 302);
}

Test(http, peers_that_speak_something_else_are_refused, .timeout = 20)
{
    static const enum behaviour others[] = {GARBAGE, HANG_UP, MALFORMED};
    for (int i = 0; i < 3; i++) {
        begin(others[i]);
        cr_expect_eq(ask(1000, NULL), ERR_PROVIDER);
        cr_expect(*why);
        end();
    }
}

Test(http, nobody_there_is_said_at_once, .timeout = 20)
{
    begin(PLAIN);
    end();
    arena_init(&arena, 1 << 20);
    int64_t before = mono_us();
    cr_expect_eq(ask(2000, NULL), ERR_PROVIDER);
    cr_expect_lt(mono_us() - before, 600000);
}

Test(http, only_https_and_the_loopback_address, .timeout = 20)
{
    static const char *const good[] = {"https://sso.example", "https://sso.example:8443/a?b=c", "http://127.0.0.1:8401",
                                       "http://localhost/x", "http://[::1]:80/"};
    static const char *const bad[] = {
        "",
        "http://sso.example",
        "http://127.0.0.1.example/",
        "http://localhost.example/",
        "http://10.0.0.1/",
        "ftp://localhost/",
        "file:///etc/passwd",
        "//sso.example",
        "sso.example",
        "https://",
        "https://user@sso.example/",
        "http://127.0.0.1@sso.example/",
        "gopher://127.0.0.1/",
    };
    cr_assert_eq(http_start(), 0);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect(url_may_be_called(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect(!url_may_be_called(bad[i]), "%s", bad[i]);
    arena_init(&arena, 1 << 20);
    struct http_request request = {.url = "file:///etc/passwd", .deadline_us = mono_us() + 1000000, .connect_ms = 500};
    cr_expect_eq(http_send(&request, &arena, &reply, &why), ERR_PROVIDER);
}

Test(http, text_is_escaped, .timeout = 20)
{
    struct buf out;
    buf_init(&out, 256);
    http_add_escaped(&out, S("aZ09-._~ +/&=%\xe1\xbb\x85"));
    cr_expect_eq(out.n, strlen("aZ09-._~%20%2B%2F%26%3D%25%E1%BB%85"));
    cr_expect_arr_eq(out.p, "aZ09-._~%20%2B%2F%26%3D%25%E1%BB%85", out.n);
    buf_release(&out);
}
