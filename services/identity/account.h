/* account.h - accounts at identity providers, as officers and rosters change them. */
#ifndef IDENTITY_ACCOUNT_H
#define IDENTITY_ACCOUNT_H

#include "identity.h"
#include "link.h"

/* An officer's decision, with its events, history and audit. A refusal by subtree goes into the audit. 0 or fail(). */
MUST_CHECK int account_decide(struct ctx *ctx, const struct account_step *step, struct link_result *ret_result);

/*
 * Links pending accounts whose number has come onto a roster, if name and birth date fit, and opens cases for the
 * others; 500 at most, in the caller's transaction if there is one. *ret_n: how many were looked at; while it is not 0
 * there may be more. A roster calls it when its persons are committed; a tick does too, for those who come by hand. 0
 * or fail().
 */
MUST_CHECK int accounts_take(struct ctx *ctx, uint32_t *ret_n);

/* Ticks: one page of accounts_take; claims of people who came onto no roster are forgotten. */
int accounts_take_due(struct ctx *ctx);
int accounts_prune(struct ctx *ctx);

#endif
