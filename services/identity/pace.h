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

/*
 * May the caller's address begin or end a login? Without an address (a program on the bus) it may. 0, or fail() with
 * TOO_MANY about "address".
 */
MUST_CHECK int pace_admit_address(struct ctx *ctx);
/* May this account at a provider? TOO_MANY about "subject". */
MUST_CHECK int pace_admit_account(struct ctx *ctx, struct span provider, struct span subject);

/*
 * Puts the end of a login on record when it was refused for what the client brought; `code` is the handler's result and
 * is returned, with the fault that it had. Outside of a transaction.
 */
int pace_settle_address(struct ctx *ctx, int code);
int pace_settle_account(struct ctx *ctx, struct span provider, struct span subject, int code);

/* Tick. */
int pace_prune(struct ctx *ctx);

#endif
