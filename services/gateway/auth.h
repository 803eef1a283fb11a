/*
 * auth.h - access tokens: verified once, then remembered.
 *
 * The memory is a table of fixed size, found by a keyed hash of the token's end and compared whole. Only tokens that
 * were verified enter it, so nobody can fill it with nonsense. What changes with time is looked at on each use: the end
 * of the token here, ended sessions by the caller (revoked.h).
 */
#ifndef GATEWAY_AUTH_H
#define GATEWAY_AUTH_H

#include "token.h"

#include <sodium.h>

enum { AUTH_WAYS = 16 };

/* A verified token. Lives as long as somebody holds it. */
struct session {
    uint32_t holders;  /* the table is one of them */
    uint32_t roles;    /* of all grants together */
    uint32_t national; /* of those for the whole nation */
    struct span token;
    struct access_claims claims;
};

struct auth_place {
    uint64_t hash;
    struct session *session; /* NULL: free */
};

struct auth {
    struct token_key keys[TOKEN_KEYS_MAX];
    size_t n_keys;
    unsigned char hash_key[crypto_shorthash_KEYBYTES];
    struct arena arena;
    size_t n_sets;
    struct auth_place *table; /* n_sets rows of AUTH_WAYS, the latest used first */
    uint64_t hits, misses, refused;
};

/*
 * Tokens count that any of the keys (TOKEN_KEYS_MAX at most) has signed. Remembers n_tokens at most, AUTH_WAYS or more.
 * It pays to have room for everybody who is active: to verify a token costs as much as three whole requests.
 */
MUST_CHECK int auth_open(struct auth *auth, const struct token_key *keys, size_t n_keys, size_t n_tokens);
void auth_close(struct auth *auth);
/* The session of a token. Returns 0, and the caller holds *ret_session; or UNAUTHENTICATED. */
MUST_CHECK int auth_check(struct auth *auth, struct span token, int64_t now_us, struct session **ret_session);
/* Lets go of a session. Accepts NULL. */
void session_release(struct session *session);

#endif
