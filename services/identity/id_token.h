/*
 * id_token.h - the provider's keys, and the judgement of what it signs: ID tokens (OpenID Connect Core 1.0, section
 * 3.1.3.7) and logout tokens (OpenID Connect Back-Channel Logout 1.0, section 2.6). Pure: no network, no clock.
 */
#ifndef IDENTITY_ID_TOKEN_H
#define IDENTITY_ID_TOKEN_H

#include "arena.h"
#include "claims.h"

struct logout_claims;
struct provider_conf;

/*
 * The keys of a JWK set that can verify signatures: RSA of 2048 bits and more, EC on P-256 and P-384. Heap; outlives
 * requests.
 */
struct jwks;
/* NULL: `ret_why` is a constant sentence. */
struct jwks *jwks_parse(struct span json, const char **ret_why);
void jwks_free(struct jwks *jwks);
/* "n keys: kid (kty), ...", for people; text in the arena, NULL when that is full. */
const char *jwks_describe(const struct jwks *jwks, struct arena *arena);

/* Is every name of the list, separated by commas, an algorithm that can be allowed? "none" and HMAC never are. */
bool algorithms_good(const char *list);

/* What a token must say. */
struct id_rules {
    const char *issuer;
    const char *algorithms; /* allowed ones, separated by commas */
    const struct provider_conf *conf;
    struct span nonce;        /* of an ID token */
    struct span access_token; /* that came with it, for at_hash */
    bool at_hash_required;
    bool account_only; /* the person's claims come from elsewhere: the subject is enough */
    int64_t now_s;
};

enum { ID_TOKEN_KEY_UNKNOWN = -1 };

/*
 * Returns 0; ID_TOKEN_KEY_UNKNOWN when the set has no key of the token's name and kind, so that fetching the set again
 * may help; or an error of errors.def with `ret_why`, a constant sentence for the log, and `ret_field`. The level is
 * told, not judged.
 */
MUST_CHECK int id_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token,
                             struct arena *arena, struct claims *ret_claims, const char **ret_why,
                             const char **ret_field);
/* The same for a logout token. */
MUST_CHECK int logout_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token,
                                 struct arena *arena, struct logout_claims *ret_claims, const char **ret_why,
                                 const char **ret_field);

#endif
