/*
 * openid.h - a provider that speaks OpenID Connect: authorization code flow with PKCE, state and nonce. What the flow
 * (openid.c) and the provider's metadata and keys (openid_meta.c) share.
 */
#ifndef IDENTITY_OPENID_H
#define IDENTITY_OPENID_H

#include "id_token.h"
#include "provider.h"

struct openid_conf {
    struct provider_conf common;
    const char *issuer, *scope, *algorithms, *at_hash_required, *endpoints_elsewhere, *userinfo;
    const char *logout, *post_logout_uri;
    int64_t cache_s, refetch_s;
};

/* What the discovery document says, as far as we need it. */
struct openid_metadata {
    struct span authorization_endpoint, token_endpoint, jwks_uri;
    struct span userinfo_endpoint, end_session_endpoint; /* empty: has none */
    bool names_itself;                                   /* RFC 9207: the redirect carries `iss` */
};

const struct openid_conf *openid_conf(const struct provider *provider);

/* --- openid_meta.c: looked up at the issuer's URL, kept for a while, shared by all threads --- */

MUST_CHECK int openid_open(struct provider *provider);
void openid_close(struct provider *provider);
void openid_forget(struct provider *provider);
/* The metadata; texts in the arena. */
MUST_CHECK int openid_metadata_get(struct dealing *d, struct openid_metadata *ret_metadata);
/*
 * Calls `judge` with the provider's keys; once more with fresh ones when it says ID_TOKEN_KEY_UNKNOWN and they may be
 * looked up again. Returns what it says, ERR_PROVIDER for a key that stays unknown.
 */
MUST_CHECK int openid_with_keys(struct dealing *d, const struct openid_metadata *metadata,
                                int (*judge)(struct dealing *d, const struct jwks *jwks, void *user), void *user);

/* Both anew and past what is kept: for probes. The keys are for jwks_free. */
MUST_CHECK int openid_metadata_fetch(struct dealing *d, struct openid_metadata *ret_metadata,
                                     struct http_reply *ret_reply);
MUST_CHECK int openid_keys_fetch(struct dealing *d, struct span uri, struct jwks **ret_jwks);

#endif
