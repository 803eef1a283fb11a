/* request.c - the life of a request, see request.h. */
#include "request.h"
#include "log.h"
#include "reply.h"

#include <strings.h>

enum {
    KEPT_BODY = 4096,       /* a free request keeps at most this much memory */
    BODIES_MOST = 64 << 20, /* of all bodies being received; many slow uploads are BUSY rather than out of memory */
    DRAINED_BODY = 1 << 20, /* a refused body is read up to here, so that the client gets to see why */
    SMALL_BODY = 4096,      /* of the routes that want none */
    FORM_BODY = 20000,      /* of a provider that tells of a logout: a token of 16 KiB, and what is sent along */
};

const char *const request_kind_names[KINDS] = {
    [KIND_METHOD] = "method",
    [KIND_NONE] = "none",
    [KIND_PAGE] = "page",
    [KIND_LIVE] = "live",
    [KIND_HEALTH] = "health",
    [KIND_LOGIN] = "login",
    [KIND_LOGIN_RETURN] = "login_return",
    [KIND_TOLD_OFF] = "login_backchannel",
    [KIND_REFRESH] = "session_refresh",
    [KIND_LOGOUT] = "session_logout",
};

/* Paths that are the gateway's own; `*` stands for the name of an identity provider, and comes after what is like it.
 */
static const struct {
    const char *path;
    enum verb verb;
    enum request_kind kind;
} own_paths[] = {
    {"/live", GET, KIND_LIVE},
    {"/health", GET, KIND_HEALTH},
    {"/login", GET, KIND_LOGIN},
    {"/login/callback", GET, KIND_LOGIN_RETURN}, /* of the provider called openid */
    {"/login/*", GET, KIND_LOGIN},
    {"/login/*/callback", GET, KIND_LOGIN_RETURN},
    {"/login/*/backchannel", POST, KIND_TOLD_OFF},
    {"/session/refresh", POST, KIND_REFRESH},
    {"/session/logout", POST, KIND_LOGOUT},
};

/* --- made and given back --- */

struct request *request_new(struct gateway *gw, struct MHD_Connection *http)
{
    struct request *request = gw->free_requests;
    struct buf body = {0};
    if (request) {
        gw->free_requests = request->next;
        body = request->body;
    } else {
        request = malloc(sizeof(*request));
        if (!request)
            return NULL;
    }
    *request = (struct request){.gw = gw, .http = http, .kind = KIND_NONE, .began_us = gw->now.mono, .body = body};
    gw->n_requests++;
    return request;
}

void request_free(struct request *request)
{
    struct gateway *gw = request->gw;
    session_release(request->session);
    gw->body_bytes -= request->body.n;
    if (request->body.room > KEPT_BODY)
        buf_release(&request->body);
    buf_clear(&request->body);
    request->next = gw->free_requests;
    gw->free_requests = request;
    gw->n_requests--;
}

void request_suspend(struct request *request)
{
    request->suspended = true;
    request->gw->n_suspended++;
    MHD_suspend_connection(request->http);
}

/* --- header lines --- */

static bool is_name(const char *key, size_t n, const char *name)
{
    return strlen(name) == n && !strncasecmp(key, name, n);
}

/* A line that may stand once. */
static void set_once(struct request_headers *headers, struct span *line, const char *value, size_t n)
{
    if (line->p)
        headers->ambiguous = true;
    *line = (struct span){value, (uint32_t)n};
}

static void set_size(struct request_headers *headers, const char *value, size_t n)
{
    headers->ambiguous |= headers->sized || n == 0 || n > 18;
    headers->sized = true;
    for (size_t i = 0; i < n; i++) {
        headers->ambiguous |= value[i] < '0' || value[i] > '9';
        headers->size = headers->size * 10 + (uint64_t)(value[i] - '0');
    }
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t n_key, const char *value,
                                 size_t n)
{
    struct request_headers *headers = cls;
    (void)kind;
    if (!value) {
        value = "";
        n = 0;
    }
    /* By length first: most lines are none of ours. */
    switch (n_key) {
    case 6:
        if (is_name(key, n_key, "Accept"))
            headers->accept = (struct span){value, (uint32_t)n};
        else if (is_name(key, n_key, "Cookie"))
            set_once(headers, &headers->cookie, value, n);
        else if (is_name(key, n_key, "Expect"))
            headers->expects = true;
        break;
    case 10:
        if (is_name(key, n_key, "User-Agent"))
            headers->user_agent = (struct span){value, (uint32_t)n};
        break;
    case 7:
        if (is_name(key, n_key, "X-Hocvu"))
            headers->hocvu = n == 1 && *value == '1';
        break;
    case 11:
        if (is_name(key, n_key, "traceparent"))
            headers->traceparent = (struct span){value, (uint32_t)n};
        break;
    case 12:
        if (is_name(key, n_key, "Content-Type"))
            set_once(headers, &headers->content_type, value, n);
        break;
    case 13:
        if (is_name(key, n_key, "Authorization"))
            set_once(headers, &headers->authorization, value, n);
        break;
    case 14:
        if (is_name(key, n_key, "Content-Length"))
            set_size(headers, value, n);
        else if (is_name(key, n_key, "Sec-Fetch-Site"))
            headers->fetch_site = (struct span){value, (uint32_t)n};
        break;
    case 15:
        if (is_name(key, n_key, "X-Forwarded-For"))
            headers->forwarded_for = (struct span){value, (uint32_t)n};
        break;
    case 17:
        if (is_name(key, n_key, "Transfer-Encoding")) {
            headers->ambiguous |= headers->chunked || !is_name(value, n, "chunked");
            headers->chunked = true;
        }
        break;
    default:
        break;
    }
    return MHD_YES;
}

struct span request_cookie(const struct request *request, const char *name)
{
    struct span line = request->headers.cookie;
    size_t n_name = strlen(name);
    while (line.n) {
        const char *semicolon = memchr(line.p, ';', line.n);
        uint32_t n = semicolon ? (uint32_t)(semicolon - line.p) : line.n;
        if (n > n_name && line.p[n_name] == '=' && !memcmp(line.p, name, n_name))
            return (struct span){line.p + n_name + 1, n - (uint32_t)n_name - 1};
        n += semicolon != NULL;
        while (n < line.n && line.p[n] == ' ')
            n++;
        line = (struct span){line.p + n, line.n - n};
    }
    return SPAN("");
}

/* The last address of the list: the one that our proxy saw itself. */
static struct address client_address(const struct request *request)
{
    const struct settings *settings = request->gw->settings;
    struct span list = request->headers.forwarded_for;
    struct address address = request->client->address;
    bool trusted = false;
    for (size_t i = 0; i < settings->n_proxies; i++)
        trusted |= address_equal(&settings->proxies[i], &address);
    if (!trusted || !list.n)
        return address;
    uint32_t from = list.n;
    while (from > 0 && list.p[from - 1] != ',' && list.p[from - 1] != ' ')
        from--;
    struct address named;
    return address_parse((struct span){list.p + from, list.n - from}, &named) < 0 ? address : named;
}

/* --- who asks --- */

static struct span bearer(struct span line)
{
    enum { SCHEME = 7 };
    if (line.n <= SCHEME || strncasecmp(line.p, "Bearer ", SCHEME) != 0)
        return SPAN("");
    return (struct span){line.p + SCHEME, line.n - SCHEME};
}

int request_authenticate(struct request *request, bool *ret_cookie)
{
    struct gateway *gw = request->gw;
    struct span token = bearer(request->headers.authorization);
    bool cookie = !request->headers.authorization.p;
    if (cookie)
        token = request_cookie(request, gw->settings->access_cookie);
    session_release(request->session);
    request->session = NULL;
    *ret_cookie = cookie;
    int code = auth_check(&gw->auth, token, gw->now.wall, &request->session);
    if (!code && revoked_has(&gw->revoked, &request->session->claims)) {
        session_release(request->session);
        request->session = NULL;
        code = ERR_UNAUTHENTICATED;
    }
    return code;
}

static int refuse(struct request *request, int code, const char *field)
{
    request->field = field;
    return code;
}

/*
 * A page of somebody else can make a browser send our cookie, but not this header. Browsers of today also say by
 * themselves whose page it was; what is not our own page's is refused whatever else it sends.
 */
static int check_origin(struct request *request)
{
    struct span site = request->headers.fetch_site;
    bool own = !site.p || is_name(site.p, site.n, "same-origin") || is_name(site.p, site.n, "none");
    if (!own)
        return refuse(request, ERR_FORBIDDEN, "Sec-Fetch-Site");
    return request->headers.hocvu ? 0 : refuse(request, ERR_FORBIDDEN, "X-Hocvu");
}

static int admit_caller(struct request *request, const struct method *method)
{
    bool cookie;
    if (method->roles == PUBLIC)
        return 0;
    int code = request_authenticate(request, &cookie);
    if (code)
        return refuse(request, code, "");
    if (!ratelimit_take(&request->gw->accounts, request->session->claims.sub.b, request->gw->now.mono))
        return ERR_TOO_MANY;
    if (cookie && request->verb != GET && (code = check_origin(request)))
        return code;
    if (method->roles & LOGGED_IN)
        return 0;
    uint32_t held = method->roles & NATIONAL ? request->session->national : request->session->roles;
    return held & method->roles & ANY_ROLE ? 0 : refuse(request, ERR_FORBIDDEN, "");
}

struct call_header request_call_header(struct request *request, uint16_t method)
{
    struct call_header head = {.method = method, .trace = trace_span(&request->trace)};
    if (request->trace.sampled)
        PUT_FIELD(&head, call_header, sampled, true);
    if (request->session) {
        const struct access_claims *claims = &request->session->claims;
        PUT_FIELD(&head, call_header, subject, claims->sub);
        PUT_FIELD(&head, call_header, session_id, claims->sid);
        head.grants = claims->grants;
        head.n_grants = claims->n_grants;
    } else {
        address_format(&request->address, request->address_text);
        PUT_FIELD(&head, call_header, address,
                  ((struct span){request->address_text, (uint32_t)strlen(request->address_text)}));
    }
    return head;
}

void request_note_logout(const struct request *request)
{
    struct gateway *gw = request->gw;
    if (request->session && revoked_add(&gw->revoked, &request->session->claims.sid, gw->now.wall, 0) < 0)
        log_warn(trace_span(&request->trace), "no memory for an ended session; identity tells of it again");
}

/* --- admission --- */

/* Is this the path? `ret_name` is what stands for its `*`, and is left alone where it has none. */
static bool is_own_path(const char *pattern, const char *path, struct span *ret_name)
{
    size_t before = strcspn(pattern, "*");
    if (!pattern[before])
        return !strcmp(pattern, path);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t n = strspn(path + before, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (n < 1 || n > 32 || strcmp(path + before + n, pattern + before + 1) != 0)
        return false;
    *ret_name = (struct span){path + before, (uint32_t)n};
    return true;
}

/* What answers this path. The METHODs first: nearly every request is one, and no path of ours begins as theirs do. */
static int find_route(struct request *request, const char *path)
{
    int code =
        route_find(&request->gw->routes, request->verb, (struct span){path, (uint32_t)strlen(path)}, &request->match);
    if (!code)
        request->kind = KIND_METHOD;
    if (code != ERR_NOT_FOUND)
        return code;
    for (size_t i = 0; i < sizeof(own_paths) / sizeof(own_paths[0]); i++) {
        if (!is_own_path(own_paths[i].path, path, &request->provider))
            continue;
        request->match.allowed = 1u << own_paths[i].verb;
        if (request->verb != own_paths[i].verb || (request->head && own_paths[i].kind >= KIND_LOGIN))
            return ERR_NO_METHOD;
        request->kind = own_paths[i].kind;
        return 0;
    }
    request->page = page_find(&request->gw->pages, path);
    if (!request->page)
        return ERR_NOT_FOUND;
    request->match.allowed = 1u << GET;
    request->kind = KIND_PAGE;
    return request->verb == GET ? 0 : ERR_NO_METHOD;
}

static bool has_body(const struct request *request)
{
    return request->headers.chunked || request->headers.size > 0;
}

static size_t body_limit(const struct request *request)
{
    if (request->kind == KIND_METHOD)
        return request->match.route->body_max;
    if (request->kind == KIND_TOLD_OFF)
        return FORM_BODY;
    return request->kind == KIND_REFRESH || request->kind == KIND_LOGOUT ? SMALL_BODY : 0;
}

/* The media type, with or without parameters. */
static bool is_type(struct span type, const char *name)
{
    uint32_t i = (uint32_t)strlen(name);
    if (type.n < i || strncasecmp(type.p, name, i) != 0)
        return false;
    while (i < type.n && type.p[i] == ' ')
        i++;
    return i == type.n || type.p[i] == ';';
}

/* METHODs take JSON or bytes, a provider sends a form; elsewhere nobody looks at the body. */
static bool takes_type(const struct request *request, struct span type)
{
    if (request->kind == KIND_METHOD)
        return is_type(type, request->match.route->bytes ? "application/octet-stream" : "application/json");
    return request->kind != KIND_TOLD_OFF || is_type(type, "application/x-www-form-urlencoded");
}

static int admit_body(struct request *request)
{
    if (!has_body(request))
        return 0;
    if (body_limit(request) == 0)
        return refuse(request, ERR_SYNTAX, "body");
    if (request->headers.size > body_limit(request))
        return refuse(request, ERR_TOO_LARGE, "body");
    if (!takes_type(request, request->headers.content_type))
        return refuse(request, ERR_TYPE, "Content-Type");
    if (request->gw->body_bytes >= BODIES_MOST)
        return refuse(request, ERR_BUSY, "body");
    request->body.max = body_limit(request);
    return 0;
}

int request_admit(struct request *request, const char *path)
{
    struct gateway *gw = request->gw;
    MHD_get_connection_values_n(request->http, MHD_HEADER_KIND, on_header, &request->headers);
    trace_begin(request->headers.traceparent, gw->now.mono, &request->trace);
    request->address = client_address(request);
    request->field = "";
    if (request->headers.ambiguous || (request->headers.chunked && request->headers.sized))
        return refuse(request, ERR_SYNTAX, "header");
    int code = find_route(request, path);
    bool watched = request->kind == KIND_LIVE || request->kind == KIND_HEALTH;
    struct address subscriber = address_subscriber(&request->address);
    if (!watched && !ratelimit_take(&gw->addresses, subscriber.b, gw->now.mono))
        return ERR_TOO_MANY;
    if (!code && request->kind == KIND_METHOD)
        code = admit_caller(request, request->match.route->method);
    else if (!code && (request->kind == KIND_REFRESH || request->kind == KIND_LOGOUT))
        code = check_origin(request);
    return code ? code : admit_body(request);
}

/* --- body --- */

int request_take_body(struct request *request, const char *bytes, size_t n)
{
    request->received += n;
    if (request->code)
        return request->received > DRAINED_BODY ? -1 : 0;
    if (request->kind != KIND_METHOD && request->kind != KIND_TOLD_OFF)
        return request->received > SMALL_BODY ? -1 : 0;
    if (n > request->body.max - request->body.n) {
        request->code = refuse(request, ERR_TOO_LARGE, "body");
    } else if (request->gw->body_bytes + n > BODIES_MOST) {
        request->code = refuse(request, ERR_BUSY, "body");
    } else {
        buf_add(&request->body, bytes, n);
        request->gw->body_bytes += n;
        if (!request->body.failed)
            return 0;
        request->gw->body_bytes -= n;
        request->code = refuse(request, ERR_BUSY, "body");
    }
    request->gw->body_bytes -= request->body.n;
    request->body.n = 0;
    return 0;
}

/* --- the answer --- */

static enum MHD_Result reply_health(struct request *request)
{
    struct answer *answer = answer_new(request->gw);
    unsigned status = answer ? health_page(request->gw, false, &answer->buf) : 500;
    return reply_send(request, status, reply_make("application/json", answer));
}

static enum MHD_Result reply_page(struct request *request)
{
    const struct page *page = request->page;
    if (!page->bytes)
        return reply_error(request, ERR_NOT_FOUND, SPAN(""));
    struct MHD_Response *response = MHD_create_response_from_buffer(page->n, page->bytes, MHD_RESPMEM_PERSISTENT);
    if (response) {
        MHD_add_response_header(response, "Content-Type", page->type);
        MHD_add_response_header(response, "Cache-Control", "max-age=300");
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        reply_secure(request, response, page->policy);
    }
    return reply_send(request, 200, response);
}

enum MHD_Result request_run(struct request *request)
{
    if (request->code)
        return reply_error(request, request->code, (struct span){request->field, (uint32_t)strlen(request->field)});
    switch (request->kind) {
    case KIND_METHOD:
        return call_method(request);
    case KIND_PAGE:
        return reply_page(request);
    case KIND_LIVE:
        return reply_send(request, 200, reply_make_text(request, "application/json", OK_JSON));
    case KIND_HEALTH:
        return reply_health(request);
    default:
        return login_run(request);
    }
}
