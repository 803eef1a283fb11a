/* test_race.c - two at once: one connection holds its transaction open while the other runs into it. */
#include "../second.h"
#include "identity_test.h"

/* What the other one does, in a thread. */
struct other {
    struct second second;
    int (*run)(struct ctx *ctx);
    int code;
};

static void *run_other(void *arg)
{
    struct other *other = arg;
    other->code = other->run(&other->second.ctx);
    pg_settle(&other->second.pg);
    return NULL;
}

/*
 * `first` runs in a transaction that stays open until `run` waits for it on the second connection. Returns the second
 * one's code; the first must succeed.
 */
static int collide(int (*first)(struct ctx *), int (*run)(struct ctx *))
{
    static struct other other;
    pthread_t thread;
    other = (struct other){.run = run};
    second_open(&other.second, h, "identity", service_sql);
    cr_assert_eq(pg_begin(&h->ctx), 0);
    cr_assert_eq(first(&h->ctx), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_other, &other), 0);
    await_blocked(h);
    cr_assert_eq(pg_commit(&h->ctx), 0);
    pthread_join(thread, NULL);
    int code = other.code;
    second_close(&other.second);
    return code;
}

static struct span token;
static char pairs[2][TOKEN_MAX + 200]; /* what the first and the second were given */

static int renew(struct ctx *ctx)
{
    struct session_refresh req = {.refresh_token = token};
    struct session_tokens tokens;
    int code = on_session_renew(ctx, &req, &tokens);
    if (!code)
        snprintf(pairs[ctx != &h->ctx], sizeof(pairs[0]), "%.*s %.*s", (int)tokens.refresh_token.n,
                 tokens.refresh_token.p, (int)tokens.access_token.n, tokens.access_token.p);
    return code;
}

IDENTITY_TEST(race, of_two_renewals_at_once_both_get_the_same_pair)
{
    struct session_tokens opened;
    small_nation();
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &opened), 0);
    token = opened.refresh_token;
    cr_expect_eq(collide(renew, renew), 0);
    cr_expect_str_eq(harness_get(h, "SELECT coalesce(revoke_reason, 'open') || counter FROM session"), "open2");
    cr_expect(*pairs[0]);
    cr_expect_str_eq(pairs[0], pairs[1]);
}

static int lock_import(struct ctx *ctx)
{
    struct import_day day;
    return pg_call(ctx, &SQL_import_begin, NULL, &day);
}

static int first_operator(struct ctx *ctx)
{
    struct operator_first req = {.national_id = S("999069000009"), .full_name = S("Hoàng Văn Hai")};
    struct accepted accepted;
    return on_operator_bootstrap(ctx, &req, &accepted);
}

/* The first connection has the lock; while the second waits for it, somebody else becomes operator. */
static int lock_and_become(struct ctx *ctx)
{
    int code = lock_import(ctx);
    harness_sql(h, "INSERT INTO unit (unit_id, code) VALUES ('00000000-0000-7000-8000-000000000001', 'VN');"
                   "INSERT INTO person (person_id, full_name, national_hash, hash_key, national_box, box_key) VALUES"
                   " ('00000000-0000-7000-8000-000000000002', 'Đinh Văn Một', sha256(''), 'k', '', 'k');"
                   "INSERT INTO role_grant (person_id, role, bit, unit_id, reason) VALUES"
                   " ('00000000-0000-7000-8000-000000000002', 'national_operator', 64,"
                   " '00000000-0000-7000-8000-000000000001', 'x');"
                   "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, valid_from) VALUES"
                   " (gen_random_uuid(), '00000000-0000-7000-8000-000000000002',"
                   " '00000000-0000-7000-8000-000000000001', '', false, '2025-01-01');"
                   "INSERT INTO unit_now (unit_id, valid_from, code, kind, name, path) VALUES"
                   " ('00000000-0000-7000-8000-000000000001', '2025-01-01', 'VN', 'nation', 'x',"
                   " ARRAY['00000000-0000-7000-8000-000000000001'::uuid])");
    return code;
}

IDENTITY_TEST(race, there_is_one_first_operator)
{
    cr_expect_eq(collide(lock_and_become, first_operator), ERR_STATE);
    cr_expect_eq(count_of("person"), 1);
}

static int other_rosters(struct ctx *ctx)
{
    return rosters_run(ctx);
}

IDENTITY_TEST(race, imports_wait_for_each_other)
{
    struct import_request req = {.import_id = uuid7()};
    struct import_state state;
    small_nation();
    req.upload_id = upload_file(S(ROSTER_HEAD_LINE SMALL_ROSTER), 64);
    cr_assert_eq(settled(on_import_begin(&h->ctx, &req, &state)), 0);
    cr_expect_eq(collide(lock_import, other_rosters), 0);
    take_report(req.import_id);
    expect_counts(0, 0, 4, 0);
}

static int log_in_as(struct ctx *ctx, const char *subject)
{
    struct claims claims = {
        .subject = S(subject), .national_id = S("999079000003"), .full_name = S("Lê Văn Nam"), .level = 2};
    struct link_outcome who;
    return log_in_by(ctx, SPAN("openid"), &claims, &who);
}

static int log_in_first(struct ctx *ctx)
{
    return log_in_as(ctx, "s");
}

static int log_in_second(struct ctx *ctx)
{
    return log_in_as(ctx, "t");
}

IDENTITY_TEST(race, of_two_accounts_with_one_number_one_is_linked)
{
    small_nation();
    cr_expect_eq(collide(log_in_first, log_in_second), 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(subject || ':' || state, ' ' ORDER BY subject) FROM account"),
                     "s:linked t:review");
}

IDENTITY_TEST(race, one_account_logs_in_twice_at_once)
{
    small_nation();
    cr_expect_eq(collide(log_in_first, log_in_first), 0);
    cr_expect_eq(count_of("account WHERE state = 'linked'"), 1);
    cr_expect_eq(harness_events(h, "person_linked"), 1);
}

/* What the two callers of a tenure's change or a merge have in common; the second connection has no caller of its own.
 */
static struct tenure_step joins[2];
static struct person_merge merges[2];

static int join_second(struct ctx *ctx)
{
    struct tenure_list list;
    return on_tenure_change(ctx, &joins[1], &list);
}

/* As the handler does, but the transaction stays open. */
static int hold_person(struct ctx *ctx)
{
    struct person_asked who = {.person_id = joins[0].person_id};
    struct person_held held;
    char text[UUID_TEXT];
    int code = pg_call(ctx, &SQL_person_hold, &who, &held);
    uuid_format(&who.person_id, text);
    harness_sql(
        h,
        "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, valid_from) SELECT hocvu.uuid7(), '%s',"
        " unit_id, '', false, hocvu.today() FROM unit WHERE code = 'X44'",
        text);
    return code;
}

IDENTITY_TEST(race, of_two_principal_tenures_at_once_one_is_refused)
{
    small_nation();
    struct uuid nam = person_id("Lê Văn Nam");
    harness_sql(
        h, "UPDATE tenure SET valid_to = valid_from FROM person p WHERE p.person_id = tenure.person_id AND full_name ="
           " 'Lê Văn Nam'");
    for (int i = 0; i < 2; i++) {
        joins[i] = (struct tenure_step){.person_id = nam, .change_id = U(50), .op = S("join"), .reason = S("x")};
        PUT_FIELD(&joins[i], tenure_step, unit_id, unit_id("P44"));
        PUT_FIELD(&joins[i], tenure_step, valid_from, 20780);
        PUT_FIELD(&joins[i], tenure_step, position, S(""));
    }
    cr_expect_eq(collide(hold_person, join_second), ERR_STATE);
    cr_expect_eq(count_of("tenure t JOIN person USING (person_id) WHERE full_name = 'Lê Văn Nam' AND valid_to IS NULL"),
                 1);
}

static int merge_first(struct ctx *ctx)
{
    struct merge_parties parties;
    int code = pg_call(ctx, &SQL_merge_hold, &merges[0], &parties);
    return code ? code : pg_call(ctx, &SQL_merge_write, &merges[0], NULL);
}

static int merge_second(struct ctx *ctx)
{
    struct tenure_list list;
    return on_persons_merge(ctx, &merges[1], &list);
}

IDENTITY_TEST(race, two_are_not_merged_into_each_other)
{
    small_nation();
    struct uuid a = person_id("Lê Văn Nam"), b = person_id("Hồ Văn Sơn");
    merges[0] = (struct person_merge){.step_id = U(60), .keep = a, .gone = b, .reason = S("x")};
    merges[1] = (struct person_merge){.step_id = U(61), .keep = b, .gone = a, .reason = S("x")};
    cr_expect_eq(collide(merge_first, merge_second), ERR_STATE);
    cr_expect_eq(count_of("person WHERE merged_into IS NOT NULL"), 1);
}
