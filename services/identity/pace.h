/*
 * pace.h - how often logins may be refused: per account and per network of addresses. Counted in a table of PostgreSQL
 * that need not survive a crash; no cache holds it, so none can lose it.
 */
#ifndef IDENTITY_PACE_H
#define IDENTITY_PACE_H

#include "service.h"

/* A network's name in this many bytes, with a NUL: the /24 of an IPv4 address, the /64 of an IPv6 address. */
enum { PACE_NETWORK_TEXT = 64 };

/* -1: the text is no address; then it has no network. */
MUST_CHECK int pace_network(struct span address, char ret_network[PACE_NETWORK_TEXT]);

enum { PACE_KEY = 16 };

/* Who must not have been refused how often; `most` 0: there is no limit. */
struct pace_limit {
    unsigned char key[PACE_KEY]; /* a hash: the database sees neither addresses nor accounts */
    uint32_t window_s, most;
};
/* Of the caller's network; a program on the bus, without an address, has no limit. */
void pace_limit_address(const struct ctx *ctx, struct pace_limit *ret_limit);
/* Of an account at a provider. */
void pace_limit_account(const struct ctx *ctx, struct span provider, struct span subject, struct pace_limit *ret_limit);
/* Says so in the log; TOO_MANY about `field`. */
int pace_refuse(struct ctx *ctx, const char *field);

/* Looks whether the caller's network may go on. 0, or fail() with TOO_MANY about "address". */
MUST_CHECK int pace_admit_address(struct ctx *ctx);

/*
 * Puts the end of a login on record when it was refused for what the client brought; `code` is the handler's result and
 * is returned, with the fault that it had. Outside of a transaction.
 */
int pace_settle_address(struct ctx *ctx, int code);
int pace_settle_account(struct ctx *ctx, struct span provider, struct span subject, int code);

/* Tick. */
int pace_prune(struct ctx *ctx);

#endif
