/*
 * id_token.h - the provider's keys, and the judgement of an ID token (OpenID Connect Core 1.0, section 3.1.3.7). Pure:
 * no network, no clock.
 */
#ifndef IDENTITY_ID_TOKEN_H
#define IDENTITY_ID_TOKEN_H

#include "arena.h"
#include "claims.h"

/* The keys of a JWK set that can verify signatures: RSA of 2048 bits and more, EC on P-256. Heap; outlives requests. */
struct jwks;
/* NULL: `ret_why` is a constant sentence. */
struct jwks *jwks_parse(struct span json, const char **ret_why);
void jwks_free(struct jwks *jwks);

/* What a token must say. */
struct id_rules {
    const char *issuer, *client_id;
    struct span nonce;
    int64_t now_s, skew_s;
    const char *claim_national_id, *claim_full_name, *claim_assurance;
    const char *required_assurance; /* "": not checked */
};

enum { ID_TOKEN_KEY_UNKNOWN = -1 };

/*
 * Returns 0; ID_TOKEN_KEY_UNKNOWN when the set has no key of the token's name and kind, so that fetching the set again
 * may help; or an error of errors.def with `ret_why`, a constant sentence for the log, and `ret_field`.
 */
MUST_CHECK int id_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token,
                             struct arena *arena, struct claims *ret_claims, const char **ret_why,
                             const char **ret_field);

#endif
