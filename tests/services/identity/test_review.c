/* test_review.c - cases and accounts as officers see and decide them, and pending accounts that a roster links. */
#include "account.h"
#include "identity_test.h"

static struct link_outcome who;
static struct link_result result;

static void log_in_at(const char *provider, const char *subject, const char *number, const char *name)
{
    struct claims claims = {.subject = S(subject), .national_id = S(number), .full_name = S(name), .level = 2};
    cr_assert_eq(settled(log_in_by(&h->ctx, S(provider), &claims, &who)), 0, "%s", h->ctx.fault.field);
}

static void log_in(const char *subject, const char *number, const char *name)
{
    log_in_at("openid", subject, number, name);
}

static struct uuid case_of(const char *subject)
{
    return uuid_of(harness_get(h,
                               "SELECT case_id FROM review_case JOIN account USING (account_id) WHERE subject = '%s'"
                               " ORDER BY opened_at DESC LIMIT 1",
                               subject));
}

static struct uuid account_of(const char *subject)
{
    return uuid_of(harness_get(h, "SELECT account_id FROM account WHERE subject = '%s'", subject));
}

static const char *state_of(const char *subject)
{
    return harness_get(h, "SELECT state FROM account WHERE subject = '%s'", subject);
}

static int decide(struct uuid which, uint32_t step, const char *decision, const char *reason)
{
    struct review_decision req = {.case_id = which, .step_id = U(step), .decision = S(decision), .reason = S(reason)};
    result = (struct link_result){0};
    return on_review_decide(&h->ctx, &req, &result);
}

static int link_account(const char *subject, uint32_t step, const char *name)
{
    struct account_linking req = {.account_id = account_of(subject),
                                  .step_id = U(step),
                                  .person_id = person_id(name),
                                  .reason = S("đã xác minh")};
    result = (struct link_result){0};
    return on_account_link(&h->ctx, &req, &result);
}

static int unlink_account(const char *subject, uint32_t step)
{
    struct account_unlinking req = {.account_id = account_of(subject), .step_id = U(step), .reason = S("nhầm người")};
    result = (struct link_result){0};
    return on_account_unlink(&h->ctx, &req, &result);
}

static uint32_t n_cases(void)
{
    struct review_query query = {0};
    struct review_list list = {0};
    cr_assert_eq(settled(on_reviews(&h->ctx, &query, &list)), 0);
    return list.n_cases;
}

static void as_officer(const char *unit)
{
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id(unit));
}

IDENTITY_TEST(review, shows_both_spellings_within_the_subtree)
{
    struct review_query query = {0};
    struct review_list list = {0};
    struct fault fault;
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nám");
    log_in("t", "999079000005", "Sơn Hồ Văn");
    as_officer("S44");
    EXPECT_FAULT(on_reviews(&h->ctx, &query, &list), 0, "");
    cr_assert_eq(list.n_cases, 1);
    cr_assert_eq(msg_check(&msg_review_list, &list, &fault), 0, "%s", fault.field);
    const struct review_row *row = &list.cases[0];
    cr_expect_arr_eq(row->claimed_name.p, "Lê Văn Nám", row->claimed_name.n);
    cr_expect_arr_eq(row->roster_name.p, "Lê Văn Nam", row->roster_name.n);
    cr_expect_eq(row->differs, NAME_TONE);
    cr_expect_arr_eq(row->why_vi.p, "khác dấu thanh", row->why_vi.n);
    cr_expect_arr_eq(row->unit_name.p, "Phòng Tổ chức", row->unit_name.n);
    as_officer("T66");
    cr_expect_eq(n_cases(), 1);
    as_officer("X44");
    cr_expect_eq(n_cases(), 0);
    as_officer("VN");
    cr_expect_eq(n_cases(), 2);
}

IDENTITY_TEST(review, whose_unit_is_gone_is_a_case_of_the_nation)
{
    small_nation();
    harness_sql(
        h, "INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key)"
           " SELECT hocvu.uuid7(), 'Ma Văn Không', sha256('x'), hash_key, national_box, box_key FROM person LIMIT 1");
    log_in("s", "999079000003", "Lê Văn Nám");
    harness_sql(h,
                "UPDATE review_case SET person_id = (SELECT person_id FROM person WHERE full_name = 'Ma Văn Không')");
    as_officer("T44");
    cr_expect_eq(n_cases(), 0);
    as_officer("VN");
    cr_expect_eq(n_cases(), 1);
}

IDENTITY_TEST(review, an_officer_links_and_the_claims_count_from_then_on)
{
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nám");
    as_officer("S44");
    EXPECT_FAULT(decide(case_of("s"), 1, "link", "giấy khai sinh"), 0, "");
    struct uuid nam = person_id("Lê Văn Nam");
    cr_expect(HAS(&result, link_result, person_id) && uuid_equal(&result.person_id, &nam));
    cr_expect_str_eq(state_of("s"), "linked");
    cr_expect_eq(harness_events(h, "person_linked"), 1);
    cr_expect_eq(count_of("audit WHERE action = 'account_linked' AND actor IS NOT NULL AND subject IS NOT NULL"), 1);
    /* The same decision again is the same result; another under its id is refused. */
    EXPECT_FAULT(decide(case_of("s"), 1, "link", "giấy khai sinh"), 0, "");
    cr_expect(uuid_equal(&result.person_id, &nam));
    EXPECT_FAULT(decide(case_of("s"), 1, "link", "khác"), ERR_CONFLICT, "step_id");
    EXPECT_FAULT(decide(case_of("s"), 1, "reject", "giấy khai sinh"), ERR_CONFLICT, "step_id");
    EXPECT_FAULT(decide(case_of("s"), 2, "reject", "nghĩ lại"), ERR_STATE, "case_id");
    cr_expect_eq(harness_events(h, "person_linked"), 1);
    log_in("s", "999079000003", "Lê Văn Nám");
    cr_expect_eq(who.standing, STANDING_LINKED);
    log_in("s", "999079000003", "Lê Văn Nạm");
    cr_expect_eq(who.standing, STANDING_REVIEW);
}

IDENTITY_TEST(review, an_officer_rejects)
{
    struct claims claims = {.subject = S("s"), .national_id = S("999079000003"), .full_name = S("Lê Văn Nám")};
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nám");
    as_officer("S44");
    EXPECT_FAULT(decide(case_of("s"), 1, "reject", "người khác"), 0, "");
    cr_expect_str_eq(state_of("s"), "rejected");
    cr_expect_eq(harness_events(h, "person_linked"), 0);
    EXPECT_FAULT(log_in_by(&h->ctx, SPAN("openid"), &claims, &who), ERR_NOT_ON_ROSTER, "subject");
    /* And changes his or her mind. */
    EXPECT_FAULT(link_account("s", 2, "Lê Văn Nam"), 0, "");
    EXPECT_FAULT(log_in_by(&h->ctx, SPAN("openid"), &claims, &who), 0, "");
    cr_expect_eq(who.standing, STANDING_LINKED);
}

IDENTITY_TEST(review, is_not_decided_from_outside_nor_by_oneself)
{
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nám");
    static const char *const outside[] = {"X44", "T66"};
    for (size_t i = 0; i < 2; i++) {
        as_officer(outside[i]);
        EXPECT_FAULT(decide(case_of("s"), 1, "link", "x"), ERR_FORBIDDEN, "account_id");
        EXPECT_FAULT(link_account("s", 1, "Hồ Văn Sơn"), ERR_FORBIDDEN, "account_id");
    }
    cr_expect_eq(count_of("audit WHERE action = 'link_refused'"), 4);
    /* Not onto somebody outside either, nor onto oneself. */
    as_officer("S44");
    EXPECT_FAULT(link_account("s", 1, "Hồ Văn Sơn"), ERR_FORBIDDEN, "person_id");
    harness_as(h, person_id("Lê Văn Nam"), IDENTITY_OFFICER, unit_id("S44"));
    EXPECT_FAULT(decide(case_of("s"), 1, "link", "x"), ERR_FORBIDDEN, "person_id");
    cr_expect_str_eq(state_of("s"), "review");
    EXPECT_FAULT(decide(case_of("s"), 1, "later", "x"), ERR_INVALID, "decision");
    EXPECT_FAULT(decide(U(5), 1, "link", "x"), ERR_NOT_FOUND, "case_id");
    struct account_unlinking req = {.account_id = U(5), .step_id = U(1), .reason = S("x")};
    EXPECT_FAULT(on_account_unlink(&h->ctx, &req, &result), ERR_NOT_FOUND, "account_id");
}

IDENTITY_TEST(review, unlinking_ends_the_sessions_and_says_so)
{
    struct session_tokens tokens;
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nam");
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    as_officer("S44");
    EXPECT_FAULT(unlink_account("s", 1), 0, "");
    EXPECT_FAULT(unlink_account("s", 1), 0, "");
    EXPECT_FAULT(unlink_account("s", 2), ERR_STATE, "account_id");
    cr_expect_str_eq(state_of("s"), "unlinked");
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL"), 0);
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(body->>'state', ' ' ORDER BY id) FROM outbox WHERE event = 'person_linked'"),
        "linked unlinked");
    /* It does not link itself again; an officer does. */
    log_in("s", "999079000003", "Lê Văn Nam");
    cr_expect_eq(who.standing, STANDING_REVIEW);
    EXPECT_FAULT(link_account("s", 3, "Lê Văn Nam"), 0, "");
    log_in("s", "999079000003", "Lê Văn Nam");
    cr_expect_eq(who.standing, STANDING_LINKED);
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(what || coalesce('!' || substr(by_whom::text, 36), ''), ' ' ORDER BY"
                       " n) FROM link_history"),
        "linked unlinked!9 review linked!9");
}

IDENTITY_TEST(review, linking_takes_the_place_of_the_other_account)
{
    struct session_tokens tokens;
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nam");
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    log_in("t", "999079000003", "Lê Văn Nam");
    cr_expect_eq(who.standing, STANDING_REVIEW);
    as_officer("S44");
    EXPECT_FAULT(decide(case_of("t"), 1, "link", "tài khoản mới"), 0, "");
    cr_expect_str_eq(state_of("s"), "unlinked");
    cr_expect_str_eq(state_of("t"), "linked");
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL"), 0);
    cr_expect_eq(count_of("account WHERE state = 'linked'"), 1);
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(what, ' ' ORDER BY n) FROM link_history WHERE by_whom IS NOT NULL"),
        "linked replaced");
    log_in("t", "999079000003", "Lê Văn Nam");
    cr_expect_eq(who.standing, STANDING_LINKED);
}

IDENTITY_TEST(review, a_pending_account_is_linked_by_the_officer_of_the_person)
{
    struct session_tokens tokens;
    struct session_origin from = {.provider = SPAN("openid")};
    small_nation();
    log_in("s", "999079000099", "Lê Văn Nam");
    cr_assert_eq(settled(session_for(&h->ctx, &who, &from, &tokens)), 0);
    as_officer("S44");
    EXPECT_FAULT(link_account("s", 1, "Lê Văn Nam"), 0, "");
    /* The session without rights is over. */
    cr_expect_eq(count_of("session WHERE revoked_at IS NULL"), 0);
    log_in("s", "999079000099", "Lê Văn Nam");
    cr_expect_eq(who.standing, STANDING_REVIEW, "its number is still nobody's");
}

IDENTITY_TEST(review, accounts_are_listed_within_the_subtree)
{
    struct account_query query = {0};
    struct account_list list = {0};
    struct fault fault;
    small_nation();
    log_in("s", "999079000003", "Lê Văn Nam");
    log_in("t", "999079000099", "Vũ Thị Lan");
    as_officer("S44");
    EXPECT_FAULT(on_accounts(&h->ctx, &query, &list), ERR_MISSING, "person_id");
    PUT_FIELD(&query, account_query, state, S("linked"));
    EXPECT_FAULT(on_accounts(&h->ctx, &query, &list), ERR_MISSING, "person_id");
    PUT_FIELD(&query, account_query, state, S("pending"));
    EXPECT_FAULT(on_accounts(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_accounts, 0);
    as_officer("VN");
    EXPECT_FAULT(on_accounts(&h->ctx, &query, &list), 0, "");
    cr_assert_eq(list.n_accounts, 1);
    cr_assert_eq(msg_check(&msg_account_list, &list, &fault), 0, "%s", fault.field);
    struct account_query of = {0};
    PUT_FIELD(&of, account_query, person_id, person_id("Lê Văn Nam"));
    EXPECT_FAULT(on_accounts(&h->ctx, &of, &list), 0, "");
    cr_expect_eq(list.n_accounts, 1);
    as_officer("X44");
    EXPECT_FAULT(on_accounts(&h->ctx, &of, &list), 0, "");
    cr_expect_eq(list.n_accounts, 0);
    struct history_query ask = {.person_id = person_id("Lê Văn Nam")};
    struct history_list past = {0};
    EXPECT_FAULT(on_link_history(&h->ctx, &ask, &past), ERR_FORBIDDEN, "person_id");
    as_officer("T44");
    EXPECT_FAULT(on_link_history(&h->ctx, &ask, &past), 0, "");
    cr_assert_eq(past.n_entries, 1);
    cr_assert_eq(msg_check(&msg_history_list, &past, &fault), 0, "%s", fault.field);
}

IDENTITY_TEST(review, a_roster_links_who_waited_for_it)
{
    uint32_t n;
    small_nation();
    log_in("s", "999079000090", "Vũ Thị Lan");
    log_in("t", "999079000091", "Đặng Văn Hùng");
    log_in("u", "999079000092", "Bùi Thị Thu");
    log_in("v", "999079000090", "Vũ Thị Lan");
    log_in_at("vneid", "w", "999079000090", "Vũ Thị Lan");
    import_roster("999079000090,Vũ Thị Lan,1979-05-14,P44,Chuyên viên,false,\n"
                  "999079000091,Đặng Văn Hưng,1979-05-14,P44,Chuyên viên,false,\n");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(subject || ':' || state, ' ' ORDER BY subject) FROM account"),
                     "s:linked t:review u:pending v:review w:linked");
    cr_expect_str_eq(
        harness_get(h, "SELECT string_agg(differs::text, ' ' ORDER BY claimed_name DESC) FROM review_case"),
        arena_printf(&h->arena, "%d %d", NAME_TONE | NAME_MARK, DIFFERS_PERSON));
    cr_expect_eq(harness_events(h, "person_linked"), 2);
    cr_assert_eq(settled(accounts_take(&h->ctx, &n)), 0);
    cr_expect_eq(n, 0);
    log_in("s", "999079000090", "Vũ Thị Lan");
    cr_expect_eq(who.standing, STANDING_LINKED);
    cr_assert_eq(harness_tick(h, accounts_take_due), 0);
}

IDENTITY_TEST(review, claims_of_nobody_are_forgotten)
{
    small_nation();
    log_in("s", "999079000090", "Vũ Thị Lan");
    log_in("t", "999079000091", "Đặng Văn Hùng");
    log_in("u", "999079000003", "Lê Văn Nam");
    harness_sql(h, "UPDATE account SET last_login = now() - interval '91 days' WHERE subject <> 't'");
    cr_assert_eq(harness_tick(h, accounts_prune), 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(subject, ' ' ORDER BY subject) FROM account"), "t u");
    cr_expect_eq(count_of("link_history"), 3);
}
