/* test_provider.c - providers that are slow, down, many, or lie about themselves; their configuration files. */
#include "openid_peer.h"

static struct arena arena;
static struct provider *provider;
static struct claims claims;
static const char *why, *field;

static void setup_with(const char *rows)
{
    arena_init(&arena, 16 << 20);
    make_conf();
    peer_start(&arena);
    provider = add_provider(&arena, "openid", arena_printf(&arena, "issuer = %s\n%s", peer_issuer(&arena), rows));
    peer_give(&arena, peer_id_token(&arena, peer_key, PERSON));
}

static void setup(void)
{
    setup_with("");
}

static void setup_userinfo(void)
{
    setup_with("userinfo = yes\n");
    peer_give(&arena, peer_id_token(&arena, peer_key, ""));
}

static void teardown(void)
{
    providers_release(&test_providers);
    peer_stop();
    arena_release(&arena);
}

#define PROVIDER_TEST(name) Test(provider, name, .init = setup, .fini = teardown, .timeout = 60)

static struct openid_conf *rows(void)
{
    return (struct openid_conf *)(void *)provider->conf;
}

static int finish(void)
{
    struct login_answer answer = {.code = S("c"), .nonce = S("n-1"), .verifier = S("v")};
    struct dealing d = provider_dealing(provider, &arena);
    int code = provider_finish(&d, &answer, &claims);
    why = d.why;
    field = d.field;
    return code;
}

static int start(void)
{
    struct login_secrets secrets = {.state = S("s"), .nonce = S("n-1"), .verifier = S("v")};
    struct span location;
    struct dealing d = provider_dealing(provider, &arena);
    int code = provider_location(&d, &secrets, &location);
    why = d.why;
    return code;
}

/* --- lying about itself --- */

static void expect_discovery(const char *document, const char *reason)
{
    peer.discovery = document;
    provider_forget(provider);
    int code = start();
    cr_expect_eq(code, *reason ? ERR_PROVIDER : 0, "%.200s: %d %s", document, code, why);
    if (*reason)
        cr_expect_str_eq(why, reason);
}

PROVIDER_TEST(discovery_other_issuer)
{
    cr_expect_eq(start(), 0, "%s", why);
    expect_discovery("{\"issuer\":\"https://evil.example\"}", "the metadata belongs to another issuer");
    expect_discovery(arena_printf(&arena, "{\"issuer\":\"%s/\"}", peer_issuer(&arena)),
                     "the metadata belongs to another issuer");
}

PROVIDER_TEST(discovery_endpoint_http)
{
    static const char lacks[] = "the metadata lacks an endpoint that can be used";
    const char *good = peer_discovery(&arena, ""), *issuer = peer_issuer(&arena);
    static const char *const urls[] = {"http://sso.example/token", "ftp://127.0.0.1/token", "file:///etc/passwd", "",
                                       "//127.0.0.1/token"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
        expect_discovery(
            arena_printf(&arena,
                         "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/auth\",\"jwks_uri\":\"%s/jwks\","
                         "\"token_endpoint\":\"%s\"}",
                         issuer, issuer, issuer, urls[i]),
            lacks);
    expect_discovery(good, "");
}

PROVIDER_TEST(discovery_endpoint_elsewhere)
{
    const char *issuer = peer_issuer(&arena);
    const char *document =
        arena_printf(&arena,
                     "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/auth\",\"jwks_uri\":\"%s/jwks\","
                     "\"token_endpoint\":\"https://elsewhere.example/token\"}",
                     issuer, issuer, issuer);
    expect_discovery(document, "the metadata lacks an endpoint that can be used");
    const char *no = rows()->endpoints_elsewhere;
    rows()->endpoints_elsewhere = "yes";
    expect_discovery(document, "");
    rows()->endpoints_elsewhere = no;
}

PROVIDER_TEST(discovery_read_strictly)
{
    static const char no_object[] = "the metadata is not one JSON object";
    const char *good = peer_discovery(&arena, "");
    expect_discovery(arena_printf(&arena, "%s{}", good), no_object);
    expect_discovery(arena_printf(&arena, "[%s]", good), no_object);
    expect_discovery(peer_discovery(&arena, ",\"issuer\":\"https://evil.example\""), no_object);
    expect_discovery(peer_discovery(&arena, ",\"x\":\"\xe9\""), no_object);
    expect_discovery(peer_discovery(&arena, ",\"x\":\"a\\u0000b\""), no_object);
    expect_discovery(peer_discovery(&arena, ",\"x\":{\"y\":[{\"z\":1,\"z\":2}]}"), no_object);
    expect_discovery(arena_printf(&arena, " %s \n", good), "");
}

PROVIDER_TEST(discovery_256k)
{
    char *huge = arena_alloc(&arena, 300001);
    memset(huge, ' ', 300000);
    expect_discovery(huge, "the reply is too long");
}

PROVIDER_TEST(discovery_redirects)
{
    peer.more = "Location: http://127.0.0.1:1/\r\n";
    peer.status = 302;
    expect_discovery(peer.discovery, "the provider's metadata or keys cannot be read");
}

PROVIDER_TEST(provider_html_200)
{
    peer.type = "text/html";
    expect_discovery(peer.discovery, "the provider's metadata or keys do not come as JSON");
    peer.type = "application/json";
    provider_forget(provider);
    cr_assert_eq(start(), 0);
    peer.type = "text/html; charset=utf-8";
    cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_str_eq(why, "the provider's answer is not one JSON object");
}

/* --- keys --- */

PROVIDER_TEST(keys_are_kept_as_long_as_cache_control_says)
{
    cr_assert_eq(finish(), 0, "%s", why);
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(peer.asked_jwks, 1);
    cr_expect_eq(peer.asked_discovery, 1);
    rows()->cache_s = 1; /* the bound of the configuration is below what is said */
    peer.more = "Cache-Control: public, max-age=86400\r\n";
    provider_forget(provider);
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(peer.asked_jwks, 2);
    usleep(1100000);
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(peer.asked_jwks, 3);
}

PROVIDER_TEST(kid_unknown_then_rotated)
{
    cr_assert_eq(finish(), 0, "%s", why);
    peer.jwks = peer_jwks_of(&arena, peer_new_key);
    peer_give(&arena, peer_id_token(&arena, peer_new_key, PERSON));
    cr_expect_eq(finish(), ERR_PROVIDER, "not looked up again within refetch_s");
    rows()->refetch_s = 0;
    cr_expect_eq(finish(), 0, "%s", why);
    cr_expect_eq(peer.asked_jwks, 2);
}

PROVIDER_TEST(token_signed_by_old_key)
{
    const char *old = peer_id_token(&arena, peer_key, PERSON);
    rows()->refetch_s = 0;
    cr_assert_eq(finish(), 0);
    peer.jwks = peer_jwks_of(&arena, peer_new_key);
    peer_give(&arena, peer_id_token(&arena, peer_new_key, PERSON));
    cr_assert_eq(finish(), 0, "%s", why);
    /* The key has left the set: what it signed does not count any more. */
    peer_give(&arena, old);
    cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_str_eq(why, "the token names a key that the provider does not have");
}

PROVIDER_TEST(kid_unknown_twice_is_not_fetched_again)
{
    peer_give(&arena, peer_id_token(&arena, peer_new_key, PERSON));
    for (int i = 0; i < 5; i++)
        cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_eq(peer.asked_jwks, 1);
}

/* --- the exchange and userinfo --- */

PROVIDER_TEST(code_refused)
{
    static const struct {
        int status;
        const char *body, *reason;
        int code;
    } cases[] = {
        {400, "{\"error\":\"invalid_grant\"}", "the provider does not know the code (any more)", ERR_PROVIDER_REFUSED},
        {401, "{\"error\":\"invalid_client\"}", "the provider does not accept our client name and secret",
         ERR_PROVIDER},
        {400, "{\"error\":5}", "the provider refused the exchange", ERR_PROVIDER},
        {403, "", "the provider refused the exchange", ERR_PROVIDER},
        {200, "{\"access_token\":\"access-1\"}", "the provider's answer has no ID token", ERR_PROVIDER},
        {200, "{\"id_token\":5}", "the provider's answer has no ID token", ERR_PROVIDER},
        {200, "[]", "the provider's answer is not one JSON object", ERR_PROVIDER},
        {200, "{\"id_token\":\"a\",\"id_token\":\"b\"}", "the provider's answer is not one JSON object", ERR_PROVIDER},
    };
    cr_assert_eq(finish(), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        peer.status = cases[i].status;
        peer.token = cases[i].body;
        cr_expect_eq(finish(), cases[i].code, "%s", cases[i].body);
        cr_expect_str_eq(why, cases[i].reason, "%s", cases[i].body);
    }
}

Test(provider, userinfo_other_sub, .init = setup_userinfo, .fini = teardown, .timeout = 60)
{
    static const char other[] = "the userinfo endpoint speaks of another account";
    peer.userinfo = "{\"sub\":\"account-1\"" PERSON "}";
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(peer.told_bearer, 1);
    cr_expect(claims.national_id.n == 12 && claims.has_birth_date && claims.level == 2 && claims.subject.n == 9);
    static const char *const others[] = {"{\"sub\":\"account-2\"" PERSON "}", "{\"sub\":\"account-10\"" PERSON "}",
                                         "{\"sub\":5" PERSON "}", "{\"sub\":\"\"" PERSON "}"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        peer.userinfo = others[i];
        cr_expect_eq(finish(), ERR_PROVIDER, "%s", others[i]);
        cr_expect_str_eq(why, other);
        cr_expect_str_eq(field, "userinfo");
    }
    static const char *const broken[] = {"", "[]", "{\"sub\":\"account-1\",\"sub\":\"account-1\"" PERSON "}",
                                         "{\"sub\":\"account-1\"" PERSON "}x"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        peer.userinfo = broken[i];
        cr_expect_eq(finish(), ERR_PROVIDER, "%s", broken[i]);
        cr_expect_str_eq(why, "the userinfo endpoint does not answer with one JSON object");
    }
    peer.userinfo = "{\"sub\":\"account-1\"}";
    cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_str_eq(why, "the provider tells no personal number of twelve digits");
    peer.token = arena_printf(&arena, "{\"id_token\":\"%s\"}", peer_id_token(&arena, peer_key, ""));
    cr_expect_eq(finish(), ERR_PROVIDER, "no access token");
}

/* --- slow, down, many --- */

PROVIDER_TEST(provider_slow)
{
    cr_assert_eq(start(), 0);
    peer.delay_ms = 700;
    provider->conf->total_ms = 150;
    int64_t before = mono_us();
    cr_expect_eq(finish(), ERR_PROVIDER_SLOW, "%s", why);
    cr_expect_lt(mono_us() - before, 500000);
}

/* A login that waits for the provider in a thread of its own. */
struct waiter {
    pthread_t thread;
    struct arena arena;
    int code;
};

static void *wait_in_thread(void *arg)
{
    struct waiter *w = arg;
    struct login_answer answer = {.code = S("c"), .nonce = S("n-1"), .verifier = S("v")};
    struct claims told;
    struct dealing d = provider_dealing(provider, &w->arena);
    w->code = provider_finish(&d, &answer, &told);
    return NULL;
}

PROVIDER_TEST(more_than_at_once_are_refused_at_once)
{
    enum { WAITERS = 3 };
    static struct waiter waiters[WAITERS];
    cr_assert_eq(finish(), 0, "%s", why);
    int asked = peer.asked_token;
    peer.delay_ms = 600;
    provider->conf->at_once = WAITERS;
    for (int i = 0; i < WAITERS; i++) {
        arena_init(&waiters[i].arena, 4 << 20);
        cr_assert_eq(pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]), 0);
    }
    for (int i = 0; i < 200 && peer.asked_token < asked + WAITERS; i++)
        usleep(5000);
    int64_t before = mono_us();
    cr_expect_eq(finish(), ERR_PROVIDER_SLOW);
    cr_expect_str_eq(why, "as many logins as may wait for the provider already do");
    cr_expect_lt(mono_us() - before, 100000);
    for (int i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        cr_expect_eq(waiters[i].code, 0);
        arena_release(&waiters[i].arena);
    }
    peer.delay_ms = 0;
    cr_expect_eq(finish(), 0, "%s", why);
}

PROVIDER_TEST(provider_down)
{
    cr_assert_eq(finish(), 0, "%s", why);
    peer.status = 503;
    int asked = peer.asked_token;
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(finish(), ERR_PROVIDER);
        cr_expect_str_eq(why, "the provider has an error of its own");
    }
    /* Three failures: it is left alone, also when it is back. */
    peer.status = 200;
    cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_str_eq(why, "the provider failed three times in a row and is left alone for a while");
    cr_expect_eq(peer.asked_token, asked + 3);
    /* Then one tries, and all is well. */
    provider->closed_until_us = mono_us() - 1;
    cr_expect_eq(finish(), 0, "%s", why);
    cr_expect_eq(provider->closed_until_us, 0);
    /* What it says of a login is no failure. */
    peer.status = 400;
    peer.token = "{\"error\":\"invalid_grant\"}";
    for (int i = 0; i < 5; i++)
        cr_expect_eq(finish(), ERR_PROVIDER_REFUSED);
}

/* --- what is counted --- */

/* The value of a line of /metrics; -1: it is not there. */
static double metric(const char *line)
{
    struct buf out;
    double value = -1;
    buf_init(&out, 1 << 20);
    identity_metrics(&conf, &out);
    buf_add_char(&out, '\0');
    cr_assert_not(out.failed);
    const char *at = strstr(out.p, line);
    if (at && at[strlen(line)] == ' ')
        value = strtod(at + strlen(line), NULL);
    buf_release(&out);
    return value;
}

#define TIMES(part, endpoint, outcome)                                                                                 \
    "hocvu_idp_seconds_" part "{provider=\"openid\",endpoint=\"" endpoint "\",outcome=\"" outcome "\""

PROVIDER_TEST(its_own_time_is_counted_by_endpoint_and_outcome)
{
    cr_expect_eq(metric(TIMES("count", "token", "ok") "}"), -1, "nothing happened yet");
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(metric(TIMES("count", "discovery", "ok") "}"), 1);
    cr_expect_eq(metric(TIMES("count", "jwks", "ok") "}"), 1);
    cr_expect_eq(metric(TIMES("count", "token", "ok") "}"), 1);
    cr_expect_eq(metric(TIMES("count", "userinfo", "ok") "}"), -1, "this provider is not asked there");
    /* 300 ms are above a quarter of a second, in that bucket and in all behind it. */
    peer.delay_ms = 300;
    cr_expect_eq(finish(), 0, "%s", why);
    cr_expect_eq(metric(TIMES("bucket", "token", "ok") ",le=\"0.25\"}"), 1);
    cr_expect_eq(metric(TIMES("bucket", "token", "ok") ",le=\"5\"}"), 2);
    cr_expect_eq(metric(TIMES("bucket", "token", "ok") ",le=\"+Inf\"}"), 2);
    cr_expect_geq(metric(TIMES("sum", "token", "ok") "}"), 0.3);
    /* No answer in time; and what it says of a login. */
    provider->conf->total_ms = 100;
    cr_expect_eq(finish(), ERR_PROVIDER_SLOW);
    cr_expect_eq(metric(TIMES("count", "token", "slow") "}"), 1);
    peer.delay_ms = 0;
    provider->conf->total_ms = 3000;
    peer.status = 400;
    peer.token = "{\"error\":\"invalid_grant\"}";
    cr_expect_eq(finish(), ERR_PROVIDER_REFUSED);
    cr_expect_eq(metric(TIMES("count", "token", "refused") "}"), 1);
    cr_expect_eq(metric(TIMES("count", "token", "ok") "}"), 2);
}

PROVIDER_TEST(that_it_is_left_alone_is_shown)
{
    cr_assert_eq(finish(), 0, "%s", why);
    cr_expect_eq(metric("hocvu_idp_breaker_open{provider=\"openid\"}"), 0);
    peer.status = 503;
    for (int i = 0; i < 4; i++)
        cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_eq(metric(TIMES("count", "token", "failed") "}"), 3);
    cr_expect_eq(metric("hocvu_idp_breaker_open{provider=\"openid\"}"), 1);
    cr_expect_eq(metric("hocvu_idp_breaker_opened_total{provider=\"openid\"}"), 1);
    cr_expect_eq(metric("hocvu_idp_refused_total{provider=\"openid\"}"), 1);
    cr_expect_eq(metric("hocvu_idp_under_way{provider=\"openid\"}"), 0);
    /* The attempt fails too: it stays open, and has been opened once. */
    provider->closed_until_us = mono_us() - 1;
    cr_expect_eq(finish(), ERR_PROVIDER);
    cr_expect_eq(metric("hocvu_idp_breaker_opened_total{provider=\"openid\"}"), 1);
    peer.status = 200;
    provider->closed_until_us = mono_us() - 1;
    cr_expect_eq(finish(), 0, "%s", why);
    cr_expect_eq(metric("hocvu_idp_breaker_open{provider=\"openid\"}"), 0);
}

/* --- configuration --- */

/* A file with these lines makes no provider. */
static void expect_refused(const char *name, const char *lines)
{
    put_file(&arena, "secret", CLIENT_SECRET "\n");
    put_file(&arena, "x.conf",
             arena_printf(&arena, "client_secret = %s\nredirect_uri = https://hocvu.example/login/x/callback\n%s",
                          test_path(&arena, "secret"), lines));
    struct provider *made = provider_load(name, test_path(&arena, "x.conf"));
    cr_expect_null(made, "%s", lines);
    provider_free(made);
}

PROVIDER_TEST(faulty_files_are_refused)
{
    static const char *const lines[] = {
        "",
        "issuer = http://sso.example\n",
        "issuer = https://sso.example\nkind = saml\n",
        "issuer = https://sso.example\nalgorithms = none\n",
        "issuer = https://sso.example\nalgorithms = ES256,HS256\n",
        "issuer = https://sso.example\nalgorithms = ES256,\n",
        "issuer = https://sso.example\nrequired_level = 4\n",
        "issuer = https://sso.example\nenabled = maybe\n",
        "issuer = https://sso.example\nuserinfo = 1\n",
        "issuer = https://sso.example\nredirect_uri = http://hocvu.example/login/x/callback\n",
        "issuer = https://sso.example\nclient_secret = /nowhere/at/all\n",
        "issuer = https://sso.example\ntoken_url = https://sso.example/token\n",
        "issuer = https://sso.example\nat_once = 0\n",
        "kind = vneid\nauthorize_url = https://a/\ntoken_url = https://a/\nuserinfo_url = https://a/\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_refused("x", lines[i]);
    static const char *const names[] = {"", "callback", "A", "a_b", "a.b", "a/b", "012345678901234567890123456789012"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        expect_refused(names[i], "issuer = https://sso.example\n");
}

PROVIDER_TEST(a_provider_that_is_not_enabled_is_not_there)
{
    cr_expect_eq(provider_find(&test_providers, S("openid")), provider);
    cr_expect_null(provider_find(&test_providers, S("openi")));
    cr_expect_null(provider_find(&test_providers, S("")));
    const char *yes = provider->conf->enabled;
    provider->conf->enabled = "no";
    cr_expect_null(provider_find(&test_providers, S("openid")));
    provider->conf->enabled = yes;
}

PROVIDER_TEST(dates_come_in_two_forms)
{
    int32_t days = 0;
    cr_assert(provider_date(S("1970-01-11"), &days) == 0 && days == 10);
    cr_assert(provider_date(S("11/01/1970"), &days) == 0 && days == 10);
    static const char *const bad[] = {"",           "1979",       "31/02/1979", "1979-02-30", "1/1/1979",
                                      "01-01-1979", "1979/01/01", "aa/bb/cccc", "01/13/1979", "1979-04-14T00:00:00Z"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(provider_date(S(bad[i]), &days), -1, "%s", bad[i]);
}

PROVIDER_TEST(whoever_connects_it_is_told_what_is_wrong)
{
    struct probe probe = {0};
    struct dealing d = provider_dealing(provider, &arena);
    peer.more = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    provider_probe(&d, &probe);
    cr_assert_eq(probe.n, 5);
    cr_expect(probe.steps[0].ok && probe.steps[1].ok && probe.steps[3].ok);
    cr_expect(!probe.steps[2].ok && *probe.steps[2].advice_vi, "the clock");
    cr_expect(!probe.steps[4].ok, "a made-up code was taken");
    peer.discovery = "{}";
    probe.n = 0;
    provider_probe(&d, &probe);
    cr_expect(probe.n == 1 && !probe.steps[0].ok);
}
