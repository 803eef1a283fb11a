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

/* The next call comes from here, as the gateway says. */
static void call_from(const char *address)
{
    PUT_FIELD(&h->head, call_header, address, S(address));
}

/* As if the last renewal had been this long ago. */
static void seconds_pass(int seconds)
{
    harness_sql(h, "UPDATE session SET renewed_at = renewed_at - %d * interval '1 second'", seconds);
}

static struct access_claims claims_of(struct span access_token)
{
    struct access_claims claims = {0};
    cr_assert_eq(token_verify(sign_public, access_token, now_us() / 1000000, &h->arena, &claims), 0);
    return claims;
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

IDENTITY_TEST(session, refresh_reused)
{
    struct uuid session, other;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session), foreign = open_session("Trần Thị Hoa", "t", &other);
    EXPECT_FAULT(renew(first), 0, "");
    struct span second = tokens.refresh_token;
    cr_expect_neq(memcmp(first.p, second.p, first.n), 0);
    seconds_pass(11);
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
    EXPECT_FAULT(renew(second), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_eq(count_of("audit WHERE action = 'session_reuse' AND subject IS NOT NULL"), 1);
    EXPECT_FAULT(renew(foreign), 0, "");
    cr_expect_str_eq(state_of(other), "open");
}

IDENTITY_TEST(session, an_answer_that_was_lost_is_given_again)
{
    struct uuid session;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    call_from("203.0.113.7");
    EXPECT_FAULT(renew(first), 0, "");
    struct session_tokens lost = tokens;
    for (int i = 0; i < 2; i++) {
        seconds_pass(4);
        EXPECT_FAULT(renew(first), 0, "");
        cr_expect(span_equal(tokens.refresh_token, lost.refresh_token));
        cr_expect(span_equal(tokens.access_token, lost.access_token));
        cr_expect_eq(tokens.access_expires, lost.access_expires);
        cr_expect_eq(tokens.refresh_expires, lost.refresh_expires);
    }
    EXPECT_FAULT(renew(lost.refresh_token), 0, "");
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse", "two steps back are too many, however fast they were");
}

IDENTITY_TEST(session, an_answer_is_not_given_again_elsewhere)
{
    struct uuid session;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    call_from("203.0.113.7");
    EXPECT_FAULT(renew(first), 0, "");
    call_from("198.51.100.1");
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'address' FROM audit WHERE action = 'session_reuse'"),
                     "198.51.100.1");
}

IDENTITY_TEST(session, a_clock_set_back_gives_no_second_grace)
{
    struct uuid session;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    EXPECT_FAULT(renew(first), 0, "");
    seconds_pass(-3600); /* the renewal bears a time that has not come yet */
    EXPECT_FAULT(renew(first), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
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

IDENTITY_TEST(session, refresh_forged_mac)
{
    static const char *const bad[] = {"x", "not base64!", "AAAA",
                                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    struct uuid session;
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        EXPECT_FAULT(renew(S(bad[i])), ERR_UNAUTHENTICATED, "refresh_token");
    EXPECT_FAULT(renew((struct span){token.p, token.n - 4}), ERR_UNAUTHENTICATED, "refresh_token");
    /* Whoever changes a bit of it, or makes one of the family by another key, ends nothing. */
    for (uint32_t at = 0; at < token.n; at += 7) {
        char *changed = arena_printf(&h->arena, "%.*s", (int)token.n, token.p);
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_FAULT(renew(S(changed)), ERR_UNAUTHENTICATED, "refresh_token");
    }
    struct refresh_token forged;
    unsigned char other_key[REFRESH_KEY_BYTES] = {1};
    char text[REFRESH_TEXT + 1];
    cr_assert_eq(refresh_read(conf.refresh_mac_key, token, &forged), 0);
    refresh_write(other_key, &forged, text);
    EXPECT_FAULT(renew(S(text)), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "open");
    cr_expect_eq(count_of("audit WHERE action = 'session_reuse'"), 0);
    EXPECT_FAULT(renew(token), 0, "");
}

/* Ours by its hash and yet not given out: the database is older than the token, or the key has become known. */
IDENTITY_TEST(session, refresh_counter_ahead)
{
    struct uuid session;
    struct refresh_token ahead;
    char text[REFRESH_TEXT + 1];
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    cr_assert_eq(refresh_read(conf.refresh_mac_key, token, &ahead), 0);
    ahead.counter += 1;
    refresh_write(conf.refresh_mac_key, &ahead, text);
    EXPECT_FAULT(renew(S(text)), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(session), "reuse");
}

IDENTITY_TEST(session, tokens_are_kept_as_hashes_only)
{
    struct uuid session;
    struct refresh_token parts;
    char hex[2 * REFRESH_FAMILY_BYTES + 1];
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    cr_assert_eq(refresh_read(conf.refresh_mac_key, token, &parts), 0);
    sodium_bin2hex(hex, sizeof(hex), parts.family, sizeof(parts.family));
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

static struct empty nothing;
static struct accepted accepted;
static struct session_left left;
static struct session_list list;

/* Lê Văn Nam, with his session. */
static void be_nam(struct uuid session)
{
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("P44"));
    PUT_FIELD(&h->head, call_header, session_id, session);
}

static int end_one(struct uuid session)
{
    struct session_ref req = {.session_id = session};
    return on_session_end_one(&h->ctx, &req, &accepted);
}

IDENTITY_TEST(session, the_person_ends_his_own)
{
    struct uuid session, other;
    small_nation();
    struct span token = open_session("Lê Văn Nam", "s", &session);
    open_session("Trần Thị Hoa", "t", &other);
    /* Another person's session is not his to end. */
    be_nam(other);
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    EXPECT_FAULT(end_one(other), ERR_NOT_FOUND, "session_id");
    cr_expect_str_eq(state_of(other), "open");
    be_nam(session);
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    cr_expect(left.ok);
    cr_expect_str_eq(state_of(session), "logout");
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    EXPECT_FAULT(end_one(session), 0, "");
    cr_expect_eq(count_of("audit WHERE action = 'logout'"), 1);
    EXPECT_FAULT(renew(token), ERR_UNAUTHENTICATED, "refresh_token");
}

IDENTITY_TEST(session, devices_are_listed_and_ended_one_by_one)
{
    struct uuid first, second, third, other;
    struct fault fault;
    small_nation();
    open_session("Lê Văn Nam", "s", &first);
    struct span stolen = open_session("Lê Văn Nam", "s", &second);
    open_session("Lê Văn Nam", "s", &third);
    open_session("Trần Thị Hoa", "t", &other);
    be_nam(first);
    EXPECT_FAULT(end_one(third), 0, "");
    cr_expect_str_eq(state_of(third), "logout");
    EXPECT_FAULT(on_my_sessions(&h->ctx, &nothing, &list), 0, "");
    cr_assert_eq(msg_check(&msg_session_list, &list, &fault), 0, "%s", fault.field);
    cr_assert_eq(list.n_sessions, 2, "two of his are open");
    for (uint32_t i = 0; i < 2; i++)
        cr_expect_eq(list.sessions[i].current, uuid_equal(&list.sessions[i].session_id, &first));
    /* A token that came back ended the second: he is told for a week. */
    EXPECT_FAULT(renew(stolen), 0, "");
    seconds_pass(60);
    EXPECT_FAULT(renew(stolen), ERR_UNAUTHENTICATED, "refresh_token");
    EXPECT_FAULT(on_my_sessions(&h->ctx, &nothing, &list), 0, "");
    cr_assert_eq(list.n_sessions, 2);
    for (uint32_t i = 0; i < 2; i++)
        cr_expect_eq(HAS(&list.sessions[i], session_row, ended_at), uuid_equal(&list.sessions[i].session_id, &second));
    harness_sql(h, "UPDATE session SET revoked_at = revoked_at - interval '8 days' WHERE revoke_reason = 'reuse'");
    EXPECT_FAULT(on_my_sessions(&h->ctx, &nothing, &list), 0, "");
    cr_expect_eq(list.n_sessions, 1);
}

IDENTITY_TEST(session, where_it_comes_from_is_shown)
{
    struct link_outcome who = {.standing = STANDING_LINKED, .account_id = U(9)};
    struct session_origin from = {.provider = SPAN("vneid"),
                                  .provider_sid = SPAN("sid-1"),
                                  .address = SPAN("203.0.113.7"),
                                  .device = SPAN("Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")};
    small_nation();
    who.person_id = person_id("Lê Văn Nam");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    cr_expect(span_equal(tokens.standing, SPAN("linked")));
    call_from("203.0.113.9");
    EXPECT_FAULT(renew(tokens.refresh_token), 0, "");
    be_nam(claims_of(tokens.access_token).sid);
    EXPECT_FAULT(on_my_sessions(&h->ctx, &nothing, &list), 0, "");
    cr_assert_eq(list.n_sessions, 1);
    cr_expect(span_equal(list.sessions[0].device, SPAN("Firefox, Windows")));
    cr_expect(span_equal(list.sessions[0].address, SPAN("203.0.113.9")), "the address that used it last");
    cr_expect(span_equal(list.sessions[0].provider, SPAN("vneid")));
    cr_expect_str_eq(harness_get(h, "SELECT provider_sid || ' ' || address FROM session"), "sid-1 203.0.113.7");
}

IDENTITY_TEST(session, signing_out_everywhere_ends_all_of_one_person)
{
    struct uuid first, second, other;
    small_nation();
    open_session("Lê Văn Nam", "s", &first);
    open_session("Lê Văn Nam", "s", &second);
    open_session("Trần Thị Hoa", "t", &other);
    be_nam(first);
    EXPECT_FAULT(on_sessions_end_all(&h->ctx, &nothing, &accepted), 0, "");
    cr_expect_str_eq(state_of(first), "everywhere");
    cr_expect_str_eq(state_of(second), "everywhere");
    cr_expect_str_eq(state_of(other), "open");
    EXPECT_FAULT(on_sessions_end_all(&h->ctx, &nothing, &accepted), 0, "");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) || ' ' || max(jsonb_array_length(detail->'sessions')) FROM audit"
                                    " WHERE action = 'sessions_ended'"),
                     "1 2");
}

static int end_sessions_of(const char *person)
{
    struct person_sessions req = {.person_id = person_id(person), .reason = SPAN("máy bị mất")};
    return on_person_sessions_end(&h->ctx, &req, &accepted);
}

IDENTITY_TEST(session, an_officer_ends_those_of_his_people_only)
{
    struct uuid nam, hoa, son;
    small_nation();
    open_session("Lê Văn Nam", "s", &nam);
    open_session("Trần Thị Hoa", "t", &hoa);
    open_session("Hồ Văn Sơn", "u", &son);
    harness_as(h, person_id("Phạm Thị Mai"), IDENTITY_OFFICER, unit_id("S44"));
    EXPECT_FAULT(end_sessions_of("Hồ Văn Sơn"), ERR_FORBIDDEN, "person_id");
    cr_expect_str_eq(state_of(son), "open");
    cr_expect_eq(count_of("audit WHERE action = 'sessions_end_refused' AND subject IS NOT NULL"), 1);
    EXPECT_FAULT(end_sessions_of("Lê Văn Nam"), 0, "");
    cr_expect_str_eq(state_of(nam), "officer");
    cr_expect_str_eq(state_of(hoa), "open");
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'reason' FROM audit WHERE action = 'sessions_ended'"),
                     "máy bị mất");
    /* Who works nowhere any more is the nation's matter. */
    harness_sql(h, "UPDATE tenure SET valid_to = today() WHERE person_id = (SELECT person_id FROM person"
                   " WHERE full_name = 'Trần Thị Hoa')");
    EXPECT_FAULT(end_sessions_of("Trần Thị Hoa"), ERR_FORBIDDEN, "person_id");
    harness_as(h, person_id("Nguyễn Văn Nhân"), NATIONAL_OPERATOR, unit_id("VN"));
    EXPECT_FAULT(end_sessions_of("Trần Thị Hoa"), 0, "");
    cr_expect_str_eq(state_of(hoa), "officer");
}

IDENTITY_TEST(session, a_provider_ends_what_came_from_it)
{
    struct link_outcome who = {.standing = STANDING_LINKED};
    struct session_origin from = {.provider = SPAN("openid"), .provider_sid = SPAN("sid-1")};
    uint32_t n = 9;
    small_nation();
    who.person_id = who.account_id = person_id("Lê Văn Nam");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    struct uuid first = claims_of(tokens.access_token).sid;
    from.provider_sid = SPAN("sid-2");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    struct uuid second = claims_of(tokens.access_token).sid;
    cr_assert_eq(settled(sessions_end_provider(&h->ctx, SPAN("vneid"), SPAN("sid-1"), "provider", &n)), 0);
    cr_expect_eq(n, 0);
    cr_assert_eq(settled(sessions_end_provider(&h->ctx, SPAN("openid"), SPAN("sid-1"), "provider", &n)), 0);
    cr_expect_eq(n, 1);
    cr_expect_str_eq(state_of(first), "provider");
    cr_expect_str_eq(state_of(second), "open");
    cr_assert_eq(settled(sessions_end_account(&h->ctx, who.account_id, "provider", &n)), 0);
    cr_expect_eq(n, 1);
    cr_expect_str_eq(state_of(second), "provider");
}

IDENTITY_TEST(session, an_account_that_is_nobody_s_has_no_rights)
{
    struct link_outcome who = {.standing = STANDING_PENDING, .account_id = U(9), .person_id = U(9)};
    struct session_origin from = {.provider = SPAN("openid")};
    small_nation();
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    cr_expect(span_equal(tokens.standing, SPAN("pending")));
    for (int i = 0; i < 2; i++) {
        struct access_claims claims = claims_of(tokens.access_token);
        cr_expect(uuid_equal(&claims.sub, &who.account_id));
        cr_expect_eq(claims.n_grants, 0);
        EXPECT_FAULT(renew(tokens.refresh_token), 0, "");
    }
    cr_expect_str_eq(harness_get(h, "SELECT person_id IS NULL AND subject = account_id FROM session"), "t");
    harness_as(h, U(9), 0, U(1));
    EXPECT_FAULT(on_my_sessions(&h->ctx, &nothing, &list), 0, "");
    cr_expect_eq(list.n_sessions, 1);
    EXPECT_FAULT(on_sessions_end_all(&h->ctx, &nothing, &accepted), 0, "");
    EXPECT_FAULT(renew(tokens.refresh_token), ERR_UNAUTHENTICATED, "refresh_token");
}

IDENTITY_TEST(session, an_account_that_became_somebody_s_logs_in_again)
{
    struct uuid session;
    struct link_outcome who = {.standing = STANDING_PENDING};
    struct session_origin from = {.provider = SPAN("openid")};
    small_nation();
    open_session("Lê Văn Nam", "s", &session);
    who.account_id = who.person_id = uuid_of(harness_get(h, "SELECT account_id FROM account"));
    harness_sql(h, "UPDATE account SET state = 'pending', person_id = NULL");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    EXPECT_FAULT(renew(tokens.refresh_token), 0, "");
    struct uuid pending = claims_of(tokens.access_token).sid;
    harness_sql(h,
                "UPDATE account SET state = 'linked', person_id = (SELECT person_id FROM session WHERE person_id IS NOT"
                " NULL)");
    EXPECT_FAULT(renew(tokens.refresh_token), ERR_UNAUTHENTICATED, "refresh_token");
    cr_expect_str_eq(state_of(pending), "linked");
    cr_expect_str_eq(state_of(session), "open");
    cr_expect_eq(count_of("audit WHERE action = 'session_reuse'"), 0);
}

static struct revocation_list told;

static int ask_since(int64_t since)
{
    struct revocation_query query = {.since = since};
    return on_revocations(&h->ctx, &query, &told);
}

IDENTITY_TEST(session, ends_are_told_to_gateways_with_an_overlap)
{
    struct uuid session, other;
    struct fault fault;
    small_nation();
    open_session("Lê Văn Nam", "s", &session);
    open_session("Trần Thị Hoa", "t", &other);
    EXPECT_FAULT(ask_since(0), 0, "");
    cr_expect_eq(told.n_tokens, 0);
    be_nam(session);
    EXPECT_FAULT(on_session_end(&h->ctx, &nothing, &left), 0, "");
    EXPECT_FAULT(ask_since(0), 0, "");
    cr_assert_eq(told.n_tokens, 1);
    cr_assert_eq(msg_check(&msg_revocation_list, &told, &fault), 0);
    cr_expect(uuid_equal(&told.tokens[0].session_id, &session));
    cr_expect(!HAS(&told.tokens[0], revoked_token, person_id));
    /* Asked with the newest time it knows, it is told again what may have been committed late. */
    int64_t newest = told.tokens[0].revoked_at;
    EXPECT_FAULT(ask_since(newest), 0, "");
    cr_expect_eq(told.n_tokens, 1);
    EXPECT_FAULT(ask_since(newest + INT64_C(7) * 1000000), 0, "");
    cr_expect_eq(told.n_tokens, 0);
}

IDENTITY_TEST(session, token_of_stale_rights)
{
    struct uuid session;
    small_nation();
    struct span first = open_session("Lê Văn Nam", "s", &session);
    struct uuid person = person_id("Lê Văn Nam");
    EXPECT_FAULT(renew(first), 0, "");
    struct access_claims claims = claims_of(tokens.access_token);
    cr_expect(!HAS(&claims, access_claims, rights));
    harness_sql(h, "INSERT INTO stale_token (person_id, reason) SELECT person_id, 'role_taken' FROM person"
                   " WHERE full_name IN ('Lê Văn Nam', 'Trần Thị Hoa')");
    EXPECT_FAULT(ask_since(0), 0, "");
    cr_assert_eq(told.n_tokens, 2);
    uint64_t rights = 0;
    for (uint32_t i = 0; i < 2; i++) {
        cr_expect(!HAS(&told.tokens[i], revoked_token, session_id));
        if (uuid_equal(&told.tokens[i].person_id, &person))
            rights = told.tokens[i].rights;
    }
    cr_expect_gt(rights, 0);
    /* The session goes on; its next tokens know of the change. */
    cr_expect_str_eq(state_of(session), "open");
    EXPECT_FAULT(renew(tokens.refresh_token), 0, "");
    cr_expect_eq(claims_of(tokens.access_token).rights, rights);
    harness_sql(h, "INSERT INTO stale_token (person_id, reason) SELECT person_id, 'again' FROM person"
                   " WHERE full_name = 'Lê Văn Nam'");
    EXPECT_FAULT(ask_since(0), 0, "");
    cr_assert_eq(told.n_tokens, 2, "a person stands there once");
    cr_expect_gt(told.tokens[1].rights, rights);
}

IDENTITY_TEST(session, pages_of_one_moment_go_on_behind_an_id)
{
    struct revocation_query query = {0};
    small_nation();
    harness_sql(h, "INSERT INTO rights_change SELECT uuid7(), n, '2026-01-01' FROM generate_series(1, 10500) n");
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &told), 0, "");
    cr_assert_eq(told.n_tokens, 10000);
    query.since = told.tokens[9999].revoked_at;
    PUT_FIELD(&query, revocation_query, after, told.tokens[9999].person_id);
    EXPECT_FAULT(on_revocations(&h->ctx, &query, &told), 0, "");
    cr_assert_eq(told.n_tokens, 500);
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
    harness_sql(h, "UPDATE session SET created = now() - interval '193 hours' WHERE session_id = '%s'", text);
    uuid_format(&b, text);
    harness_sql(h,
                "UPDATE session SET revoked_at = now() - interval '9 days', revoke_reason = 'x'"
                " WHERE session_id = '%s'",
                text);
    harness_sql(h, "INSERT INTO login (state_hash, binding_hash, provider, nonce, verifier, created) VALUES"
                   " (sha256('a'), sha256(''), 'p', 'n', 'v', now()), (sha256('b'), sha256(''), 'p', 'n', 'v', now() -"
                   " interval '2 hours')");
    harness_sql(h, "INSERT INTO stale_token (person_id, at, reason) SELECT person_id, now() - interval '25 hours', 'x'"
                   " FROM person ORDER BY person_id DESC LIMIT 1");
    harness_sql(h, "UPDATE rights_change SET at = at - interval '25 hours'");
    harness_sql(
        h, "INSERT INTO stale_token (person_id, reason) SELECT person_id, 'x' FROM person ORDER BY person_id LIMIT 1");
    cr_assert_eq(harness_tick(h, sessions_prune), 0);
    cr_assert_eq(harness_tick(h, logins_prune), 0);
    cr_expect_eq(count_of("stale_token"), 1);
    cr_expect_eq(count_of("rights_change"), 1);
    cr_expect_eq(count_of("session"), 1);
    cr_expect_eq(count_of("login"), 1);
}

IDENTITY_TEST(session, privileges_are_as_meant)
{
    cr_expect(!harness_allowed(h, "UPDATE session SET person_id = session_id"));
    cr_expect(!harness_allowed(h, "UPDATE session SET session_id = person_id"));
    cr_expect(!harness_allowed(h, "UPDATE session SET account_id = session_id"));
    cr_expect(!harness_allowed(h, "UPDATE session SET family_hash = ''"));
    cr_expect(!harness_allowed(h, "UPDATE stale_token SET reason = 'y'"));
    cr_expect(!harness_allowed(h, "UPDATE rights_change SET person_id = NULL"));
    cr_expect(!harness_allowed(h, "UPDATE login SET created = now()"));
}
