/*
 * gateway.h - the process's parts in one place: what the loop turns and every request meets. One thread owns all of it.
 */
#ifndef GATEWAY_H
#define GATEWAY_H

#include "auth.h"
#include "client.h"
#include "metrics.h"
#include "moment.h"
#include "pages.h"
#include "ratelimit.h"
#include "revoked.h"
#include "route.h"
#include "settings.h"
#include "trace.h"
#include "upstream.h"

struct request;
struct answer;

struct gateway {
    const struct settings *settings;
    struct MHD_Daemon *http, *admin;
    struct upstreams upstreams;
    struct routes routes;
    struct auth auth;
    struct revoked revoked;
    bool revocations_asked;
    struct ratelimit addresses, accounts; /* how fast each may ask */
    struct metrics metrics;
    struct pages pages;
    struct clients clients;
    struct request *free_requests;
    size_t n_requests, n_suspended; /* alive; of these, waiting for a service */
    struct answer *free_answers;
    size_t body_bytes;     /* of request bodies held */
    struct arena building; /* a request on its way to a message */
    struct arena replying; /* a reply on its way to an answer; one may be due while another request is being built */
    struct moment now;     /* of this turn */
    bool resumed;          /* answers wait for libmicrohttpd's turn */
    bool draining;
};

/* Opens everything, turns the loop until SIGTERM, drains. `check`: only opens. Exit status. */
int gateway_run(const struct settings *settings, bool check);

/* http.c, admin.c: the two libmicrohttpd daemons. NULL: logged. */
struct MHD_Daemon *http_start(struct gateway *gw);
struct MHD_Daemon *admin_daemon_start(struct gateway *gw);
/* Passed to libmicrohttpd: its complaints become debug lines. */
void http_log(void *cls, const char *format, va_list args);
/* A listening socket with our options; -1: logged, with what to do. */
int http_listen(const struct sockaddr_in *address, const char *row);

#endif
