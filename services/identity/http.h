/*
 * http.h - a request to an identity provider by libcurl: bounded in time and size, without redirects, https only (http
 * on the loopback address, for a provider on the same machine).
 */
#ifndef IDENTITY_HTTP_H
#define IDENTITY_HTTP_H

#include "arena.h"
#include "buf.h"

enum { HTTP_MAX_BODY = 262144 };

struct http_request {
    const char *url;
    const char *form;                /* application/x-www-form-urlencoded body of a POST; NULL: GET */
    const char *user, *password;     /* of Basic authentication; NULL: none */
    const char *bearer;              /* access token; NULL: none */
    int64_t deadline_us, connect_ms; /* mono_us; milliseconds */
};

struct http_reply {
    long status;
    struct span body;  /* in the arena */
    bool json;         /* says that it is JSON */
    int64_t max_age_s; /* how long it may be kept; -1: not said */
    int64_t date_s;    /* the peer's clock, seconds since 1970; -1: not said */
};

/* Once, before threads start. */
MUST_CHECK int http_start(void);
/* Have both the same scheme, host and port? */
bool http_same_origin(const char *url, const char *other);
/*
 * Sends the request and takes the reply, whatever its status. Connections are kept per thread. ERR_PROVIDER, or
 * ERR_PROVIDER_SLOW when the time was up: `ret_why` is a constant sentence without anything of the request in it.
 */
MUST_CHECK int http_send(const struct http_request *request, struct arena *arena, struct http_reply *ret_reply,
                         const char **ret_why);
/* Appends percent-encoded text: everything but the unreserved characters of RFC 3986. */
void http_add_escaped(struct buf *out, struct span text);
/* Appends `name=value&`, the value percent-encoded. */
void http_add_parameter(struct buf *out, const char *name, struct span value);
/*
 * Takes the last '&' away and gives the text, NUL-terminated, in the arena; releases the buffer. ERR_TOO_LARGE when it
 * did not fit.
 */
MUST_CHECK int http_finish_text(struct buf *text, struct arena *arena, struct span *ret_text);

#endif
