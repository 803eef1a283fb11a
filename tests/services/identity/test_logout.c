/* test_logout.c - logout that a provider tells of, and logout that goes on at the provider. */
#include "openid_peer.h"

static struct provider *provider;

static void setup(void)
{
    open_identity();
    peer_start(&h->arena);
    provider =
        add_provider(&h->arena, "openid",
                     arena_printf(&h->arena, "issuer = %s\nlogout = yes\npost_logout_uri = https://hocvu.example/bye\n",
                                  peer_issuer(&h->arena)));
    small_nation();
}

static void teardown(void)
{
    providers_release(&test_providers);
    peer_stop();
    close_identity();
}

#define LOGOUT_TEST(name) Test(logout, name, .init = setup, .fini = teardown, .timeout = 60)

/* A session of this account, opened with this session at the provider; "": the provider tells none. */
static struct uuid open_session(const char *full_name, const char *subject, const char *sid)
{
    struct session_tokens tokens;
    struct access_claims claims;
    struct link_outcome who = {.standing = STANDING_LINKED, .person_id = person_id(full_name)};
    struct session_origin from = {.provider = SPAN("openid"), .provider_sid = S(sid)};
    cr_assert_eq(open_session_of(full_name, subject, &tokens), 0);
    who.account_id = uuid_of(harness_get(h, "SELECT account_id FROM account WHERE subject = '%s'", subject));
    harness_sql(h,
                "DELETE FROM session WHERE account_id = (SELECT account_id FROM account WHERE subject = '%s') AND "
                "provider_sid IS NULL",
                subject);
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    return claims.sid;
}

static long open_sessions(void)
{
    return count_of("session WHERE revoked_at IS NULL");
}

static const char *logout_token(cjose_jwk_t *key, const char *jti, const char *more)
{
    return peer_sign(&h->arena, key,
                     arena_printf(&h->arena,
                                  "{\"iss\":\"%s\",\"aud\":\"hocvu\",\"iat\":%lld,\"jti\":\"%s\",\"events\":{\"http://"
                                  "schemas.openid.net/event/backchannel-logout\":{}}%s}",
                                  peer_issuer(&h->arena), (long long)(now_us() / 1000000), jti, more));
}

static int tell(const char *token)
{
    struct logout_told told = {.provider = S("openid"), .logout_token = S(token)};
    struct accepted accepted;
    return on_provider_logout(&h->ctx, &told, &accepted);
}

LOGOUT_TEST(a_session_of_the_provider_ends_ours)
{
    open_session("Trần Thị Hoa", "account-1", "sid-1");
    open_session("Lê Văn Nam", "account-2", "sid-2");
    EXPECT_FAULT(tell(logout_token(peer_key, "j-1", ",\"sid\":\"sid-1\"")), 0, "");
    cr_expect_eq(open_sessions(), 1);
    cr_expect_eq(count_of("session WHERE provider_sid = 'sid-1' AND revoke_reason = 'provider_logout'"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'sessions_ended'"), 1);
    /* A session that we do not know has ended: fine. */
    EXPECT_FAULT(tell(logout_token(peer_key, "j-2", ",\"sid\":\"sid-9\"")), 0, "");
    EXPECT_FAULT(tell(logout_token(peer_key, "j-3", ",\"sub\":\"account-9\"")), 0, "");
    cr_expect_eq(open_sessions(), 1);
    EXPECT_FAULT(tell(logout_token(peer_key, "j-4", ",\"sub\":\"account-2\"")), 0, "");
    cr_expect_eq(open_sessions(), 0);
}

LOGOUT_TEST(logout_token_replayed)
{
    const char *token = logout_token(peer_key, "j-1", ",\"sub\":\"account-1\"");
    open_session("Trần Thị Hoa", "account-1", "sid-1");
    EXPECT_FAULT(tell(token), 0, "");
    open_session("Trần Thị Hoa", "account-1", "sid-2");
    EXPECT_FAULT(tell(token), ERR_INVALID, "logout_token");
    cr_expect_eq(open_sessions(), 1);
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'reason' FROM audit WHERE action = 'logout_refused'"),
                     "the message has been told before");
    harness_sql(h, "UPDATE logout_seen SET at = now() - interval '25 hours'");
    cr_assert_eq(settled(logins_prune(&h->ctx)), 0);
    cr_expect_eq(count_of("logout_seen"), 0);
}

LOGOUT_TEST(logout_tokens_that_end_nothing)
{
    open_session("Trần Thị Hoa", "account-1", "sid-1");
    const char *const bad[] = {logout_token(peer_key, "j-1", ",\"sid\":\"sid-1\",\"nonce\":\"n\""),
                               logout_token(peer_key, "j-2", ""),
                               logout_token(peer_new_key, "j-3", ",\"sid\":\"sid-1\""),
                               peer_id_token(&h->arena, peer_key, ",\"sid\":\"sid-1\""),
                               "x",
                               "a.b.c"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_expect_neq(settled(tell(bad[i])), 0, "%zu", i);
    cr_expect_eq(open_sessions(), 1);
    cr_expect_eq(count_of("audit WHERE action = 'logout_refused'"), 6);
    struct logout_told told = {.provider = S("nobody"), .logout_token = S(bad[0])};
    struct accepted accepted;
    EXPECT_FAULT(on_provider_logout(&h->ctx, &told, &accepted), ERR_NOT_FOUND, "provider");
    /* The provider's keys cannot be had: that is not the sender's fault, and it may tell again. */
    peer.status = 503;
    provider_forget(provider);
    EXPECT_FAULT(tell(logout_token(peer_key, "j-4", ",\"sid\":\"sid-1\"")), ERR_PROVIDER, "provider");
    peer.status = 200;
    provider_forget(provider);
    EXPECT_FAULT(tell(logout_token(peer_key, "j-4", ",\"sid\":\"sid-1\"")), 0, "");
    cr_expect_eq(open_sessions(), 0);
}

LOGOUT_TEST(whoever_leaves_is_sent_on_to_the_provider)
{
    struct empty nothing = {0};
    struct session_left left = {0};
    struct uuid session = open_session("Trần Thị Hoa", "account-1", "sid-1");
    struct call_header head = *h->ctx.head;
    PUT_FIELD(&head, call_header, session_id, session);
    PUT_FIELD(&head, call_header, subject, person_id("Trần Thị Hoa"));
    const struct call_header *before = h->ctx.head;
    h->ctx.head = &head;
    /* The provider has no logout: ours is enough. */
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    cr_expect(left.ok && !HAS(&left, session_left, location));
    cr_expect_eq(open_sessions(), 0);
    peer.discovery = peer_discovery(
        &h->arena, arena_printf(&h->arena, ",\"end_session_endpoint\":\"%s/end\"", peer_issuer(&h->arena)));
    provider_forget(provider);
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    cr_assert(HAS(&left, session_left, location));
    const char *expected =
        arena_printf(&h->arena, "%s/end?client_id=hocvu&post_logout_redirect_uri=https%%3A%%2F%%2Fhocvu.example%%2Fbye",
                     peer_issuer(&h->arena));
    cr_expect(left.location.n == strlen(expected) && !memcmp(left.location.p, expected, left.location.n), "%.*s",
              (int)left.location.n, left.location.p);
    /* The provider is down: the session ends all the same. */
    left = (struct session_left){0};
    peer.status = 500;
    provider_forget(provider);
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    cr_expect(left.ok && !HAS(&left, session_left, location));
    h->ctx.head = before;
}
