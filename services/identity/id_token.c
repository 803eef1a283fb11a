/*
 * id_token.c - signatures by libcjose, claims by cJSON.
 *
 * The token's header chooses among the algorithms listed here and among the provider's keys of the fitting kind,
 * nothing else: no key that comes with the token, no symmetric algorithm, no "none".
 */
#include "id_token.h"
#include "codec.h"
#include "seal.h"
#include <cJSON.h>
#include <cjose/jws.h> /* not cjose.h: OpenSSL has an ERR_STATE of its own */
#include <sodium.h>

enum { JWKS_MAX = 32, RSA_MIN_BITS = 2048, TOKEN_TEXT_MAX = 65536, LEEWAY_DIGITS = 9 };

struct jwks {
    size_t n;
    cjose_jwk_t *key[JWKS_MAX];
};

static const struct {
    const char *alg;
    cjose_jwk_kty_t kty;
} algorithms[] = {
    {"RS256", CJOSE_JWK_KTY_RSA},
    {"PS256", CJOSE_JWK_KTY_RSA},
    {"ES256", CJOSE_JWK_KTY_EC},
};

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* A public key that is meant for signatures and strong enough; NULL: not one of these. */
static cjose_jwk_t *import_key(const cJSON *item)
{
    cjose_err err;
    const char *kty = text_of(item, "kty"), *use = text_of(item, "use");
    if (!cJSON_IsObject(item) || !kty || (strcmp(kty, "RSA") != 0 && strcmp(kty, "EC") != 0) ||
        (use && strcmp(use, "sig") != 0) || cJSON_HasObjectItem(item, "d"))
        return NULL;
    char *json = cJSON_PrintUnformatted(item);
    cjose_jwk_t *key = json ? cjose_jwk_import(json, strlen(json), &err) : NULL;
    cJSON_free(json);
    if (!key)
        return NULL;
    bool strong = false;
    if (cjose_jwk_get_kty(key, &err) == CJOSE_JWK_KTY_RSA)
        strong = cjose_jwk_get_keysize(key, &err) >= RSA_MIN_BITS;
    else if (cjose_jwk_get_kty(key, &err) == CJOSE_JWK_KTY_EC)
        strong = cjose_jwk_EC_get_curve(key, &err) == CJOSE_JWK_EC_P_256;
    if (!strong) {
        cjose_jwk_release(key);
        return NULL;
    }
    return key;
}

struct jwks *jwks_parse(struct span json, const char **ret_why)
{
    cJSON *set = cJSON_ParseWithLength(json.p, json.n);
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

/* The one key of that name and kind; without a name, the only key of that kind. NULL: none, or not one. */
static const cjose_jwk_t *find_key(const struct jwks *jwks, const char *kid, cjose_jwk_kty_t kty)
{
    const cjose_jwk_t *found = NULL;
    cjose_err err;
    for (size_t i = 0; i < jwks->n; i++) {
        const char *name = cjose_jwk_get_kid(jwks->key[i], &err);
        if (cjose_jwk_get_kty(jwks->key[i], &err) != kty || (kid && (!name || strcmp(kid, name) != 0)))
            continue;
        if (found)
            return NULL;
        found = jwks->key[i];
    }
    return found;
}

/* Is the signature right? 0, ID_TOKEN_KEY_UNKNOWN, or ERR_PROVIDER. */
static int check_signature(const struct jwks *jwks, cjose_jws_t *jws, const char **ret_why)
{
    cjose_err err;
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const char *alg = header ? cjose_header_get(header, "alg", &err) : NULL;
    const char *kid = header ? cjose_header_get(header, "kid", &err) : NULL;
    char *crit = header ? cjose_header_get_raw(header, "crit", &err) : NULL;
    bool extended = crit != NULL;
    free(crit);
    for (size_t i = 0; alg && !extended && i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        if (strcmp(alg, algorithms[i].alg) != 0)
            continue;
        const cjose_jwk_t *key = find_key(jwks, kid, algorithms[i].kty);
        if (!key) {
            *ret_why = "the ID token names a key that the provider does not have";
            return ID_TOKEN_KEY_UNKNOWN;
        }
        if (cjose_jws_verify(jws, key, &err))
            return 0;
        *ret_why = "the ID token's signature is wrong";
        return ERR_PROVIDER;
    }
    *ret_why = "the ID token's algorithm is not on the list";
    return ERR_PROVIDER;
}

static bool same(const char *text, const char *expected)
{
    return text && !strcmp(text, expected);
}

/* Are we the audience, and where there are several or the claim stands, the authorised party too? */
static bool for_us(const cJSON *claims, const char *client_id)
{
    const cJSON *aud = cJSON_GetObjectItemCaseSensitive(claims, "aud"), *item;
    const cJSON *azp = cJSON_GetObjectItemCaseSensitive(claims, "azp");
    bool named = cJSON_IsString(aud) && same(aud->valuestring, client_id);
    int n = cJSON_IsArray(aud) ? cJSON_GetArraySize(aud) : 1;
    if (cJSON_IsArray(aud)) {
        cJSON_ArrayForEach(item, aud) named = named || (cJSON_IsString(item) && same(item->valuestring, client_id));
    }
    if (azp || n > 1)
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

static bool is_number(const char *text)
{
    size_t n = strspn(text, "0123456789");
    return n > 0 && n <= LEEWAY_DIGITS && !text[n];
}

/* Levels that are numbers are ordered, others must be the very one. */
static bool assured(const cJSON *claims, const char *name, const char *required)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(claims, name);
    if (!*required)
        return true;
    if (cJSON_IsNumber(item))
        return is_number(required) && item->valuedouble >= strtod(required, NULL);
    if (!cJSON_IsString(item))
        return false;
    if (is_number(required) && is_number(item->valuestring))
        return strtol(item->valuestring, NULL, 10) >= strtol(required, NULL, 10);
    return same(item->valuestring, required);
}

/* Everything but who it is. 0 or an error. */
static int check_claims(const cJSON *claims, const struct id_rules *rules, const char **ret_why, const char **ret_field)
{
    int64_t exp = 0, iat = 0, nbf = 0;
    const char *nonce = text_of(claims, "nonce");
    if (!same(text_of(claims, "iss"), rules->issuer))
        return *ret_why = "the ID token comes from another issuer", ERR_PROVIDER;
    if (!for_us(claims, rules->client_id))
        return *ret_why = "the ID token is meant for another client", ERR_PROVIDER;
    if (!time_of(claims, "exp", &exp) || exp <= rules->now_s - rules->skew_s)
        return *ret_why = "the ID token has expired", ERR_PROVIDER;
    if (!time_of(claims, "iat", &iat) || iat > rules->now_s + rules->skew_s)
        return *ret_why = "the ID token was issued in the future", ERR_PROVIDER;
    if (cJSON_HasObjectItem(claims, "nbf") && (!time_of(claims, "nbf", &nbf) || nbf > rules->now_s + rules->skew_s))
        return *ret_why = "the ID token is not valid yet", ERR_PROVIDER;
    if (!nonce || strlen(nonce) != rules->nonce.n || sodium_memcmp(nonce, rules->nonce.p, rules->nonce.n) != 0) {
        *ret_field = "nonce";
        return *ret_why = "the ID token answers another login", ERR_UNAUTHENTICATED;
    }
    if (!assured(claims, rules->claim_assurance, rules->required_assurance)) {
        *ret_field = "assurance";
        return *ret_why = "the account's level is too low", ERR_ASSURANCE;
    }
    return 0;
}

/* A claim of 1 to `most` bytes, kept in the arena. */
static bool keep_text(const cJSON *claims, const char *name, size_t most, struct arena *arena, struct span *ret_text)
{
    const char *text = text_of(claims, name);
    size_t n = text ? strlen(text) : 0;
    return n >= 1 && n <= most && arena_span(arena, (struct span){text, (uint32_t)n}, ret_text) == 0 &&
           utf8_valid(*ret_text);
}

static int take_claims(struct span json, const struct id_rules *rules, struct arena *arena, struct claims *ret_claims,
                       const char **ret_why, const char **ret_field)
{
    struct claims taken = {0};
    cJSON *claims = cJSON_ParseWithLength(json.p, json.n);
    int code = ERR_PROVIDER;
    if (!cJSON_IsObject(claims))
        *ret_why = "the ID token's payload is not a JSON object";
    else
        code = check_claims(claims, rules, ret_why, ret_field);
    if (code == 0) {
        code = ERR_PROVIDER;
        if (!keep_text(claims, "sub", 255, arena, &taken.subject))
            *ret_why = "the ID token has no subject";
        else if (!keep_text(claims, rules->claim_national_id, NATIONAL_DIGITS, arena, &taken.national_id) ||
                 !national_valid(taken.national_id))
            *ret_why = "the ID token has no personal number of twelve digits";
        else if (!keep_text(claims, rules->claim_full_name, 200, arena, &taken.full_name))
            *ret_why = "the ID token has no name";
        else
            code = 0;
    }
    cJSON_Delete(claims);
    if (code == 0)
        *ret_claims = taken;
    return code;
}

int id_token_read(const struct jwks *jwks, const struct id_rules *rules, struct span token, struct arena *arena,
                  struct claims *ret_claims, const char **ret_why, const char **ret_field)
{
    cjose_err err;
    uint8_t *plain = NULL;
    size_t n = 0;
    *ret_field = "id_token";
    cjose_jws_t *jws = token.n <= TOKEN_TEXT_MAX ? cjose_jws_import(token.p, token.n, &err) : NULL;
    if (!jws) {
        *ret_why = "the ID token is not a signed JWT";
        return ERR_PROVIDER;
    }
    int code = check_signature(jwks, jws, ret_why);
    if (code == 0 && !cjose_jws_get_plaintext(jws, &plain, &n, &err)) {
        *ret_why = "the ID token has no payload";
        code = ERR_PROVIDER;
    }
    if (code == 0)
        code =
            take_claims((struct span){(const char *)plain, (uint32_t)n}, rules, arena, ret_claims, ret_why, ret_field);
    cjose_jws_release(jws);
    return code;
}
