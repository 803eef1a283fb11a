/*
 * http.h - an HTTP/1.1 client for many thousand connections in one thread: keep-alive, non-blocking, one request at a
 * time on each connection, as a browser application behaves.
 *
 * A connection that the server closed while it was idle is made anew without a word, and a request that found it closed
 * is sent once more: so do browsers. Everything else that goes wrong is told to the caller, who decides about
 * repeating.
 */
#ifndef LOAD_HTTP_H
#define LOAD_HTTP_H

#include "buf.h"
#include "timer.h"
#include <netinet/in.h>

enum http_end { HTTP_ANSWERED, HTTP_REFUSED, HTTP_LOST, HTTP_LATE, HTTP_BROKEN };

struct http_reply {
    enum http_end end; /* REFUSED: no connection; LOST: it ended; LATE: the time limit; BROKEN: not HTTP */
    int status;        /* 0 unless answered */
    uint32_t retry_ms; /* Retry-After, 0: none */
    struct span body;  /* until the callback returns */
};

struct http {
    int epoll;
    struct sockaddr_in server;
    struct timers timers; /* callers may put theirs here too */
    int64_t now;          /* mono_us of this turn */
    uint64_t connects, resent;
    char *reading; /* shared: an answer that comes in one piece is never copied */
};

struct http_conn {
    struct http *http;
    int fd; /* -1: closed */
    enum { HTTP_IDLE, HTTP_CONNECTING, HTTP_WAITING } state;
    bool reused; /* this connection has answered before */
    bool watches_out;
    struct buf out; /* the request, kept for repeating */
    size_t sent;
    struct buf in; /* an answer that came in pieces */
    struct timer timer;
    enum http_end failing; /* told by the timer, so that no callback runs inside of http_send */
    void (*done)(void *owner, const struct http_reply *reply);
    void *owner;
};

/* `server` is address:port, IPv4. -1: a sentence was printed. */
MUST_CHECK int http_open(struct http *http, const char *server);
void http_close(struct http *http);
/* One turn of the loop: waits at most `most_ms`. */
void http_turn(struct http *http, int most_ms);

void http_conn_init(struct http *http, struct http_conn *conn, void (*done)(void *, const struct http_reply *),
                    void *owner);
void http_conn_release(struct http_conn *conn);
/* Where the next request is written; empty. */
struct buf *http_request(struct http_conn *conn);
/* Sends what stands in the request; `done` is called once, later. The same request can be sent again afterwards. */
void http_send(struct http_conn *conn, uint32_t timeout_ms);

#endif
