/* test_link.c - which person an account is: the rules that decide it at a login. */
#include "identity_test.h"

static struct link_outcome who;

static struct claims claims_of(const char *subject, const char *number, const char *name)
{
    return (struct claims){.subject = S(subject), .national_id = S(number), .full_name = S(name), .level = 2};
}

static int decide(const struct claims *claims)
{
    who = (struct link_outcome){0};
    return settled(log_in_by(&h->ctx, SPAN("openid"), claims, &who));
}

static int log_in(const char *subject, const char *number, const char *name)
{
    struct claims claims = claims_of(subject, number, name);
    return decide(&claims);
}

#define NAM "999079000003", "Lê Văn Nam"
#define HOA "999079000002", "Trần Thị Hoa"

static void expect_standing(enum standing standing, const char *state, const char *subject)
{
    struct uuid account = uuid_of(harness_get(h, "SELECT account_id FROM account WHERE subject = '%s'", subject));
    cr_expect_eq(who.standing, standing);
    cr_expect_str_eq(harness_get(h, "SELECT state FROM account WHERE subject = '%s'", subject), state);
    cr_expect(uuid_equal(&who.account_id, &account));
    if (standing != STANDING_LINKED)
        cr_expect(uuid_equal(&who.person_id, &account));
}

static const char *differs_of(const char *subject)
{
    return harness_get(h,
                       "SELECT string_agg(c.state || ' ' || differs, ' ' ORDER BY opened_at) FROM review_case c JOIN"
                       " account USING (account_id) WHERE subject = '%s'",
                       subject);
}

/* What stands in the history of an account, in order. */
static const char *history_of(const char *subject)
{
    return harness_get(h,
                       "SELECT string_agg(what, ' ' ORDER BY n) FROM link_history JOIN account USING (account_id)"
                       " WHERE subject = '%s'",
                       subject);
}

IDENTITY_TEST(link, a_person_of_the_roster_is_linked_once)
{
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    struct uuid nam = person_id("Lê Văn Nam");
    cr_expect(uuid_equal(&who.person_id, &nam));
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    cr_expect_str_eq(history_of("s"), "linked");
    cr_expect_eq(harness_events(h, "person_linked"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT body->>'state' FROM outbox WHERE event = 'person_linked'"), "linked");
    cr_expect_eq(count_of("audit WHERE action = 'account_linked'"), 1);
    /* Another spelling of the same is no difference, and is what counts from now on. */
    EXPECT_FAULT(log_in("s", "999079000003", "LE\u0302 VĂN NAM"), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    cr_expect_str_eq(history_of("s"), "linked");
}

IDENTITY_TEST(link, remembers_the_last_login_to_the_hour)
{
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    harness_sql(h, "UPDATE account SET last_login = now() - interval '50 minutes'");
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    cr_expect_eq(count_of("account WHERE last_login < now() - interval '49 minutes'"), 1);
    harness_sql(h, "UPDATE account SET last_login = now() - interval '2 hours'");
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    cr_expect_eq(count_of("account WHERE last_login > now() - interval '1 minute'"), 1);
}

IDENTITY_TEST(link, number_not_on_roster)
{
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000099", "Vũ Thị Lan"), 0, "");
    expect_standing(STANDING_PENDING, "pending", "s");
    EXPECT_FAULT(log_in("s", "999079000099", "Vũ Thị Lan"), 0, "");
    cr_expect_str_eq(history_of("s"), "pending");
    cr_expect_eq(harness_events(h, "person_linked"), 0);
    cr_expect_eq(count_of("review_case"), 0);
    /* Digits stand nowhere. */
    cr_expect_eq(count_of("account a WHERE a::text LIKE '%%999079000099%%'"), 0);
    cr_expect_eq(count_of("audit a WHERE a::text LIKE '%%999079000099%%' OR a::text LIKE '%%Lan%%'"), 0);
    /* On the roster the next day. */
    import_roster("999079000099,Vũ Thị Lan,1979-05-14,P44,Chuyên viên,false,\n");
    EXPECT_FAULT(log_in("s", "999079000099", "Vũ Thị Lan"), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
}

IDENTITY_TEST(link, a_pending_account_has_no_rights)
{
    struct session_tokens tokens;
    struct session_origin from = {.provider = SPAN("openid")};
    struct access_claims access;
    struct empty empty = {0};
    struct profile me = {0};
    struct fault fault;
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000099", "Vũ Thị Lan"), 0, "");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &access), 0);
    cr_expect_eq(access.n_grants, 0);
    cr_expect(uuid_equal(&access.sub, &who.account_id));
    harness_as(h, access.sub, 0, U(1));
    EXPECT_FAULT(on_me(&h->ctx, &empty, &me), 0, "");
    cr_assert_eq(msg_check(&msg_profile, &me, &fault), 0, "%s", fault.field);
    cr_expect_arr_eq(me.standing.p, "pending", 7);
    cr_expect_arr_eq(me.full_name.p, "Vũ Thị Lan", me.full_name.n);
    cr_expect(HAS(&me, profile, advice_vi) && !HAS(&me, profile, unit_id));
    cr_expect_eq(me.n_grants, 0);
}

/* A login that differs from the roster in one thing. */
static void expect_review(const char *name, int32_t birth_date, uint32_t differs)
{
    struct claims claims = claims_of("s", "999079000003", name);
    claims.birth_date = birth_date;
    claims.has_birth_date = birth_date != 0;
    harness_sql(h, "TRUNCATE account, review_case, link_history");
    EXPECT_FAULT(decide(&claims), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    cr_expect_str_eq(differs_of("s"), arena_printf(&h->arena, "open %u", differs));
}

IDENTITY_TEST(link, name_tone_differs)
{
    small_nation();
    expect_review("Lê Văn Nám", 0, NAME_TONE);
    cr_expect_str_eq(
        harness_get(h, "SELECT claimed_name || '/' || roster_name || '/' || roster_birth FROM review_case"),
        "Lê Văn Nám/Lê Văn Nam/1979-05-14");
    expect_review("Lê Vân Nam", 0, NAME_MARK);
    cr_expect_eq(harness_events(h, "person_linked"), 0);
}

IDENTITY_TEST(link, name_order)
{
    small_nation();
    expect_review("Nam Lê Văn", 0, NAME_ORDER);
}

IDENTITY_TEST(link, name_nfd)
{
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000003", "Le\u0302 Va\u0306n Nam"), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    cr_expect_str_eq(harness_get(h, "SELECT full_name FROM account"), "Lê Văn Nam");
}

IDENTITY_TEST(link, birth_date_differs)
{
    small_nation();
    expect_review("Lê Văn Nam", 3421, DIFFERS_BIRTH);
}

IDENTITY_TEST(link, a_birth_date_that_one_side_does_not_say_is_no_difference)
{
    struct claims claims = claims_of("s", NAM);
    small_nation();
    harness_sql(h, "UPDATE person SET birth_date = NULL");
    claims.has_birth_date = true;
    claims.birth_date = 1;
    EXPECT_FAULT(decide(&claims), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
}

IDENTITY_TEST(link, a_corrected_roster_ends_the_review)
{
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nám"), 0, "");
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nám"), 0, "");
    cr_expect_str_eq(differs_of("s"), "open 1");
    import_roster("999079000003,Lê Văn Nám,1979-05-14,P44,Chuyên viên,false,\n");
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nám"), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    cr_expect_str_eq(differs_of("s"), "settled 1");
    cr_expect_str_eq(history_of("s"), "review linked");
    cr_expect_eq(harness_events(h, "person_linked"), 1);
}

IDENTITY_TEST(link, same_number_two_accounts)
{
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    EXPECT_FAULT(log_in("t", NAM), 0, "");
    expect_standing(STANDING_REVIEW, "review", "t");
    cr_expect_str_eq(differs_of("t"), arena_printf(&h->arena, "open %d", DIFFERS_PERSON));
    /* The first is not disturbed; at another provider the same person has another account. */
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    struct claims claims = claims_of("v", NAM);
    cr_expect_eq(settled(log_in_by(&h->ctx, SPAN("vneid"), &claims, &who)), 0);
    cr_expect_eq(who.standing, STANDING_LINKED);
    /* Nor does the second get in when the first is gone: an officer decides. */
    harness_sql(h, "UPDATE account SET state = 'unlinked' WHERE subject = 's'");
    EXPECT_FAULT(log_in("t", NAM), 0, "");
    expect_standing(STANDING_REVIEW, "review", "t");
}

IDENTITY_TEST(link, account_of_other_person)
{
    struct session_tokens tokens;
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    EXPECT_FAULT(log_in("s", HOA), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    cr_expect_str_eq(differs_of("s"), arena_printf(&h->arena, "open %d", DIFFERS_ACCOUNT));
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(body->>'state', ' ' ORDER BY id) FROM outbox WHERE event ="
                                    " 'person_linked'"),
                     "linked review");
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL AND person_id IS NOT NULL"), 0);
    /* And it does not become harmless again by proving the first number. */
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    /* Nor by a number that nobody has. */
    EXPECT_FAULT(log_in("s", "999079000099", "Lê Văn Nam"), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
}

IDENTITY_TEST(link, a_linked_account_with_a_number_of_nobody_waits)
{
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    EXPECT_FAULT(log_in("s", "999079000099", "Lê Văn Nam"), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    cr_expect_eq(count_of("review_case c JOIN person p USING (person_id) WHERE p.full_name = 'Lê Văn Nam'"), 1);
}

IDENTITY_TEST(link, an_unlinked_account_is_not_linked_by_itself)
{
    small_nation();
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    harness_sql(h, "UPDATE account SET state = 'unlinked'");
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    cr_expect_str_eq(differs_of("s"), arena_printf(&h->arena, "open %d", DIFFERS_UNLINKED));
}

IDENTITY_TEST(link, a_rejected_account_is_refused_until_its_claims_change)
{
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nám"), 0, "");
    harness_sql(h,
                "UPDATE account SET state = 'rejected'; UPDATE review_case SET state = 'rejected', decided_at = now()");
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nám"), ERR_NOT_ON_ROSTER, "subject");
    cr_expect_eq(count_of("audit WHERE action = 'login_refused' AND subject IS NOT NULL"), 1);
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nàm"), 0, "");
    expect_standing(STANDING_REVIEW, "review", "s");
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
}

IDENTITY_TEST(link, who_works_nowhere_is_linked_without_rights)
{
    struct session_tokens tokens;
    struct session_origin from = {.provider = SPAN("openid")};
    struct access_claims access;
    struct empty empty = {0};
    struct profile me = {0};
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_to = valid_from");
    EXPECT_FAULT(log_in("s", NAM), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    cr_assert_eq(token_verify(sign_public, tokens.access_token, now_us() / 1000000, &h->arena, &access), 0);
    cr_expect_eq(access.n_grants, 0);
    harness_as(h, who.person_id, 0, U(1));
    EXPECT_FAULT(on_me(&h->ctx, &empty, &me), 0, "");
    cr_expect_arr_eq(me.standing.p, "none", 4);
}

IDENTITY_TEST(link, what_is_no_name_and_no_number_is_refused)
{
    small_nation();
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn\u202eNam"), ERR_PROVIDER, "full_name");
    EXPECT_FAULT(log_in("s", "999079000003", "Lê Văn Nam\n"), ERR_PROVIDER, "full_name");
    EXPECT_FAULT(log_in("s", "99907900000x", "Lê Văn Nam"), ERR_PROVIDER, "national_id");
    EXPECT_FAULT(log_in("s", "99907900000", "Lê Văn Nam"), ERR_PROVIDER, "national_id");
    cr_expect_eq(count_of("account"), 0);
    cr_expect_eq(count_of("audit WHERE action = 'login_refused'"), 4);
}

IDENTITY_TEST(link, the_number_leads_to_the_person_who_stays)
{
    small_nation();
    harness_sql(h, "UPDATE person SET merged_into = (SELECT person_id FROM person WHERE full_name = 'Trần Thị Hoa')"
                   " WHERE full_name = 'Lê Văn Nam'");
    EXPECT_FAULT(log_in("s", "999079000003", "Trần Thị Hoa"), 0, "");
    expect_standing(STANDING_LINKED, "linked", "s");
    struct uuid hoa = person_id("Trần Thị Hoa");
    cr_expect(uuid_equal(&who.person_id, &hoa));
}

IDENTITY_TEST(link, privileges_are_as_meant)
{
    cr_expect(!harness_allowed(h, "UPDATE account SET subject = ''"));
    cr_expect(!harness_allowed(h, "DELETE FROM link_history"));
    cr_expect(!harness_allowed(h, "UPDATE link_history SET reason = ''"));
    cr_expect(!harness_allowed(h, "UPDATE review_case SET account_id = case_id"));
}
