/* jws.c - signing and verifying compact JWS with libsodium, see jws.h. */
#include "jws.h"
#include "codec.h"
#include <sodium.h>

/* Headers of ours are short; a longer one is nobody's. */
enum { HEADER_MAX = 512, SEED = crypto_sign_SEEDBYTES };

_Static_assert(JWS_SECRET == crypto_sign_SECRETKEYBYTES && JWS_PUBLIC == crypto_sign_PUBLICKEYBYTES &&
                   JWS_SIGNATURE == crypto_sign_BYTES,
               "as libsodium has them");

static int parse_hex(struct span hex, uint8_t *ret_bytes, size_t most, size_t *ret_n)
{
    return hex.p && !sodium_hex2bin(ret_bytes, most, hex.p, hex.n, NULL, ret_n, NULL) ? 0 : -1;
}

/* The seed makes the pair; a whole secret key must be the one that its own seed makes. */
int jws_secret_parse(struct span hex, uint8_t ret_secret[JWS_SECRET])
{
    uint8_t bytes[JWS_SECRET], public[JWS_PUBLIC], secret[JWS_SECRET];
    size_t n = 0;
    int result = -1;
    if (!parse_hex(hex, bytes, sizeof(bytes), &n) && (n == SEED || n == sizeof(bytes)) &&
        !crypto_sign_seed_keypair(public, secret, bytes) &&
        (n == SEED || !sodium_memcmp(secret, bytes, sizeof(bytes)))) {
        memcpy(ret_secret, secret, sizeof(secret));
        result = 0;
    }
    sodium_memzero(bytes, sizeof(bytes));
    sodium_memzero(secret, sizeof(secret));
    return result;
}

int jws_public_parse(struct span hex, uint8_t ret_public[JWS_PUBLIC])
{
    uint8_t bytes[JWS_PUBLIC];
    size_t n = 0;
    if (parse_hex(hex, bytes, sizeof(bytes), &n) < 0 || n != sizeof(bytes))
        return -1;
    memcpy(ret_public, bytes, sizeof(bytes));
    return 0;
}

void jws_public_of(const uint8_t secret[JWS_SECRET], uint8_t ret_public[JWS_PUBLIC])
{
    crypto_sign_ed25519_sk_to_pk(ret_public, secret);
}

/* base64url without padding of 32 bytes. */
static void encode32(const uint8_t bytes[32], char ret_text[JWS_KID_TEXT])
{
    sodium_bin2base64(ret_text, JWS_KID_TEXT, bytes, 32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* SHA-256 over the members that a JWK must have, in the order of their names. */
void jws_kid(const uint8_t public[JWS_PUBLIC], char ret_kid[JWS_KID_TEXT])
{
    char x[JWS_KID_TEXT], text[128];
    uint8_t digest[crypto_hash_sha256_BYTES];
    encode32(public, x);
    int n = snprintf(text, sizeof(text), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    crypto_hash_sha256(digest, (const uint8_t *)text, (unsigned long long)n);
    encode32(digest, ret_kid);
}

void jws_sign(const uint8_t secret[JWS_SECRET], struct span header, struct span payload, struct buf *out)
{
    uint8_t signature[JWS_SIGNATURE];
    size_t begin = out->n;
    base64url_add(out, header.p, header.n);
    buf_add_char(out, '.');
    base64url_add(out, payload.p, payload.n);
    if (out->failed)
        return;
    crypto_sign_detached(signature, NULL, (const uint8_t *)out->p + begin, out->n - begin, secret);
    buf_add_char(out, '.');
    base64url_add(out, signature, sizeof(signature));
}

int jws_split(struct span text, struct jws *ret_jws)
{
    const char *end = text.p + text.n;
    const char *first = text.n ? memchr(text.p, '.', text.n) : NULL;
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return -1;
    *ret_jws = (struct jws){.header = {text.p, (uint32_t)(first - text.p)},
                            .payload = {first + 1, (uint32_t)(second - first - 1)},
                            .signature = {second + 1, (uint32_t)(end - second - 1)},
                            .input = {text.p, (uint32_t)(second - text.p)}};
    return 0;
}

/* The number of bytes, or -1: malformed or too many. Bits that no byte holds must be zero. */
static long decode(struct span text, uint8_t *ret_bytes, size_t most)
{
    size_t n = 0;
    if (sodium_base642bin(ret_bytes, most, text.p, text.n, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING))
        return -1;
    return (long)n;
}

bool jws_header_is(const struct jws *jws, struct span header)
{
    uint8_t bytes[HEADER_MAX];
    long n = decode(jws->header, bytes, sizeof(bytes));
    return n >= 0 && (size_t)n == header.n && !memcmp(bytes, header.p, header.n);
}

bool jws_signed_by(const struct jws *jws, const uint8_t public[JWS_PUBLIC])
{
    uint8_t signature[JWS_SIGNATURE];
    return decode(jws->signature, signature, sizeof(signature)) == JWS_SIGNATURE &&
           !crypto_sign_verify_detached(signature, (const uint8_t *)jws->input.p, jws->input.n, public);
}
