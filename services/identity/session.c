/*
 * session.c - sessions: the pair of tokens, its renewal, its end.
 *
 * A refresh token says which of its family it is, under a keyed hash (refresh.h). The database has a hash of the family
 * and the newest number, so a token from before the newest is recognised as such however old it is.
 */
#include "session.h"
#include "device.h"
#include "grant.h"
#include "logout.h"
#include "refresh.h"
#include <sodium.h>

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

int secret_make(struct arena *arena, size_t n, struct span *ret_text)
{
    unsigned char bytes[64];
    struct buf text;
    if (n > sizeof(bytes))
        return -1;
    randombytes_buf(bytes, n);
    buf_init(&text, 256);
    base64url_add(&text, bytes, n);
    int result = text.failed ? -1 : arena_span(arena, buf_span(&text), ret_text);
    buf_release(&text);
    sodium_memzero(bytes, sizeof(bytes));
    return result;
}

/* --- the pair of tokens --- */

/* What a pair of tokens says. */
struct pair {
    struct uuid subject, session_id;
    bool person; /* the subject is a person, who has rights */
    struct refresh_token refresh;
    int64_t issued_at, refresh_expires;
    uint64_t rights;
};

/* What the subject may do now, signed, with the refresh token that belongs to it. 0 or fail(). */
static int answer_tokens(struct ctx *ctx, const struct pair *pair, struct session_tokens *ret_tokens)
{
    const struct identity_conf *conf = identity_conf(ctx);
    struct rights rights = {.until_us = INT64_MAX};
    struct access_claims claims = {.sub = pair->subject, .sid = pair->session_id};
    int64_t now_s = pair->issued_at / 1000000, exp_s = now_s + conf->access_minutes * 60;
    char text[REFRESH_TEXT + 1];
    int code = pair->person ? rights_of(ctx, pair->subject, &rights) : 0;
    if (code)
        return code;
    /* A token outlives no right that it speaks of. */
    if (rights.until_us / 1000000 < exp_s)
        exp_s = rights.until_us / 1000000;
    claims.grants = rights.grants;
    claims.n_grants = rights.n;
    claims.iat = (uint64_t)now_s;
    claims.exp = (uint64_t)exp_s;
    if (pair->rights)
        PUT_FIELD(&claims, access_claims, rights, pair->rights);
    struct session_tokens tokens = {
        .access_expires = (int64_t)claims.exp * 1000000,
        .refresh_expires = pair->refresh_expires,
        .person_id = pair->subject,
    };
    refresh_write(conf->refresh_mac_key, &pair->refresh, text);
    code = token_sign(conf->sign_key, &claims, ctx->arena, &tokens.access_token);
    if (code)
        return fail(ctx, ERR_INTERNAL, "access_token");
    if (arena_span(ctx->arena, (struct span){text, REFRESH_TEXT}, &tokens.refresh_token) < 0)
        return fail(ctx, ERR_TOO_LARGE, "refresh_token");
    *ret_tokens = tokens;
    return 0;
}

static struct span standing_word(enum standing standing)
{
    switch (standing) {
    case STANDING_REVIEW:
        return SPAN("review");
    case STANDING_PENDING:
        return SPAN("pending");
    default:
        return SPAN("linked");
    }
}

int session_open(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                 struct session_tokens *ret_tokens)
{
    const struct identity_conf *conf = identity_conf(ctx);
    unsigned char family_hash[REFRESH_HASH_BYTES];
    char device[DEVICE_TEXT + 1];
    struct session_opened opened;
    struct pair pair = {.subject = who->person_id, .session_id = uuid7(), .person = who->standing == STANDING_LINKED};
    struct session_made made = {
        .session_id = pair.session_id,
        .account_id = who->account_id,
        .provider = from->provider,
        .family_hash = {(const char *)family_hash, sizeof(family_hash)},
        .idle_minutes = (uint32_t)conf->session_idle_minutes,
        .max_hours = (uint32_t)conf->session_max_hours,
        .issued_at = now_us(),
    };
    refresh_begin(&pair.refresh);
    refresh_family_hash(&pair.refresh, family_hash);
    device_words(from->device, device);
    if (pair.person)
        PUT_FIELD(&made, session_made, person_id, who->person_id);
    if (from->provider_sid.n && from->provider_sid.n <= 255)
        PUT_FIELD(&made, session_made, provider_sid, from->provider_sid);
    if (from->address.n)
        PUT_FIELD(&made, session_made, address, from->address);
    if (*device)
        PUT_FIELD(&made, session_made, device, ((struct span){device, (uint32_t)strlen(device)}));
    int code = pg_call(ctx, &SQL_session_add, &made, &opened);
    if (code)
        return code;
    pair.issued_at = made.issued_at;
    pair.refresh_expires = opened.refresh_expires;
    pair.rights = opened.rights;
    code = answer_tokens(ctx, &pair, ret_tokens);
    if (!code)
        PUT_FIELD(ret_tokens, session_tokens, standing, standing_word(who->standing));
    return code;
}

int on_session_renew(struct ctx *ctx, const struct session_refresh *req, struct session_tokens *ret_reply)
{
    const struct identity_conf *conf = identity_conf(ctx);
    unsigned char family_hash[REFRESH_HASH_BYTES];
    struct pair pair;
    struct session_renewed renewed;
    if (refresh_read(conf->refresh_mac_key, req->refresh_token, &pair.refresh) < 0)
        return fail(ctx, ERR_UNAUTHENTICATED, "refresh_token");
    refresh_family_hash(&pair.refresh, family_hash);
    struct session_step step = {
        .family_hash = {(const char *)family_hash, sizeof(family_hash)},
        .counter = pair.refresh.counter,
        .idle_minutes = (uint32_t)conf->session_idle_minutes,
        .max_hours = (uint32_t)conf->session_max_hours,
        .issued_at = now_us(),
    };
    if (HAS(ctx->head, call_header, address))
        PUT_FIELD(&step, session_step, address, ctx->head->address);
    int code = pg_call(ctx, &SQL_session_renew, &step, &renewed);
    if (code == ERR_NOT_FOUND)
        return fail(ctx, ERR_UNAUTHENTICATED, "refresh_token");
    if (code)
        return code;
    pair.subject = renewed.person_id;
    pair.session_id = renewed.session_id;
    pair.person = renewed.linked;
    pair.refresh.counter = renewed.counter;
    pair.issued_at = renewed.issued_at;
    pair.refresh_expires = renewed.refresh_expires;
    pair.rights = renewed.rights;
    code = answer_tokens(ctx, &pair, ret_reply);
    if (!code && renewed.linked)
        PUT_FIELD(ret_reply, session_tokens, standing, standing_word(STANDING_LINKED));
    return code;
}

/* --- one's own sessions --- */

int on_my_sessions(struct ctx *ctx, const struct empty *req, struct session_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_my_sessions, NULL, 100, &ret_reply->sessions, &ret_reply->n_sessions);
}

int on_session_end(struct ctx *ctx, const struct empty *req, struct session_left *ret_reply)
{
    struct session_which which = {.session_id = ctx->head->session_id};
    (void)req;
    ret_reply->ok = true;
    int code = pg_call(ctx, &SQL_session_end, &which, NULL);
    if (!code)
        logout_location(ctx, ret_reply);
    return code;
}

int on_session_end_one(struct ctx *ctx, const struct session_ref *req, struct accepted *ret_reply)
{
    struct session_which which = {.session_id = req->session_id}, mine;
    int code = pg_call(ctx, &SQL_session_mine, &which, &mine);
    if (code)
        return code == ERR_NOT_FOUND ? fail(ctx, ERR_NOT_FOUND, "session_id") : code;
    ret_reply->ok = true;
    return pg_call(ctx, &SQL_session_end, &which, NULL);
}

/* --- many at once --- */

static int sessions_end(struct ctx *ctx, struct sessions_which *which, const char *why, uint32_t *ret_n)
{
    struct sessions_ended ended;
    which->why = (struct span){why, (uint32_t)strlen(why)};
    int code = pg_call(ctx, &SQL_sessions_end, which, &ended);
    if (!code && ret_n)
        *ret_n = ended.sessions;
    return code;
}

int sessions_end_account(struct ctx *ctx, struct uuid account_id, const char *why, uint32_t *ret_n)
{
    struct sessions_which which = {0};
    PUT_FIELD(&which, sessions_which, account_id, account_id);
    return sessions_end(ctx, &which, why, ret_n);
}

int sessions_end_provider(struct ctx *ctx, struct span provider, struct span provider_sid, const char *why,
                          uint32_t *ret_n)
{
    struct sessions_which which = {0};
    PUT_FIELD(&which, sessions_which, provider, provider);
    PUT_FIELD(&which, sessions_which, provider_sid, provider_sid);
    return sessions_end(ctx, &which, why, ret_n);
}

int on_sessions_end_all(struct ctx *ctx, const struct empty *req, struct accepted *ret_reply)
{
    struct sessions_which which = {0};
    (void)req;
    PUT_FIELD(&which, sessions_which, subject, ctx->head->subject);
    ret_reply->ok = true;
    return sessions_end(ctx, &which, "everywhere", NULL);
}

int on_person_sessions_end(struct ctx *ctx, const struct person_sessions *req, struct accepted *ret_reply)
{
    struct person_which person = {.person_id = req->person_id}, found;
    struct sessions_which which = {0};
    int code = pg_call(ctx, &SQL_person_in_reach, &person, &found);
    if (code == ERR_NOT_FOUND)
        return audit_refuse(ctx, "sessions_end_refused", &req->person_id, "the person is not in the caller's subtree",
                            ERR_FORBIDDEN, "person_id");
    if (code)
        return code;
    PUT_FIELD(&which, sessions_which, subject, req->person_id);
    PUT_FIELD(&which, sessions_which, reason, req->reason);
    ret_reply->ok = true;
    return sessions_end(ctx, &which, "officer", NULL);
}

/* --- for gateways, and by the clock --- */

int on_revocations(struct ctx *ctx, const struct revocation_query *req, struct revocation_list *ret_reply)
{
    return pg_list(ctx, &SQL_revocations, req, 10000, &ret_reply->tokens, &ret_reply->n_tokens);
}

int sessions_prune(struct ctx *ctx)
{
    struct session_limits limits = {.max_hours = (uint32_t)identity_conf(ctx)->session_max_hours};
    return pg_call(ctx, &SQL_sessions_prune, &limits, NULL);
}
