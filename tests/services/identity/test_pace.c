/* test_pace.c - refused logins are counted by account and by network, and enough is enough. */
#include "pace.h"
#include "provider_test.h"

static void call_from(const char *address)
{
    PUT_FIELD(&h->head, call_header, address, S(address));
}

static void limits(int64_t account, int64_t address)
{
    conf.login_window_s = 600;
    conf.login_refused_account = account;
    conf.login_refused_address = address;
}

/* A login that comes back with a state that nobody gave out. */
static int guess(void)
{
    struct login_return req = {.state = SPAN("guessed"), .binding = SPAN("b")};
    struct session_tokens tokens;
    PUT_FIELD(&req, login_return, code, SPAN("c"));
    return on_login_finish(&h->ctx, &req, &tokens);
}

static int begin(void)
{
    struct login_begin req = {0};
    struct login_redirect reply;
    return on_login_start(&h->ctx, &req, &reply);
}

Test(pace, networks)
{
    static const struct {
        const char *address, *network;
    } cases[] = {
        {"203.0.113.7", "203.0.113.0/24"},
        {"203.0.113.255", "203.0.113.0/24"},
        {"2001:db8:1:2::9", "2001:db8:1:2::/64"},
        {"2001:db8:1:2:ffff:1:2:3", "2001:db8:1:2::/64"},
        {"::1", "::/64"},
    };
    static const char *const bad[] = {"",
                                      "x",
                                      "203.0.113",
                                      "203.0.113.7:80",
                                      "2001:db8::1%eth0",
                                      "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"};
    char network[PACE_NETWORK_TEXT];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(pace_network(S(cases[i].address), network), 0);
        cr_expect_str_eq(network, cases[i].network);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_eq(pace_network(S(bad[i]), network), -1, "%s", bad[i]);
}

IDENTITY_TEST(pace, login_guessing)
{
    limits(10, 5);
    for (int i = 0; i < 5; i++) {
        call_from(i % 2 ? "203.0.113.7" : "203.0.113.99");
        EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
    }
    EXPECT_FAULT(guess(), ERR_TOO_MANY, "address");
    EXPECT_FAULT(begin(), ERR_TOO_MANY, "address");
    cr_expect_eq(count_of("audit WHERE action = 'login_refused'"), 5, "what is not looked at is not refused once more");
    call_from("203.0.114.7");
    EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
    /* Ten minutes after the first it begins anew. */
    harness_sql(h, "UPDATE login_pace SET began = began - interval '601 seconds'");
    call_from("203.0.113.7");
    EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
    cr_expect_str_eq(harness_get(h, "SELECT min(n) || ' ' || max(n) FROM login_pace"), "1 1");
}

/* The provider cannot be reached: whoever is refused does not hear so, because it is not asked for his sake. */
IDENTITY_TEST(pace, the_provider_is_not_asked_for_who_is_refused)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    cr_assert_eq(http_start(), 0);
    add_provider(&arena, "openid", arena_printf(&arena, "issuer = http://127.0.0.1:%d\n", free_port()));
    limits(10, 1);
    call_from("203.0.113.7");
    EXPECT_FAULT(begin(), ERR_PROVIDER, "provider");
    EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
    cr_expect_eq(count_of("login"), 1);
    EXPECT_FAULT(begin(), ERR_TOO_MANY, "address");
    cr_expect_eq(count_of("login"), 1);
    call_from("203.0.114.7");
    EXPECT_FAULT(begin(), ERR_PROVIDER, "provider");
    providers_release(&test_providers);
    arena_release(&arena);
}

IDENTITY_TEST(pace, without_an_address_or_a_limit_nobody_is_held_up)
{
    limits(10, 1);
    for (int i = 0; i < 3; i++)
        EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
    cr_expect_eq(count_of("login_pace"), 0);
    limits(10, 0);
    call_from("203.0.113.7");
    for (int i = 0; i < 3; i++)
        EXPECT_FAULT(guess(), ERR_UNAUTHENTICATED, "state");
}

/* A login that the provider has finished, of this account. */
static int log_in(const char *provider, const char *subject)
{
    struct claims claims = {
        .subject = S(subject), .national_id = S("999079000099"), .full_name = S("Vũ Thị Lan"), .level = 2};
    struct link_outcome who;
    return settled(log_in_by(&h->ctx, S(provider), &claims, &who));
}

IDENTITY_TEST(pace, an_account_that_is_refused_again_and_again)
{
    limits(3, 0);
    for (int i = 0; i < 3; i++) {
        EXPECT_FAULT(log_in("openid", "s"), 0, "");
        EXPECT_FAULT(pace_settle_account(&h->ctx, SPAN("openid"), SPAN("s"), fail(&h->ctx, ERR_ASSURANCE, "level")),
                     ERR_ASSURANCE, "level");
    }
    EXPECT_FAULT(log_in("openid", "s"), ERR_TOO_MANY, "subject");
    cr_expect_eq(count_of("session"), 3);
    EXPECT_FAULT(log_in("openid", "t"), 0, "");
    EXPECT_FAULT(log_in("vneid", "s"), 0, "");
    EXPECT_FAULT(log_in("openids", "u"), 0, "");
}

/* A slow provider, a busy service and a login that succeeds are nobody's guilt. */
IDENTITY_TEST(pace, what_is_not_the_client_s_doing_does_not_count)
{
    static const int codes[] = {0, ERR_PROVIDER, ERR_PROVIDER_SLOW, ERR_BUSY, ERR_INTERNAL, ERR_TOO_MANY};
    limits(3, 3);
    call_from("203.0.113.7");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        cr_expect_eq(pace_settle_address(&h->ctx, codes[i]), codes[i]);
    cr_expect_eq(count_of("login_pace"), 0);
    pace_settle_address(&h->ctx, ERR_PROVIDER_REFUSED);
    cr_expect_eq(count_of("login_pace"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM login_pace p WHERE p::text LIKE '%%203%%.0%%'"), "0");
}

IDENTITY_TEST(pace, old_counts_are_pruned)
{
    limits(3, 3);
    call_from("203.0.113.7");
    pace_settle_address(&h->ctx, ERR_UNAUTHENTICATED);
    cr_assert_eq(harness_tick(h, pace_prune), 0);
    cr_expect_eq(count_of("login_pace"), 1);
    harness_sql(h, "UPDATE login_pace SET began = began - interval '601 seconds'");
    cr_assert_eq(harness_tick(h, pace_prune), 0);
    cr_expect_eq(count_of("login_pace"), 0);
}
