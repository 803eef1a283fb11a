/*
 * logout.c - logout at an identity provider, and logout that a provider tells of (OpenID Connect Back-Channel Logout
 * 1.0): a message signed by the provider, taken once, ends the session that was opened with its session, or all of its
 * account.
 */
#include "logout.h"
#include "identity.h"
#include "provider.h"
#include "session.h"

static int refuse(struct ctx *ctx, const char *why, int code, const char *field)
{
    return audit_refuse(ctx, "logout_refused", NULL, why, code, field);
}

void logout_location(struct ctx *ctx, struct session_left *reply)
{
    struct session_provider at;
    struct span location;
    if (pg_call(ctx, &SQL_session_provider, NULL, &at)) {
        ctx->fault = (struct fault){0};
        return;
    }
    struct provider *provider = provider_find(identity_conf(ctx)->providers, at.provider);
    if (!provider)
        return;
    struct dealing d = provider_dealing(provider, ctx->arena);
    int code = provider_leave(&d, &location);
    if (!code)
        PUT_FIELD(reply, session_left, location, location);
    else if (code != ERR_NOT_FOUND)
        log_warn(ctx->head->trace, "no logout at %s: %s", provider->name, d.why);
}

/* Ends the session that the message names, or all of its account. 0 or fail(). */
static int end_sessions(struct ctx *ctx, struct span provider, const struct logout_claims *claims)
{
    static const char why[] = "provider_logout";
    struct subject_key key = {.provider = provider, .subject = claims->subject};
    struct account_ref account;
    if (claims->sid.n)
        return sessions_end_provider(ctx, provider, claims->sid, why, NULL);
    int code = pg_call(ctx, &SQL_account_of_subject, &key, &account);
    if (code == ERR_NOT_FOUND) { /* nobody of this name has ever been here */
        ctx->fault = (struct fault){0};
        return 0;
    }
    return code ? code : sessions_end_account(ctx, account.account_id, why, NULL);
}

int on_provider_logout(struct ctx *ctx, const struct logout_told *req, struct accepted *ret_reply)
{
    struct logout_claims claims;
    struct provider *provider = provider_find(identity_conf(ctx)->providers, req->provider);
    if (!provider)
        return fail(ctx, ERR_NOT_FOUND, "provider");
    struct dealing d = provider_dealing(provider, ctx->arena);
    int code = provider_told_off(&d, req->logout_token, &claims);
    if (code == ERR_NOT_FOUND)
        return fail(ctx, code, "provider");
    /* What is wrong with the message is the sender's trouble; that its keys cannot be had is ours. */
    bool theirs = code == ERR_PROVIDER && !strcmp(d.field, "logout_token");
    if (code)
        return refuse(ctx, d.why, theirs ? ERR_INVALID : code, d.field);
    struct logout_key key = {.provider = req->provider, .jti = claims.jti}, taken;
    code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_logout_take, &key, &taken);
    if (code == ERR_NOT_FOUND) {
        code = pg_commit(ctx); /* nothing: a refusal must not be rolled back */
        return code ? code : refuse(ctx, "the message has been told before", ERR_INVALID, "logout_token");
    }
    if (!code)
        code = end_sessions(ctx, req->provider, &claims);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        ret_reply->ok = true;
    return code;
}
