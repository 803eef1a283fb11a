/* token.c - signing and verifying access tokens with libsodium. */
#include "token.h"
#include "codec.h"
#include <sodium.h>

/* base64url of {"alg":"EdDSA","typ":"JWT","kid":"t1"} and the dot behind it. */
#define HEADER "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6InQxIn0."
enum { HEADER_N = sizeof(HEADER) - 1, SIGNATURE_TEXT = 86 /* of 64 bytes */ };

/* Clocks of two machines of ours may differ by this much. */
enum { SKEW_S = 5 };

static int parse_hex(struct span hex, unsigned char *ret_bytes, size_t most, size_t *ret_n)
{
    size_t n = 0;
    const char *end = NULL;
    if (sodium_hex2bin(ret_bytes, most, hex.p, hex.n, NULL, &n, &end) != 0 || end != hex.p + hex.n)
        return -1;
    *ret_n = n;
    return 0;
}

int token_secret_parse(struct span hex, unsigned char ret_secret[TOKEN_SECRET_BYTES])
{
    unsigned char bytes[TOKEN_SECRET_BYTES], public[TOKEN_PUBLIC_BYTES], secret[TOKEN_SECRET_BYTES];
    size_t n = 0;
    int result = -1;
    if (parse_hex(hex, bytes, sizeof(bytes), &n) == 0 && (n == crypto_sign_SEEDBYTES || n == sizeof(bytes)) &&
        crypto_sign_seed_keypair(public, secret, bytes) == 0 &&
        (n == crypto_sign_SEEDBYTES || sodium_memcmp(secret, bytes, sizeof(bytes)) == 0)) {
        memcpy(ret_secret, secret, sizeof(secret));
        result = 0;
    }
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(secret, sizeof(secret));
    return result;
}

int token_public_parse(struct span hex, unsigned char ret_public[TOKEN_PUBLIC_BYTES])
{
    unsigned char bytes[TOKEN_PUBLIC_BYTES];
    size_t n = 0;
    if (parse_hex(hex, bytes, sizeof(bytes), &n) < 0 || n != sizeof(bytes))
        return -1;
    memcpy(ret_public, bytes, sizeof(bytes));
    return 0;
}

int token_sign(const unsigned char secret[TOKEN_SECRET_BYTES], const struct access_claims *claims, struct arena *arena,
               struct span *ret_token)
{
    struct buf json, text;
    unsigned char signature[crypto_sign_BYTES];
    int result = -1;
    buf_init(&json, TOKEN_MAX);
    buf_init(&text, TOKEN_MAX);
    msg_to_json(&msg_access_claims, claims, &json);
    buf_add(&text, HEADER, HEADER_N);
    base64url_add(&text, json.p, json.n);
    if (!json.failed && !text.failed) {
        crypto_sign_detached(signature, NULL, (const unsigned char *)text.p, text.n, secret);
        buf_add_char(&text, '.');
        base64url_add(&text, signature, sizeof(signature));
        if (!text.failed)
            result = arena_span(arena, buf_span(&text), ret_token);
    }
    buf_release(&json);
    buf_release(&text);
    return result < 0 ? ERR_TOO_LARGE : 0;
}

int token_verify(const unsigned char public[TOKEN_PUBLIC_BYTES], struct span token, int64_t now_s, struct arena *arena,
                 struct access_claims *ret_claims)
{
    struct span signature, json;
    struct access_claims claims;
    struct fault fault;
    if (token.n <= HEADER_N + SIGNATURE_TEXT + 1 || token.n > TOKEN_MAX || memcmp(token.p, HEADER, HEADER_N) != 0)
        return ERR_UNAUTHENTICATED;
    uint32_t dot = token.n - SIGNATURE_TEXT - 1;
    if (token.p[dot] != '.' ||
        base64url_parse(arena, (struct span){token.p + dot + 1, SIGNATURE_TEXT}, &signature) != 0 ||
        signature.n != crypto_sign_BYTES)
        return ERR_UNAUTHENTICATED;
    if (crypto_sign_verify_detached((const unsigned char *)signature.p, (const unsigned char *)token.p, dot, public) !=
        0)
        return ERR_UNAUTHENTICATED;
    if (base64url_parse(arena, (struct span){token.p + HEADER_N, dot - HEADER_N}, &json) != 0 ||
        msg_from_json(&msg_access_claims, &claims, arena, json, &fault) != 0)
        return ERR_UNAUTHENTICATED;
    if (now_s < 0 || claims.exp <= (uint64_t)now_s || claims.iat > (uint64_t)now_s + SKEW_S)
        return ERR_UNAUTHENTICATED;
    *ret_claims = claims;
    return 0;
}
