/*
 * session.c - sessions: the pair of tokens, its renewal, its end.
 *
 * A refresh token is 48 random bytes: 16 that all tokens of the session share, 32 that are new each time. The database
 * has hashes of both, so a token from before the newest is recognised as such however old it is.
 */
#include "session.h"
#include "grant.h"
#include <sodium.h>

enum { FAMILY_BYTES = 16, FRESH_BYTES = 32, REFRESH_BYTES = FAMILY_BYTES + FRESH_BYTES };

static int hash_bytes(struct arena *arena, const void *p, size_t n, struct span *ret_hash)
{
    unsigned char *hash = arena_alloc(arena, SEAL_HASH_BYTES);
    if (!hash)
        return -1;
    crypto_generichash(hash, SEAL_HASH_BYTES, p, n, NULL, 0);
    *ret_hash = (struct span){(const char *)hash, SEAL_HASH_BYTES};
    return 0;
}

int secret_hash(struct arena *arena, struct span text, struct span *ret_hash)
{
    return hash_bytes(arena, text.p, text.n, ret_hash);
}

static int base64url(struct arena *arena, const void *bytes, size_t n, struct span *ret_text)
{
    struct buf text;
    buf_init(&text, 256);
    base64url_add(&text, bytes, n);
    int result = text.failed ? -1 : arena_span(arena, buf_span(&text), ret_text);
    buf_release(&text);
    return result;
}

int secret_make(struct arena *arena, size_t n, struct span *ret_text)
{
    unsigned char bytes[64];
    if (n > sizeof(bytes))
        return -1;
    randombytes_buf(bytes, n);
    int result = base64url(arena, bytes, n, ret_text);
    sodium_memzero(bytes, sizeof(bytes));
    return result;
}

static int refresh_token_hash(struct arena *arena, const unsigned char bytes[REFRESH_BYTES],
                              struct refresh_token *token)
{
    if (hash_bytes(arena, bytes, FAMILY_BYTES, &token->family_hash) < 0)
        return -1;
    return hash_bytes(arena, bytes, REFRESH_BYTES, &token->hash);
}

int refresh_token_make(struct arena *arena, const struct span *like, struct refresh_token *ret_token)
{
    unsigned char bytes[REFRESH_BYTES];
    struct refresh_token token;
    struct span old;
    randombytes_buf(bytes, sizeof(bytes));
    if (like) {
        if (base64url_parse(arena, *like, &old) != 0 || old.n != REFRESH_BYTES)
            return -1;
        memcpy(bytes, old.p, FAMILY_BYTES);
    }
    if (base64url(arena, bytes, sizeof(bytes), &token.text) < 0 || refresh_token_hash(arena, bytes, &token) < 0)
        return -1;
    *ret_token = token;
    return 0;
}

int refresh_token_read(struct arena *arena, struct span text, struct refresh_token *ret_token)
{
    struct span bytes;
    struct refresh_token token = {.text = text};
    if (base64url_parse(arena, text, &bytes) != 0 || bytes.n != REFRESH_BYTES ||
        refresh_token_hash(arena, (const unsigned char *)bytes.p, &token) < 0)
        return -1;
    *ret_token = token;
    return 0;
}

/* What a person may do now, signed, with the refresh token that the session was given. 0 or fail(). */
static int answer_tokens(struct ctx *ctx, struct uuid person_id, struct uuid session_id, struct span refresh_token,
                         int64_t refresh_expires, struct session_tokens *ret_tokens)
{
    const struct identity_conf *conf = identity_conf(ctx);
    struct rights rights;
    struct access_claims claims = {.sub = person_id, .sid = session_id};
    int64_t now_s = now_us() / 1000000, exp_s = now_s + conf->access_minutes * 60;
    int code = rights_of(ctx, person_id, &rights);
    if (code)
        return code;
    /* A token outlives no right that it speaks of. */
    if (rights.until_us / 1000000 < exp_s)
        exp_s = rights.until_us / 1000000;
    claims.grants = rights.grants;
    claims.n_grants = rights.n;
    claims.iat = (uint64_t)now_s;
    claims.exp = (uint64_t)exp_s;
    struct session_tokens tokens = {
        .access_expires = (int64_t)claims.exp * 1000000,
        .refresh_token = refresh_token,
        .refresh_expires = refresh_expires,
        .person_id = person_id,
    };
    code = token_sign(conf->sign_key, &claims, ctx->arena, &tokens.access_token);
    if (code)
        return fail(ctx, ERR_INTERNAL, "access_token");
    *ret_tokens = tokens;
    return 0;
}

int session_open(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                 struct session_tokens *ret_tokens)
{
    const struct identity_conf *conf = identity_conf(ctx);
    struct refresh_token refresh;
    struct session_opened opened;
    if (refresh_token_make(ctx->arena, NULL, &refresh) < 0)
        return fail(ctx, ERR_TOO_LARGE, "refresh_token");
    struct session_made made = {
        .session_id = uuid7(),
        .person_id = who->person_id,
        .provider = from->provider,
        .family_hash = refresh.family_hash,
        .refresh_hash = refresh.hash,
        .idle_minutes = (uint32_t)conf->session_idle_minutes,
        .max_hours = (uint32_t)conf->session_max_hours,
    };
    if (from->address.n)
        PUT_FIELD(&made, session_made, address, from->address);
    int code = pg_call(ctx, &SQL_session_add, &made, &opened);
    if (code)
        return code;
    return answer_tokens(ctx, who->person_id, made.session_id, refresh.text, opened.refresh_expires, ret_tokens);
}

int on_session_renew(struct ctx *ctx, const struct session_refresh *req, struct session_tokens *ret_reply)
{
    const struct identity_conf *conf = identity_conf(ctx);
    struct refresh_token used, next;
    struct session_renewed renewed;
    if (refresh_token_read(ctx->arena, req->refresh_token, &used) < 0)
        return fail(ctx, ERR_UNAUTHENTICATED, "refresh_token");
    if (refresh_token_make(ctx->arena, &req->refresh_token, &next) < 0)
        return fail(ctx, ERR_TOO_LARGE, "refresh_token");
    struct session_step step = {
        .family_hash = used.family_hash,
        .refresh_hash = used.hash,
        .next_hash = next.hash,
        .idle_minutes = (uint32_t)conf->session_idle_minutes,
        .max_hours = (uint32_t)conf->session_max_hours,
    };
    int code = pg_call(ctx, &SQL_session_renew, &step, &renewed);
    if (code == ERR_NOT_FOUND)
        return fail(ctx, ERR_UNAUTHENTICATED, "refresh_token");
    if (code)
        return code;
    return answer_tokens(ctx, renewed.person_id, renewed.session_id, next.text, renewed.refresh_expires, ret_reply);
}

int on_session_end(struct ctx *ctx, const struct empty *req, struct accepted *ret_reply)
{
    (void)req;
    ret_reply->ok = true;
    return pg_call(ctx, &SQL_session_end, NULL, NULL);
}

int on_revocations(struct ctx *ctx, const struct revocation_query *req, struct revocation_list *ret_reply)
{
    return pg_list(ctx, &SQL_revocations, req, 10000, &ret_reply->sessions, &ret_reply->n_sessions);
}

int sessions_prune(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_sessions_prune, NULL, NULL);
}
