/*
 * jws.h - signed texts: compact JWS (RFC 7515) with Ed25519 (RFC 8037), and the keys they are signed with. Access
 * tokens, certificates and dossiers are such texts.
 *
 * The header is the caller's: it is written as given and compared as bytes, so no signed text chooses its own
 * algorithm.
 */
#ifndef COMMON_JWS_H
#define COMMON_JWS_H

#include "buf.h"

enum {
    JWS_SECRET = 64, /* libsodium's form: seed and public key */
    JWS_PUBLIC = 32,
    JWS_SIGNATURE = 64,
    JWS_KID_TEXT = 44, /* base64url of 32 bytes, and a NUL */
};

/* The three parts of a compact JWS, still base64url; `input` is what was signed: header, dot, payload. */
struct jws {
    struct span header, payload, signature, input;
};

/* Keys as their files hold them: hex of the RFC 8032 seed or of the whole secret key; hex of the public key. 0 or -1.
 */
MUST_CHECK int jws_secret_parse(struct span hex, uint8_t ret_secret[JWS_SECRET]);
MUST_CHECK int jws_public_parse(struct span hex, uint8_t ret_public[JWS_PUBLIC]);
/* The public half of a secret key. */
void jws_public_of(const uint8_t secret[JWS_SECRET], uint8_t ret_public[JWS_PUBLIC]);
/* Name of a key: its JWK thumbprint (RFC 7638), base64url. */
void jws_kid(const uint8_t public[JWS_PUBLIC], char ret_kid[JWS_KID_TEXT]);

/* Appends the signed text. A failure stands in out->failed. */
void jws_sign(const uint8_t secret[JWS_SECRET], struct span header, struct span payload, struct buf *out);
/* The parts of a text; -1 when it has not three. Borrows from the text, decodes nothing. */
MUST_CHECK int jws_split(struct span text, struct jws *ret_jws);
/* Is the header, once decoded, exactly this? */
bool jws_header_is(const struct jws *jws, struct span header);
/* Did this key sign it? */
bool jws_signed_by(const struct jws *jws, const uint8_t public[JWS_PUBLIC]);

#endif
