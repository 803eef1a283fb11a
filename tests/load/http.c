/* http.c - see http.h. */
#include "http.h"
#include "service.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READING = 1 << 18, REQUEST_MAX = 1 << 16, ANSWER_MAX = 1 << 23, KEPT = 1 << 12, EVENTS = 512 };

int http_open(struct http *http, const char *server)
{
    char address[32];
    const char *colon = strchr(server, ':');
    *http = (struct http){.epoll = -1, .now = mono_us()};
    http->server.sin_family = AF_INET;
    if (!colon || (size_t)(colon - server) >= sizeof(address)) {
        fprintf(stderr, "exam_load: %s is not address:port\n", server);
        return -1;
    }
    memcpy(address, server, (size_t)(colon - server));
    address[colon - server] = '\0';
    http->server.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    http->reading = malloc(READING);
    if (inet_pton(AF_INET, address, &http->server.sin_addr) != 1 || http->epoll < 0 || !http->reading) {
        fprintf(stderr, "exam_load: cannot use %s\n", server);
        return -1;
    }
    return 0;
}

void http_close(struct http *http)
{
    if (http->epoll >= 0)
        close(http->epoll);
    free(http->reading);
    timers_release(&http->timers);
}

static void hang_up(struct http_conn *conn)
{
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    conn->state = HTTP_IDLE;
    conn->reused = false;
    conn->watches_out = false;
    buf_clear(&conn->in);
}

/* --- sending --- */

static void fail_soon(struct http_conn *conn, enum http_end why)
{
    hang_up(conn);
    conn->failing = why;
    timer_set(&conn->http->timers, &conn->timer, conn->http->now);
}

static void watch(struct http_conn *conn, int verb, bool out)
{
    struct epoll_event event = {.events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0), .data.ptr = conn};
    conn->watches_out = out;
    if (epoll_ctl(conn->http->epoll, verb, conn->fd, &event) < 0)
        abort();
}

/* Writes what is left of the request. -1: the connection has ended. */
static int write_out(struct http_conn *conn)
{
    while (conn->sent < conn->out.n) {
        ssize_t n = send(conn->fd, conn->out.p + conn->sent, conn->out.n - conn->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN)
            return -1;
        if (n < 0) {
            if (!conn->watches_out)
                watch(conn, EPOLL_CTL_MOD, true);
            return 0;
        }
        conn->sent += (size_t)n;
    }
    if (conn->watches_out)
        watch(conn, EPOLL_CTL_MOD, false);
    return 0;
}

static void dial(struct http_conn *conn)
{
    struct http *http = conn->http;
    int on = 1;
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    conn->sent = 0;
    http->connects++;
    if (conn->fd < 0) {
        perror("exam_load: socket (is the limit of open files too low?)");
        fail_soon(conn, HTTP_REFUSED);
        return;
    }
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    conn->state = HTTP_CONNECTING;
    if (connect(conn->fd, (const struct sockaddr *)&http->server, sizeof(http->server)) < 0 && errno != EINPROGRESS)
        fail_soon(conn, HTTP_REFUSED);
    else
        watch(conn, EPOLL_CTL_ADD, true);
}

/* The connection ended before an answer began. Was it an old one, then the server had only closed it meanwhile. */
static void lost(struct http_conn *conn)
{
    if (conn->reused && !conn->in.n) {
        hang_up(conn);
        conn->http->resent++;
        dial(conn);
        return;
    }
    fail_soon(conn, conn->state == HTTP_CONNECTING ? HTTP_REFUSED : HTTP_LOST);
}

struct buf *http_request(struct http_conn *conn)
{
    buf_clear(&conn->out);
    return &conn->out;
}

void http_send(struct http_conn *conn, uint32_t timeout_ms)
{
    struct http *http = conn->http;
    conn->failing = HTTP_LATE;
    conn->sent = 0;
    timer_set(&http->timers, &conn->timer, http->now + (int64_t)timeout_ms * 1000);
    if (conn->out.failed)
        fail_soon(conn, HTTP_BROKEN);
    else if (conn->fd < 0)
        dial(conn);
    else {
        conn->state = HTTP_WAITING;
        if (write_out(conn) < 0)
            lost(conn);
    }
}

/* --- receiving --- */

static bool header_is(const char *line, size_t n, const char *name, const char **ret_value)
{
    size_t n_name = strlen(name);
    if (n <= n_name || strncasecmp(line, name, n_name) || line[n_name] != ':')
        return false;
    *ret_value = line + n_name + 1 + strspn(line + n_name + 1, " ");
    return true;
}

struct head {
    size_t bytes, body;
    int status;
    uint32_t retry_ms;
    bool close;
};

/* 1: the head is complete; 0: not yet; -1: this is not HTTP. The bytes end with NUL. */
static int parse_head(const char *bytes, struct head *ret_head)
{
    struct head head = {0};
    const char *end = strstr(bytes, "\r\n\r\n");
    if (!end)
        return 0;
    head.bytes = (size_t)(end - bytes) + 4;
    if (strncmp(bytes, "HTTP/1.", 7) || bytes[8] != ' ')
        return -1;
    head.status = (int)strtol(bytes + 9, NULL, 10);
    for (const char *line = strstr(bytes, "\r\n") + 2; line < end + 2;) {
        const char *next = strstr(line, "\r\n"), *value;
        size_t n = (size_t)(next - line);
        if (header_is(line, n, "Content-Length", &value))
            head.body = strtoul(value, NULL, 10);
        else if (header_is(line, n, "Retry-After", &value))
            head.retry_ms = (uint32_t)strtoul(value, NULL, 10) * 1000;
        else if (header_is(line, n, "Connection", &value))
            head.close = !strncasecmp(value, "close", 5);
        line = next + 2;
    }
    *ret_head = head;
    return head.status < 100 ? -1 : 1;
}

static void answered(struct http_conn *conn, const struct head *head, const char *bytes)
{
    struct http_reply reply = {
        HTTP_ANSWERED, head->status, head->retry_ms, {bytes + head->bytes, (uint32_t)head->body}};
    timer_clear(&conn->http->timers, &conn->timer);
    conn->state = HTTP_IDLE;
    conn->reused = true;
    if (head->close) {
        close(conn->fd);
        conn->fd = -1;
        conn->reused = false;
    }
    /* The callback may send the next request; its answer begins in an empty buffer. */
    struct buf in = conn->in;
    buf_init(&conn->in, ANSWER_MAX);
    conn->done(conn->owner, &reply);
    if (in.room > KEPT || conn->in.room) {
        buf_release(&in);
    } else {
        buf_clear(&in);
        conn->in = in;
    }
}

/* Looks at what has come. -1: what has come is no answer. */
static int look(struct http_conn *conn, const char *bytes, size_t n)
{
    struct head head;
    int result = parse_head(bytes, &head);
    if (result < 0)
        return -1;
    if (!result || n < head.bytes + head.body) {
        if (bytes == conn->in.p)
            return 0;
        buf_add(&conn->in, bytes, n);
        buf_add_char(&conn->in, '\0');
        conn->in.n--;
        return conn->in.failed ? -1 : 0;
    }
    answered(conn, &head, bytes);
    return 0;
}

static void read_in(struct http_conn *conn)
{
    char *into = conn->http->reading;
    size_t room = READING - 1;
    if (conn->in.n) {
        room = 16384;
        into = buf_room(&conn->in, room + 1);
    }
    ssize_t n = into ? recv(conn->fd, into, room, 0) : 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        if (conn->state == HTTP_IDLE)
            hang_up(conn);
        else
            lost(conn);
        return;
    }
    into[n] = '\0';
    bool whole = !conn->in.n;
    if (!whole)
        conn->in.n += (size_t)n;
    if (conn->state != HTTP_WAITING || look(conn, whole ? into : conn->in.p, whole ? (size_t)n : conn->in.n) < 0) {
        if (conn->state == HTTP_IDLE)
            hang_up(conn);
        else
            fail_soon(conn, HTTP_BROKEN);
    }
}

static void connected(struct http_conn *conn)
{
    int error = 0;
    socklen_t n = sizeof(error);
    if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 || error) {
        fail_soon(conn, HTTP_REFUSED);
        return;
    }
    conn->state = HTTP_WAITING;
    if (write_out(conn) < 0)
        lost(conn);
}

static void on_event(struct http_conn *conn, uint32_t events)
{
    if (conn->fd < 0)
        return;
    if (conn->state == HTTP_CONNECTING) {
        connected(conn);
        return;
    }
    if ((events & EPOLLOUT) && write_out(conn) < 0) {
        lost(conn);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_in(conn);
}

/* The time limit, or a failure that was put off. */
static void on_timer(void *owner)
{
    struct http_conn *conn = owner;
    struct http_reply reply = {.end = conn->failing};
    hang_up(conn);
    conn->done(conn->owner, &reply);
}

void http_turn(struct http *http, int most_ms)
{
    struct epoll_event events[EVENTS];
    http->now = mono_us();
    int wait = timers_run(&http->timers, http->now, most_ms);
    int n = epoll_wait(http->epoll, events, EVENTS, wait);
    http->now = mono_us();
    for (int i = 0; i < n; i++)
        on_event(events[i].data.ptr, events[i].events);
}

/* --- connections --- */

void http_conn_init(struct http *http, struct http_conn *conn, void (*done)(void *, const struct http_reply *),
                    void *owner)
{
    *conn = (struct http_conn){.http = http, .fd = -1, .done = done, .owner = owner};
    conn->timer = (struct timer){.run = on_timer, .owner = conn};
    buf_init(&conn->out, REQUEST_MAX);
    buf_init(&conn->in, ANSWER_MAX);
}

void http_conn_release(struct http_conn *conn)
{
    timer_clear(&conn->http->timers, &conn->timer);
    hang_up(conn);
    buf_release(&conn->out);
    buf_release(&conn->in);
}
