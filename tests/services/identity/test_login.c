/*
 * test_login.c - whole logins at the demonstration identity provider of deploy/idp: a real OpenID provider over real
 * HTTP, with a browser that keeps cookies and follows redirects. Needs Node.js; fetches the provider's modules when
 * they are missing.
 */
#include "visit_test.h"
#include <pthread.h>

#define MODULES                                                                                                        \
    "cd deploy/idp && { [ node_modules/.package-lock.json -nt package-lock.json ] ||"                                  \
    " npm ci --omit=dev --no-audit --no-fund --loglevel=error; } >&2"

static pid_t peer;
static int port;
static struct provider *provider;

static struct openid_conf *rows(void)
{
    return (struct openid_conf *)(void *)provider->conf;
}

/* Starts the provider on `port`, whose keys are those of the file. */
static void start_provider(const char *keys, const char *alg)
{
    char *const env[] = {
        arena_printf(&h->arena, "PATH=%s", getenv("PATH")),
        arena_printf(&h->arena, "PORT=%d", port),
        arena_printf(&h->arena, "ISSUER=http://127.0.0.1:%d", port),
        "ROSTER_FILE=deploy/sample/roster.csv",
        "CLIENT_ID=hocvu",
        arena_printf(&h->arena, "CLIENT_SECRET_FILE=%s", test_path(&h->arena, "secret")),
        "REDIRECT_URI=http://127.0.0.1:9/login/openid/callback",
        arena_printf(&h->arena, "KEYS_FILE=%s", test_path(&h->arena, keys)),
        arena_printf(&h->arena, "PASSWORD_FILE=%s", test_path(&h->arena, "password")),
        arena_printf(&h->arena, "ID_TOKEN_ALG=%s", alg),
        NULL,
    };
    peer = start_peer(&h->arena, "deploy/idp/server.mjs", env, port);
}

static void stop_provider(void)
{
    stop_peer(&peer);
}

static void setup(void)
{
    open_identity();
    cr_assert_eq(system(MODULES), 0, "the modules of deploy/idp cannot be fetched");
    put_file(&h->arena, "password", PASSWORD "\n");
    port = free_port();
    provider = add_provider(&h->arena, "openid", arena_printf(&h->arena, "issuer = http://127.0.0.1:%d\n", port));
    small_nation();
    /* People whom the provider knows too. */
    import_roster("999079927821,Mai Đình Phong,1979-04-14,S44,Chuyên viên chính,false,editor\n"
                  "999074885698,Lương Văn Khác,1974-04-01,S44,Chuyên viên,false,\n");
    expect_counts(2, 0, 0, 0);
}

static void teardown(void)
{
    stop_provider();
    providers_release(&test_providers);
    close_identity();
}

Test(login, opens_a_session_and_links_once, .init = setup, .fini = teardown, .timeout = 120)
{
    struct access_claims claims;
    struct fault fault;
    start_provider("keys.json", "ES256");
    struct visit visit = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&visit), 0, "");
    cr_assert_eq(msg_check(&msg_session_tokens, &tokens, &fault), 0);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    struct uuid person = person_id("Mai Đình Phong"), unit = unit_id("S44");
    cr_expect(uuid_equal(&claims.sub, &person));
    cr_assert_eq(claims.n_grants, 1);
    cr_expect(uuid_equal(&claims.grants[0].unit_id, &unit));
    cr_expect_eq(claims.grants[0].roles, LEARNER | EDITOR);
    cr_expect_eq(harness_events(h, "person_linked"), 1);
    struct session_refresh refresh = {.refresh_token = tokens.refresh_token};
    EXPECT_FAULT(on_session_renew(&h->ctx, &refresh, &tokens), 0, "");
    visit = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&visit), 0, "");
    cr_expect_eq(harness_events(h, "person_linked"), 1);
    cr_expect_eq(count_of("session"), 2);
    cr_expect_eq(count_of("audit WHERE action = 'login' AND detail->>'address' = '192.0.2.7'"), 2);
    cr_expect_eq(count_of("audit WHERE action = 'account_linked'"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT audit_broken()"), "");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM audit a WHERE a::text LIKE '%%999079927821%%'"), "0");
}

Test(login, works_once_in_the_browser_that_began_it, .init = setup, .fini = teardown, .timeout = 120)
{
    start_provider("keys.json", "RS256");
    struct visit visit = visit_as("openid", "999079927821"), other = visit_as("openid", "999079927821");
    struct visit stolen = visit;
    stolen.back.binding = other.redirect.binding;
    EXPECT_FAULT(finish(&stolen), ERR_UNAUTHENTICATED, "binding");
    /* The state is used up: the thief has cost the owner this login, not more. */
    EXPECT_FAULT(finish(&visit), ERR_UNAUTHENTICATED, "state");
    EXPECT_FAULT(finish(&other), 0, "");
    EXPECT_FAULT(finish(&other), ERR_UNAUTHENTICATED, "state");
    struct visit empty = visit_as("openid", "999079927821");
    empty.back.binding = S("");
    EXPECT_FAULT(finish(&empty), ERR_UNAUTHENTICATED, "binding");
    struct visit elsewhere = visit_as("openid", "999079927821");
    PUT_FIELD(&elsewhere.back, login_return, provider, S("another"));
    EXPECT_FAULT(finish(&elsewhere), ERR_UNAUTHENTICATED, "provider");
    cr_expect_str_eq(last_reason(), "the state belongs to another provider");
    struct visit unknown = {.back = {.state = S("unknown"), .binding = S("x")}};
    EXPECT_FAULT(finish(&unknown), ERR_UNAUTHENTICATED, "state");
    cr_expect_eq(count_of("session"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'login_refused'"), 6);
}

Test(login, comes_back_in_time_with_a_code_of_the_right_provider, .init = setup, .fini = teardown, .timeout = 120)
{
    start_provider("keys.json", "ES256");
    struct visit late = visit_as("openid", "999079927821");
    harness_sql(h, "UPDATE login SET created = now() - interval '11 minutes'");
    EXPECT_FAULT(finish(&late), ERR_UNAUTHENTICATED, "state");

    struct visit refused = visit_as("openid", "999079927821");
    PUT_FIELD(&refused.back, login_return, error, S("access_denied"));
    EXPECT_FAULT(finish(&refused), ERR_PROVIDER_REFUSED, "error");

    struct visit codeless = visit_as("openid", "999079927821");
    codeless.back.has &= ~(UINT64_C(1) << HAS_login_return_code);
    EXPECT_FAULT(finish(&codeless), ERR_MISSING, "code");

    struct visit mixed = visit_as("openid", "999079927821");
    PUT_FIELD(&mixed.back, login_return, iss, S("https://evil.example"));
    EXPECT_FAULT(finish(&mixed), ERR_UNAUTHENTICATED, "iss");
    struct visit silent = visit_as("openid", "999079927821");
    silent.back.has &= ~(UINT64_C(1) << HAS_login_return_iss);
    EXPECT_FAULT(finish(&silent), ERR_UNAUTHENTICATED, "iss"); /* this provider always names itself */

    struct visit wrong = visit_as("openid", "999079927821");
    PUT_FIELD(&wrong.back, login_return, code, S("not-a-code&client_id=x"));
    EXPECT_FAULT(finish(&wrong), ERR_PROVIDER_REFUSED, "provider");
    cr_expect_str_eq(last_reason(), "the provider does not know the code (any more)");

    /* Another login's code: PKCE does not fit. */
    struct visit one = visit_as("openid", "999079927821"), two = visit_as("openid", "999079927821");
    PUT_FIELD(&one.back, login_return, code, two.back.code);
    EXPECT_FAULT(finish(&one), ERR_PROVIDER_REFUSED, "provider");

    /* The right code and verifier, but the ID token answers another nonce. */
    struct visit nonce = visit_as("openid", "999079927821");
    harness_sql(h, "UPDATE login SET nonce = 'another' WHERE used_at IS NULL");
    EXPECT_FAULT(finish(&nonce), ERR_UNAUTHENTICATED, "nonce");
    cr_expect_eq(count_of("session"), 0);
}

Test(login, is_for_people_of_the_roster, .init = setup, .fini = teardown, .timeout = 120)
{
    start_provider("keys.json", "ES256");
    struct visit stranger = visit_as("openid", "999178495932");
    EXPECT_FAULT(finish(&stranger), 0, "");
    struct visit other_name = visit_as("openid", "999074885698");
    EXPECT_FAULT(finish(&other_name), 0, "");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(state, ' ' ORDER BY state) FROM account"), "pending review");
    cr_expect_eq(count_of("session JOIN person USING (person_id)"), 0);
    harness_sql(h, "DELETE FROM session");
    const char *level = rows()->common.required_level;
    rows()->common.required_level = "3";
    struct visit low = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&low), ERR_ASSURANCE, "assurance");
    rows()->common.required_level = level;
    cr_expect_eq(count_of("session"), 0);
    cr_expect_eq(count_of("account"), 2);
    cr_expect_eq(count_of("account WHERE state = 'linked'"), 0);
    cr_expect_eq(harness_events(h, "person_linked"), 0);
}

Test(login, survives_new_keys_of_the_provider, .init = setup, .fini = teardown, .timeout = 120)
{
    start_provider("keys.json", "ES256");
    struct visit visit = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&visit), 0, "");
    stop_provider();
    start_provider("other-keys.json", "ES256");
    /* A key that we do not know is looked up, but not more often than the configuration says. */
    visit = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER, "id_token");
    cr_expect_str_eq(last_reason(), "the token names a key that the provider does not have");
    rows()->refetch_s = 0;
    /* Another account id, because it is made with the provider's keys: link it anew. */
    harness_sql(h, "DELETE FROM account");
    visit = visit_as("openid", "999079927821");
    EXPECT_FAULT(finish(&visit), 0, "");
}

Test(login, says_so_when_the_provider_is_away_or_not_itself, .init = setup, .fini = teardown, .timeout = 120)
{
    struct login_begin begin = {0};
    struct login_redirect redirect;
    int64_t before = now_us();
    EXPECT_FAULT(on_login_start(&h->ctx, &begin, &redirect), ERR_PROVIDER, "provider");
    cr_expect_lt(now_us() - before, 1500000);
    before = now_us();
    EXPECT_FAULT(on_login_start(&h->ctx, &begin, &redirect), ERR_PROVIDER, "provider");
    cr_expect_lt(now_us() - before, 50000, "it is asked again at once");
    start_provider("keys.json", "ES256");
    provider_forget(provider);
    struct visit visit = visit_as("openid", "999079927821");
    stop_provider();
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER, "provider");
    start_provider("keys.json", "ES256");

    /* Metadata of another issuer under this address. */
    provider_forget(provider);
    const char *issuer = rows()->issuer;
    rows()->issuer = arena_printf(&h->arena, "http://localhost:%d", port);
    EXPECT_FAULT(on_login_start(&h->ctx, &begin, &redirect), ERR_PROVIDER, "provider");
    conf.providers = &no_providers;
    provider_forget(provider);
    EXPECT_FAULT(on_login_start(&h->ctx, &begin, &redirect), ERR_PROVIDER, "provider");
    rows()->issuer = issuer;
    conf.providers = &test_providers;
    provider_forget(provider);

    /* Our secret is wrong. */
    visit = visit_as("openid", "999079927821");
    struct conf_secret right = rows()->common.client_secret;
    rows()->common.client_secret = (struct conf_secret){.bytes = "wrong", .n = 5};
    EXPECT_FAULT(finish(&visit), ERR_PROVIDER, "provider");
    cr_expect_str_eq(last_reason(), "the provider does not accept our client name and secret");
    rows()->common.client_secret = right;
    cr_expect_eq(count_of("session"), 0);
}

Test(login, keeps_nothing_that_opens_it, .init = setup, .fini = teardown, .timeout = 120)
{
    start_provider("keys.json", "ES256");
    struct visit visit = visit_as("openid", "999079927821");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT count(*) FROM login l WHERE l::text LIKE '%%%.*s%%' OR l::text LIKE "
                                 "'%%%.*s%%'",
                                 (int)visit.back.state.n, visit.back.state.p, (int)visit.redirect.binding.n,
                                 visit.redirect.binding.p),
                     "0");
    cr_expect_null(memmem(visit.redirect.location.p, visit.redirect.location.n, visit.redirect.binding.p,
                          visit.redirect.binding.n));
    const char *verifier = harness_get(h, "SELECT verifier FROM login");
    cr_expect_null(memmem(visit.redirect.location.p, visit.redirect.location.n, verifier, strlen(verifier)));
}

/* One of several workers that exchange their codes at the same time. */
struct worker {
    pthread_t thread;
    struct arena arena;
    struct login_answer answer;
    int code;
    const char *why;
};

static void *exchange_in_thread(void *arg)
{
    struct worker *w = arg;
    struct claims claims;
    struct dealing d = provider_dealing(provider, &w->arena);
    w->code = provider_finish(&d, &w->answer, &claims);
    w->why = d.why;
    return NULL;
}

Test(login, many_at_once_share_what_one_has_looked_up, .init = setup, .fini = teardown, .timeout = 120)
{
    enum { WORKERS = 6 };
    static struct worker workers[WORKERS];
    start_provider("keys.json", "RS256");
    for (int i = 0; i < WORKERS; i++) {
        struct visit visit = visit_as("openid", "999079927821");
        workers[i].answer = (struct login_answer){
            .code = visit.back.code,
            .iss = visit.back.iss,
            .nonce = S(harness_get(h, "SELECT nonce FROM login WHERE used_at IS NULL")),
            .verifier = S(harness_get(h, "SELECT verifier FROM login WHERE used_at IS NULL")),
        };
        arena_init(&workers[i].arena, 4 << 20);
        harness_sql(h, "UPDATE login SET used_at = now()");
    }
    provider_forget(provider);
    for (int i = 0; i < WORKERS; i++)
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, exchange_in_thread, &workers[i]), 0);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_expect_eq(workers[i].code, 0, "%s", workers[i].why);
        arena_release(&workers[i].arena);
    }
}
