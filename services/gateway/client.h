/*
 * client.h - the connections of clients: their addresses, and an end for those that never finish a request.
 *
 * libmicrohttpd closes a silent connection. One that sends a byte now and then is never silent, so each connection must
 * also reach its next milestone in time: connected, headers complete, request answered.
 */
#ifndef GATEWAY_CLIENT_H
#define GATEWAY_CLIENT_H

#include "address.h"

#include <microhttpd.h>

struct client {
    struct client *prev, *next; /* in the order of their last milestone */
    struct address address;
    int fd;
    bool shut;            /* told to end; libmicrohttpd closes it */
    int64_t milestone_us; /* mono_us, as every `now` here */
};

struct clients {
    struct client *first, *last;
    size_t n;
    int64_t patience_us;
    uint64_t cut;
};

/* NULL when memory is out or the peer has no address. */
struct client *client_new(struct clients *clients, struct MHD_Connection *http, int64_t now);
/* Accepts NULL. */
void client_free(struct clients *clients, struct client *client);
void client_milestone(struct clients *clients, struct client *client, int64_t now);
/* Shuts the connections that missed their milestone. */
void clients_sweep(struct clients *clients, int64_t now);

#endif
