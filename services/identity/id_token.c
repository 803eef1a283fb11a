/*
 * id_token.c - signatures by libcjose, claims by cJSON.
 *
 * The token's header chooses among the allowed algorithms and among the provider's keys of the fitting kind, nothing
 * else: no key that comes with the token, no symmetric algorithm, no "none".
 */
#include "id_token.h"
#include "claims_read.h"
#include "codec.h"
#include "proto.h"
#include "token_hash.h"
#include <cjose/jws.h> /* not cjose.h: OpenSSL has an ERR_STATE of its own */
#include <sodium.h>

enum { JWKS_MAX = 32, RSA_MIN_BITS = 2048, TOKEN_TEXT_MAX = 65536, ALG_MOST = 8, LOGOUT_OLD_S = 3600 };

struct jwks {
    size_t n;
    cjose_jwk_t *key[JWKS_MAX];
};

/* All that can be allowed. */
static const struct algorithm {
    const char *alg;
    cjose_jwk_kty_t kty;
    cjose_jwk_ec_curve curve; /* of EC */
} algorithms[] = {
    {"ES256", CJOSE_JWK_KTY_EC, CJOSE_JWK_EC_P_256},
    {"ES384", CJOSE_JWK_KTY_EC, CJOSE_JWK_EC_P_384},
    {"PS256", CJOSE_JWK_KTY_RSA, 0},
    {"PS384", CJOSE_JWK_KTY_RSA, 0},
    {"PS512", CJOSE_JWK_KTY_RSA, 0},
    {"RS256", CJOSE_JWK_KTY_RSA, 0},
    {"RS384", CJOSE_JWK_KTY_RSA, 0},
    {"RS512", CJOSE_JWK_KTY_RSA, 0},
};

static const struct algorithm *algorithm_find(const char *alg, size_t n)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strlen(algorithms[i].alg) == n && !memcmp(algorithms[i].alg, alg, n))
            return &algorithms[i];
    }
    return NULL;
}

bool algorithms_good(const char *list)
{
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        if (!algorithm_find(at, n))
            return false;
        at += n;
        if (!*at)
            return true;
    }
}

/* The algorithm, when it stands in the list of those allowed. */
static const struct algorithm *allowed(const char *list, const char *alg)
{
    size_t n_alg = strlen(alg);
    for (const char *at = list; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        if (n == n_alg && !memcmp(at, alg, n))
            return algorithm_find(alg, n);
        at += n;
    }
    return NULL;
}

/* Base64url as it must be: cjose ends the whole process when padding stands within a text. */
static bool is_base64url(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return n > 0 && n % 4 != 1;
}

/* Are the numbers of a key texts that cjose can be given? */
static bool numbers_good(const cJSON *item)
{
    static const char *const names[] = {"n", "e", "x", "y"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const cJSON *number = cJSON_GetObjectItemCaseSensitive(item, names[i]);
        if (number && (!cJSON_IsString(number) || !is_base64url(number->valuestring, strlen(number->valuestring))))
            return false;
    }
    return true;
}

/* A public key that is meant for signatures and strong enough; NULL: not one of these. */
static cjose_jwk_t *import_key(const cJSON *item)
{
    cjose_err err;
    const char *kty = json_text(item, "kty"), *use = json_text(item, "use");
    if (!cJSON_IsObject(item) || !kty || (strcmp(kty, "RSA") != 0 && strcmp(kty, "EC") != 0) ||
        (use && strcmp(use, "sig") != 0) || cJSON_HasObjectItem(item, "d") || !numbers_good(item))
        return NULL;
    char *json = cJSON_PrintUnformatted(item);
    cjose_jwk_t *key = json ? cjose_jwk_import(json, strlen(json), &err) : NULL;
    cJSON_free(json);
    if (!key)
        return NULL;
    bool strong = false;
    if (cjose_jwk_get_kty(key, &err) == CJOSE_JWK_KTY_RSA) {
        strong = cjose_jwk_get_keysize(key, &err) >= RSA_MIN_BITS;
    } else if (cjose_jwk_get_kty(key, &err) == CJOSE_JWK_KTY_EC) {
        cjose_jwk_ec_curve curve = cjose_jwk_EC_get_curve(key, &err);
        strong = curve == CJOSE_JWK_EC_P_256 || curve == CJOSE_JWK_EC_P_384;
    }
    if (!strong) {
        cjose_jwk_release(key);
        return NULL;
    }
    return key;
}

struct jwks *jwks_parse(struct span json, const char **ret_why)
{
    cJSON *set = json_read(json);
    const cJSON *keys = cJSON_GetObjectItemCaseSensitive(set, "keys"), *item;
    struct jwks *jwks = cJSON_IsArray(keys) ? calloc(1, sizeof(*jwks)) : NULL;
    if (jwks) {
        cJSON_ArrayForEach(item, keys)
        {
            cjose_jwk_t *key = jwks->n < JWKS_MAX ? import_key(item) : NULL;
            if (key)
                jwks->key[jwks->n++] = key;
        }
    }
    cJSON_Delete(set);
    if (!jwks || jwks->n == 0) {
        *ret_why = "the provider's key set has no key that can be used";
        jwks_free(jwks);
        return NULL;
    }
    return jwks;
}

void jwks_free(struct jwks *jwks)
{
    if (!jwks)
        return;
    for (size_t i = 0; i < jwks->n; i++)
        cjose_jwk_release(jwks->key[i]);
    free(jwks);
}

const char *jwks_describe(const struct jwks *jwks, struct arena *arena)
{
    cjose_err err;
    char *text = arena_printf(arena, "%zu:", jwks->n);
    for (size_t i = 0; text && i < jwks->n; i++) {
        const char *kid = cjose_jwk_get_kid(jwks->key[i], &err);
        const char *kty = cjose_jwk_name_for_kty(cjose_jwk_get_kty(jwks->key[i], &err), &err);
        text = arena_printf(arena, "%s%s %.64s (%s)", text, i ? "," : "", kid ? kid : "-", kty ? kty : "?");
    }
    return text;
}

/* Can the key be meant by the algorithm? */
static bool fits(const cjose_jwk_t *key, const struct algorithm *algorithm)
{
    cjose_err err;
    return cjose_jwk_get_kty(key, &err) == algorithm->kty &&
           (algorithm->kty != CJOSE_JWK_KTY_EC || cjose_jwk_EC_get_curve(key, &err) == algorithm->curve);
}

/* The one key of that name and kind; without a name, the only key of that kind. NULL: none, or not one. */
static const cjose_jwk_t *find_key(const struct jwks *jwks, const char *kid, const struct algorithm *algorithm)
{
    const cjose_jwk_t *found = NULL;
    cjose_err err;
    for (size_t i = 0; i < jwks->n; i++) {
        const char *name = cjose_jwk_get_kid(jwks->key[i], &err);
        if (!fits(jwks->key[i], algorithm) || (kid && (!name || strcmp(kid, name) != 0)))
            continue;
        if (found)
            return NULL;
        found = jwks->key[i];
    }
    return found;
}

/* Is the signature right? 0 with the algorithm's name, ID_TOKEN_KEY_UNKNOWN, or ERR_PROVIDER. */
static int check_signature(const struct jwks *jwks, const char *list, cjose_jws_t *jws, char ret_alg[ALG_MOST],
                           const char **ret_why)
{
    cjose_err err;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = header ? cjose_header_get(header, "alg", &err) : NULL;
    const char *kid = header ? cjose_header_get(header, "kid", &err) : NULL;
    char *crit = header ? cjose_header_get_raw(header, "crit", &err) : NULL;
    bool extended = crit != NULL;
    free(crit);
    const struct algorithm *algorithm = alg && !extended ? allowed(list, alg) : NULL;
    if (!algorithm) {
        *ret_why = "the token's algorithm is not on the list";
        return ERR_PROVIDER;
    }
    const cjose_jwk_t *key = find_key(jwks, kid, algorithm);
    if (!key) {
        *ret_why = "the token names a key that the provider does not have";
        return ID_TOKEN_KEY_UNKNOWN;
    }
    if (!cjose_jws_verify(jws, key, &err)) {
        *ret_why = "the token's signature is wrong";
        return ERR_PROVIDER;
    }
    snprintf(ret_alg, ALG_MOST, "%s", algorithm->alg);
    return 0;
}

/* Three parts of base64url with points between them? */
static bool is_compact(struct span token)
{
    size_t parts = 0;
    for (const char *at = token.p, *end = token.p + token.n; at <= end; parts++) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        size_t n = dot ? (size_t)(dot - at) : (size_t)(end - at);
        if (!is_base64url(at, n))
            return false;
        at += n + 1;
    }
    return parts == 3;
}

/* The claims of a token that the provider signed; for cJSON_Delete. 0 or an error. */
static int open_token(const struct jwks *jwks, const char *list, struct span token, cJSON **ret_claims,
                      char ret_alg[ALG_MOST], const char **ret_why)
{
    cjose_err err;
    uint8_t *plain = NULL;
    size_t n = 0;
    cjose_jws_t *jws = token.n >= 5 && token.n <= TOKEN_TEXT_MAX && is_compact(token)
                           ? cjose_jws_import(token.p, token.n, &err)
                           : NULL;
    if (!jws) {
        *ret_why = "the token is not a signed JWT";
        return ERR_PROVIDER;
    }
    int code = check_signature(jwks, list, jws, ret_alg, ret_why);
    if (code == 0) {
        cJSON *claims = cjose_jws_get_plaintext(jws, &plain, &n, &err)
                            ? json_read((struct span){(const char *)plain, (uint32_t)n})
                            : NULL;
        if (claims) {
            *ret_claims = claims;
        } else {
            *ret_why = "the token's payload is not one JSON object";
            code = ERR_PROVIDER;
        }
    }
    cjose_jws_release(jws);
    return code;
}

static bool same(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

/* Are we the audience, and where there are several or the claim stands, the authorised party too? */
static bool for_us(const cJSON *claims, const char *client_id, bool authorised)
{
    const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud"), *item;
    const cJSON *azp = cJSON_GetObjectItemCaseSensitive(claims, "azp");
    bool named = cJSON_IsString(aud) && same(aud->valuestring, client_id);
    int n = cJSON_IsArray(aud) ? cJSON_GetArraySize(aud) : 1;
    if (cJSON_IsArray(aud)) {
        cJSON_ArrayForEach(item, aud) named = named || (cJSON_IsString(item) && same(item->valuestring, client_id));
    }
    if (authorised && (azp || n > 1))
        return named && cJSON_IsString(azp) && same(azp->valuestring, client_id);
    return named;
}

/* Seconds since 1970; false when the claim is not a number in a sensible range. */
static bool time_of(const cJSON *claims, const char *name, int64_t *ret_s)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, name);
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1e11))
        return false;
    *ret_s = (int64_t)item->valuedouble;
    return true;
}

static int refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return ERR_PROVIDER;
}

/* What ID tokens and logout tokens have in common. `must_end`: exp is required. */
static int check_frame(const cJSON *claims, const struct id_rules *rules, bool must_end, const char **ret_why)
{
    int64_t exp = 0, iat = 0, skew_s = rules->conf->skew_s;
    if (!same(json_text(claims, "iss"), rules->issuer))
        return refuse(ret_why, "the token comes from another issuer");
    if (!for_us(claims, rules->conf->client_id, must_end))
        return refuse(ret_why, "the token is meant for another client");
    if ((must_end || cJSON_HasObjectItem(claims, "exp")) &&
        (!time_of(claims, "exp", &exp) || exp <= rules->now_s - skew_s))
        return refuse(ret_why, "the token has expired");
    if (!time_of(claims, "iat", &iat) || iat > rules->now_s + skew_s)
        return refuse(ret_why, "the token was issued in the future");
    return 0;
}

/* Does the token belong to the access token that came with it? */
static bool at_hash_fits(const cJSON *claims, const struct id_rules *rules, const char *alg)
{
    unsigned char half[TOKEN_HASH_MAX];
    struct buf text;
    const char *given = json_text(claims, "at_hash");
    if (!cJSON_HasObjectItem(claims, "at_hash"))
        return !rules->at_hash_required;
    size_t n = token_hash(alg, rules->access_token.p, rules->access_token.n, half);
    buf_init(&text, 64);
    base64url_add(&text, half, n);
    bool fits_it = given && n && rules->access_token.n && !text.failed && strlen(given) == text.n &&
                   !memcmp(given, text.p, text.n);
    buf_release(&text);
    return fits_it;
}

/* Everything but who it is. 0 or an error. */
static int check_id_claims(const cJSON *claims, const struct id_rules *rules, const char *alg, const char **ret_why,
                           const char **ret_field)
{
    int64_t nbf = 0;
    const char *nonce = json_text(claims, "nonce");
    int code = check_frame(claims, rules, true, ret_why);
    if (code)
        return code;
    if (cJSON_HasObjectItem(claims, "nbf") &&
        (!time_of(claims, "nbf", &nbf) || nbf > rules->now_s + rules->conf->skew_s))
        return refuse(ret_why, "the token is not valid yet");
    if (!nonce || strlen(nonce) != rules->nonce.n || sodium_memcmp(nonce, rules->nonce.p, rules->nonce.n) != 0) {
        *ret_field = "nonce";
        *ret_why = "the token answers another login";
        return ERR_UNAUTHENTICATED;
    }
    if (!at_hash_fits(claims, rules, alg))
        return refuse(ret_why, "the token does not belong to the access token (at_hash)");
    return 0;
}

int id_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token, struct arena *arena,
                  struct claims *ret_claims, const char **ret_why, const char **ret_field)
{
    struct claims taken = {0};
    cJSON *claims = NULL;
    char alg[ALG_MOST];
    *ret_field = "id_token";
    int code = open_token(jwks, rules->algorithms, token, &claims, alg, ret_why);
    if (!code)
        code = check_id_claims(claims, rules, alg, ret_why, ret_field);
    if (!code && !json_keep_text(claims, "sub", 255, arena, &taken.subject))
        code = refuse(ret_why, "the token has no subject");
    if (!code) {
        taken.level = claims_level(rules->conf, claims, arena);
        if (!json_keep_text(claims, "sid", 255, arena, &taken.provider_sid))
            taken.provider_sid = (struct span){0};
    }
    if (!code && !rules->account_only)
        code = claims_read(rules->conf, claims, arena, &taken, ret_why);
    cJSON_Delete(claims);
    if (!code)
        *ret_claims = taken;
    return code;
}

/* Does it say that a session has ended? The member is an empty object, but what is in it does not matter. */
static bool tells_of_logout(const cJSON *claims)
{
    const cJSON *events = cJSON_GetObjectItemCaseSensitive(claims, "events");
    return cJSON_IsObject(events) && cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(
                                         events, "http://schemas.openid.net/event/backchannel-logout"));
}

int logout_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token, struct arena *arena,
                      struct logout_claims *ret_claims, const char **ret_why, const char **ret_field)
{
    struct logout_claims taken = {0};
    cJSON *claims = NULL;
    char alg[ALG_MOST];
    *ret_field = "logout_token";
    int code = open_token(jwks, rules->algorithms, token, &claims, alg, ret_why);
    if (!code)
        code = check_frame(claims, rules, false, ret_why);
    if (!code && !tells_of_logout(claims))
        code = refuse(ret_why, "the token does not tell of a logout");
    /* Whoever has an ID token must not be able to use it here. */
    if (!code && cJSON_HasObjectItem(claims, "nonce"))
        code = refuse(ret_why, "the token has a nonce, so it is no logout token");
    if (!code && time_of(claims, "iat", &taken.iat_s) && taken.iat_s < rules->now_s - LOGOUT_OLD_S)
        code = refuse(ret_why, "the token is too old");
    if (!code) {
        bool sid = json_keep_text(claims, "sid", 255, arena, &taken.sid);
        bool subject = json_keep_text(claims, "sub", 255, arena, &taken.subject);
        if (!sid && !subject)
            code = refuse(ret_why, "the token names neither a session nor an account");
        else if (!json_keep_text(claims, "jti", 255, arena, &taken.jti))
            code = refuse(ret_why, "the token has no id of its own");
    }
    cJSON_Delete(claims);
    if (!code)
        *ret_claims = taken;
    return code;
}
