/*
 * session.c - sessions: the pair of tokens, its renewal, its end.
 *
 * A refresh token says which of its family it is, under a keyed hash (refresh.h). The database has a hash of the family
 * and the newest number, so a token from before the newest is recognised as such however old it is.
 */
#include "session.h"
#include "device.h"
#include "gather.h"
#include "grant.h"
#include "logout.h"
#include "refresh.h"
#include <sodium.h>

enum { TRIES = 4 /* two logins, or a login and an officer, may meet; the second looks again */ };

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

/* These rights, signed, with the refresh token that belongs to them. 0 or fail(). */
static int answer_tokens(struct ctx *ctx, const struct pair *pair, struct rights rights,
                         struct session_tokens *ret_tokens)
{
    const struct identity_conf *conf = identity_conf(ctx);
    struct access_claims claims = {.sub = pair->subject, .sid = pair->session_id};
    int64_t now_s = pair->issued_at / 1000000, exp_s = now_s + conf->access_minutes * 60;
    char text[REFRESH_TEXT + 1];
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
    if (token_sign(conf->sign_key, &claims, ctx->arena, &tokens.access_token))
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

/* --- a session is opened --- */

/* What login_settle gives for one login: a row at least. */
struct settled {
    struct login_settled *rows;
    uint32_t n;
};

/* One statement writes an account once; two logins of one account go one after the other. */
static bool same_account(struct gather_row *const *rows, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        const struct login_step *a = rows[i]->in;
        for (uint32_t k = 0; k < i; k++) {
            const struct login_step *b = rows[k]->in;
            if (a->subject.n == b->subject.n && !memcmp(a->subject.p, b->subject.p, a->subject.n))
                return true;
        }
    }
    return false;
}

/* The rows from `*at` on that are of this place. CONFLICT: somebody else has changed the account meanwhile. */
static void take_settled(struct gather_row *row, uint64_t place, const struct login_settled *all, uint32_t n,
                         uint32_t *at)
{
    struct settled *settled = row->ret;
    uint32_t begin = *at;
    while (*at < n && all[*at].place == place)
        ++*at;
    settled->n = *at - begin;
    settled->rows = arena_alloc(row->ctx->arena, settled->n * sizeof(*all));
    row->field = settled->n ? "session" : "subject";
    row->code = !settled->n ? ERR_CONFLICT : !settled->rows ? ERR_TOO_LARGE : 0;
    if (!row->code)
        memcpy(settled->rows, all + begin, settled->n * sizeof(*all));
}

static int settle_all(struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    struct login_settled *all;
    uint32_t n_all = 0, at = 0;
    if (same_account(rows, n))
        return fail(ctx, ERR_BUSY, "subject");
    const struct login_step *steps = gather_messages(ctx, SQL_login_settle.in, rows, n);
    int code = steps ? pg_bulk(ctx, &SQL_login_settle, steps, n, n * MOST_UNITS, &all, &n_all) : ctx->fault.code;
    for (uint32_t i = 0; !code && i < n; i++)
        take_settled(rows[i], i + 1, all, n_all, &at);
    return code;
}

GATHER(settle_desk, settle_all);

/* What is to be stored of the session, into `step`; its texts are in the arena. 0 or fail(). */
static int plan_session(struct ctx *ctx, const struct session_origin *from, struct pair *pair, struct login_step *step)
{
    const struct identity_conf *conf = identity_conf(ctx);
    unsigned char *family_hash = arena_alloc(ctx->arena, REFRESH_HASH_BYTES);
    char *device = arena_alloc(ctx->arena, DEVICE_TEXT + 1);
    if (!family_hash || !device)
        return fail(ctx, ERR_TOO_LARGE, "session");
    refresh_begin(&pair->refresh);
    refresh_family_hash(&pair->refresh, family_hash);
    device_words(from->device, device);
    pair->issued_at = now_us();
    step->provider = from->provider;
    step->session_id = pair->session_id;
    step->family_hash = (struct span){(const char *)family_hash, REFRESH_HASH_BYTES};
    step->idle_minutes = (uint32_t)conf->session_idle_minutes;
    step->max_hours = (uint32_t)conf->session_max_hours;
    step->issued_at = pair->issued_at;
    step->learner = LEARNER;
    step->national = NATIONAL;
    PUT_FIELD(step, login_step, trace, ctx->head->trace);
    if (from->provider_sid.n && from->provider_sid.n <= 255)
        PUT_FIELD(step, login_step, provider_sid, from->provider_sid);
    if (from->address.n)
        PUT_FIELD(step, login_step, address, from->address);
    if (*device)
        PUT_FIELD(step, login_step, device, ((struct span){device, (uint32_t)strlen(device)}));
    return 0;
}

/* The rights among what was settled. 0 or fail(). */
static int settled_rights(struct ctx *ctx, const struct settled *settled, struct rights *ret_rights)
{
    struct right_row rows[MOST_UNITS] = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < settled->n && n < MOST_UNITS; i++) {
        const struct login_settled *from = &settled->rows[i];
        if (!HAS(from, login_settled, unit_id))
            continue;
        rows[n].unit_id = from->unit_id;
        rows[n].roles = from->roles;
        if (HAS(from, login_settled, ends))
            PUT_FIELD(&rows[n], right_row, ends, from->ends);
        n++;
    }
    return rights_take(ctx, rows, n, ret_rights);
}

int session_open(struct ctx *ctx, const struct link_outcome *who, const struct session_origin *from,
                 struct login_step *step, struct session_tokens *ret_tokens)
{
    struct pair pair = {.subject = who->person_id, .session_id = uuid7(), .person = who->standing == STANDING_LINKED};
    struct settled settled;
    struct rights rights;
    int code = plan_session(ctx, from, &pair, step);
    if (!code)
        code = gather(&settle_desk, ctx, step, &settled);
    if (!code)
        code = settled_rights(ctx, &settled, &rights);
    if (code)
        return code;
    pair.refresh_expires = settled.rows[0].refresh_expires;
    pair.rights = settled.rows[0].rights;
    code = answer_tokens(ctx, &pair, rights, ret_tokens);
    if (!code)
        PUT_FIELD(ret_tokens, session_tokens, standing, standing_word(who->standing));
    return code;
}

int session_admit(struct ctx *ctx, const struct claims *claims, const struct session_origin *from,
                  struct link_outcome *ret_who, struct session_tokens *ret_tokens)
{
    struct login_step step;
    int code = link_read(ctx, from->provider, claims, &step);
    for (int i = 0; !code && i < TRIES; i++) {
        code = link_judge(ctx, claims, &step, ret_who);
        if (code)
            return code;
        code = session_open(ctx, ret_who, from, &step, ret_tokens);
        if (code != ERR_CONFLICT)
            return code;
        code = i + 1 < TRIES ? 0 : fail(ctx, ERR_BUSY, "subject");
    }
    return code;
}

/* --- and renewed --- */

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
    struct rights rights = {.until_us = INT64_MAX};
    code = renewed.linked ? rights_of(ctx, renewed.person_id, &rights) : 0;
    if (!code)
        code = answer_tokens(ctx, &pair, rights, ret_reply);
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
