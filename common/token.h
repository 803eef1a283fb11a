/*
 * token.h - access tokens: access_claims as a JWT (RFC 7519) signed with Ed25519 (RFC 8037). Identity signs, the
 * gateway verifies with the public key alone.
 *
 * A key has one header, which names it by its thumbprint (RFC 7638), and headers are compared as bytes: no token can
 * choose its algorithm, nor a key that is not ours. While keys are being changed, more than one counts.
 */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include "arena.h"
#include "jws.h"
#include "proto.h"

enum {
    TOKEN_SECRET_BYTES = JWS_SECRET,
    TOKEN_PUBLIC_BYTES = JWS_PUBLIC,
    TOKEN_MAX = 4096,
    TOKEN_KEYS_MAX = 4,
    TOKEN_HEADER_MAX = 128,
};

/* A public key with the header of its tokens. */
struct token_key {
    unsigned char public[TOKEN_PUBLIC_BYTES];
    char header[TOKEN_HEADER_MAX];
    uint32_t n_header;
};
void token_key_init(struct token_key *key, const unsigned char public[TOKEN_PUBLIC_BYTES]);

/* The token's text, in the arena. Returns 0 or ERR_TOO_LARGE. */
MUST_CHECK int token_sign(const unsigned char secret[TOKEN_SECRET_BYTES], const struct access_claims *claims,
                          struct arena *arena, struct span *ret_token);

/*
 * What a token says, when its signature is right and it has not ended at `now_s` (seconds since 1970, the caller's
 * clock). Returns 0 or ERR_UNAUTHENTICATED; nothing tells why, because nobody who asks honestly needs it.
 */
MUST_CHECK int token_verify(const unsigned char public[TOKEN_PUBLIC_BYTES], struct span token, int64_t now_s,
                            struct arena *arena, struct access_claims *ret_claims);
/* The same by whichever of the keys the token names. */
MUST_CHECK int token_verify_any(const struct token_key *keys, size_t n_keys, struct span token, int64_t now_s,
                                struct arena *arena, struct access_claims *ret_claims);

#endif
