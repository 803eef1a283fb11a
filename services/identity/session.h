/* session.h - sessions: opened by a login, renewed, ended. */
#ifndef IDENTITY_SESSION_H
#define IDENTITY_SESSION_H

#include "link.h"

/* Where a session comes from; empty spans: not known. */
struct session_origin {
    struct span provider;     /* who proved the identity */
    struct span provider_sid; /* the session there */
    struct span address;      /* of the browser */
    struct span device;       /* User-Agent of the browser */
};

/*
 * What follows a provider's answer: decides who it is (link.h), stores what is new of the account and opens a session
 * for it, in one transaction with those who log in at the same time, with its first pair of tokens. An account that is
 * nobody's gets tokens whose subject is the account and that grant nothing. A refusal goes into the audit. 0 or fail().
 * Outside of a transaction.
 */
MUST_CHECK int session_admit(struct ctx *ctx, const struct claims *claims, const struct session_origin *from,
                             struct link_outcome *ret_who, struct session_tokens *ret_tokens);
/*
 * Its second half: stores what link_judge put into `step`, to which the session's part is added. CONFLICT: the account
 * has changed since it was judged, nothing is kept, and it is to be judged again. 0 or fail().
 */
MUST_CHECK int session_open(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                            struct login_step *step, struct session_tokens *ret_tokens);

/*
 * Ends sessions at once, within the caller's transaction where there is one; gateways learn of it within two seconds.
 * `why` is one word for session and audit. *ret_n (may be NULL): how many were open. 0 or fail().
 */
MUST_CHECK int sessions_end_account(struct ctx *ctx, struct uuid account_id, const char *why, uint32_t *ret_n);
/* Those that came from this session at a provider. */
MUST_CHECK int sessions_end_provider(struct ctx *ctx, struct span provider, struct span provider_sid, const char *why,
                                     uint32_t *ret_n);

/* Tick. */
int sessions_prune(struct ctx *ctx);

#endif
