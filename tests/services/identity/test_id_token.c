/* test_id_token.c - ID tokens made by libcjose: the good one, and every way in which one can lie. */
#include "identity_test.h"
#include "id_token.h"
#include "provider.h"
#include <cjose/jws.h>

enum { NOW = 1790000000 };

static struct arena arena;
static struct jwks *jwks;
static cjose_jwk_t *rsa, *ec, *stranger;
static char *set_json;
static const char *why, *field;
static struct claims claims;
static struct id_rules rules;
static struct provider_conf rows;

static cjose_jwk_t *named(cjose_jwk_t *key, const char *kid)
{
    cjose_err err;
    cr_assert(key && cjose_jwk_set_kid(key, kid, strlen(kid), &err));
    return key;
}

static void setup(void)
{
    cjose_err err;
    static const uint8_t e[] = {1, 0, 1};
    arena_init(&arena, 4 << 20);
    rsa = named(cjose_jwk_create_RSA_random(2048, e, sizeof(e), &err), "rsa-1");
    ec = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err), "ec-1");
    stranger = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &err), "ec-1");
    char *a = cjose_jwk_to_json(rsa, false, &err), *b = cjose_jwk_to_json(ec, false, &err);
    set_json = arena_printf(&arena, "{\"keys\":[%s,%s,{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"oct-1\"},5]}", a, b);
    free(a);
    free(b);
    jwks = jwks_parse(S(set_json), &why);
    cr_assert(jwks, "%s", why);
    rows = (struct provider_conf){.client_id = "hocvu",
                                  .skew_s = 30,
                                  .claim_national_id = "SoDinhDanh",
                                  .claim_full_name = "HoVaTen",
                                  .claim_birth_date = "birthdate",
                                  .claim_level = "acr",
                                  .levels = "1,2,3"};
    rules = (struct id_rules){.issuer = "https://sso.example",
                              .algorithms = "ES256,PS256,RS256",
                              .conf = &rows,
                              .nonce = S("n-0123456789"),
                              .now_s = NOW};
}

static void teardown(void)
{
    jwks_free(jwks);
    cjose_jwk_release(rsa);
    cjose_jwk_release(ec);
    cjose_jwk_release(stranger);
    arena_release(&arena);
}

/* `crit` NULL: the header has no such member. */
static struct span sign_crit(cjose_jwk_t *key, const char *alg, const char *kid, const char *crit, const char *payload)
{
    cjose_err err;
    cjose_header_t *header = cjose_header_new(&err);
    const char *text;
    struct span token;
    cr_assert(cjose_header_set(header, CJOSE_HDR_ALG, alg, &err));
    if (kid)
        cr_assert(cjose_header_set(header, CJOSE_HDR_KID, kid, &err));
    if (crit)
        cr_assert(cjose_header_set_raw(header, "crit", crit, &err));
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)payload, strlen(payload), &err);
    cr_assert(jws && cjose_jws_export(jws, &text, &err), "%s", err.message);
    cr_assert_eq(arena_span(&arena, S(text), &token), 0);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return token;
}

static struct span sign_with(cjose_jwk_t *key, const char *alg, const char *kid, const char *payload)
{
    return sign_crit(key, alg, kid, NULL, payload);
}

/* A payload in which one member is replaced (or added); NULL: left out. */
static const char *payload_with(const char *name, const char *value)
{
    static const struct {
        const char *name, *value;
    } good[] = {
        {"iss", "\"https://sso.example\""},
        {"aud", "\"hocvu\""},
        {"exp", "1790000300"},
        {"iat", "1790000000"},
        {"sub", "\"account-1\""},
        {"nonce", "\"n-0123456789\""},
        {"SoDinhDanh", "\"999079000001\""},
        {"acr", "\"2\""},
        {"HoVaTen", "\"Nguyễn Văn Nhân\""},
    };
    char *json = arena_printf(&arena, "{\"more\":[{\"a\":null}]");
    bool known = false;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        bool it = name && !strcmp(name, good[i].name);
        known = known || it;
        if (!it || value)
            json = arena_printf(&arena, "%s,\"%s\":%s", json, good[i].name, it ? value : good[i].value);
    }
    if (name && value && !known)
        json = arena_printf(&arena, "%s,\"%s\":%s", json, name, value);
    return arena_printf(&arena, "%s}", json);
}

static int judge(struct span token)
{
    why = field = "";
    return id_token_read(jwks, &rules, token, &arena, &claims, &why, &field);
}

static int judge_with(const char *name, const char *value)
{
    return judge(sign_with(ec, "ES256", "ec-1", payload_with(name, value)));
}

Test(id_token, good_ones_say_who_it_is, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char *const algs[] = {"RS256", "PS256", "ES256"};
    for (size_t i = 0; i < 3; i++) {
        bool is_ec = algs[i][0] == 'E';
        struct span token = sign_with(is_ec ? ec : rsa, algs[i], is_ec ? "ec-1" : "rsa-1", payload_with(NULL, NULL));
        cr_assert_eq(judge(token), 0, "%s: %s", algs[i], why);
        cr_expect_arr_eq(claims.national_id.p, "999079000001", 12);
        cr_expect_arr_eq(claims.full_name.p, "Nguyễn Văn Nhân", claims.full_name.n);
        cr_expect_arr_eq(claims.subject.p, "account-1", 9);
        /* Without a name the only key of the kind is meant. */
        cr_expect_eq(judge(sign_with(is_ec ? ec : rsa, algs[i], NULL, payload_with(NULL, NULL))), 0);
    }
}

Test(id_token, tampered_ones_are_refused, .init = setup, .fini = teardown, .timeout = 30)
{
    struct span token = sign_with(ec, "ES256", "ec-1", payload_with(NULL, NULL));
    char *copy = malloc(token.n);
    for (uint32_t i = 0; i + 2 < token.n; i++) {
        memcpy(copy, token.p, token.n);
        copy[i] = copy[i] == 'A' ? 'B' : 'A';
        cr_expect_neq(judge((struct span){copy, token.n}), 0, "byte %u", i);
    }
    for (uint32_t n = 0; n < token.n - 1; n++)
        cr_expect_neq(judge((struct span){token.p, n}), 0, "cut to %u", n);
    free(copy);
}

Test(id_token, algorithms_come_from_the_list, .init = setup, .fini = teardown, .timeout = 30)
{
    cjose_err err;
    struct buf text;
    /* HMAC with what everybody knows, the public key, as its secret. */
    cjose_jwk_t *hmac = named(cjose_jwk_create_oct_spec((const uint8_t *)set_json, 256, &err), "rsa-1");
    cr_expect_eq(judge(sign_with(hmac, "HS256", "rsa-1", payload_with(NULL, NULL))), ERR_PROVIDER);
    cr_expect_str_eq(why, "the token's algorithm is not on the list");
    cjose_jwk_release(hmac);
    /* The right key with an algorithm that is not listed. */
    cr_expect_eq(judge(sign_with(rsa, "RS512", "rsa-1", payload_with(NULL, NULL))), ERR_PROVIDER);
    /* Whoever marks something as critical wants it understood, and we understand no such thing. */
    cr_expect_eq(judge(sign_crit(ec, "ES256", "ec-1", "[\"b64\"]", payload_with(NULL, NULL))), ERR_PROVIDER);
    static const char *const headers[] = {
        "{\"alg\":\"none\"}", "{\"alg\":\"None\",\"kid\":\"ec-1\"}",
        "{\"alg\":\"\"}",     "{}",
        "{\"alg\":5}",        "{\"alg\":\"ES256\",\"kid\":\"ec-1\",\"crit\":[\"exp\"]}"};
    struct span good = sign_with(ec, "ES256", "ec-1", payload_with(NULL, NULL));
    const char *dot = memchr(good.p, '.', good.n), *dot2 = memchr(dot + 1, '.', (size_t)(good.p + good.n - dot - 1));
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        for (int with = 0; with < 2; with++) {
            buf_init(&text, 65536);
            base64url_add(&text, headers[i], strlen(headers[i]));
            buf_add(&text, dot, (size_t)(dot2 - dot) + 1);
            if (with)
                buf_add(&text, dot2 + 1, (size_t)(good.p + good.n - dot2 - 1));
            cr_expect_eq(judge(buf_span(&text)), ERR_PROVIDER, "%s", headers[i]);
            buf_release(&text);
        }
    }
}

Test(id_token, keys_come_from_the_set, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_expect_eq(judge(sign_with(stranger, "ES256", "ec-1", payload_with(NULL, NULL))), ERR_PROVIDER);
    cr_expect_str_eq(why, "the token's signature is wrong");
    cr_expect_eq(judge(sign_with(ec, "ES256", "ec-2", payload_with(NULL, NULL))), ID_TOKEN_KEY_UNKNOWN);
    cr_expect_eq(judge(sign_with(ec, "ES256", "rsa-1", payload_with(NULL, NULL))), ID_TOKEN_KEY_UNKNOWN,
                 "a key of the other kind");
    cr_expect_eq(judge(sign_with(rsa, "RS256", "oct-1", payload_with(NULL, NULL))), ID_TOKEN_KEY_UNKNOWN);
}

Test(id_token, two_keys_of_a_kind_need_a_name, .init = setup, .fini = teardown, .timeout = 30)
{
    cjose_err err;
    char *a = cjose_jwk_to_json(ec, false, &err), *b = cjose_jwk_to_json(stranger, false, &err);
    char *at = strstr(b, "ec-1");
    cr_assert(at);
    at[3] = '2';
    struct jwks *two = jwks_parse(S(arena_printf(&arena, "{\"keys\":[%s,%s]}", a, b)), &why);
    cr_assert(two);
    struct span token = sign_with(ec, "ES256", NULL, payload_with(NULL, NULL));
    cr_expect_eq(id_token_read(two, &rules, token, &arena, &claims, &why, &field), ID_TOKEN_KEY_UNKNOWN);
    token = sign_with(ec, "ES256", "ec-1", payload_with(NULL, NULL));
    cr_expect_eq(id_token_read(two, &rules, token, &arena, &claims, &why, &field), 0);
    jwks_free(two);
    free(a);
    free(b);
}

Test(id_token, weak_private_and_foreign_keys_are_not_used, .init = setup, .fini = teardown, .timeout = 30)
{
    cjose_err err;
    static const uint8_t e[] = {1, 0, 1};
    cjose_jwk_t *weak = named(cjose_jwk_create_RSA_random(1024, e, sizeof(e), &err), "weak");
    cjose_jwk_t *p521 = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_521, &err), "p521");
    char *jsons[] = {cjose_jwk_to_json(weak, false, &err), cjose_jwk_to_json(p521, false, &err),
                     cjose_jwk_to_json(ec, true, &err), NULL};
    jsons[3] = cjose_jwk_to_json(ec, false, &err);
    for (int i = 0; i < 3; i++)
        cr_expect_null(jwks_parse(S(arena_printf(&arena, "{\"keys\":[%s]}", jsons[i])), &why), "%s", jsons[i]);
    char *enc = arena_printf(&arena, "{\"keys\":[{\"use\":\"enc\",%s]}", jsons[3] + 1);
    cr_expect_null(jwks_parse(S(enc), &why));
    static const char *const no_sets[] = {"",
                                          "[]",
                                          "{}",
                                          "{\"keys\":5}",
                                          "{\"keys\":[]}",
                                          "{\"keys\":[{}]}",
                                          "{\"keys\":[{\"kty\":\"EC\"}]}",
                                          "{\"keys\":[[[[[[",
                                          "\xff"};
    for (size_t i = 0; i < sizeof(no_sets) / sizeof(no_sets[0]); i++)
        cr_expect_null(jwks_parse(S(no_sets[i]), &why), "%s", no_sets[i]);
    for (int i = 0; i < 4; i++)
        free(jsons[i]);
    cjose_jwk_release(weak);
    cjose_jwk_release(p521);
}

Test(id_token, claims_must_be_ours_and_timely, .init = setup, .fini = teardown, .timeout = 30)
{
    static const struct {
        const char *name, *value;
        int code;
        const char *field;
    } cases[] = {
        {"iss", "\"https://evil.example\"", ERR_PROVIDER, "id_token"},
        {"iss", "\"https://sso.example/\"", ERR_PROVIDER, "id_token"},
        {"iss", "5", ERR_PROVIDER, "id_token"},
        {"iss", NULL, ERR_PROVIDER, "id_token"},
        {"aud", "\"other\"", ERR_PROVIDER, "id_token"},
        {"aud", "[]", ERR_PROVIDER, "id_token"},
        {"aud", "[\"other\"]", ERR_PROVIDER, "id_token"},
        {"aud", "[\"hocvu\",\"other\"]", ERR_PROVIDER, "id_token"}, /* azp is missing */
        {"aud", NULL, ERR_PROVIDER, "id_token"},
        {"azp", "\"other\"", ERR_PROVIDER, "id_token"},
        {"azp", "5", ERR_PROVIDER, "id_token"},
        {"exp", "1789999970", ERR_PROVIDER, "id_token"}, /* skew is used up */
        {"exp", "\"1790000300\"", ERR_PROVIDER, "id_token"},
        {"exp", "1e300", ERR_PROVIDER, "id_token"},
        {"exp", NULL, ERR_PROVIDER, "id_token"},
        {"iat", "1790000031", ERR_PROVIDER, "id_token"},
        {"iat", NULL, ERR_PROVIDER, "id_token"},
        {"nbf", "1790000031", ERR_PROVIDER, "id_token"},
        {"nbf", "\"soon\"", ERR_PROVIDER, "id_token"},
        {"nonce", "\"n-0123456780\"", ERR_UNAUTHENTICATED, "nonce"},
        {"nonce", "\"n-012345678\"", ERR_UNAUTHENTICATED, "nonce"},
        {"nonce", "\"\"", ERR_UNAUTHENTICATED, "nonce"},
        {"nonce", "null", ERR_UNAUTHENTICATED, "nonce"},
        {"nonce", NULL, ERR_UNAUTHENTICATED, "nonce"},
        {"sub", "\"\"", ERR_PROVIDER, "id_token"},
        {"sub", NULL, ERR_PROVIDER, "id_token"},
        {"SoDinhDanh", "\"99907900000\"", ERR_PROVIDER, "id_token"},
        {"SoDinhDanh", "\"99907900000x\"", ERR_PROVIDER, "id_token"},
        {"SoDinhDanh", "999079000001", ERR_PROVIDER, "id_token"},
        {"SoDinhDanh", NULL, ERR_PROVIDER, "id_token"},
        {"HoVaTen", "\"\"", ERR_PROVIDER, "id_token"},
        {"HoVaTen", NULL, ERR_PROVIDER, "id_token"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int code = judge_with(cases[i].name, cases[i].value);
        cr_expect_eq(code, cases[i].code, "%s = %s: %d", cases[i].name, cases[i].value ? cases[i].value : "-", code);
        cr_expect_str_eq(field, cases[i].field, "%s", cases[i].name);
        cr_expect(*why, "a refusal without a reason");
        cr_expect_null(strstr(why, "9990"), "a number in the log");
    }
}

Test(id_token, claims_have_some_freedom, .init = setup, .fini = teardown, .timeout = 30)
{
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"aud", "[\"hocvu\"]"}, {"azp", "\"hocvu\""},  {"exp", "1789999971"},
        {"iat", "1790000030"},  {"nbf", "1790000030"}, {"exp", "1790000300.25"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(judge_with(cases[i].name, cases[i].value), 0, "%s = %s: %s", cases[i].name, cases[i].value, why);
    rows.claim_national_id = "citizenPid";
    cr_expect_eq(judge_with("citizenPid", "\"999079000009\""), 0);
    cr_expect_arr_eq(claims.national_id.p, "999079000009", 12);
}

Test(id_token, levels_are_places_in_the_list, .init = setup, .fini = teardown, .timeout = 30)
{
    static const struct {
        const char *levels, *value;
        uint8_t place;
    } cases[] = {
        {"1,2,3", "\"1\"", 1},      {"1,2,3", "2", 2},
        {"1,2,3", "\"3\"", 3},      {"1,2,3", "\"10\"", 0},
        {"1,2,3", "2.5", 0},        {"1,2,3", "-1", 0},
        {"1,2,3", "\"\"", 0},       {"1,2,3", "[\"2\"]", 0},
        {"1,2,3", NULL, 0},         {"low,high", "\"high\"", 2},
        {"low,high", "\"hig\"", 0}, {"low,high", "2", 0},
        {"1,2,3", "\"level2\"", 0}, {"low,high", "\"low,high\"", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        rows.levels = cases[i].levels;
        cr_expect_eq(judge_with("acr", cases[i].value), 0, "%s", why);
        cr_expect_eq(claims.level, cases[i].place, "%s of %s: %u", cases[i].value ? cases[i].value : "-",
                     cases[i].levels, claims.level);
    }
}

Test(id_token, payloads_that_are_no_objects_are_refused, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char *const payloads[] = {"", "null", "[]", "\"x\"", "{", "{}", "5"};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        if (*payloads[i])
            cr_expect_eq(judge(sign_with(ec, "ES256", "ec-1", payloads[i])), ERR_PROVIDER, "%s", payloads[i]);
    }
    static char deep[60000];
    memset(deep, '[', sizeof(deep) - 1);
    cr_expect_eq(judge(sign_with(ec, "ES256", "ec-1", deep)), ERR_PROVIDER);
    static char huge[100000];
    memset(huge, 'A', sizeof(huge) - 1);
    cr_expect_eq(judge(S(huge)), ERR_PROVIDER);
    static const char *const texts[] = {"",          ".",          "..", "...", "a.b.c", "{\"payload\":\"\"}",
                                        "aaaa.bbbb", "aa.bb.cc.dd"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_expect_eq(judge(S(texts[i])), ERR_PROVIDER, "%s", texts[i]);
}

/* A payload with these members behind the usual ones. */
static const char *payload_and(const char *more)
{
    const char *payload = payload_with(NULL, NULL);
    return arena_printf(&arena, "%.*s%s}", (int)strlen(payload) - 1, payload, more);
}

static int judge_text(const char *payload)
{
    return judge(sign_with(ec, "ES256", "ec-1", payload));
}

/* at_hash of an access token by the half of its digest that the algorithm has. */
static const char *at_hash_of(const char *access_token, bool sha512)
{
    unsigned char digest[64];
    struct buf text;
    buf_init(&text, 128);
    if (sha512)
        crypto_hash_sha512(digest, (const unsigned char *)access_token, strlen(access_token));
    else
        crypto_hash_sha256(digest, (const unsigned char *)access_token, strlen(access_token));
    base64url_add(&text, digest, sha512 ? 32 : 16);
    const char *copy = arena_printf(&arena, ",\"at_hash\":\"%.*s\"", (int)text.n, text.p);
    buf_release(&text);
    return copy;
}

Test(id_token, at_hash_wrong, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char reason[] = "the token does not belong to the access token (at_hash)";
    rules.access_token = S("access-1");
    cr_expect_eq(judge_text(payload_and(at_hash_of("access-1", false))), 0, "%s", why);
    cr_expect_eq(judge_text(payload_and("")), 0, "it may be left out");
    const char *const wrong[] = {at_hash_of("access-2", false), ",\"at_hash\":\"\"", ",\"at_hash\":5",
                                 ",\"at_hash\":null"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_expect_eq(judge_text(payload_and(wrong[i])), ERR_PROVIDER, "%s", wrong[i]);
        cr_expect_str_eq(why, reason);
    }
    /* There is an at_hash, and no access token for it. */
    rules.access_token = S("");
    cr_expect_eq(judge_text(payload_and(at_hash_of("", false))), ERR_PROVIDER);
    rules.at_hash_required = true;
    cr_expect_eq(judge_text(payload_and("")), ERR_PROVIDER);
    cr_expect_str_eq(why, reason);
}

Test(id_token, at_hash_of_other_length, .init = setup, .fini = teardown, .timeout = 30)
{
    rules.access_token = S("access-1");
    rules.algorithms = "ES256,RS512";
    cr_expect_eq(judge_text(payload_and(at_hash_of("access-1", true))), ERR_PROVIDER);
    cr_expect_eq(judge(sign_with(rsa, "RS512", "rsa-1", payload_and(at_hash_of("access-1", true)))), 0, "%s", why);
    cr_expect_eq(judge(sign_with(rsa, "RS512", "rsa-1", payload_and(at_hash_of("access-1", false)))), ERR_PROVIDER);
    /* The beginning of the right one. */
    char *cut = arena_printf(&arena, "%s", at_hash_of("access-1", false));
    cut[strlen(cut) - 2] = '"';
    cut[strlen(cut) - 1] = '\0';
    cr_expect_eq(judge_text(payload_and(cut)), ERR_PROVIDER);
}

Test(id_token, alg_not_listed, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char *const good[] = {"ES256", "RS256,PS256", "ES384,PS384,PS512,RS384,RS512"};
    static const char *const bad[] = {"",      "none",       "HS256",  "ES256,", ",ES256", "ES256 ",
                                      "es256", "ES256,none", "ES256K", "EdDSA",  "RSA1_5"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_expect(algorithms_good(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect(!algorithms_good(bad[i]), "%s", bad[i]);
    struct span token = sign_with(rsa, "RS256", "rsa-1", payload_with(NULL, NULL));
    cr_expect_eq(judge(token), 0);
    rules.algorithms = "ES256,PS256";
    cr_expect_eq(judge(token), ERR_PROVIDER);
    cr_expect_str_eq(why, "the token's algorithm is not on the list");
    rules.algorithms = "RS25,RS2567,ES256";
    cr_expect_eq(judge(token), ERR_PROVIDER);
}

Test(id_token, alg_of_other_key_kind, .init = setup, .fini = teardown, .timeout = 30)
{
    cjose_err err;
    /* A key on another curve does not become one for ES256 by its name. */
    cjose_jwk_t *p384 = named(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, &err), "ec-3");
    char *json = cjose_jwk_to_json(p384, false, &err);
    struct jwks *set = jwks_parse(S(arena_printf(&arena, "{\"keys\":[%s]}", json)), &why);
    cr_assert(set);
    rules.algorithms = "ES256,ES384";
    struct span right = sign_with(p384, "ES384", "ec-3", payload_with(NULL, NULL));
    cr_expect_eq(id_token_read(set, &rules, right, &arena, &claims, &why, &field), 0, "%s", why);
    struct span wrong = sign_with(p384, "ES256", "ec-3", payload_with(NULL, NULL));
    cr_expect_eq(id_token_read(set, &rules, wrong, &arena, &claims, &why, &field), ID_TOKEN_KEY_UNKNOWN);
    jwks_free(set);
    free(json);
    cjose_jwk_release(p384);
}

Test(id_token, payload_read_strictly, .init = setup, .fini = teardown, .timeout = 30)
{
    static const char reason[] = "the token's payload is not one JSON object";
    const char *good = payload_with(NULL, NULL);
    const char *const bad[] = {arena_printf(&arena, "%s{}", good),
                               arena_printf(&arena, "%sx", good),
                               payload_and(",\"sub\":\"account-2\""),
                               payload_and(",\"x\":{\"a\":1,\"a\":1}"),
                               payload_and(",\"x\":\"a\\u0000b\""),
                               payload_and(",\"x\":\"\xc0\xaf\""),
                               payload_and(",\"x\":NaN")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(judge_text(bad[i]), ERR_PROVIDER, "%s", bad[i]);
        cr_expect_str_eq(why, reason, "%s", bad[i]);
    }
    cr_expect_eq(judge_text(arena_printf(&arena, " \n%s\t\r\n", good)), 0, "%s", why);
    char *many = arena_printf(&arena, "%.*s", (int)strlen(good) - 1, good);
    for (int i = 0; i < 260; i++)
        many = arena_printf(&arena, "%s,\"m%d\":1", many, i);
    cr_expect_eq(judge_text(arena_printf(&arena, "%s}", many)), ERR_PROVIDER);
}

Test(id_token, birth_dates_and_sessions_are_told, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_assert_eq(judge_text(payload_and(",\"birthdate\":\"1979-04-14\",\"sid\":\"session-1\"")), 0);
    cr_expect(claims.has_birth_date && claims.birth_date == 3390 && claims.provider_sid.n == 9, "%d",
              claims.birth_date);
    cr_assert_eq(judge_text(payload_and(",\"birthdate\":\"1979\",\"sid\":5")), 0);
    cr_expect(!claims.has_birth_date && !claims.provider_sid.n);
    rules.account_only = true;
    cr_assert_eq(judge_with("SoDinhDanh", NULL), 0, "the person's claims come from elsewhere");
    cr_expect(claims.subject.n == 9 && !claims.national_id.n);
}

/* --- logout tokens --- */

#define EVENTS "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"
#define LOGOUT "\"iss\":\"https://sso.example\",\"aud\":\"hocvu\",\"iat\":1790000000,\"jti\":\"j-1\""

static struct logout_claims gone;

static int judge_logout(const char *payload)
{
    why = field = "";
    return logout_token_read(jwks, &rules, sign_with(ec, "ES256", "ec-1", payload), &arena, &gone, &why, &field);
}

Test(id_token, logout_tokens_say_what_has_ended, .init = setup, .fini = teardown, .timeout = 30)
{
    cr_assert_eq(judge_logout("{" LOGOUT "," EVENTS ",\"sid\":\"s-1\",\"sub\":\"account-1\"}"), 0, "%s", why);
    cr_expect(gone.sid.n == 3 && gone.subject.n == 9 && gone.jti.n == 3 && gone.iat_s == NOW);
    cr_assert_eq(judge_logout("{" LOGOUT "," EVENTS ",\"sub\":\"account-1\",\"exp\":1790000100}"), 0, "%s", why);
    cr_expect(!gone.sid.n);
}

Test(id_token, logout_tokens_that_are_none, .init = setup, .fini = teardown, .timeout = 30)
{
    static const struct {
        const char *payload, *why;
    } cases[] = {
        {"{" LOGOUT "," EVENTS ",\"sid\":\"s\",\"nonce\":\"n\"}", "the token has a nonce, so it is no logout token"},
        {"{" LOGOUT ",\"sid\":\"s\"}", "the token does not tell of a logout"},
        {"{" LOGOUT ",\"sid\":\"s\",\"events\":{}}", "the token does not tell of a logout"},
        {"{" LOGOUT ",\"sid\":\"s\",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":5}}",
         "the token does not tell of a logout"},
        {"{" LOGOUT ",\"sid\":\"s\",\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"]}",
         "the token does not tell of a logout"},
        {"{" LOGOUT "," EVENTS "}", "the token names neither a session nor an account"},
        {"{" LOGOUT "," EVENTS ",\"sub\":\"\",\"sid\":5}", "the token names neither a session nor an account"},
        {"{\"iss\":\"https://sso.example\",\"aud\":\"other\",\"iat\":1790000000,\"jti\":\"j\"," EVENTS
         ",\"sid\":\"s\"}",
         "the token is meant for another client"},
        {"{\"iss\":\"https://evil.example\",\"aud\":\"hocvu\",\"iat\":1790000000,\"jti\":\"j\"," EVENTS
         ",\"sid\":\"s\"}",
         "the token comes from another issuer"},
        {"{\"iss\":\"https://sso.example\",\"aud\":\"hocvu\",\"iat\":1790000000," EVENTS ",\"sid\":\"s\"}",
         "the token has no id of its own"},
        {"{\"iss\":\"https://sso.example\",\"aud\":\"hocvu\",\"jti\":\"j\"," EVENTS ",\"sid\":\"s\"}",
         "the token was issued in the future"},
        {"{\"iss\":\"https://sso.example\",\"aud\":\"hocvu\",\"iat\":1790000031,\"jti\":\"j\"," EVENTS
         ",\"sid\":\"s\"}",
         "the token was issued in the future"},
        {"{\"iss\":\"https://sso.example\",\"aud\":\"hocvu\",\"iat\":1789996399,\"jti\":\"j\"," EVENTS
         ",\"sid\":\"s\"}",
         "the token is too old"},
        {"{" LOGOUT "," EVENTS ",\"sid\":\"s\",\"exp\":1789999970}", "the token has expired"},
        {"{" LOGOUT "," EVENTS ",\"sid\":\"s\",\"sid\":\"t\"}", "the token's payload is not one JSON object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_expect_eq(judge_logout(cases[i].payload), ERR_PROVIDER, "%s", cases[i].payload);
        cr_expect_str_eq(why, cases[i].why, "%s", cases[i].payload);
        cr_expect_str_eq(field, "logout_token");
    }
    /* Neither is the other: an ID token ends nothing, a logout token opens nothing. */
    cr_expect_eq(judge_logout(payload_with(NULL, NULL)), ERR_PROVIDER);
    cr_expect_neq(judge_text("{" LOGOUT "," EVENTS ",\"sid\":\"s\",\"sub\":\"account-1\",\"exp\":1790000100}"), 0);
    struct span stolen = sign_with(stranger, "ES256", "ec-1", "{" LOGOUT "," EVENTS ",\"sid\":\"s\"}");
    cr_expect_eq(logout_token_read(jwks, &rules, stolen, &arena, &gone, &why, &field), ERR_PROVIDER);
}

Test(id_token, token_with_padding_within, .init = setup, .fini = teardown, .timeout = 30)
{
    /* cjose ends the process for such a text; a logout token may come from anybody. */
    static const char *const texts[] = {"eyJhbGchOiJub=25lIn0.e30.AAAA",  "eyJhbGciOiJFUzI1NiJ9.e3=0.AAAA",
                                        "eyJhbGciOiJFUzI1NiJ9.e30.AA=A",  "eyJhbGciOiJFUzI1NiJ9.e30=.AAAA",
                                        "eyJhbGciOiJFUzI1NiJ9.e30.A+/A",  "eyJhbGciOiJFUzI1NiJ9.e30.AAAA\n",
                                        "eyJhbGciOiJFUzI1NiJ9.e3013.AAAA"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_expect_eq(judge(S(texts[i])), ERR_PROVIDER, "%s", texts[i]);
        cr_expect_str_eq(why, "the token is not a signed JWT");
        cr_expect_eq(logout_token_read(jwks, &rules, S(texts[i]), &arena, &gone, &why, &field), ERR_PROVIDER);
    }
    static const char *const keys[] = {"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ=AB\",\"e\":\"AQAB\"}]}",
                                       "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"A=A\",\"y\":\"AAAA\"}]}",
                                       "{\"keys\":[{\"kty\":\"RSA\",\"n\":5,\"e\":[]}]}"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        cr_expect_null(jwks_parse(S(keys[i]), &why), "%s", keys[i]);
}
