/* test_session.c - sessions: tokens, renewal, reuse, end, revocation list. */
#include "identity_test.h"

/* A session as a login opens it; the refresh token's text. */
static struct span open_session(const char *person, const char *subject, struct uuid *ret_session)
{
    struct session_tokens opened;
    struct access_claims claims;
    cr_assert_eq(open_session_of(person, subject, &opened), 0);
    cr_expect_gt(opened.refresh_expires, now_us() + INT64_C(479) * 60 * 1000000);
    cr_expect_lt(opened.refresh_expires, now_us() + INT64_C(481) * 60 * 1000000);
    cr_assert_eq(token_verify(sign_public, opened.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    *ret_session = claims.sid;
    return opened.refresh_token;
}

static struct session_tokens tokens;

static int renew(struct span refresh_token)
{
    struct session_refresh req = {.refresh_token = refresh_token};
    tokens = (struct session_tokens){0};
    return on_session_renew(&h->ctx, &req, &tokens);
}

static const char *state_of(struct uuid session)
{
    char text[UUID_TEXT];
    uuid_format(&session, text);
    return harness_get(h, "SELECT coalesce(revoke_reason, 'open') FROM session WHERE session_id = '%s'", text);
}

IDENTITY_TEST(session, renewal_gives_a_token_that_says_what_the_person_may)
{
    struct uuid session, unit, province;
    struct access_claims claims;
    struct fault fault;
    small_nation();
    struct span first = open_session("Phạm Thị Mai", "s", &session);
    EXPECT_FAULT(renew(first), 0, "");
    cr_assert_eq(msg_check(&msg_session_tokens, &tokens, &fault), 0, "%s", fault.field);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    struct uuid person = person_id("Phạm Thị Mai");
    cr_expect(uuid_equal(&claims.sub, &person) && uuid_equal(&claims.sid, &session));
    cr_expect(uuid_equal(&tokens.person_id, &person));
    cr_expect_eq(claims.exp - claims.iat, 900);
    cr_expect_eq(tokens.access_expires, (int64_t)claims.exp * 1000000);
    unit = unit_id("X44");
    province = unit_id("T44");
    cr_assert_eq(claims.n_grants, 2);
    cr_expect(uuid_equal(&claims.grants[0].unit_id, &unit));
    cr_expect_eq(claims.grants[0].roles, LEARNER | UNIT_HEAD);
    cr_expect(uuid_equal(&claims.grants[1].unit_id, &province));
    cr_expect_eq(claims.grants[1].roles, EDITOR);
    /* Fifteen minutes later it is worth nothing. */
    cr_expect_neq(token_verify(sign_public, tokens.access_token, (int64_t)claims.exp, &h->arena, &claims), 0);
}

IDENTITY_TEST(session, rights_are_looked_up_at_each_renewal)
{
    struct uuid session;
    struct access_claims claims;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T66,Chuyên viên,false,reviewer\n");
    EXPECT_FAULT(renew(first), 0, "");
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    struct uuid unit = unit_id("T66");
    cr_assert_eq(claims.n_grants, 1);
    cr_expect(uuid_equal(&claims.grants[0].unit_id, &unit));
    cr_expect_eq(claims.grants[0].roles, LEARNER | REVIEWER);
}

IDENTITY_TEST(session, a_role_at_the_root_says_so_and_no_other_does)
{
    struct uuid session;
    struct access_claims claims;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T66,Chuyên viên,false,reviewer@VN;unit_head\n");
    EXPECT_FAULT(renew(first), 0, "");
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &claims), 0);
    struct uuid root = unit_id("VN");
    cr_assert_eq(claims.n_grants, 2);
    for (uint32_t i = 0; i < claims.n_grants; i++) {
        bool nation = uuid_equal(&claims.grants[i].unit_id, &root);
        cr_expect_eq(claims.grants[i].roles, nation ? REVIEWER | NATIONAL : LEARNER | UNIT_HEAD);
    }
}

IDENTITY_TEST(session, a_token_used_twice_ends_the_session)
{
    struct uuid session, other;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session), foreign = open_session("Trần Thị Hoa", "t", &other);
    EXPECT_FAULT(renew(first), 0, "");
    struct span second = tokens.refresh_token;
    cr_expect_neq(memcmp(first.p, second.p, first.n), 0);
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
    EXPECT_FAULT(renew(second), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_eq(count_of("audit WHERE action = 'session_reuse' AND subject IS NOT NULL"), 1);
    EXPECT_FAULT(renew(foreign), 0, "");
    cr_expect_str_eq(state_of(other), "open");
}

IDENTITY_TEST(session, a_token_from_long_ago_ends_it_too)
{
    struct uuid session;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session), token = first;
    for (int i = 0; i < 5; i++) {
        EXPECT_FAULT(renew(token), 0, "");
        token = tokens.refresh_token;
    }
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
}

IDENTITY_TEST(session, what_is_no_token_is_refused_and_ends_nothing)
{
    static const char *const bad[] = {"x", "not base64!", "AAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    struct uuid session;
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        EXPECT_FAULT(renew(S(bad[i])), ERR_UNAUTHENTICATED, "refresh_token");
    EXPECT_FAULT(renew((struct span){token.p, token.n - 4}), ERR_UNAUTHENTICATED, "refresh_token");
    /* Whoever knows the session's id but not the token cannot end it. */
    cr_expect_str_eq(state_of(session), "open");
    EXPECT_FAULT(renew(token), 0, "");
}

IDENTITY_TEST(session, tokens_are_kept_as_hashes_only)
{
    struct uuid session;
    struct span bytes;
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    cr_assert_eq(base64url_parse(&h->arena, token, &bytes), 0);
    char hex[97];
    sodium_bin2hex(hex, sizeof(hex), (const unsigned char *)bytes.p, 48);
    hex[32] = '\0';
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM session s WHERE s::text LIKE '%%%s%%'", hex), "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM session s WHERE s::text LIKE '%%%.20s%%'", token.p), "0");
}

IDENTITY_TEST(session, sessions_end_by_time)
{
    struct uuid idle, old;
    small_nation();
    struct span idle_token = open_session("Lê Văn Nam", "s", &idle);
    harness_sql(h, "UPDATE session SET expires = now() - interval '1 second'");
    EXPECT_FAULT(renew(idle_token), ERR_UNAUTHENTICATED, "refresh_token");
    struct span old_token = open_session("Trần Thị Hoa", "t", &old);
    harness_sql(h, "UPDATE session SET created = now() - interval '167 hours'");
    EXPECT_FAULT(renew(old_token), 0, "");
    cr_expect_lt(tokens.refresh_expires, now_us() + INT64_C(61) * 60 * 1000000, "renewal goes beyond the longest time");
}

IDENTITY_TEST(session, the_person_ends_his_own)
{
    struct uuid session, other;
    struct empty empty = {0};
    struct accepted accepted = {0};
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    open_session("Trần Thị Hoa", "t", &other);
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("P44"));
    /* Another person's session is not his to end. */
    h->head.session_id = other;
    EXPECT_FAULT(on_session_end(&h->ctx, &empty, &accepted), 0, "");
    cr_expect_str_eq(state_of(other), "open");
    h->head.session_id = session;
    EXPECT_FAULT(on_session_end(&h->ctx, &empty, &accepted), 0, "");
    cr_expect(accepted.ok);
    cr_expect_str_eq(state_of(session), "logout");
    EXPECT_FAULT(on_session_end(&h->ctx, &empty, &accepted), 0, "");
    cr_expect_eq(count_of("audit WHERE action = 'logout'"), 1);
    EXPECT_FAULT(renew(token), ERR_UNAUTHENTICATED, "refresh_token");
}

IDENTITY_TEST(session, ends_are_told_to_gateways_with_an_overlap)
{
    struct revocation_query query = {0};
    struct revocation_list list = {0};
    struct uuid session, other;
    struct empty empty = {0};
    struct accepted accepted;
    struct fault fault;
    small_nation();
    open_session("Lê Văn Nam", "s", &session);
    open_session("Trần Thị Hoa", "t", &other);
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_sessions, 0);
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("P44"));
    h->head.session_id = session;
    EXPECT_FAULT(on_session_end(&h->ctx, &empty, &accepted), 0, "");
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &list), 0, "");
    cr_assert_eq(list.n_sessions, 1);
    cr_assert_eq(msg_check(&msg_revocation_list, &list, &fault), 0);
    cr_expect(uuid_equal(&list.sessions[0].session_id, &session));
    /* Asked with the newest time it knows, it is told again what may have been committed late. */
    query.since = list.sessions[0].revoked_at;
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_sessions, 1);
    query.since += INT64_C(7) * 1000000;
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_sessions, 0);
}

IDENTITY_TEST(session, old_ones_and_lost_logins_are_pruned)
{
    struct uuid a, b, c;
    small_nation();
    open_session("Lê Văn Nam", "s", &a);
    open_session("Trần Thị Hoa", "t", &b);
    open_session("Phạm Thị Mai", "u", &c);
    char text[UUID_TEXT];
    uuid_format(&a, text);
    harness_sql(h, "UPDATE session SET expires = now() - interval '25 hours' WHERE session_id = '%s'", text);
    uuid_format(&b, text);
    harness_sql(h,
                "UPDATE session SET revoked_at = now() - interval '25 hours', revoke_reason = 'x'"
                " WHERE session_id = '%s'",
                text);
    harness_sql(h, "INSERT INTO login (state_hash, binding_hash, nonce, verifier, created) VALUES"
                   " (sha256('a'), sha256(''), 'n', 'v', now()), (sha256('b'), sha256(''), 'n', 'v', now() - interval"
                   " '2 hours')");
    cr_assert_eq(harness_tick(h, sessions_prune), 0);
    cr_assert_eq(harness_tick(h, logins_prune), 0);
    cr_expect_eq(count_of("session"), 1);
    cr_expect_eq(count_of("login"), 1);
}

IDENTITY_TEST(session, privileges_are_as_meant)
{
    cr_expect(!harness_allowed(h, "UPDATE session SET person_id = session_id"));
    cr_expect(!harness_allowed(h, "UPDATE session SET session_id = person_id"));
    cr_expect(!harness_allowed(h, "UPDATE login SET created = now()"));
}
