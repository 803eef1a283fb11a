/*
 * fuzz_tokens.c - everything that comes from outside and proves who somebody is. The first byte picks what the rest is:
 *
 *   i  text of an ID token         I  payload of one, signed here
 *   l  text of a logout token      L  payload of one, signed here
 *   k  JWK set                     c  claims as JSON
 *   b  box: data, a line end, key  B  what is in a box, made here
 *   a  text of an access token     A  payload of one, signed here
 *   r  text of a refresh token
 *
 * What is signed or sealed here gets past the signature, so that the readers behind it are reached.
 */
#include "claims_read.h"
#include "codec.h"
#include "id_token.h"
#include "partner_box.h"
#include "refresh.h"
#include "token.h"
#include <cjose/jws.h>
#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MEMORY = 4 << 20, NOW = 1790000000, TEXT_MOST = 65536 };

/* An RSA key of 2048 bits, made for this test alone: `openssl genpkey -algorithm RSA`. */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQClUcH8V6Mg63yg\n"
                          "yKNq4GrMhNjX+O5GMeAbbd2Wjy9Jvw6gOIxEM1AzCZRwmvFP9x5O3Kc0gclmKw5K\n"
                          "TZUUIgwY5SZh8idHyMCZdLE5cwCeX0lPowX2dppa8KFvdxuEszwfsIq/3yWcCkLu\n"
                          "JEjJsppnlMlhH4iX3LiK1DZWvNykRiCqUjD1/H1CDljGmlB50jTIZseT+of2/jia\n"
                          "Cm/MA5RZgt+u5s8kw/FD1XOzpE9Z1FAM/LN8NoBZ7QsPMJL4HbIhscM2flMBf6ps\n"
                          "PudmOTuXGqfNwNnoWIps15JFkcSv+A/QKs7BOclnZu10Kl+bVAfuId51sP/3yN+I\n"
                          "UhsCsKGTAgMBAAECggEAGitsCsxmAq25snYFsG3Kr4oOuCQsC9PqBvgy+JoSlpj2\n"
                          "Rr9M16BL1MMdIAosTZ1FIJ9l9IuLBxpPuSFjilFYGuTDWQPihfGDKNzuZQq4Zq7s\n"
                          "xad9J9EJ3tVyqK4byWYvYVDVVfQ2ruciRd0GjK8yKVgbMhMHe2AG8oBkraxYkm7/\n"
                          "poIwX1i4AxzpXisyPhOQNii2w0rHfWWP7CcAm02BiAmkyQl3TGRwJrlgnBp2XJue\n"
                          "n5rQgCM73I8iM1DX2y07kikP7xrZlvd496/oHT1FK83YeBaKAb8fyb8Cl9WVnfBb\n"
                          "MX7Q+PuUhBBeNom6P9Bada8sdNrv7L6u/BX0RMOi2QKBgQDS7f8fLEkKJhVafXN7\n"
                          "6Y20wYzu6m5yduHnUL1g1j4Is/PAfb061YPh03i5sF0EsdIDaqwe4Xm61xOROkif\n"
                          "UIq83hByv5zD8lUlaiKS7OSpz73yjAXYBguiIsikeRpjXVQGGkKnUmFXh+1e4BQ1\n"
                          "CzbjwUlCV9d69s7K2XrvIEYcxQKBgQDIpNhIgbWz6dDbmN3o9LRw6k+BOdDpWafL\n"
                          "5LS0bGd7zKI9+r65Be1S4if8Mv4OsPE3uC8AbsmJk9oCHazjkslEwNSIHymH14Ll\n"
                          "KvP5AwXTVWX++5/+ImXf87Alq226lJnkiQlyfrcUEhru2efOBZD5J79Hv2dhdhvB\n"
                          "D4xio8xadwKBgG9nkFWwmCsqDiErHTGXG2caywrs+sSuEYaQ2FUrEryZ/uXuA2Ht\n"
                          "n6hIfvzkL1zpZlizoJD22cpbClSsCetLKNu0Fc/lcDD17w7Bzdz4DZW6yUIvvm5o\n"
                          "UwChioOECvHsOxK2D/o7wnnuqupvQ3z4nVcRoVXO+1pQvMvardlanG1ZAoGAW9DD\n"
                          "gHqK0ae/gZ30fnPsVneCpln0tbPnSzB/WMj6mfZMkBw8RqLltTX0oj4bcFGcMKlC\n"
                          "KOqJo0FbU/iMcx9qpuGu4BOSh60hIwmC14KAmfLMV+CBmGPZRqBXDQXjkqwJuEDV\n"
                          "Z+WAldirJn3ky6xUaQ+9QnHeNwU7Mh+RWFooW4UCgYBnHr0qVVCR1qDkJpAp2RpO\n"
                          "xsRLBaGJbCSqCufQlAFia3VjsaZwK4PlFeEGsXz4vMyCFKu6EEfNivHTuL9r6kgm\n"
                          "hRHgFtd68r+XDl7DgrKUc70afjWtCEJzrEfF/+QDFwUC9VI7lUpkFGBawMatWZyC\n"
                          "EKC5q8hc8Iw+xVSWB1Z/SA==\n"
                          "-----END PRIVATE KEY-----\n";

static struct arena arena;
static struct jwks *jwks;
static cjose_jwk_t *ec;
static struct partner_key *rsa;
static unsigned char access_public[TOKEN_PUBLIC_BYTES], access_secret[TOKEN_SECRET_BYTES];
static const unsigned char seed[crypto_sign_SEEDBYTES] = {7}, refresh_key[REFRESH_KEY_BYTES] = {9};

static const struct provider_conf conf = {.client_id = "hocvu",
                                          .claim_national_id = "SoDinhDanh",
                                          .claim_full_name = "HoVaTen",
                                          .claim_birth_date = "birthdate",
                                          .claim_level = "acr",
                                          .levels = "1,2,3",
                                          .skew_s = 30};
static const struct id_rules rules = {.issuer = "https://sso.example",
                                      .algorithms = "ES256,PS256,RS256",
                                      .conf = &conf,
                                      .nonce = {"n", 1},
                                      .access_token = {"access-1", 8},
                                      .now_s = NOW};

static void need(bool good)
{
    if (!good)
        __builtin_trap();
}

static void prepare(void)
{
    cjose_err err;
    static const char kid[] = "k";
    const char *why;
    need(sodium_init() >= 0);
    arena_init(&arena, MEMORY);
    ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err);
    need(ec && cjose_jwk_set_kid(ec, kid, 1, &err));
    char *json = cjose_jwk_to_json(ec, false, &err);
    char *set = arena_printf(&arena, "{\"keys\":[%s]}", json);
    jwks = jwks_parse((struct span){set, (uint32_t)strlen(set)}, &why);
    free(json);
    rsa = partner_key_read(pem, strlen(pem), &why);
    need(jwks && rsa);
    crypto_sign_seed_keypair(access_public, access_secret, seed);
}

/* What came out must be what is promised. */
static void check_person(const struct claims *claims)
{
    need(claims->national_id.n == 12 && claims->full_name.n >= 1 && claims->full_name.n <= 120 && claims->level <= 3);
    need(utf8_valid(claims->full_name));
}

static void read_id_token(struct span token)
{
    struct claims claims;
    const char *why = NULL, *field = NULL;
    int code = id_token_read(jwks, &rules, token, &arena, &claims, &why, &field);
    need(field && (code == 0 || why));
    if (code == 0) {
        check_person(&claims);
        need(claims.subject.n >= 1 && claims.subject.n <= 255);
    }
}

static void read_logout_token(struct span token)
{
    struct logout_claims claims;
    const char *why = NULL, *field = NULL;
    if (logout_token_read(jwks, &rules, token, &arena, &claims, &why, &field) == 0)
        need(claims.jti.n >= 1 && (claims.sid.n || claims.subject.n) && claims.iat_s <= NOW + 30);
    else
        need(why && field);
}

static void read_signed(const uint8_t *data, size_t n, void (*read)(struct span token))
{
    cjose_err err;
    const char *text;
    cjose_header_t *header = cjose_header_new(&err);
    need(header && cjose_header_set(header, CJOSE_HDR_ALG, "ES256", &err));
    cjose_jws_t *jws = cjose_jws_sign(ec, header, data, n, &err);
    if (jws && cjose_jws_export(jws, &text, &err))
        read((struct span){text, (uint32_t)strlen(text)});
    cjose_jws_release(jws);
    cjose_header_release(header);
}

static void read_claims(struct span json)
{
    struct claims claims = {0};
    const char *why = NULL;
    cJSON *object = json_read(json);
    if (object && claims_read(&conf, object, &arena, &claims, &why) == 0)
        check_person(&claims);
    cJSON_Delete(object);
}

static void open_box(const char *data, size_t n_data, const char *key, size_t n_key, const uint8_t *expected, size_t n)
{
    static unsigned char out[TEXT_MOST * 2];
    unsigned char hash[PARTNER_KEY_HASH];
    size_t n_out = 0;
    int code = partner_box_open(rsa, data, n_data, key, n_key, out, &n_out);
    need(!expected || (code == 0 && n_out == n && !memcmp(out, expected, n)));
    need(!expected || partner_box_hash("p", key, n_key, hash));
    if (code == 0) {
        need(n_out <= n_data);
        read_claims((struct span){(const char *)out, (uint32_t)n_out});
    } else {
        (void)partner_box_hash("p", key, n_key, hash);
    }
}

static void make_box(const uint8_t *data, size_t n)
{
    static char text[TEXT_MOST * 2], key[2048];
    need(partner_box_make(rsa, data, n, text, sizeof(text), key, sizeof(key)) == 0);
    open_box(text, strlen(text), key, strlen(key), data, n);
}

static void read_access_token(struct span token)
{
    struct access_claims claims;
    struct fault fault;
    if (token_verify(access_public, token, NOW, &arena, &claims) == 0)
        need(msg_check(&msg_access_claims, &claims, &fault) == 0 && claims.exp > NOW);
}

static void read_signed_access(struct span payload)
{
    struct access_claims some = {.exp = NOW + 900};
    struct span token, header;
    struct jws parts;
    struct buf text;
    need(token_sign(access_secret, &some, &arena, &token) == 0 && jws_split(token, &parts) == 0);
    need(base64url_parse(&arena, parts.header, &header) == 0);
    buf_init(&text, TEXT_MOST);
    jws_sign(access_secret, header, payload, &text);
    if (!text.failed)
        read_access_token(buf_span(&text));
    buf_release(&text);
}

static void read_refresh(struct span text)
{
    struct refresh_token token;
    char again[REFRESH_TEXT + 1];
    if (refresh_read(refresh_key, text, &token) == 0) {
        refresh_write(refresh_key, &token, again);
        need(text.n == REFRESH_TEXT && !memcmp(again, text.p, REFRESH_TEXT));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *why;
    if (!jwks)
        prepare();
    if (n < 1 || n > TEXT_MOST / 2)
        return 0;
    arena_clear(&arena);
    struct span rest = {(const char *)data + 1, (uint32_t)n - 1};
    const char *line = memchr(rest.p, '\n', rest.n);
    size_t before = line ? (size_t)(line - rest.p) : rest.n;
    switch (data[0]) {
    case 'i':
        read_id_token(rest);
        break;
    case 'I':
        read_signed(data + 1, n - 1, read_id_token);
        break;
    case 'l':
        read_logout_token(rest);
        break;
    case 'L':
        read_signed(data + 1, n - 1, read_logout_token);
        break;
    case 'k':
        jwks_free(jwks_parse(rest, &why));
        break;
    case 'c':
        read_claims(rest);
        break;
    case 'b':
        open_box(rest.p, before, rest.p + before, rest.n - before, NULL, 0);
        if (line)
            open_box(rest.p, before, line + 1, rest.n - before - 1, NULL, 0);
        break;
    case 'B':
        make_box(data + 1, n - 1);
        break;
    case 'a':
        read_access_token(rest);
        break;
    case 'A':
        read_signed_access(rest);
        break;
    case 'r':
        read_refresh(rest);
        break;
    default:
        break;
    }
    return 0;
}
