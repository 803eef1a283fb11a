/*
 * login.c - a login: the redirect to the identity provider, and the way back from its code to a session.
 *
 * The browser brings back three things that only it can have: the state from the redirect, the cookie `binding`, and
 * the code. A state works once and for ten minutes. Every refusal goes into the audit and the log, neither of which
 * ever has a number, a name or a code in it.
 */
#include "identity.h"
#include "openid.h"
#include "session.h"
#include <sodium.h>

enum { SECRET_BYTES = 32 };

static int refuse(struct ctx *ctx, const struct uuid *person, const char *reason, int code, const char *field)
{
    return audit_refuse(ctx, "login_refused", person, reason, code, field);
}

int on_login_start(struct ctx *ctx, const struct login_begin *req, struct login_redirect *ret_reply)
{
    struct login_made made = {0};
    struct openid_request ask;
    struct login_redirect reply = {0};
    struct span binding;
    const char *why = "";
    if (secret_make(ctx->arena, SECRET_BYTES, &ask.state) < 0 || secret_make(ctx->arena, SECRET_BYTES, &binding) < 0 ||
        secret_make(ctx->arena, SECRET_BYTES, &ask.nonce) < 0 ||
        secret_make(ctx->arena, SECRET_BYTES, &ask.verifier) < 0 ||
        secret_hash(ctx->arena, ask.state, &made.state_hash) < 0 ||
        secret_hash(ctx->arena, binding, &made.binding_hash) < 0)
        return fail(ctx, ERR_TOO_LARGE, "state");
    int code = openid_location(identity_conf(ctx), &ask, ctx->arena, &reply.location, &why);
    if (code) {
        log_warn(ctx->head->trace, "login cannot begin: %s", why);
        return fail(ctx, code, "provider");
    }
    made.nonce = ask.nonce;
    made.verifier = ask.verifier;
    if (HAS(req, login_begin, address))
        PUT_FIELD(&made, login_made, address, req->address);
    code = pg_call(ctx, &SQL_login_open, &made, NULL);
    if (code)
        return code;
    reply.binding = binding;
    *ret_reply = reply;
    return 0;
}

/* Takes the login that the browser came back with; its binding must be this browser's. 0 or fail(). */
static int take_login(struct ctx *ctx, const struct login_return *req, struct login_taken *ret_login)
{
    struct login_key key = {0};
    struct span binding;
    if (secret_hash(ctx->arena, req->state, &key.state_hash) < 0 || secret_hash(ctx->arena, req->binding, &binding) < 0)
        return fail(ctx, ERR_TOO_LARGE, "state");
    int code = pg_call(ctx, &SQL_login_take, &key, ret_login);
    if (code == ERR_NOT_FOUND)
        return refuse(ctx, NULL, "the state is unknown, used or too old", ERR_UNAUTHENTICATED, "state");
    if (code)
        return code;
    if (ret_login->binding_hash.n != binding.n || sodium_memcmp(ret_login->binding_hash.p, binding.p, binding.n) != 0)
        return refuse(ctx, NULL, "another browser brought the state", ERR_UNAUTHENTICATED, "binding");
    if (HAS(req, login_return, error) && req->error.n)
        return refuse(ctx, NULL, "the provider said no", ERR_UNAUTHENTICATED, "error");
    if (!HAS(req, login_return, code))
        return fail(ctx, ERR_MISSING, "code");
    return 0;
}

int on_login_finish(struct ctx *ctx, const struct login_return *req, struct session_tokens *ret_reply)
{
    struct login_taken login;
    struct claims claims;
    struct link_outcome who;
    const char *why = "", *field = "provider";
    int code = take_login(ctx, req, &login);
    if (code)
        return code;
    struct openid_answer answer = {.code = req->code, .nonce = login.nonce, .verifier = login.verifier};
    if (HAS(req, login_return, iss))
        answer.iss = req->iss;
    code = openid_exchange(identity_conf(ctx), &answer, ctx->arena, &claims, &why, &field);
    if (code)
        return refuse(ctx, NULL, why, code, field);
    struct span provider = {identity_conf(ctx)->oidc_provider, (uint32_t)strlen(identity_conf(ctx)->oidc_provider)};
    code = link_decide(ctx, provider, &claims, &who);
    if (code)
        return code;
    struct session_origin from = {.provider = provider, .provider_sid = claims.provider_sid};
    if (HAS(&login, login_taken, address))
        from.address = login.address;
    return session_open(ctx, &who, &from, ret_reply);
}

int logins_prune(struct ctx *ctx)
{
    return pg_call(ctx, &SQL_logins_prune, NULL, NULL);
}
