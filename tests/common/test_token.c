/* test_token.c - tokens that verify, and everything that must not. */
#include "token.h"
#include "codec.h"
#include "harness.h"
#include <criterion/criterion.h>
#include <sodium.h>

enum { NOW = 1790000000 };

static struct arena arena;
static unsigned char secret[TOKEN_SECRET_BYTES], public[TOKEN_PUBLIC_BYTES];
static struct grant grants[32];

static void setup(void)
{
    cr_assert(sodium_init() >= 0);
    arena_init(&arena, 4 << 20);
    crypto_sign_keypair(public, secret);
    for (uint32_t i = 0; i < 32; i++)
        grants[i] = (struct grant){.unit_id = U(i), .roles = 0x7f};
}

static struct span make(uint64_t iat, uint64_t exp, uint32_t n_grants)
{
    struct access_claims claims = {
        .sub = U(1), .sid = U(2), .iat = iat, .exp = exp, .grants = grants, .n_grants = n_grants};
    struct span token;
    cr_assert_eq(token_sign(secret, &claims, &arena, &token), 0);
    return token;
}

static int verify(struct span token, int64_t now)
{
    struct access_claims claims;
    return token_verify(public, token, now, &arena, &claims);
}

Test(token, says_what_was_signed, .init = setup, .timeout = 20)
{
    struct access_claims claims;
    struct span token = make(NOW, NOW + 900, 2);
    cr_assert_eq(token_verify(public, token, NOW + 1, &arena, &claims), 0);
    struct uuid sub = U(1), sid = U(2), unit = U(1);
    cr_expect(uuid_equal(&claims.sub, &sub) && uuid_equal(&claims.sid, &sid));
    cr_expect_eq(claims.exp, NOW + 900);
    cr_assert_eq(claims.n_grants, 2);
    cr_expect(uuid_equal(&claims.grants[1].unit_id, &unit));
    cr_expect_eq(claims.grants[1].roles, 0x7f);
}

static const char *header_with(const char *alg, const char *kid)
{
    return arena_printf(&arena, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%s\"}", alg, kid);
}

/* The header of our key's tokens. */
static const char *good_header(void)
{
    char kid[JWS_KID_TEXT];
    jws_kid(public, kid);
    return header_with("EdDSA", kid);
}

Test(token, is_a_jwt_by_the_book, .init = setup, .timeout = 20)
{
    struct span token = make(NOW, NOW + 900, 0), header;
    const char *dot = memchr(token.p, '.', token.n);
    cr_assert(dot);
    cr_assert_eq(base64url_parse(&arena, (struct span){token.p, (uint32_t)(dot - token.p)}, &header), 0);
    char kid[JWS_KID_TEXT];
    jws_kid(public, kid);
    const char *wanted = header_with("EdDSA", kid);
    cr_expect_eq(header.n, strlen(wanted));
    cr_expect_arr_eq(header.p, wanted, header.n);
}

Test(token, holds_the_most_grants, .init = setup, .timeout = 20)
{
    struct span token = make(INT64_MAX - 900, INT64_MAX, 32);
    cr_expect_leq(token.n, TOKEN_MAX);
    cr_expect_eq(verify(token, INT64_MAX - 10), 0);
}

Test(token, ends, .init = setup, .timeout = 20)
{
    struct span token = make(NOW, NOW + 900, 1);
    cr_expect_eq(verify(token, NOW + 899), 0);
    cr_expect_eq(verify(token, NOW + 900), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(token, INT64_MAX), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(token, -1), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(token, NOW - 60), ERR_UNAUTHENTICATED, "issued in the future");
}

Test(token, does_not_survive_any_changed_byte, .init = setup, .timeout = 20)
{
    struct span token = make(NOW, NOW + 900, 1);
    char *copy = malloc(token.n);
    for (uint32_t i = 0; i < token.n; i++) {
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        if (i == token.n - 1)
            continue; /* the last character has bits that carry nothing */
        cr_expect_eq(verify((struct span){copy, token.n}, NOW), ERR_UNAUTHENTICATED, "byte %u", i);
    }
    free(copy);
}

Test(token, does_not_survive_being_cut_or_longer, .init = setup, .timeout = 20)
{
    struct span token = make(NOW, NOW + 900, 1);
    for (uint32_t n = 0; n < token.n; n++)
        cr_expect_eq(verify((struct span){token.p, n}, NOW), ERR_UNAUTHENTICATED);
    char *longer = arena_printf(&arena, "%.*sA", (int)token.n, token.p);
    cr_expect_eq(verify(S(longer), NOW), ERR_UNAUTHENTICATED);
    static char huge[100000];
    memset(huge, 'A', sizeof(huge) - 1);
    memcpy(huge, token.p, token.n);
    cr_expect_eq(verify(S(huge), NOW), ERR_UNAUTHENTICATED);
}

/* A token with a header and payload of choice, signed with the right key. */
static struct span forge(const char *header, const char *payload)
{
    struct buf text;
    unsigned char signature[crypto_sign_BYTES];
    struct span token;
    buf_init(&text, 65536);
    base64url_add(&text, header, strlen(header));
    buf_add_char(&text, '.');
    base64url_add(&text, payload, strlen(payload));
    crypto_sign_detached(signature, NULL, (const unsigned char *)text.p, text.n, secret);
    buf_add_char(&text, '.');
    base64url_add(&text, signature, sizeof(signature));
    cr_assert_eq(arena_span(&arena, buf_span(&text), &token), 0);
    buf_release(&text);
    return token;
}

#define IDS                                                                                                            \
    "\"sub\":\"00000000-0000-0000-0000-000000000001\",\"sid\":\"00000000-0000-0000-0000-000000000002\",\"iat\":"       \
    "1790000000"
#define GOOD_PAYLOAD "{" IDS ",\"exp\":1790000900,\"grants\":[]}"

Test(token, has_one_header_only, .init = setup, .timeout = 20)
{
    char kid[JWS_KID_TEXT];
    jws_kid(public, kid);
    cr_expect_eq(verify(forge(good_header(), GOOD_PAYLOAD), NOW), 0);
    cr_expect_eq(verify(forge("{\"alg\":\"none\"}", GOOD_PAYLOAD), NOW), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(forge(header_with("HS256", kid), GOOD_PAYLOAD), NOW), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(forge(header_with("EdDSA", "t1"), GOOD_PAYLOAD), NOW), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(forge(header_with("EdDSA", ""), GOOD_PAYLOAD), NOW), ERR_UNAUTHENTICATED);
    cr_expect_eq(verify(forge("", GOOD_PAYLOAD), NOW), ERR_UNAUTHENTICATED);
}

Test(token, is_read_strictly_even_when_signed, .init = setup, .timeout = 20)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{" IDS ",\"grants\":[]}",
        "{" IDS ",\"exp\":\"1790000900\",\"grants\":[]}",
        "{" IDS ",\"exp\":1790000900,\"exp\":1790000900,\"grants\":[]}",
        "{" IDS ",\"exp\":1790000900,\"grants\":[],\"admin\":true}",
        "{" IDS
        ",\"exp\":1790000900,\"grants\":[{\"unit_id\":\"00000000-0000-0000-0000-000000000001\",\"roles\":65536}]}",
        "{" IDS ",\"exp\":-1,\"grants\":[]}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(verify(forge(good_header(), bad[i]), NOW), ERR_UNAUTHENTICATED, "%s", bad[i]);
}

Test(token, of_another_key_is_nobody, .init = setup, .timeout = 20)
{
    unsigned char other[TOKEN_PUBLIC_BYTES], other_secret[TOKEN_SECRET_BYTES];
    struct access_claims claims;
    crypto_sign_keypair(other, other_secret);
    cr_expect_eq(token_verify(other, make(NOW, NOW + 900, 1), NOW, &arena, &claims), ERR_UNAUTHENTICATED);
}

Test(token, keys_are_read_from_hex, .init = setup, .timeout = 20)
{
    char hex[2 * TOKEN_SECRET_BYTES + 1];
    unsigned char read[TOKEN_SECRET_BYTES], read_public[TOKEN_PUBLIC_BYTES];
    sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
    cr_assert_eq(jws_secret_parse(S(hex), read), 0);
    cr_expect_arr_eq(read, secret, sizeof(secret));
    hex[64] = '\0'; /* the seed of RFC 8032 alone */
    cr_assert_eq(jws_secret_parse(S(hex), read), 0);
    cr_expect_arr_eq(read, secret, sizeof(secret));
    hex[62] = '\0';
    cr_expect_eq(jws_secret_parse(S(hex), read), -1);
    cr_expect_eq(jws_secret_parse(S(""), read), -1);
    cr_expect_eq(jws_secret_parse(S("zz"), read), -1);
    sodium_bin2hex(hex, sizeof(hex), secret, sizeof(secret));
    hex[127] = hex[127] == '0' ? '1' : '0'; /* the two halves do not belong together */
    cr_expect_eq(jws_secret_parse(S(hex), read), -1);
    sodium_bin2hex(hex, sizeof(hex), public, sizeof(public));
    cr_assert_eq(jws_public_parse(S(hex), read_public), 0);
    cr_expect_arr_eq(read_public, public, sizeof(public));
    hex[10] = 'x';
    cr_expect_eq(jws_public_parse(S(hex), read_public), -1);
}
