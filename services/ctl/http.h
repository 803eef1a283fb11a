/*
 * http.h - one thread's HTTP client: one request, one answer. Nothing is repeated here and no redirect is followed.
 *
 * Connections are kept for the next request. Cookies live in memory, are sent as a browser would, and are forgotten
 * when the caller says so.
 */
#ifndef CTL_HTTP_H
#define CTL_HTTP_H

#include "buf.h"
#include "progress.h"

struct http_request {
    const char *verb;
    const char *url;
    const char *accept;       /* NULL: application/json */
    const char *bearer;       /* access token; NULL: none */
    const char *content_type; /* NULL: no body */
    struct span body;
};

struct http {
    void *curl;
    struct stage *stage; /* where calls are counted; NULL: nowhere */
    /* The last answer. */
    struct buf reply;
    int status;           /* 0: none came, `trouble` says why */
    uint32_t retry_after; /* seconds that it asks to wait */
    char *location;       /* absolute; NULL: no redirect; valid until the next request */
    char media_type[128], file_name[128];
    const char *trouble;
};

/* Once, before threads begin. */
MUST_CHECK int http_start(void);
/* It must stay where it is from then on. */
MUST_CHECK int http_init(struct http *http);
/* Accepts a zeroed one. */
void http_release(struct http *http);
/* True when an answer came, whatever its status. */
MUST_CHECK bool http_send(struct http *http, const struct http_request *request);
void http_forget_cookies(struct http *http);
/* No answer, or one that says: later. */
bool http_passing(const struct http *http);

/* Appends text percent-encoded (RFC 3986, everything but unreserved characters). */
void http_escape(struct buf *out, struct span text);
/* The address `link` as it stands on the page `base`, or NULL; for free(). */
MUST_CHECK char *http_resolve(const char *base, const char *link);

#endif
