/*
 * login.c - how browsers get, keep and give back a session; identity decides everything, here it becomes cookies.
 *
 *   GET  /login                login_start    302 to the identity provider, and the cookie that binds the browser to
 *                                             it; a page of buttons when there are several
 *   GET  /login/NAME           login_start    the same for the provider of this name
 *   GET  /login/NAME/callback  login_finish   303 to / with the session's cookies; clients that want JSON get
 *                                             session_tokens; /login/callback is the path of the provider openid
 *   POST /login/NAME/backchannel  provider_logout  a provider tells that a session there has ended
 *   POST /session/refresh      session_renew  new cookies
 *   POST /session/logout       session_end    no cookies
 *
 * The access cookie goes with every request; the refresh cookie only to /session, and never from another site. Scripts
 * read neither. The two POSTs need X-Hocvu: 1, as every unsafe request by cookie does.
 */
#include "log.h"
#include "login_page.h"
#include "reply.h"

enum { LOGIN_SECONDS = 600, DEVICE_MOST = 200 /* of login_begin */ };

#define HTML "text/html; charset=utf-8"

/* --- answers --- */

static bool wants_html(const struct request *request)
{
    struct span accept = request->headers.accept;
    return accept.n && memmem(accept.p, accept.n, "text/html", 9);
}

/* The characters of RFC 6265's cookie-octet. */
static bool fits_cookie(struct span value)
{
    for (uint32_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c <= ' ' || c > '~' || c == '"' || c == ',' || c == ';' || c == '\\')
            return false;
    }
    return true;
}

static int add_cookie(const struct request *request, struct MHD_Response *response, const char *name, struct span value,
                      const char *path, const char *same_site, int64_t seconds)
{
    struct gateway *gw = request->gw;
    if (!response || !fits_cookie(value))
        return -1;
    const char *line = arena_printf(&gw->replying, "%s=%.*s; Path=%s; HttpOnly; SameSite=%s; Max-Age=%lld%s", name,
                                    (int)value.n, value.p, path, same_site, (long long)(seconds > 0 ? seconds : 0),
                                    gw->settings->https ? "; Secure" : "");
    return line && MHD_add_response_header(response, "Set-Cookie", line) == MHD_YES ? 0 : -1;
}

static int add_session_cookies(const struct request *request, struct MHD_Response *response,
                               const struct session_tokens *tokens)
{
    int64_t now = request->gw->now.wall;
    int failed = add_cookie(request, response, request->gw->settings->access_cookie, tokens->access_token, "/", "Lax",
                            (tokens->access_expires - now) / 1000000);
    failed |= add_cookie(request, response, request->gw->settings->refresh_cookie, tokens->refresh_token, "/session",
                         "Strict", (tokens->refresh_expires - now) / 1000000);
    return failed;
}

/* Takes the cookies back. An answer without them is better than none, so failing to is not looked at. */
static void clear_session_cookies(const struct request *request, struct MHD_Response *response)
{
    if (!response)
        return;
    (void)add_cookie(request, response, request->gw->settings->access_cookie, SPAN(""), "/", "Lax", 0);
    (void)add_cookie(request, response, request->gw->settings->refresh_cookie, SPAN(""), "/session", "Strict", 0);
}

static void clear_binding(const struct request *request, struct MHD_Response *response)
{
    if (response)
        (void)add_cookie(request, response, request->gw->settings->login_cookie, SPAN(""), "/login", "Lax", 0);
}

/* Drops a response that could not get its cookies. */
static enum MHD_Result send_or_drop(struct request *request, unsigned status, struct MHD_Response *response, int failed)
{
    if (response && failed) {
        log_error(trace_span(&request->trace), "a value from identity does not fit a cookie");
        MHD_destroy_response(response);
        response = NULL;
    }
    return reply_send(request, status, response);
}

/* People see a page, programs see the error object. */
static enum MHD_Result reply_failed(struct request *request, int code, struct span field)
{
    const struct err_row *row = err_find(code);
    bool page = wants_html(request) && (request->kind == KIND_LOGIN || request->kind == KIND_LOGIN_RETURN);
    struct MHD_Response *response =
        page ? login_page_error(request, row, field, NULL) : reply_make_error(request, row, field);
    if (request->kind == KIND_LOGIN_RETURN)
        clear_binding(request, response);
    if (request->kind == KIND_REFRESH && row->status == 401)
        clear_session_cookies(request, response);
    return reply_send(request, (unsigned)row->status, response);
}

/* --- calls --- */

static enum MHD_Result call(struct request *request, uint16_t method, const struct msg *desc, const void *in,
                            upstream_done done)
{
    struct gateway *gw = request->gw;
    struct call_header head = request_call_header(request, method);
    struct fault fault;
    int code = msg_check(desc, in, &fault);
    if (code)
        return reply_failed(request, code, (struct span){fault.field, (uint32_t)strlen(fault.field)});
    code = upstream_call(&gw->upstreams, SERVICE_identity, false, &head, desc, in, &gw->now, done, request);
    if (code)
        return reply_failed(request, code, SPAN(""));
    if (!request->suspended)
        request_suspend(request);
    return MHD_YES;
}

/* Decodes identity's reply into the arena `replying`; NULL: the failure has been answered. */
static void *reply_of(struct request *request, const struct msg *desc, const struct reply_header *reply,
                      struct span body)
{
    struct gateway *gw = request->gw;
    struct fault fault;
    if (!reply->code) {
        arena_clear(&gw->replying);
        void *message = arena_alloc(&gw->replying, desc->size);
        if (message && !msg_unpack(desc, message, &gw->replying, body, &fault))
            return message;
    }
    reply_failed(request, reply->code ? reply->code : ERR_INTERNAL, reply->field);
    return NULL;
}

/* --- logging in --- */

static void on_started(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    const struct login_redirect *to = reply_of(request, &msg_login_redirect, reply, body);
    if (!to)
        return;
    if (!to->location.n) {
        reply_send(request, 200, login_page_choice(request, to));
        return;
    }
    const char *location = arena_printf(&request->gw->replying, "%.*s", (int)to->location.n, to->location.p);
    struct MHD_Response *response = reply_make_text(request, HTML, "");
    int failed =
        add_cookie(request, response, request->gw->settings->login_cookie, to->binding, "/login", "Lax", LOGIN_SECONDS);
    if (response && (!location || MHD_add_response_header(response, "Location", location) == MHD_NO))
        failed = -1;
    send_or_drop(request, 302, response, failed);
}

/* A value of the query, decoded into the arena `building`; empty: it is not there. */
static struct span query_value(struct request *request, const char *name)
{
    const char *value = MHD_lookup_connection_value(request->http, MHD_GET_ARGUMENT_KIND, name);
    struct span text = SPAN("");
    if (value &&
        percent_decode(&request->gw->building, (struct span){value, (uint32_t)strlen(value)}, false, &text) < 0)
        return SPAN("");
    return text;
}

static enum MHD_Result start(struct request *request)
{
    struct login_begin begin = {0};
    arena_clear(&request->gw->building);
    struct span test = query_value(request, "test");
    if (test.n)
        PUT_FIELD(&begin, login_begin, test, test);
    if (request->provider.n)
        PUT_FIELD(&begin, login_begin, provider, request->provider);
    PUT_FIELD(&begin, login_begin, choose, wants_html(request));
    char address[ADDRESS_TEXT];
    address_format(&request->address, address);
    PUT_FIELD(&begin, login_begin, address, ((struct span){address, (uint32_t)strlen(address)}));
    struct span device = request->headers.user_agent;
    device.n = device.n < DEVICE_MOST ? device.n : DEVICE_MOST;
    if (device.n && utf8_valid(device))
        PUT_FIELD(&begin, login_begin, device, device);
    return call(request, M_login_start, &msg_login_begin, &begin, on_started);
}

/* The level was too low, and here is what the provider's configuration says about it. */
static void on_level_advice(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    const struct err_row *row = err_find(ERR_ASSURANCE);
    const struct provider_list *list = reply->code ? NULL : reply_of(request, &msg_provider_list, reply, body);
    const struct provider_shown *at = NULL;
    struct span name = request->provider.n ? request->provider : SPAN("openid");
    if (!reply->code && !list)
        return;
    for (uint32_t i = 0; list && i < list->n_providers; i++) {
        if (list->providers[i].name.n == name.n && !memcmp(list->providers[i].name.p, name.p, name.n))
            at = &list->providers[i];
    }
    struct MHD_Response *response = login_page_error(request, row, SPAN("assurance"), at);
    clear_binding(request, response);
    reply_send(request, (unsigned)row->status, response);
}

static void on_finished(void *owner, const struct reply_header *reply, struct span body)
{
    static const struct empty nothing;
    struct request *request = owner;
    bool level = reply->field.n == 9 && !memcmp(reply->field.p, "assurance", 9);
    if (reply->code == ERR_ASSURANCE && level && wants_html(request)) {
        call(request, M_providers, &msg_empty, &nothing, on_level_advice);
        return;
    }
    const struct session_tokens *tokens = reply_of(request, &msg_session_tokens, reply, body);
    if (!tokens)
        return;
    if (!wants_html(request)) {
        reply_message(request, &msg_session_tokens, reply, body);
        return;
    }
    struct MHD_Response *response = reply_make_text(request, HTML, "");
    int failed = add_session_cookies(request, response, tokens);
    clear_binding(request, response);
    if (response && MHD_add_response_header(response, "Location", "/") == MHD_NO)
        failed = -1;
    send_or_drop(request, 303, response, failed);
}

/* What the provider put behind the question mark; what else it put there is not ours (RFC 6749, section 4.1.2). */
struct returning {
    struct arena *arena;
    struct login_return in;
    bool broken;
};

/* Which member a parameter becomes; a plus sign in those that are sent unescaped by some providers means itself. */
static struct span *member_of(struct returning *r, const char *key, size_t n_key, uint64_t *ret_bit, bool *ret_plus)
{
    const struct {
        const char *name;
        struct span *to;
        uint64_t bit;
        bool plus;
    } members[] = {
        {"state", &r->in.state, 0, true},
        {"code", &r->in.code, UINT64_C(1) << HAS_login_return_code, true},
        {"encrypt_key", &r->in.encrypt_key, UINT64_C(1) << HAS_login_return_encrypt_key, true},
        {"error", &r->in.error, UINT64_C(1) << HAS_login_return_error, false},
        {"iss", &r->in.iss, UINT64_C(1) << HAS_login_return_iss, false},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (strlen(members[i].name) == n_key && !memcmp(members[i].name, key, n_key)) {
            *ret_bit = members[i].bit;
            *ret_plus = members[i].plus;
            return members[i].to;
        }
    }
    return NULL;
}

static enum MHD_Result on_query(void *cls, enum MHD_ValueKind kind, const char *key, size_t n_key, const char *value,
                                size_t n)
{
    struct returning *r = cls;
    struct span given = {value ? value : "", value ? (uint32_t)n : 0}, text;
    uint64_t bit = 0;
    bool plus = false;
    (void)kind;
    struct span *to = member_of(r, key, n_key, &bit, &plus);
    if (!to)
        return MHD_YES;
    /* libmicrohttpd has made a blank of each plus sign, and leaves %20 as it is: a blank can have been nothing else. */
    char *copy = arena_alloc(r->arena, given.n + 1);
    for (uint32_t i = 0; copy && i < given.n; i++)
        copy[i] = plus && given.p[i] == ' ' ? '+' : given.p[i];
    if (to->p || !copy || percent_decode(r->arena, (struct span){copy, given.n}, false, &text) < 0) {
        r->broken = true;
        return MHD_NO;
    }
    *to = text;
    r->in.has |= bit;
    return MHD_YES;
}

static enum MHD_Result finish(struct request *request)
{
    struct gateway *gw = request->gw;
    struct returning r = {.arena = &gw->building};
    arena_clear(&gw->building);
    MHD_get_connection_values_n(request->http, MHD_GET_ARGUMENT_KIND, on_query, &r);
    r.in.binding = request_cookie(request, request->gw->settings->login_cookie);
    struct span provider = request->provider.n ? request->provider : SPAN("openid");
    PUT_FIELD(&r.in, login_return, provider, provider);
    if (r.broken || !r.in.state.p)
        return reply_failed(request, ERR_INVALID, SPAN("state"));
    return call(request, M_login_finish, &msg_login_return, &r.in, on_finished);
}

/* --- staying and leaving --- */

static void on_renewed(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    const struct session_tokens *tokens = reply_of(request, &msg_session_tokens, reply, body);
    if (!tokens)
        return;
    struct MHD_Response *response = reply_make_text(request, "application/json", OK_JSON);
    send_or_drop(request, 200, response, add_session_cookies(request, response, tokens));
}

static enum MHD_Result renew(struct request *request, upstream_done done)
{
    struct session_refresh refresh = {.refresh_token = request_cookie(request, request->gw->settings->refresh_cookie)};
    if (!refresh.refresh_token.n)
        return reply_failed(request, ERR_UNAUTHENTICATED, SPAN(""));
    return call(request, M_session_renew, &msg_session_refresh, &refresh, done);
}

static enum MHD_Result say_goodbye(struct request *request)
{
    struct MHD_Response *response = reply_make_text(request, "application/json", OK_JSON);
    clear_session_cookies(request, response);
    return reply_send(request, 200, response);
}

static void on_ended(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    if (reply->code) {
        reply_failed(request, reply->code, reply->field);
        return;
    }
    request_note_logout(request);
    const struct session_left *left = reply_of(request, &msg_session_left, reply, body);
    if (!left)
        return;
    if (!HAS(left, session_left, location)) {
        say_goodbye(request);
        return;
    }
    struct answer *answer = answer_new(request->gw);
    if (answer)
        msg_to_json(&msg_session_left, left, &answer->buf);
    struct MHD_Response *response = reply_make("application/json", answer);
    clear_session_cookies(request, response);
    reply_send(request, 200, response);
}

static enum MHD_Result end(struct request *request)
{
    static const struct empty nothing;
    return call(request, M_session_end, &msg_empty, &nothing, on_ended);
}

/* The access token had ended, the session had not: its last pair of tokens is used to end it. */
static void on_renewed_to_end(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    struct gateway *gw = request->gw;
    if (reply->code && err_find(reply->code)->status < 500) { /* no such session any more */
        say_goodbye(request);
        return;
    }
    const struct session_tokens *tokens = reply_of(request, &msg_session_tokens, reply, body);
    if (!tokens)
        return;
    if (auth_check(&gw->auth, tokens->access_token, gw->now.wall, &request->session))
        reply_failed(request, ERR_INTERNAL, SPAN(""));
    else
        end(request);
}

static enum MHD_Result logout(struct request *request)
{
    bool cookie;
    if (!request_authenticate(request, &cookie))
        return end(request);
    return request_cookie(request, request->gw->settings->refresh_cookie).n ? renew(request, on_renewed_to_end)
                                                                            : say_goodbye(request);
}

/* --- a provider tells --- */

static void on_told(void *owner, const struct reply_header *reply, struct span body)
{
    struct request *request = owner;
    (void)body;
    if (reply->code)
        reply_failed(request, reply->code, reply->field);
    else
        reply_send(request, 200, reply_make_text(request, "application/json", OK_JSON));
}

/* The value of a form's member, decoded into the arena `building`. ERR_MISSING, ERR_TWICE, ERR_SYNTAX. */
static int form_value(struct request *request, const char *name, struct span *ret_value)
{
    struct span form = buf_span(&request->body);
    struct span found = {0};
    size_t n_name = strlen(name);
    while (form.n) {
        const char *end = memchr(form.p, '&', form.n);
        uint32_t n = end ? (uint32_t)(end - form.p) : form.n;
        if (n > n_name && !memcmp(form.p, name, n_name) && form.p[n_name] == '=') {
            struct span value = {form.p + n_name + 1, n - (uint32_t)n_name - 1};
            if (found.p)
                return ERR_TWICE;
            if (percent_decode(&request->gw->building, value, true, &found) < 0)
                return ERR_SYNTAX;
        }
        n += end != NULL;
        form = (struct span){form.p + n, form.n - n};
    }
    if (!found.p)
        return ERR_MISSING;
    *ret_value = found;
    return 0;
}

static enum MHD_Result told_off(struct request *request)
{
    struct logout_told told = {.provider = request->provider};
    arena_clear(&request->gw->building);
    int code = form_value(request, "logout_token", &told.logout_token);
    if (code)
        return reply_failed(request, code, SPAN("logout_token"));
    return call(request, M_provider_logout, &msg_logout_told, &told, on_told);
}

enum MHD_Result login_run(struct request *request)
{
    switch (request->kind) {
    case KIND_LOGIN:
        return start(request);
    case KIND_LOGIN_RETURN:
        return finish(request);
    case KIND_TOLD_OFF:
        return told_off(request);
    case KIND_REFRESH:
        return renew(request, on_renewed);
    case KIND_LOGOUT:
        return logout(request);
    default:
        return reply_error(request, ERR_NOT_FOUND, SPAN(""));
    }
}
