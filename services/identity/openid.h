/*
 * openid.h - the identity provider, by OpenID Connect: authorization code flow with PKCE, state and nonce. The
 * provider's metadata and keys are looked up at its issuer URL and kept for a while; they are shared by all threads.
 *
 * Failures return an error of errors.def and a constant sentence for the log: never a code, a token or a claim.
 */
#ifndef IDENTITY_OPENID_H
#define IDENTITY_OPENID_H

#include "arena.h"
#include "id_token.h"

struct identity_conf;

/* Secrets of one login, as text. */
struct openid_request {
    struct span state, nonce, verifier;
};

/* What came back, and what the login was begun with. */
struct openid_answer {
    struct span code;
    struct span iss; /* empty: the redirect did not name it */
    struct span nonce, verifier;
};

/* Once, before threads start. */
MUST_CHECK int openid_start(void);
/* May a provider stand there? */
bool openid_url_allowed(const char *url);
/* Where the browser goes; text in the arena. */
MUST_CHECK int openid_location(const struct identity_conf *conf, const struct openid_request *request,
                               struct arena *arena, struct span *ret_location, const char **ret_why);
/* Exchanges the code and judges the ID token. The whole takes conf->oidc_total_ms at most. */
MUST_CHECK int openid_exchange(const struct identity_conf *conf, const struct openid_answer *answer,
                               struct arena *arena, struct claims *ret_claims, const char **ret_why,
                               const char **ret_field);
/* Forgets what was looked up: for tests that change the provider. */
void openid_forget(void);

#endif
