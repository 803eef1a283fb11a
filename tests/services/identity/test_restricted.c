/* test_restricted.c - whose data may only be kept has no name in any list that others read; each such list stands here.
 */
#include "codec.h"
#include "grant.h"
#include "identity_test.h"

#define NAM    "Lê Văn Nam"
#define BORN   "1979-05-14"
#define NOBODY "(hạn chế xử lý)"

/* What a list says, as JSON. */
static const char *said(int code, const struct msg *desc, const void *list)
{
    struct buf out;
    struct span text;
    struct fault fault;
    cr_assert_eq(settled(code), 0, "%s: about %s", desc->name, h->ctx.fault.field);
    cr_assert_eq(msg_check(desc, list, &fault), 0, "%s: %s is out of bounds", desc->name, fault.field);
    buf_init(&out, 1 << 20);
    msg_to_json(desc, list, &out);
    buf_add_char(&out, '\0');
    cr_assert(!out.failed && arena_span(&h->arena, buf_span(&out), &text) == 0);
    buf_release(&out);
    return text.p;
}

static const char *people(void)
{
    struct people_query query = {.unit_id = unit_id("VN")};
    struct people_list list = {0};
    return said(on_people(&h->ctx, &query, &list), &msg_people_list, &list);
}

static const char *grants(void)
{
    struct grant_query query = {.unit_id = unit_id("VN")};
    struct grant_list list = {0};
    return said(on_grants(&h->ctx, &query, &list), &msg_grant_list, &list);
}

static const char *reviews(void)
{
    struct review_query query = {0};
    struct review_list list = {0};
    return said(on_reviews(&h->ctx, &query, &list), &msg_review_list, &list);
}

static const char *accounts(void)
{
    struct account_query query = {0};
    struct account_list list = {0};
    PUT_FIELD(&query, account_query, state, S("review"));
    return said(on_accounts(&h->ctx, &query, &list), &msg_account_list, &list);
}

static const char *requests(void)
{
    struct data_request_query query = {0};
    struct data_request_list list = {0};
    return said(on_data_requests(&h->ctx, &query, &list), &msg_data_request_list, &list);
}

/* Mai's rights hang on Nam's. */
static const char *explanation(void)
{
    struct rights_question query = {
        .person_id = person_id("Phạm Thị Mai"), .method = S("attempts"), .unit_code = S("X44")};
    struct rights_answer answer = {0};
    return said(on_rights_explain(&h->ctx, &query, &answer), &msg_rights_answer, &answer);
}

static const struct list {
    const char *name;
    const char *(*say)(void);
} lists[] = {
    {"people", people},     {"grants", grants},     {"reviews", reviews},
    {"accounts", accounts}, {"requests", requests}, {"explanation", explanation},
};

static void restrict_nam(bool on)
{
    harness_sql(h, "UPDATE person SET restricted_at = %s WHERE full_name = '" NAM "'", on ? "now()" : "NULL");
}

/* Nam has handed on a right, has an account under review and a request that is open. */
static void prepare(void)
{
    struct claims claims = {.subject = S("nam"),
                            .national_id = S("999079000003"),
                            .full_name = S("Lê Văn Nám"),
                            .has_birth_date = true,
                            .level = 2};
    struct role_change given = {.grant_id = U(1), .role = S("province_officer"), .reason = S("test")};
    struct role_change on = {.grant_id = U(2), .role = S("exam_officer"), .reason = S("test")};
    struct data_request_draft draft = {.request_id = U(3), .kind = S("access")};
    struct data_request_row asked;
    struct link_outcome who;
    struct session_tokens tokens;
    struct accepted accepted;
    small_nation();
    cr_assert_eq(open_session_of("Phạm Thị Mai", "mai", &tokens), 0);
    harness_sql(h, "UPDATE person SET birth_date = '" BORN "' WHERE full_name = '" NAM "'");
    cr_assert_eq(date_parse(S(BORN), &claims.birth_date), 0);
    cr_assert_eq(settled(log_in_by(&h->ctx, S("openid"), &claims, &who)), 0);
    given.person_id = person_id(NAM);
    given.unit_id = unit_id("T44");
    cr_assert_eq(settled(on_role_grant(&h->ctx, &given, &accepted)), 0);
    harness_as(h, person_id(NAM), LEARNER | PROVINCE_OFFICER, unit_id("T44"));
    on.person_id = person_id("Phạm Thị Mai");
    on.unit_id = unit_id("X44");
    cr_assert_eq(settled(on_role_grant(&h->ctx, &on, &accepted)), 0);
    cr_assert_eq(settled(on_data_request(&h->ctx, &draft, &asked)), 0);
    harness_as(h, person_id("Nguyễn Văn Nhân"), LEARNER | NATIONAL_OPERATOR, unit_id("VN"));
}

IDENTITY_TEST(restricted, in_no_list_that_others_read)
{
    prepare();
    for (int round = 0; round < 3; round++) {
        bool hidden = round == 1;
        restrict_nam(hidden);
        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
            const char *text = lists[i].say();
            cr_expect_eq(strstr(text, "Lê Văn N") == NULL, hidden, "%s: %s", lists[i].name, text);
            cr_expect_eq(strstr(text, NOBODY) != NULL, hidden, "%s: %s", lists[i].name, text);
            cr_expect(!hidden || !strstr(text, BORN), "%s: %s", lists[i].name, text);
        }
    }
}

/* Cases must be decided: whoever asks about one person by id sees what roster and provider say. */
IDENTITY_TEST(restricted, stands_in_the_single_record)
{
    struct account_query of_nam = {.person_id = U(0)};
    struct account_list list = {0};
    struct person_query query = {.person_id = U(0)};
    struct person_file file = {0};
    prepare();
    restrict_nam(true);
    PUT_FIELD(&of_nam, account_query, person_id, person_id(NAM));
    const char *text = said(on_accounts(&h->ctx, &of_nam, &list), &msg_account_list, &list);
    cr_expect(strstr(text, "Lê Văn Nám") && strstr(text, BORN), "%s", text);
    query.person_id = person_id(NAM);
    harness_as(h, person_id("Nguyễn Văn Nhân"), IDENTITY_OFFICER, unit_id("VN"));
    text = said(on_person_get(&h->ctx, &query, &file), &msg_person_file, &file);
    cr_expect(strstr(text, "\"" NAM "\"") != NULL, "%s", text);
}
