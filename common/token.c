/* token.c - access tokens: what a signed text must say to be one. */
#include "token.h"
#include "codec.h"

static const struct span header = SPAN("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"t1\"}");

/* Clocks of two machines of ours may differ by this much. */
enum { SKEW_S = 5 };

int token_sign(const unsigned char secret[TOKEN_SECRET_BYTES], const struct access_claims *claims, struct arena *arena,
               struct span *ret_token)
{
    struct buf json, text;
    int result = -1;
    buf_init(&json, TOKEN_MAX);
    buf_init(&text, TOKEN_MAX);
    msg_to_json(&msg_access_claims, claims, &json);
    if (!json.failed)
        jws_sign(secret, header, buf_span(&json), &text);
    if (!json.failed && !text.failed)
        result = arena_span(arena, buf_span(&text), ret_token);
    buf_release(&json);
    buf_release(&text);
    return result < 0 ? ERR_TOO_LARGE : 0;
}

int token_verify(const unsigned char public[TOKEN_PUBLIC_BYTES], struct span token, int64_t now_s, struct arena *arena,
                 struct access_claims *ret_claims)
{
    struct jws jws;
    struct span json;
    struct access_claims claims;
    struct fault fault;
    if (token.n > TOKEN_MAX || jws_split(token, &jws) < 0 || !jws_header_is(&jws, header) ||
        !jws_signed_by(&jws, public))
        return ERR_UNAUTHENTICATED;
    if (base64url_parse(arena, jws.payload, &json) != 0 ||
        msg_from_json(&msg_access_claims, &claims, arena, json, &fault) != 0)
        return ERR_UNAUTHENTICATED;
    if (now_s < 0 || claims.exp <= (uint64_t)now_s || claims.iat > (uint64_t)now_s + SKEW_S)
        return ERR_UNAUTHENTICATED;
    *ret_claims = claims;
    return 0;
}
