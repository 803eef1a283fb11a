/* test_login.c - login, cookies, refresh, logout and ended sessions, with a fake identity. */
#include "edge.h"

static struct edge *e;
static struct peer *identity;

static void open_with(const char *rows)
{
    e = edge_open();
    identity = peer_open(e, "identity");
    edge_start(e, rows);
}

static void open_edge(void)
{
    open_with("");
}

static void open_https(void)
{
    open_with("public_url = https://hocvu.example\n");
}

static void close_edge(void)
{
    edge_close(e);
}

#define HTML_CLIENT "Accept: text/html,application/xhtml+xml;q=0.9\r\n"
#define JSON_CLIENT "Accept: application/json\r\n"

/* Sends a request that makes the gateway call identity; the call is identity->calls[0]. */
static int asked(const char *verb, const char *path, const char *more)
{
    int fd = edge_connect(e);
    peer_forget(identity);
    edge_say(fd, edge_text(e, verb, path, NULL, more, NULL));
    peer_await(identity, 1);
    return fd;
}

static struct response read_and_close(int fd)
{
    struct response r = edge_read(e, fd);
    close(fd);
    return r;
}

static struct session_tokens tokens_of(const char *access)
{
    return (struct session_tokens){.access_token = {access, (uint32_t)strlen(access)},
                                   .access_expires = now_us() + 900500000,
                                   .refresh_token = SPAN("refresh-1"),
                                   .refresh_expires = now_us() + 3600500000,
                                   .person_id = uuid7()};
}

/* All Set-Cookie lines of a response, one behind the other. */
static const char *cookies(const struct response *r)
{
    const char *all = "";
    for (const char *line = strstr(r->head, "\r\nSet-Cookie: "); line; line = strstr(line + 2, "\r\nSet-Cookie: "))
        all = arena_printf(&e->arena, "%s%.*s\n", all, (int)strcspn(line + 14, "\r\n"), line + 14);
    return all;
}

Test(login, start, .init = open_edge, .fini = close_edge)
{
    struct login_begin begin;
    struct login_redirect to = {.location = SPAN("https://idp.example/auth?state=a&x=%20"), .binding = SPAN("bound-1")};
    int fd = asked("GET", "/login", HTML_CLIENT);
    call_body(e, identity->calls, &msg_login_begin, &begin);
    cr_assert_eq(identity->calls->head.method, M_login_start);
    cr_assert_not(HAS(&identity->calls->head, call_header, subject));
    cr_assert(begin.address.n == 9 && !memcmp(begin.address.p, "127.0.0.1", 9));
    peer_reply(identity, identity->calls, &msg_login_redirect, &to);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 302);
    cr_assert_str_eq(edge_header(e, &r, "Location"), "https://idp.example/auth?state=a&x=%20");
    cr_assert_str_eq(edge_header(e, &r, "Cache-Control"), "no-store");
    cr_assert_str_eq(cookies(&r), "hocvu_login=bound-1; Path=/login; HttpOnly; SameSite=Lax; Max-Age=600\n");
}

Test(login, start_behind_https_is_secure, .init = open_https, .fini = close_edge)
{
    struct login_redirect to = {.location = SPAN("https://idp.example/"), .binding = SPAN("b")};
    int fd = asked("GET", "/login", HTML_CLIENT);
    peer_reply(identity, identity->calls, &msg_login_redirect, &to);
    struct response r = read_and_close(fd);
    cr_assert_str_eq(cookies(&r), "__Secure-hocvu_login=b; Path=/login; HttpOnly; SameSite=Lax; Max-Age=600; Secure\n");
    r = edge_ask(e, "GET", "/", NULL, NULL, NULL);
    cr_assert_str_eq(edge_header(e, &r, "Strict-Transport-Security"), "max-age=31536000");
}

Test(login, cookies_behind_https_have_names_that_nobody_else_can_set, .init = open_https, .fini = close_edge)
{
    struct session_tokens tokens = tokens_of("access.2");
    int fd = asked("POST", "/session/refresh", "X-Hocvu: 1\r\nCookie: __Secure-hocvu_refresh=refresh-0\r\n");
    peer_reply(identity, identity->calls, &msg_session_tokens, &tokens);
    struct response r = read_and_close(fd);
    cr_assert_str_eq(
        cookies(&r),
        "__Host-hocvu_access=access.2; Path=/; HttpOnly; SameSite=Lax; Max-Age=900; Secure\n"
        "__Secure-hocvu_refresh=refresh-1; Path=/session; HttpOnly; SameSite=Strict; Max-Age=3600; Secure\n");
    r = edge_ask(e, "POST", "/session/refresh", NULL, "X-Hocvu: 1\r\nCookie: hocvu_refresh=refresh-0\r\n", NULL);
    assert_error(r, 401, "unauthenticated", "");
}

Test(login, values_that_would_break_a_header, .init = open_edge, .fini = close_edge)
{
    static const struct login_redirect bad[] = {
        {.location = SPAN("https://idp.example/"), .binding = SPAN("a; Path=/")},
        {.location = SPAN("https://idp.example/"), .binding = SPAN("a\r\nX-Evil: 1")},
        {.location = SPAN("https://idp.example/\r\nX-Evil: 1"), .binding = SPAN("a")},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fd = asked("GET", "/login", HTML_CLIENT);
        peer_reply(identity, identity->calls, &msg_login_redirect, &bad[i]);
        struct response r = read_and_close(fd);
        cr_assert_eq(r.status, 500, "row %zu", i);
        cr_assert_str_eq(edge_header(e, &r, "X-Evil"), "");
        cr_assert_str_eq(cookies(&r), "");
    }
}

Test(login, finish_in_a_browser, .init = open_edge, .fini = close_edge)
{
    struct login_return in;
    struct session_tokens tokens = tokens_of("access.1");
    int fd = asked("GET", "/login/callback?code=c%2Bd+e&state=st&iss=https%3A%2F%2Fidp&session_state=x&state2=y",
                   HTML_CLIENT "Cookie: hocvu_login=bound-1\r\n");
    call_body(e, identity->calls, &msg_login_return, &in);
    cr_assert_eq(identity->calls->head.method, M_login_finish);
    cr_assert(in.state.n == 2 && !memcmp(in.state.p, "st", 2));
    cr_assert(HAS(&in, login_return, code) && in.code.n == 5 && !memcmp(in.code.p, "c+d+e", 5));
    cr_assert(HAS(&in, login_return, iss) && in.iss.n == 11);
    cr_assert_not(HAS(&in, login_return, error));
    cr_assert(in.binding.n == 7 && !memcmp(in.binding.p, "bound-1", 7));
    peer_reply(identity, identity->calls, &msg_session_tokens, &tokens);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 303);
    cr_assert_str_eq(edge_header(e, &r, "Location"), "/");
    cr_assert_null(strstr(r.body, "access.1"));
    cr_assert_str_eq(cookies(&r), "hocvu_access=access.1; Path=/; HttpOnly; SameSite=Lax; Max-Age=900\n"
                                  "hocvu_refresh=refresh-1; Path=/session; HttpOnly; SameSite=Strict; Max-Age=3600\n"
                                  "hocvu_login=; Path=/login; HttpOnly; SameSite=Lax; Max-Age=0\n");
}

Test(login, providers_have_paths_of_their_own, .init = open_edge, .fini = close_edge)
{
    struct login_begin begin;
    struct login_return in;
    struct login_redirect to = {.location = SPAN("https://idp.example/"), .binding = SPAN("b")};
    int fd = asked("GET", "/login/vneid?test=0123456789abcdef%2B", JSON_CLIENT);
    call_body(e, identity->calls, &msg_login_begin, &begin);
    cr_assert(HAS(&begin, login_begin, provider) && begin.provider.n == 5 && !memcmp(begin.provider.p, "vneid", 5));
    cr_assert(HAS(&begin, login_begin, test) && begin.test.n == 17 && begin.test.p[16] == '+');
    cr_assert(!begin.choose, "a program cannot choose");
    peer_reply(identity, identity->calls, &msg_login_redirect, &to);
    cr_assert_eq(read_and_close(fd).status, 302);
    /* What is sent as it is, and what is sent escaped, is one and the same. */
    static const char *const paths[] = {
        "/login/vneid/callback?code=a+b/c%3D&state=s+t&encrypt_key=k+%2B&error=x+y",
        "/login/vneid/callback?code=a%2Bb%2Fc=&state=s%2bt&encrypt_key=k%2B+&error=x%20y"};
    for (size_t i = 0; i < 2; i++) {
        fd = asked("GET", paths[i], JSON_CLIENT);
        call_body(e, identity->calls, &msg_login_return, &in);
        cr_assert(in.provider.n == 5 && !memcmp(in.provider.p, "vneid", 5));
        cr_assert(in.code.n == 6 && !memcmp(in.code.p, "a+b/c=", 6), "%.*s", (int)in.code.n, in.code.p);
        cr_assert(in.state.n == 3 && !memcmp(in.state.p, "s+t", 3));
        cr_assert(in.encrypt_key.n == 3 && !memcmp(in.encrypt_key.p, "k++", 3));
        cr_assert(in.error.n == 3 && !memcmp(in.error.p, "x y", 3));
        peer_fail(identity, identity->calls, ERR_PROVIDER_REFUSED, NULL);
        cr_assert_eq(read_and_close(fd).status, 502);
    }
    fd = asked("GET", "/login/callback?code=a&state=s", JSON_CLIENT);
    call_body(e, identity->calls, &msg_login_return, &in);
    cr_assert(in.provider.n == 6 && !memcmp(in.provider.p, "openid", 6));
    peer_fail(identity, identity->calls, ERR_PROVIDER, NULL);
    cr_assert_eq(read_and_close(fd).status, 502);
    static const char *const nowhere[] = {"/login/",      "/login/VN",
                                          "/login/a/b",   "/login/a/callback/",
                                          "/login/a%2Fb", "/login/0123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
        cr_assert_eq(edge_ask(e, "GET", nowhere[i], NULL, JSON_CLIENT, NULL).status, 404, "%s", nowhere[i]);
    cr_assert_eq(edge_ask(e, "POST", "/login/vneid", NULL, JSON_CLIENT, NULL).status, 405);
}

Test(login, people_choose_among_providers, .init = open_edge, .fini = close_edge)
{
    struct login_begin begin;
    struct provider_shown choices[] = {
        {.name = SPAN("openid"), .title_vi = SPAN("Cổng"), .title_en = SPAN("Portal"), .kind = SPAN("openid")},
        {.name = SPAN("vneid"), .title_vi = SPAN("<b>\"VNeID\"&"), .title_en = SPAN("VNeID"), .kind = SPAN("vneid")}};
    struct login_redirect to = {.choices = choices, .n_choices = 2};
    int fd = asked("GET", "/login", HTML_CLIENT);
    call_body(e, identity->calls, &msg_login_begin, &begin);
    cr_assert(HAS(&begin, login_begin, choose) && begin.choose && !HAS(&begin, login_begin, provider));
    peer_reply(identity, identity->calls, &msg_login_redirect, &to);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert(strstr(r.body, "href=\"/login/openid\"") && strstr(r.body, "href=\"/login/vneid\""), "%s", r.body);
    cr_assert(strstr(r.body, "&lt;b&gt;&quot;VNeID&quot;&amp;") && !strstr(r.body, "<b>"));
    cr_assert_str_eq(cookies(&r), "");
    cr_assert(!strncmp(edge_header(e, &r, "Content-Security-Policy"), "default-src 'self'", 18));
}

Test(login, finish_for_a_program, .init = open_edge, .fini = close_edge)
{
    struct session_tokens tokens = tokens_of("access.1");
    int fd = asked("GET", "/login/callback?code=c&state=st", JSON_CLIENT "Cookie: hocvu_login=bound-1\r\n");
    peer_reply(identity, identity->calls, &msg_session_tokens, &tokens);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert(!strncmp(r.body, "{\"access_token\":\"access.1\",\"access_expires\":\"", 43), "%s", r.body);
    cr_assert_str_eq(edge_header(e, &r, "Cache-Control"), "no-store");
    cr_assert_str_eq(cookies(&r), "");
}

Test(login, finish_that_fails, .init = open_edge, .fini = close_edge)
{
    int fd = asked("GET", "/login/callback?error=access_denied&state=st", HTML_CLIENT);
    struct login_return in;
    call_body(e, identity->calls, &msg_login_return, &in);
    cr_assert(HAS(&in, login_return, error) && in.error.n == 13 && in.binding.n == 0);
    peer_fail(identity, identity->calls, ERR_NOT_ON_ROSTER, NULL);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 403);
    cr_assert_str_eq(edge_header(e, &r, "Content-Type"), "text/html; charset=utf-8");
    cr_assert(!strncmp(edge_header(e, &r, "Content-Security-Policy"), "default-src 'self'", 18));
    const char *vi = strstr(r.body, err_find(ERR_NOT_ON_ROSTER)->vi),
               *en = strstr(r.body, err_find(ERR_NOT_ON_ROSTER)->en);
    cr_assert(vi && en && vi < en, "Vietnamese first");
    cr_assert(strstr(r.body, edge_header(e, &r, "X-Trace-Id")));
    cr_assert_null(strstr(cookies(&r), "hocvu_access"));
    fd = asked("GET", "/login/callback?error=access_denied&state=st", JSON_CLIENT);
    peer_fail(identity, identity->calls, ERR_PROVIDER, NULL);
    r = read_and_close(fd);
    assert_error(r, 502, "provider", "");
}

Test(login, returns_that_are_not_even_asked_about, .init = open_edge, .fini = close_edge)
{
    static const char *const paths[] = {"/login/callback",
                                        "/login/callback?code=c",
                                        "/login/callback?state=a&state=b&code=c",
                                        "/login/callback?state=%&code=c",
                                        "/login/callback?state=%ff&code=c",
                                        "/login/callback?state=&code=c",
                                        "/login/callback?state=a&code="};
    peer_forget(identity);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct response r = edge_ask(e, "GET", paths[i], NULL, JSON_CLIENT, NULL);
        cr_assert_eq(r.status, 400, "%s: %d %s", paths[i], r.status, r.body);
        r = edge_ask(e, "GET", paths[i], NULL, HTML_CLIENT, NULL);
        cr_assert(r.status == 400 && strstr(r.body, "<h1>"), "%s", paths[i]);
    }
    char *path = arena_printf(&e->arena, "/login/callback?code=c&state=%0300d", 1);
    cr_assert_eq(edge_ask(e, "GET", path, NULL, JSON_CLIENT, NULL).status, 400, "longer than the message allows");
    peer_turn(identity, 20);
    cr_assert_eq(identity->n_calls, 0);
}

Test(login, refresh, .init = open_edge, .fini = close_edge)
{
    struct session_refresh in;
    struct session_tokens tokens = tokens_of("access.2");
    struct response r = edge_ask(e, "POST", "/session/refresh", NULL, "Cookie: hocvu_refresh=refresh-0\r\n", NULL);
    assert_error(r, 403, "forbidden", "X-Hocvu");
    r = edge_ask(e, "POST", "/session/refresh", NULL, "X-Hocvu: 1\r\n", NULL);
    assert_error(r, 401, "unauthenticated", "");
    int fd = asked("POST", "/session/refresh", "X-Hocvu: 1\r\nCookie: hocvu_refresh=refresh-0\r\n");
    call_body(e, identity->calls, &msg_session_refresh, &in);
    cr_assert_eq(identity->calls->head.method, M_session_renew);
    cr_assert(in.refresh_token.n == 9 && !memcmp(in.refresh_token.p, "refresh-0", 9));
    peer_reply(identity, identity->calls, &msg_session_tokens, &tokens);
    r = read_and_close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(r.body, "{\"ok\":true}\n", "no token where a script can read it");
    cr_assert_str_eq(cookies(&r), "hocvu_access=access.2; Path=/; HttpOnly; SameSite=Lax; Max-Age=900\n"
                                  "hocvu_refresh=refresh-1; Path=/session; HttpOnly; SameSite=Strict; Max-Age=3600\n");
    /* The session has ended: the cookies go. Identity is busy: they stay. */
    fd = asked("POST", "/session/refresh", "X-Hocvu: 1\r\nCookie: hocvu_refresh=refresh-0\r\n");
    peer_fail(identity, identity->calls, ERR_BUSY, NULL);
    r = read_and_close(fd);
    assert_error(r, 503, "busy", "");
    cr_assert_str_eq(cookies(&r), "");
    fd = asked("POST", "/session/refresh", "X-Hocvu: 1\r\nCookie: hocvu_refresh=refresh-0\r\n");
    peer_fail(identity, identity->calls, ERR_UNAUTHENTICATED, NULL);
    r = read_and_close(fd);
    assert_error(r, 401, "unauthenticated", "");
    cr_assert_str_eq(cookies(&r), "hocvu_access=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\n"
                                  "hocvu_refresh=; Path=/session; HttpOnly; SameSite=Strict; Max-Age=0\n");
}

#define NO_COOKIES                                                                                                     \
    "hocvu_access=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\n"                                                       \
    "hocvu_refresh=; Path=/session; HttpOnly; SameSite=Strict; Max-Age=0\n"

static const char *session_cookies(const char *access)
{
    return arena_printf(&e->arena, "X-Hocvu: 1\r\nCookie: hocvu_access=%s; hocvu_refresh=refresh-0\r\n", access);
}

Test(login, logout, .init = open_edge, .fini = close_edge)
{
    static const struct accepted accepted = {.ok = true};
    struct uuid person = uuid7(), session = uuid7();
    const char *access = edge_token_of(e, person, session, LEARNER, 60);
    struct response r = edge_ask(e, "POST", "/session/logout", NULL,
                                 arena_printf(&e->arena, "Cookie: hocvu_access=%s\r\n", access), NULL);
    assert_error(r, 403, "forbidden", "X-Hocvu");
    int fd = asked("POST", "/session/logout", session_cookies(access));
    cr_assert_eq(identity->calls->head.method, M_session_end);
    cr_assert(uuid_equal(&identity->calls->head.session_id, &session));
    peer_reply(identity, identity->calls, &msg_accepted, &accepted);
    r = read_and_close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(cookies(&r), NO_COOKIES);
    /* The token has not ended, the session has; no need to wait for identity's list. */
    r = edge_ask(e, "GET", "/v1/me", access, NULL, NULL);
    assert_error(r, 401, "unauthenticated", "");
    /* Nothing to end: the cookies go all the same. */
    r = edge_ask(e, "POST", "/session/logout", NULL, "X-Hocvu: 1\r\n", NULL);
    cr_assert(r.status == 200 && !strcmp(cookies(&r), NO_COOKIES));
}

Test(login, logout_after_the_access_token_ended, .init = open_edge, .fini = close_edge)
{
    static const struct accepted accepted = {.ok = true};
    struct uuid person = uuid7(), session = uuid7();
    struct session_tokens tokens = tokens_of(edge_token_of(e, person, session, LEARNER, 60));
    const char *over = edge_token_of(e, person, session, LEARNER, -5);
    int fd = asked("POST", "/session/logout", session_cookies(over));
    cr_assert_eq(identity->calls[0].head.method, M_session_renew);
    peer_reply(identity, &identity->calls[0], &msg_session_tokens, &tokens);
    peer_await(identity, 2);
    cr_assert_eq(identity->calls[1].head.method, M_session_end);
    cr_assert(uuid_equal(&identity->calls[1].head.session_id, &session));
    peer_reply(identity, &identity->calls[1], &msg_accepted, &accepted);
    struct response r = read_and_close(fd);
    cr_assert(r.status == 200 && !strcmp(cookies(&r), NO_COOKIES));
    /* A session that is over already. */
    fd = asked("POST", "/session/logout", session_cookies(over));
    peer_fail(identity, identity->calls, ERR_UNAUTHENTICATED, NULL);
    r = read_and_close(fd);
    cr_assert(r.status == 200 && !strcmp(cookies(&r), NO_COOKIES));
    /* Identity cannot tell: the person must know that the session may live on. */
    fd = asked("POST", "/session/logout", session_cookies(over));
    peer_fail(identity, identity->calls, ERR_UNAVAILABLE, NULL);
    r = read_and_close(fd);
    cr_assert(r.status == 503 && !strcmp(cookies(&r), ""));
}

Test(login, logout_by_the_method, .init = open_edge, .fini = close_edge)
{
    static const struct accepted accepted = {.ok = true};
    const char *access = edge_token(e, LEARNER);
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "POST", "/v1/session/logout", access, NULL, NULL));
    peer_reply(identity, peer_await(identity, 1), &msg_accepted, &accepted);
    cr_assert_eq(edge_read(e, fd).status, 200);
    edge_say(fd, edge_text(e, "GET", "/v1/me", access, NULL, NULL));
    cr_assert_eq(edge_read(e, fd).status, 401);
    close(fd);
}

Test(login, refresh_by_the_method_needs_no_token, .init = open_edge, .fini = close_edge)
{
    struct session_tokens tokens = tokens_of("access.3");
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "POST", "/v1/session/refresh", edge_token_of(e, uuid7(), uuid7(), LEARNER, -5), NULL,
                           "{\"refresh_token\":\"r\"}"));
    peer_reply(identity, peer_await(identity, 1), &msg_session_tokens, &tokens);
    cr_assert_eq(read_and_close(fd).status, 200);
}

Test(login, sessions_that_ended_elsewhere, .init = open_edge, .fini = close_edge)
{
    struct uuid session = uuid7();
    struct profile profile = {.full_name = SPAN("An"), .standing = SPAN("linked")};
    const char *access = edge_token_of(e, uuid7(), session, LEARNER, 60);
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "GET", "/v1/me", access, NULL, NULL));
    peer_reply(identity, peer_await(identity, 1), &msg_profile, &profile);
    cr_assert_eq(edge_read(e, fd).status, 200);
    struct revoked_token row = {.revoked_at = now_us()};
    PUT_FIELD(&row, revoked_token, session_id, session);
    uint32_t before = identity->asked_revocations;
    identity->revocations = (struct revocation_list){.tokens = &row, .n_tokens = 1};
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; identity->asked_revocations < before + 1;
         peer_turn(identity, 50))
        cr_assert(edge_ms() < until, "the gateway does not ask");
    edge_await(e, "hocvu_revoked_sessions", 1);
    edge_say(fd, edge_text(e, "GET", "/v1/me", access, NULL, NULL));
    struct response r = edge_read(e, fd);
    assert_error(r, 401, "unauthenticated", "");
    close(fd);
}

/* --- what providers tell --- */

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"

static const char *form_post(const char *path, const char *headers, const char *body)
{
    return arena_printf(&e->arena, "POST %s HTTP/1.1\r\nHost: h\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
                        strlen(body), body);
}

Test(login, a_provider_tells_of_a_logout, .init = open_edge, .fini = close_edge)
{
    static const struct accepted accepted = {.ok = true};
    struct logout_told told;
    int fd = edge_connect(e);
    peer_forget(identity);
    edge_say(fd, form_post("/login/openid/backchannel", FORM, "x=y&logout_token=a.b%2Bc.d&z="));
    peer_await(identity, 1);
    cr_assert_eq(identity->calls->head.method, M_provider_logout);
    call_body(e, identity->calls, &msg_logout_told, &told);
    cr_assert(told.provider.n == 6 && told.logout_token.n == 7 && !memcmp(told.logout_token.p, "a.b+c.d", 7));
    peer_reply(identity, identity->calls, &msg_accepted, &accepted);
    struct response r = edge_read(e, fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(edge_header(e, &r, "Cache-Control"), "no-store");
    peer_forget(identity);
    edge_say(fd, form_post("/login/openid/backchannel", FORM, "logout_token=t"));
    peer_fail(identity, peer_await(identity, 1), ERR_INVALID, "logout_token");
    r = edge_read(e, fd);
    assert_error(r, 400, "invalid", "logout_token");
    cr_assert_str_eq(edge_header(e, &r, "Cache-Control"), "no-store");
    close(fd);
}

Test(login, logout_by_get, .init = open_edge, .fini = close_edge)
{
    cr_assert_eq(edge_ask(e, "GET", "/login/openid/backchannel?logout_token=t", NULL, NULL, NULL).status, 405);
    static const struct {
        const char *headers, *body;
        int status;
    } cases[] = {
        {FORM, "", 400},
        {FORM, "logout_toke=t", 400},
        {FORM, "logout_token=", 400},
        {FORM, "logout_token=a&logout_token=b", 400},
        {FORM, "logout_token=%", 400},
        {FORM, "logout_token=%ff", 400},
        {"Content-Type: application/json\r\n", "{\"logout_token\":\"t\"}", 400},
        {"", "logout_token=t", 400},
    };
    peer_forget(identity);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = edge_connect(e);
        edge_say(fd, form_post("/login/openid/backchannel", cases[i].headers, cases[i].body));
        struct response r = read_and_close(fd);
        cr_assert_eq(r.status, cases[i].status, "row %zu: %d %s", i, r.status, r.body);
    }
    char *huge = arena_alloc(&e->arena, 20101);
    memset(huge, 'a', 20100);
    int fd = edge_connect(e);
    edge_say(fd, form_post("/login/openid/backchannel", FORM, huge));
    cr_assert_eq(read_and_close(fd).status, 413);
    peer_turn(identity, 20);
    cr_assert_eq(identity->n_calls, 0);
}

Test(login, pages_say_what_to_do, .init = open_edge, .fini = close_edge)
{
    static const struct {
        int code;
        const char *field, *says;
    } cases[] = {
        {ERR_ASSURANCE, "account_type", "tài khoản cá nhân"}, {ERR_PROVIDER_SLOW, "provider", "hai, ba phút"},
        {ERR_PROVIDER_REFUSED, "error", "giữa chừng"},        {ERR_PROVIDER_REFUSED, "provider", "vài giây"},
        {ERR_PROVIDER, "id_token", "mã theo dõi dưới đây"},   {ERR_UNAUTHENTICATED, "state", "mười phút"},
        {ERR_UNAUTHENTICATED, "binding", "cookie"},           {ERR_STATE, "test", "hocvu idp test"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = asked("GET", "/login/openid/callback?code=c&state=s", HTML_CLIENT);
        peer_fail(identity, identity->calls, cases[i].code, cases[i].field);
        struct response r = read_and_close(fd);
        cr_assert_eq(r.status, err_find(cases[i].code)->status);
        cr_assert(strstr(r.body, cases[i].says), "%s: %s", cases[i].says, r.body);
        cr_assert(cases[i].code == ERR_STATE || strstr(r.body, err_find(cases[i].code)->vi));
    }
}

Test(login, the_provider_says_how_a_level_is_raised, .init = open_edge, .fini = close_edge)
{
    struct provider_shown shown[] = {{.name = SPAN("openid"),
                                      .title_vi = SPAN("a"),
                                      .title_en = SPAN("a"),
                                      .kind = SPAN("openid"),
                                      .level_vi = SPAN("không"),
                                      .level_en = SPAN("no")},
                                     {.name = SPAN("vneid"),
                                      .title_vi = SPAN("b"),
                                      .title_en = SPAN("b"),
                                      .kind = SPAN("vneid"),
                                      .level_vi = SPAN("Đến <công an> xã"),
                                      .level_en = SPAN("Go to the police")}};
    struct provider_list list = {.providers = shown, .n_providers = 2};
    for (int there = 1; there >= 0; there--) {
        int fd = asked("GET", "/login/vneid/callback?code=c&state=s", HTML_CLIENT);
        peer_fail(identity, &identity->calls[0], ERR_ASSURANCE, "assurance");
        peer_await(identity, 2);
        cr_assert_eq(identity->calls[1].head.method, M_providers);
        if (there)
            peer_reply(identity, &identity->calls[1], &msg_provider_list, &list);
        else
            peer_fail(identity, &identity->calls[1], ERR_BUSY, NULL);
        struct response r = read_and_close(fd);
        cr_assert_eq(r.status, 403);
        cr_assert(strstr(r.body, err_find(ERR_ASSURANCE)->vi));
        cr_assert_eq(!!strstr(r.body, "Đến &lt;công an&gt; xã"), there);
        cr_assert(!strstr(r.body, "không"));
        cr_assert(strstr(cookies(&r), "Max-Age=0"), "the binding goes");
    }
}

Test(login, whoever_leaves_is_told_where_to_go_on, .init = open_edge, .fini = close_edge)
{
    struct session_left left = {.ok = true};
    PUT_FIELD(&left, session_left, location, SPAN("https://idp.example/end?a=b&c"));
    const char *access = edge_token_of(e, uuid7(), uuid7(), LEARNER, 60);
    int fd = asked("POST", "/session/logout", session_cookies(access));
    peer_reply(identity, identity->calls, &msg_session_left, &left);
    struct response r = read_and_close(fd);
    cr_assert_eq(r.status, 200);
    cr_assert_str_eq(cookies(&r), NO_COOKIES);
    cr_assert(strstr(r.body, "\"location\":\"https://idp.example/end?a=b&c\""), "%s", r.body);
}
