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

/* A session for an account, with its first pair of tokens. 0 or fail(). */
MUST_CHECK int session_open(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                            struct session_tokens *ret_tokens);

/* A refresh token as the client holds it, and its two hashes. */
struct refresh_token {
    struct span text;
    struct span family_hash, hash;
};
/* A token of a new family, or the next of the family that `like` belongs to (NULL: new). -1: the arena is full. */
MUST_CHECK int refresh_token_make(struct arena *arena, const struct span *like, struct refresh_token *ret_token);
/* -1: not a refresh token at all. */
MUST_CHECK int refresh_token_read(struct arena *arena, struct span text, struct refresh_token *ret_token);

/* Tick. */
int sessions_prune(struct ctx *ctx);

#endif
