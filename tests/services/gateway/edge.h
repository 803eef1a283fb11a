/*
 * edge.h - a real gateway process with everything around it that a test needs: a client that speaks HTTP byte by byte,
 * tokens signed with the test's own key, and fake peers: ROUTERs in the test that take the place of services.
 *
 * A test opens an edge, binds the peers it wants, and starts the process:
 *
 *     struct edge *e = edge_open();
 *     struct peer *peer = peer_open(e, "assessment");
 *     edge_start(e, "in_flight = 8\n");
 *     ...
 *     edge_close(e);    which also looks at the exit status
 */
#ifndef TESTS_GATEWAY_EDGE_H
#define TESTS_GATEWAY_EDGE_H

#include "codec.h"
#include "log.h"
#include "service.h"
#include "token.h"
#include "zsock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { PEERS = 8, EDGE_CALLS = 512, EDGE_PATIENCE_MS = 10000, RESPONSE_MAX = 1 << 20 };

struct edge;

/* A ROUTER in the place of a service. It answers health and revocations by itself while a test waits for calls. */
struct peer {
    struct edge *edge;
    void *socket;
    uint8_t service;
    unsigned instance;
    struct revocation_list revocations; /* told to whoever asks; its rows belong to the test */
    uint32_t asked_revocations, asked_health;
    int64_t asked_since; /* the last question for revocations */
    struct call *calls;  /* taken off the socket and not yet given to the test */
    size_t n_calls;
    uint32_t messages; /* that brought calls of clients */
};

/* A call as a service sees it. */
struct call {
    uint8_t peer[255];
    size_t n_peer;
    struct call_header head;
    struct grant grants[32];
    char trace[65];
    char body[16384];
    size_t n_body;
};

struct edge {
    char dir[128];
    int port, admin_port;
    pid_t pid; /* 0: not running */
    void *zmq;
    struct bus_conf bus;
    struct peer peers[PEERS];
    size_t n_peers;
    unsigned char secret[TOKEN_SECRET_BYTES];
    struct arena arena;
};

struct response {
    int status; /* 0: the connection ended without an answer */
    char head[8192];
    char *body; /* NUL-terminated; belongs to the edge's arena */
    size_t n_body;
};

/* --- the process --- */

static inline int edge_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&address, n) &&
              !getsockname(fd, (struct sockaddr *)&address, &n));
    close(fd);
    return ntohs(address.sin_port);
}

static inline void edge_write(const struct edge *e, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", e->dir, name);
    FILE *file = fopen(path, "we");
    cr_assert(file && fputs(text, file) >= 0 && !fclose(file), "%s: %s", path, strerror(errno));
}

static inline struct edge *edge_open(void)
{
    struct edge *e = calloc(1, sizeof(*e));
    unsigned char public[TOKEN_PUBLIC_BYTES], seed[32];
    char hex[2 * TOKEN_PUBLIC_BYTES + 1];
    const char *tmp = getenv("HOCVU_TEST_TMP");
    cr_assert(e && sodium_init() >= 0);
    log_init("test", LOG_ERROR);
    snprintf(e->dir, sizeof(e->dir), "%s/edge.XXXXXX", tmp && strlen(tmp) < 80 ? tmp : "/tmp");
    cr_assert(mkdtemp(e->dir) != NULL, "%s: %s", e->dir, strerror(errno));
    randombytes_buf(seed, sizeof(seed));
    crypto_sign_seed_keypair(public, e->secret, seed);
    edge_write(e, "token.pub", sodium_bin2hex(hex, sizeof(hex), public, sizeof(public)));
    arena_init(&e->arena, 64 << 20);
    e->zmq = zmq_ctx_new();
    e->bus = (struct bus_conf){.bus_dir = e->dir, .replicas = 2, .peers = ""};
    e->port = edge_free_port();
    e->admin_port = edge_free_port();
    return e;
}

static inline int edge_try_connect(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = EDGE_PATIENCE_MS / 1000};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    cr_assert(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

static inline int edge_connect(const struct edge *e)
{
    int fd = edge_try_connect(e->port);
    cr_assert(fd >= 0, "the gateway does not take connections");
    return fd;
}

static inline void edge_sleep_ms(long ms)
{
    struct timespec wait = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

static inline int64_t edge_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void peer_await_health(struct peer *peer);

/* Starts $HOCVU_BIN/gateway with these rows besides the usual ones, and waits until clients and peers can reach it. */
static inline void edge_start(struct edge *e, const char *rows)
{
    char conf[2048], path[256], program[512];
    const char *bin = getenv("HOCVU_BIN"), *self = getenv("HOCVU_TEST_GATEWAY");
    snprintf(conf, sizeof(conf),
             "bus_dir = %s\nlisten = 127.0.0.1:%d\nadmin_listen = 127.0.0.1:%d\ntoken_public_key = %s/token.pub\n"
             "static_dir = services/gateway/static\napi_dir = proto/derived\nlog_level = error\n%s%s%s",
             e->dir, e->port, e->admin_port, e->dir, strstr(rows, "rate_per_second") ? "" : "rate_per_second = 0\n",
             strstr(rows, "account_per_second") ? "" : "account_per_second = 0\n", rows);
    edge_write(e, "gateway.conf", conf);
    snprintf(path, sizeof(path), "%s/gateway.conf", e->dir);
    if (self) /* a test that is a gateway itself */
        snprintf(program, sizeof(program), "%s", self);
    else
        snprintf(program, sizeof(program), "%s/gateway", bin ? bin : "build/bin");
    e->pid = fork();
    cr_assert(e->pid >= 0);
    if (e->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
        execl(program, "gateway", "--conf", path, (char *)NULL);
        fprintf(stderr, "%s: %s (HOCVU_BIN names the directory)\n", program, strerror(errno));
        _exit(127);
    }
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; edge_ms() < until; edge_sleep_ms(2)) {
        int fd = edge_try_connect(e->port);
        if (fd >= 0) {
            close(fd);
            for (size_t i = 0; i < e->n_peers; i++)
                peer_await_health(&e->peers[i]);
            return;
        }
        cr_assert(waitpid(e->pid, NULL, WNOHANG) == 0, "the gateway ended at once");
    }
    cr_assert_fail("the gateway does not start");
}

/* SIGTERM, and the exit status. */
static inline int edge_stop(struct edge *e)
{
    int status = -1;
    if (e->pid) {
        kill(e->pid, SIGTERM);
        cr_assert_eq(waitpid(e->pid, &status, 0), e->pid);
        e->pid = 0;
    }
    return status;
}

static inline void edge_close(struct edge *e)
{
    char path[256];
    if (e->pid)
        cr_assert_eq(edge_stop(e), 0, "the gateway ends with exit status 0");
    for (size_t i = 0; i < e->n_peers; i++) {
        if (e->peers[i].socket)
            zmq_close(e->peers[i].socket);
        free(e->peers[i].calls);
        char endpoint[ZSOCK_ENDPOINT_MAX];
        cr_assert(!zsock_endpoint(&e->bus, service_find(e->peers[i].service)->name, e->peers[i].instance, ZSOCK_CALL,
                                  endpoint));
        unlink(endpoint + strlen("ipc://"));
    }
    zmq_ctx_term(e->zmq);
    snprintf(path, sizeof(path), "%s/gateway.conf", e->dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/token.pub", e->dir);
    unlink(path);
    rmdir(e->dir);
    arena_release(&e->arena);
    free(e);
}

/* --- tokens --- */

/* A token with one grant; `left_s` may be negative. Borrowed from the arena. */
static inline const char *edge_token_of(struct edge *e, struct uuid person, struct uuid session, uint32_t roles,
                                        int left_s)
{
    struct grant grant = {.roles = roles};
    int64_t now = now_us() / 1000000;
    struct access_claims claims = {.sub = person,
                                   .sid = session,
                                   .iat = (uint64_t)(now - 100),
                                   .exp = (uint64_t)(now + left_s),
                                   .grants = &grant,
                                   .n_grants = 1};
    struct span token;
    cr_assert_eq(token_sign(e->secret, &claims, &e->arena, &token), 0);
    return token.p;
}

static inline const char *edge_token(struct edge *e, uint32_t roles)
{
    return edge_token_of(e, uuid7(), uuid7(), roles, 600);
}

/* --- HTTP, byte by byte --- */

static inline void edge_send(int fd, const char *bytes, size_t n)
{
    for (size_t sent = 0; sent < n;) {
        ssize_t now = send(fd, bytes + sent, n - sent, MSG_NOSIGNAL);
        if (now <= 0)
            return; /* the gateway may refuse to read on; its answer is what the test looks at */
        sent += (size_t)now;
    }
}

static inline void edge_say(int fd, const char *text)
{
    edge_send(fd, text, strlen(text));
}

/* The value of a header line of the response; "" when there is none. */
static inline const char *edge_header(struct edge *e, const struct response *r, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = strstr(r->head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n")) {
        const char *p = line + 2;
        if (!strncasecmp(p, name, n) && p[n] == ':') {
            p += n + 1 + strspn(p + n + 1, " ");
            char *value = arena_printf(&e->arena, "%.*s", (int)strcspn(p, "\r\n"), p);
            cr_assert(value);
            return value;
        }
    }
    return "";
}

/* Reads one response; status 0 when the connection ended first. */
static inline struct response edge_read(struct edge *e, int fd)
{
    struct response r = {.status = 0};
    size_t n = 0;
    r.body = arena_alloc(&e->arena, 1);
    cr_assert(r.body);
    while (n < 4 || memcmp(r.head + n - 4, "\r\n\r\n", 4) != 0) {
        cr_assert(n + 1 < sizeof(r.head), "the response's headers do not end");
        if (recv(fd, r.head + n, 1, 0) != 1)
            return r;
        n++;
    }
    cr_assert(sscanf(r.head, "HTTP/1.1 %d", &r.status) == 1, "no status line: %s", r.head);
    if (r.status == 100)
        return edge_read(e, fd);
    r.n_body = (size_t)strtoul(edge_header(e, &r, "Content-Length"), NULL, 10);
    cr_assert(r.n_body < RESPONSE_MAX);
    r.body = arena_alloc(&e->arena, r.n_body + 1);
    cr_assert(r.body);
    for (size_t got = 0; got < r.n_body;) {
        ssize_t more = recv(fd, r.body + got, r.n_body - got, 0);
        cr_assert(more > 0, "the body is cut short");
        got += (size_t)more;
    }
    return r;
}

/* The connection has ended, or ends now, without another byte. */
static inline bool edge_ended(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* The text of a request. `token`, `body` and `more` (header lines with \r\n) may be NULL. */
static inline const char *edge_text(struct edge *e, const char *verb, const char *path, const char *token,
                                    const char *more, const char *body)
{
    const char *text =
        arena_printf(&e->arena, "%s %s HTTP/1.1\r\nHost: test\r\n%s%s%s%s%s", verb, path,
                     token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "", more ? more : "",
                     body ? arena_printf(&e->arena, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                         strlen(body), body)
                          : "\r\n");
    cr_assert(text);
    return text;
}

/* One request over a connection of its own, answered without a service or by one that the test runs elsewhere. */
static inline struct response edge_ask(struct edge *e, const char *verb, const char *path, const char *token,
                                       const char *more, const char *body)
{
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, verb, path, token, more, body));
    struct response r = edge_read(e, fd);
    close(fd);
    return r;
}

/* A page of the admin address. */
static inline struct response edge_admin(struct edge *e, const char *path)
{
    int fd = edge_try_connect(e->admin_port);
    cr_assert(fd >= 0);
    edge_say(fd, edge_text(e, "GET", path, NULL, NULL, NULL));
    struct response r = edge_read(e, fd);
    close(fd);
    return r;
}

/* A number of the metrics page; -1 when the line is not there. */
static inline long edge_metric(struct edge *e, const char *line)
{
    struct response r = edge_admin(e, "/metrics");
    const char *found = r.body;
    size_t n = strlen(line);
    while ((found = strstr(found, line))) {
        if ((found == r.body || found[-1] == '\n') && found[n] == ' ')
            return strtol(found + n, NULL, 10);
        found += n;
    }
    return -1;
}

/* Waits until a number of the metrics page is `value`. */
static inline void edge_await(struct edge *e, const char *line, long value)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; edge_metric(e, line) != value; edge_sleep_ms(5))
        cr_assert(edge_ms() < until, "%s does not become %ld", line, value);
}

/* Is the answer this error, about this field? */
static inline bool edge_is_error(const struct response *r, const char *code, const char *field)
{
    char wanted[200];
    snprintf(wanted, sizeof(wanted), "{\"error\":{\"code\":\"%s\"%s%s%s,\"message_vi\":\"", code,
             *field ? ",\"field\":\"" : "", field, *field ? "\"" : "");
    return !strncmp(r->body, wanted, strlen(wanted)) && strstr(r->body, "\"trace\":\"");
}

#define assert_error(r, number, code, field)                                                                           \
    cr_assert((r).status == (number) && edge_is_error(&(r), code, field), "expected %d %s %s, got %d %s", number,      \
              code, field, (r).status, (r).body)

/* --- fake peers --- */

static inline struct peer *peer_open_as(struct edge *e, const char *service, unsigned instance)
{
    char endpoint[ZSOCK_ENDPOINT_MAX];
    struct peer *peer = &e->peers[e->n_peers++];
    cr_assert(e->n_peers <= PEERS);
    peer->edge = e;
    peer->service = service_find_name(service)->number;
    peer->instance = instance;
    peer->calls = calloc(EDGE_CALLS, sizeof(struct call));
    cr_assert(peer->calls && !zsock_endpoint(&e->bus, service, instance, ZSOCK_CALL, endpoint));
    peer->socket = zsock_bind(e->zmq, ZMQ_ROUTER, &e->bus, endpoint);
    cr_assert(peer->socket);
    return peer;
}

static inline struct peer *peer_open(struct edge *e, const char *service)
{
    return peer_open_as(e, service, 1);
}

/* Goes away as a killed process would. */
static inline void peer_die(struct peer *peer)
{
    zmq_close(peer->socket);
    peer->socket = NULL;
}

/* The same reply to each of the calls; the header's call id is filled in. */
static inline void peer_send(struct peer *peer, const struct call *const *calls, size_t n, struct reply_header h,
                             const struct msg *desc, const void *reply)
{
    struct buf head, body;
    buf_init(&head, 1 << 16);
    buf_init(&body, proto_max_packed());
    if (reply)
        msg_pack(desc, reply, &body);
    zmq_send(peer->socket, calls[0]->peer, calls[0]->n_peer, ZMQ_SNDMORE);
    for (size_t i = 0; i < n; i++) {
        h.call_id = calls[i]->head.call_id;
        buf_clear(&head);
        msg_pack(&msg_reply_header, &h, &head);
        zmq_send(peer->socket, head.p, head.n, ZMQ_SNDMORE);
        zmq_send(peer->socket, body.n ? body.p : "", body.n, i + 1 < n ? ZMQ_SNDMORE : 0);
    }
    buf_release(&head);
    buf_release(&body);
}

static inline void peer_reply(struct peer *peer, const struct call *call, const struct msg *desc, const void *reply)
{
    peer_send(peer, &call, 1, (struct reply_header){.code = 0}, desc, reply);
}

static inline void peer_fail(struct peer *peer, const struct call *call, int code, const char *field)
{
    struct reply_header h = {.code = (uint16_t)code};
    if (field)
        PUT_FIELD(&h, reply_header, field, ((struct span){field, (uint32_t)strlen(field)}));
    peer_send(peer, &call, 1, h, NULL, NULL);
}

static inline void peer_take_pair(struct peer *peer, const uint8_t *id, size_t n_id, zmq_msg_t *head, zmq_msg_t *body)
{
    struct call *call = &peer->calls[peer->n_calls];
    struct fault fault;
    struct arena arena;
    cr_assert(peer->n_calls < EDGE_CALLS);
    arena_init(&arena, 1 << 16);
    memcpy(call->peer, id, n_id);
    call->n_peer = n_id;
    struct span bytes = {zmq_msg_data(head), (uint32_t)zmq_msg_size(head)};
    cr_assert_eq(msg_unpack(&msg_call_header, &call->head, &arena, bytes, &fault), 0);
    snprintf(call->trace, sizeof(call->trace), "%.*s", (int)call->head.trace.n, call->head.trace.p);
    for (uint32_t i = 0; i < call->head.n_grants; i++)
        call->grants[i] = call->head.grants[i];
    call->n_body = zmq_msg_size(body);
    cr_assert(call->n_body <= sizeof(call->body));
    memcpy(call->body, zmq_msg_data(body), call->n_body);
    arena_release(&arena);
    if (call->head.method == M_service_health) {
        const char *name = service_find(peer->service)->name;
        peer->asked_health++;
        struct health health = {.healthy = true, .service = {name, (uint32_t)strlen(name)}};
        peer_reply(peer, call, &msg_health, &health);
    } else if (call->head.method == M_revocations) {
        struct revocation_query query = {0};
        struct span asked = {call->body, (uint32_t)call->n_body};
        cr_assert_eq(msg_unpack(&msg_revocation_query, &query, &peer->edge->arena, asked, &fault), 0);
        peer->asked_revocations++;
        peer->asked_since = query.since;
        peer_reply(peer, call, &msg_revocation_list, &peer->revocations);
    } else {
        peer->n_calls++;
    }
}

/* Takes in one message when there is one within `ms`. */
static inline void peer_turn(struct peer *peer, long ms)
{
    uint8_t id[255];
    zmq_pollitem_t item = {peer->socket, 0, ZMQ_POLLIN, 0};
    size_t before = peer->n_calls;
    if (zmq_poll(&item, 1, ms) <= 0)
        return;
    int n = zmq_recv(peer->socket, id, sizeof(id), 0), more = 1;
    cr_assert(n > 0);
    while (more) {
        zmq_msg_t head, body;
        zmq_msg_init(&head);
        zmq_msg_init(&body);
        cr_assert(zmq_msg_recv(&head, peer->socket, 0) >= 0 && zmq_msg_more(&head), "a header without a body");
        cr_assert(zmq_msg_recv(&body, peer->socket, 0) >= 0);
        more = zmq_msg_more(&body);
        peer_take_pair(peer, id, (size_t)n, &head, &body);
        zmq_msg_close(&head);
        zmq_msg_close(&body);
    }
    peer->messages += peer->n_calls > before;
}

/* Waits until `n` calls of clients are there. */
static inline struct call *peer_await(struct peer *peer, size_t n)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; peer->n_calls < n; peer_turn(peer, 50))
        cr_assert(edge_ms() < until, "%zu of %zu calls came", peer->n_calls, n);
    return peer->calls;
}

/* Waits until the gateway has asked how we are: it is connected. */
static inline void peer_await_health(struct peer *peer)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; !peer->asked_health; peer_turn(peer, 50))
        cr_assert(edge_ms() < until, "the gateway does not find the peer");
}

/* Forgets the calls taken so far. */
static inline void peer_forget(struct peer *peer)
{
    peer->n_calls = 0;
}

/* The message that a call brought; its strings belong to the arena. */
static inline void call_body(struct edge *e, const struct call *call, const struct msg *desc, void *ret_message)
{
    struct fault fault;
    cr_assert_eq(msg_unpack(desc, ret_message, &e->arena, (struct span){call->body, (uint32_t)call->n_body}, &fault),
                 0);
}

/* --- the method that most tests use: saving an answer --- */

#define ANSWER_PATH "/v1/attempts/01890000-0000-7000-8000-000000000001/answers/7"
#define ANSWER_BODY "{\"revision\":3,\"response\":\"2\"}"

static inline struct answer_receipt receipt_of(const struct answer_save *answer)
{
    static const char link[33] = "0123456789abcdef0123456789abcdef", seal[33] = "fedcba9876543210fedcba9876543210";
    return (struct answer_receipt){.attempt_id = answer->attempt_id,
                                   .position = answer->position,
                                   .revision = answer->revision,
                                   .saved_at = 1000000,
                                   .seq = 5,
                                   .link = {link, 32},
                                   .seal = {seal, 32},
                                   .devices = 1};
}

static inline void answer_call(struct peer *peer, const struct call *call)
{
    struct answer_save answer;
    call_body(peer->edge, call, &msg_answer_save, &answer);
    struct answer_receipt receipt = receipt_of(&answer);
    peer_reply(peer, call, &msg_answer_receipt, &receipt);
}

#endif
