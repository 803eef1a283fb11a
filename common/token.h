/*
 * token.h - access tokens: access_claims as a JWT (RFC 7519) signed with Ed25519 (RFC 8037). Identity signs, the
 * gateway verifies with the public key alone.
 *
 * There is one header and it is compared as bytes, so no token can choose its algorithm. A new key gets a new header.
 */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include "arena.h"
#include "jws.h"
#include "proto.h"

enum { TOKEN_SECRET_BYTES = JWS_SECRET, TOKEN_PUBLIC_BYTES = JWS_PUBLIC, TOKEN_MAX = 4096 };

/* The token's text, in the arena. Returns 0 or ERR_TOO_LARGE. */
MUST_CHECK int token_sign(const unsigned char secret[TOKEN_SECRET_BYTES], const struct access_claims *claims,
                          struct arena *arena, struct span *ret_token);

/*
 * What a token says, when its signature is right and it has not ended at `now_s` (seconds since 1970, the caller's
 * clock). Returns 0 or ERR_UNAUTHENTICATED; nothing tells why, because nobody who asks honestly needs it.
 */
MUST_CHECK int token_verify(const unsigned char public[TOKEN_PUBLIC_BYTES], struct span token, int64_t now_s,
                            struct arena *arena, struct access_claims *ret_claims);

#endif
