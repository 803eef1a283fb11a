/*
 * login.c - a login: the redirect to an identity provider, and the way back from its code to a session.
 *
 * The browser brings back three things that only it can have: the state from the redirect, the cookie `binding`, and
 * the code. A state works once, for ten minutes, and for the provider that it was made for. Every refusal goes into the
 * audit and the log, neither of which ever has a number, a name or a code in it.
 */
#include "gather.h"
#include "idp_test.h"
#include "pace.h"
#include "provider.h"
#include "session.h"
#include <sodium.h>

enum { SECRET_BYTES = 32 };

static int refuse(struct ctx *ctx, const struct uuid *person, const char *reason, int code, const char *field)
{
    return audit_refuse(ctx, "login_refused", person, reason, code, field);
}

static struct span text_span(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* --- where one can log in --- */

/* The enabled providers as buttons; NULL: the arena is full. */
static struct provider_shown *shown(struct ctx *ctx, uint32_t *ret_n)
{
    const struct providers *all = identity_conf(ctx)->providers;
    struct provider_shown *list = arena_alloc(ctx->arena, PROVIDERS_MAX * sizeof(*list));
    uint32_t n = 0;
    for (uint32_t i = 0; list && i < all->n; i++) {
        const struct provider *provider = all->list[i];
        if (provider_enabled(provider))
            list[n++] = (struct provider_shown){.name = text_span(provider->name),
                                                .title_vi = text_span(provider->conf->title_vi),
                                                .title_en = text_span(provider->conf->title_en),
                                                .kind = text_span(provider->adapter->kind),
                                                .level_vi = text_span(provider->conf->level_vi),
                                                .level_en = text_span(provider->conf->level_en)};
    }
    *ret_n = n;
    return list;
}

int on_providers(struct ctx *ctx, const struct empty *req, struct provider_list *ret_reply)
{
    struct provider_list reply = {0};
    (void)req;
    reply.providers = shown(ctx, &reply.n_providers);
    if (!reply.providers)
        return fail(ctx, ERR_TOO_LARGE, "providers");
    *ret_reply = reply;
    return 0;
}

/* The provider that is asked for; NULL without a fault: the reply has the choices. */
static struct provider *choose(struct ctx *ctx, const struct login_begin *req, struct login_redirect *reply,
                               int *ret_code)
{
    uint32_t n = 0;
    struct provider_shown *list = shown(ctx, &n);
    struct span name = HAS(req, login_begin, provider) ? req->provider : n ? list[0].name : SPAN("");
    *ret_code = 0;
    if (!HAS(req, login_begin, provider) && n > 1 && HAS(req, login_begin, choose) && req->choose) {
        reply->choices = list;
        reply->n_choices = n;
        return NULL;
    }
    struct provider *provider = provider_find(identity_conf(ctx)->providers, name);
    if (!provider && HAS(req, login_begin, provider))
        *ret_code = fail(ctx, ERR_NOT_FOUND, "provider");
    else if (!provider) {
        log_warn(ctx->head->trace, "login cannot begin: no identity provider is configured");
        *ret_code = fail(ctx, ERR_PROVIDER, "provider");
    }
    return provider;
}

/* --- there --- */

static int open_all(struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    return gather_statement(ctx, &SQL_login_open, rows, n, "state");
}

GATHER(open_desk, open_all);

/* Stores what is to come back, unless too many logins of the network have been refused. 0 or fail(). */
static int open_login(struct ctx *ctx, struct login_made *made)
{
    struct pace_limit limit;
    struct login_opened opened;
    pace_limit_address(ctx, &limit);
    made->pace_window_s = limit.window_s;
    made->pace_most = limit.most;
    if (limit.most)
        PUT_FIELD(made, login_made, pace_key, ((struct span){(const char *)limit.key, sizeof(limit.key)}));
    int code = gather(&open_desk, ctx, made, &opened);
    return !code && opened.refused ? pace_refuse(ctx, "address") : code;
}

/* A login that cannot begin anyway: a network that is refused hears only that. */
static int refuse_paced(struct ctx *ctx, int code)
{
    struct fault fault = ctx->fault;
    int paced = pace_admit_address(ctx);
    if (paced)
        return paced;
    ctx->fault = fault;
    return code;
}

/* Secrets of a new login and what is kept of them; `binding` is the browser's. 0 or -1: the arena is full. */
static int make_secrets(struct ctx *ctx, struct login_secrets *secrets, struct span *binding, struct login_made *made)
{
    if (secret_make(ctx->arena, SECRET_BYTES, &secrets->state) < 0 ||
        secret_make(ctx->arena, SECRET_BYTES, binding) < 0 ||
        secret_make(ctx->arena, SECRET_BYTES, &secrets->nonce) < 0 ||
        secret_make(ctx->arena, SECRET_BYTES, &secrets->verifier) < 0 ||
        secret_hash(ctx->arena, secrets->state, &made->state_hash) < 0 ||
        secret_hash(ctx->arena, *binding, &made->binding_hash) < 0)
        return -1;
    made->nonce = secrets->nonce;
    made->verifier = secrets->verifier;
    return 0;
}

int on_login_start(struct ctx *ctx, const struct login_begin *req, struct login_redirect *ret_reply)
{
    struct login_made made = {0};
    struct login_secrets secrets;
    struct login_redirect reply = {0};
    struct span binding, test_hash;
    int code;
    struct provider *provider = choose(ctx, req, &reply, &code);
    if (!provider && code)
        return refuse_paced(ctx, code);
    if (!provider) {
        *ret_reply = reply;
        return 0;
    }
    if (make_secrets(ctx, &secrets, &binding, &made) < 0)
        return fail(ctx, ERR_TOO_LARGE, "state");
    made.provider = text_span(provider->name);
    if (HAS(req, login_begin, address))
        PUT_FIELD(&made, login_made, address, req->address);
    if (HAS(req, login_begin, device))
        PUT_FIELD(&made, login_made, device, req->device);
    if (HAS(req, login_begin, test)) {
        if (secret_hash(ctx->arena, req->test, &test_hash) < 0)
            return fail(ctx, ERR_TOO_LARGE, "test");
        PUT_FIELD(&made, login_made, test_hash, test_hash);
    }
    /* First, although a login that cannot begin is stored in vain: for whoever is refused the provider is not asked. */
    code = open_login(ctx, &made);
    if (code)
        return code;
    struct dealing d = provider_dealing(provider, ctx->arena);
    code = provider_location(&d, &secrets, &reply.location);
    if (code) {
        log_warn(ctx->head->trace, "login at %s cannot begin: %s", provider->name, d.why);
        return fail(ctx, code, "provider");
    }
    reply.binding = binding;
    reply.provider = made.provider;
    *ret_reply = reply;
    return 0;
}

/* --- and back --- */

static int take_all(struct ctx *ctx, struct gather_row *const *rows, uint32_t n)
{
    return gather_statement(ctx, &SQL_login_take, rows, n, "state");
}

GATHER(take_desk, take_all);

/* Takes the login that the browser came back with; its binding must be this browser's. 0 or fail(). */
static int take_login(struct ctx *ctx, const struct login_return *req, struct login_taken *ret_login)
{
    struct login_key key = {0};
    struct span binding;
    if (secret_hash(ctx->arena, req->state, &key.state_hash) < 0 || secret_hash(ctx->arena, req->binding, &binding) < 0)
        return fail(ctx, ERR_TOO_LARGE, "state");
    int code = gather(&take_desk, ctx, &key, ret_login);
    if (code == ERR_NOT_FOUND) {
        /* Whoever brings a state of ours was admitted when it was given out. */
        code = pace_admit_address(ctx);
        return code ? code : refuse(ctx, NULL, "the state is unknown, used or too old", ERR_UNAUTHENTICATED, "state");
    }
    if (code)
        return code;
    if (ret_login->binding_hash.n != binding.n || sodium_memcmp(ret_login->binding_hash.p, binding.p, binding.n) != 0)
        return refuse(ctx, NULL, "another browser brought the state", ERR_UNAUTHENTICATED, "binding");
    /* A provider must not finish what was begun at another one. */
    if (HAS(req, login_return, provider) && !span_equal(req->provider, ret_login->provider))
        return refuse(ctx, NULL, "the state belongs to another provider", ERR_UNAUTHENTICATED, "provider");
    if (HAS(req, login_return, error) && req->error.n)
        return refuse(ctx, NULL, "the provider said no", ERR_PROVIDER_REFUSED, "error");
    if (!HAS(req, login_return, code))
        return fail(ctx, ERR_MISSING, "code");
    return 0;
}

/* An answer that an honest provider gives once must not have been given before. */
static int use_answers(struct ctx *ctx, struct dealing *d)
{
    struct answer_hash rows[SEEN_MAX], *fresh;
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n_seen; i++)
        rows[i] = (struct answer_hash){.hash = d->seen[i]};
    int code = d->n_seen ? pg_bulk(ctx, &SQL_answers_use, rows, d->n_seen, SEEN_MAX, &fresh, &n) : 0;
    if (code)
        return provider_fail(d, code, "what has been given before cannot be looked up");
    if (n != d->n_seen)
        code = provider_fail(d, ERR_PROVIDER, "the provider's answer has been given before");
    return code;
}

/* Asks the provider who it is. Its failures are not on record yet: they stand in the dealing. */
static int ask_provider(struct ctx *ctx, const struct login_return *req, const struct login_taken *login,
                        struct dealing *d, struct claims *ret_claims)
{
    struct login_answer answer = {.code = req->code, .nonce = login->nonce, .verifier = login->verifier};
    if (HAS(req, login_return, iss))
        answer.iss = req->iss;
    if (HAS(req, login_return, encrypt_key))
        answer.encrypt_key = req->encrypt_key;
    int code = provider_finish(d, &answer, ret_claims);
    return code ? code : use_answers(ctx, d);
}

/* A test login ends here: what came is kept for whoever began it, and no session opens. */
static int end_test(struct ctx *ctx, const struct login_taken *login, const struct dealing *d,
                    const struct claims *claims, int code)
{
    code = idp_test_store(ctx, login->test_hash, d->provider, code ? NULL : claims, code, d->why);
    return code ? code : fail(ctx, ERR_STATE, "test");
}

static int open_session(struct ctx *ctx, const struct login_taken *login, const struct claims *claims,
                        struct session_tokens *ret_reply)
{
    struct link_outcome who;
    struct session_origin from = {.provider = login->provider, .provider_sid = claims->provider_sid};
    if (HAS(login, login_taken, address))
        from.address = login->address;
    if (HAS(login, login_taken, device))
        from.device = login->device;
    int code = session_admit(ctx, claims, &from, &who, ret_reply);
    return pace_settle_account(ctx, login->provider, claims->subject, code);
}

static int finish(struct ctx *ctx, const struct login_return *req, struct session_tokens *ret_reply)
{
    struct login_taken login;
    struct claims claims;
    int code = take_login(ctx, req, &login);
    if (code)
        return code;
    struct provider *provider = provider_find(identity_conf(ctx)->providers, login.provider);
    if (!provider)
        return refuse(ctx, NULL, "the provider is not used any more", ERR_PROVIDER, "provider");
    struct dealing d = provider_dealing(provider, ctx->arena);
    code = ask_provider(ctx, req, &login, &d, &claims);
    if (HAS(&login, login_taken, test_hash))
        return end_test(ctx, &login, &d, &claims, code);
    return code ? refuse(ctx, NULL, d.why, code, d.field) : open_session(ctx, &login, &claims, ret_reply);
}

int on_login_finish(struct ctx *ctx, const struct login_return *req, struct session_tokens *ret_reply)
{
    return pace_settle_address(ctx, finish(ctx, req, ret_reply));
}

int logins_prune(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_logins_prune, NULL, NULL);
}
