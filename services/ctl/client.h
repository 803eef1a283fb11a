/*
 * client.h - the public HTTP interface as its people use it: a client is one thread's way to the gateway, a session is
 * one person's login.
 *
 * Calls go by METHOD rows: members that the path names go into the path, the others into the query (GET, DELETE) or the
 * body, and the reply is read by the row's declaration, strictly. What may pass (no connection, 429, 503, 504) is tried
 * again for as long as the client's patience lasts, with the same content: every write carries the id that the caller
 * made, so a repeat is not counted twice.
 */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include "arena.h"
#include "http.h"
#include "proto.h"
#include "sample.h"

/* Why a call failed. */
struct client_fault {
    int code;   /* of errors.def */
    int status; /* HTTP; 0: no answer came */
    char field[129], message[300], trace[65];
};

struct client {
    struct http http;
    struct arena arena;   /* of replies, until client_clear */
    const char *url;      /* of the gateway, without a slash at the end; borrowed */
    struct span password; /* of the demonstration accounts; borrowed */
    const char *provider; /* where sessions log in; NULL: where the gateway sends them; borrowed */
    uint32_t patience_s;
    struct buf target, body;
    struct client_fault fault;
};

struct session {
    const struct sample_official *who;
    struct uuid person_id;
    char *access; /* owned */
    char refresh[129];
    int64_t access_until; /* microseconds since 1970 */
};

MUST_CHECK int client_init(struct client *client, const char *url, struct span password, uint32_t patience_s);
/* Accepts a zeroed client. */
void client_release(struct client *client);
/* Forgets the replies. */
void client_clear(struct client *client);

/*
 * Calls a method by its number, as the person of the session (NULL: as nobody). Logs in and renews tokens where needed.
 * Returns 0 with the reply, whose texts live until client_clear, or an error's code with client->fault filled; nobody
 * answering in time is UNAVAILABLE.
 */
MUST_CHECK int client_call(struct client *client, struct session *session, uint16_t method, const void *in,
                           void *ret_out);
/* An answer that only means: not yet, the service has still to hear of something. A list ends with code 0. */
struct not_yet {
    int code;
    const char *field; /* NULL: whatever it is about */
};
/* The same, but asks again for up to `seconds` while the answer is one of these. */
MUST_CHECK int client_await(struct client *client, struct session *session, uint16_t method, const void *in,
                            void *ret_out, const struct not_yet *not_yet, uint32_t seconds);
/* Records a fault of this side and returns its code. */
int client_fail(struct client *client, int code, const char *field, const char *message);
/* "evidence (409), lesson_id: sentence [trace ...]" */
void client_fault_text(const struct client *client, struct buf *out);

/* The address of a method and the JSON body of a request; for client_call and tests. -1: a list in a path or query. */
MUST_CHECK int client_target(const struct method *method, const void *in, struct buf *out);
void client_body(const struct method *method, const void *in, struct buf *out);

/* Logs in at the provider, redirect by redirect. Returns as client_call does. */
MUST_CHECK int session_open(struct client *client, struct session *session);
/* Next pair of tokens, by the refresh token or by another login. */
MUST_CHECK int session_renew(struct client *client, struct session *session);
bool session_needs_renewal(const struct session *session);
/* Accepts a zeroed one. */
void session_release(struct session *session);

#endif
