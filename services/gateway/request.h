/*
 * request.h - one HTTP request from its headers to its answer, and the gateway's parts that it meets.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "client.h"
#include "gateway.h"

/* What answers a request. Behind KIND_METHOD each has a place of its own in the metrics. */
enum request_kind {
    KIND_METHOD,       /* a METHOD row */
    KIND_NONE,         /* nothing: no such path, or refused before it was looked at */
    KIND_PAGE,         /* the portal's files */
    KIND_LIVE,         /* this process turns its loop */
    KIND_HEALTH,       /* every service answers */
    KIND_LOGIN,        /* login.c */
    KIND_LOGIN_RETURN, /* login.c */
    KIND_TOLD_OFF,     /* login.c */
    KIND_REFRESH,      /* login.c */
    KIND_LOGOUT,       /* login.c */
    KINDS
};
extern const char *const request_kind_names[KINDS];

/* Header lines that matter; they live in the connection's memory until the request is answered. */
struct request_headers {
    struct span authorization, cookie, content_type, accept, traceparent, forwarded_for, user_agent, fetch_site;
    bool hocvu; /* X-Hocvu: 1, which no foreign page can send */
    bool chunked;
    bool sized;     /* Content-Length */
    bool expects;   /* Expect: 100-continue: the body waits for our word */
    bool ambiguous; /* lines that contradict each other */
    uint64_t size;
};

struct request {
    struct request *next; /* list of free ones */
    struct gateway *gw;
    struct MHD_Connection *http;
    struct client *client;
    enum verb verb;
    bool head; /* GET without the body of the answer; libmicrohttpd leaves it out */
    enum request_kind kind;
    const struct page *page;
    struct span provider; /* of the paths /login/{provider}...; borrowed from the path */
    struct route_match match;
    struct request_headers headers;
    struct address address; /* of the client, behind a trusted proxy the one it names */
    char address_text[ADDRESS_TEXT];
    struct session *session;
    struct trace trace;
    int64_t began_us; /* mono_us */
    struct buf body;
    uint64_t received; /* bytes of the body, kept or not */
    int code;          /* refused before the body was read; the answer waits for the end of the body */
    const char *field;
    bool suspended, answered;
};

/* Free requests, kept for the next ones. */
struct request *request_new(struct gateway *gw, struct MHD_Connection *http);
void request_free(struct request *request);

/* Looks at the first lines: limits, route, token, roles. Returns 0, or an error's code with request->field set. */
MUST_CHECK int request_admit(struct request *request, const char *path);
/* Takes a piece of the body. -1: close the connection. */
MUST_CHECK int request_take_body(struct request *request, const char *bytes, size_t n);
/* The request is complete: answers it, or waits for a service. */
enum MHD_Result request_run(struct request *request);

/* Stops reading from the client until reply_send. */
void request_suspend(struct request *request);
/* A cookie's value; empty when there is none. Borrowed. */
struct span request_cookie(const struct request *request, const char *name);
/* The session of the access token in the header or the cookie; *ret_cookie says where it was. UNAUTHENTICATED. */
MUST_CHECK int request_authenticate(struct request *request, bool *ret_cookie);
/*
 * Header of a call for this request: method, trace, and the caller when there is a session, otherwise the address,
 * which is all that is known of who asks. Borrows from the request.
 */
struct call_header request_call_header(struct request *request, uint16_t method);

/* The session was ended by this request: it is over here at once; other gateways learn of it within two seconds. */
void request_note_logout(const struct request *request);

/* call.c: turns the request into the message of its METHOD and calls the service. */
enum MHD_Result call_method(struct request *request);
/* login.c */
enum MHD_Result login_run(struct request *request);
/* health.c: the public page says who is well, the admin page says why not. */
unsigned health_page(const struct gateway *gw, bool details, struct buf *out);

#endif
