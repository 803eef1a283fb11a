/* token.c - access tokens: what a signed text must say to be one. */
#include "token.h"
#include "codec.h"

/* Clocks of two machines of ours may differ by this much. */
enum { SKEW_S = 5 };

void token_key_init(struct token_key *key, const unsigned char public[TOKEN_PUBLIC_BYTES])
{
    char kid[JWS_KID_TEXT];
    jws_kid(public, kid);
    memcpy(key->public, public, TOKEN_PUBLIC_BYTES);
    int n = snprintf(key->header, sizeof(key->header), "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid);
    key->n_header = (uint32_t)n;
}

static struct span header_of(const struct token_key *key)
{
    return (struct span){key->header, key->n_header};
}

int token_sign(const unsigned char secret[TOKEN_SECRET_BYTES], const struct access_claims *claims, struct arena *arena,
               struct span *ret_token)
{
    struct buf json, text;
    struct token_key key;
    unsigned char public[TOKEN_PUBLIC_BYTES];
    int result = -1;
    jws_public_of(secret, public);
    token_key_init(&key, public);
    buf_init(&json, TOKEN_MAX);
    buf_init(&text, TOKEN_MAX);
    msg_to_json(&msg_access_claims, claims, &json);
    if (!json.failed)
        jws_sign(secret, header_of(&key), buf_span(&json), &text);
    if (!json.failed && !text.failed)
        result = arena_span(arena, buf_span(&text), ret_token);
    buf_release(&json);
    buf_release(&text);
    return result < 0 ? ERR_TOO_LARGE : 0;
}

int token_verify(const unsigned char public[TOKEN_PUBLIC_BYTES], struct span token, int64_t now_s, struct arena *arena,
                 struct access_claims *ret_claims)
{
    struct token_key key;
    token_key_init(&key, public);
    return token_verify_any(&key, 1, token, now_s, arena, ret_claims);
}

int token_verify_any(const struct token_key *keys, size_t n_keys, struct span token, int64_t now_s, struct arena *arena,
                     struct access_claims *ret_claims)
{
    struct jws jws;
    struct span json;
    struct access_claims claims;
    struct fault fault;
    size_t named = 0;
    if (token.n > TOKEN_MAX || jws_split(token, &jws) < 0)
        return ERR_UNAUTHENTICATED;
    while (named < n_keys && !jws_header_is(&jws, header_of(&keys[named])))
        named++;
    if (named == n_keys || !jws_signed_by(&jws, keys[named].public))
        return ERR_UNAUTHENTICATED;
    if (base64url_parse(arena, jws.payload, &json) != 0 ||
        msg_from_json(&msg_access_claims, &claims, arena, json, &fault) != 0)
        return ERR_UNAUTHENTICATED;
    if (now_s < 0 || claims.exp <= (uint64_t)now_s || claims.iat > (uint64_t)now_s + SKEW_S)
        return ERR_UNAUTHENTICATED;
    *ret_claims = claims;
    return 0;
}
