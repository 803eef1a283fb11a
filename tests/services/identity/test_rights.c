/* test_rights.c - grants listed, and the explanation of a yes or no: it says what a token of that moment would be
 * worth. */
#include "grant.h"
#include "identity_test.h"

#define OPERATOR "Nguyễn Văn Nhân"
#define HOA      "Trần Thị Hoa"
#define NAM      "Lê Văn Nam"
#define MAI      "Phạm Thị Mai"

static struct rights_answer answer;

/* Small nation in which everybody has an account; Mai made Nam an exam officer of his office. */
static void prepare(void)
{
    struct accepted accepted;
    struct role_change change = {.grant_id = U(1), .role = S("province_officer"), .reason = S("Quyết định 12/QĐ")};
    struct session_tokens tokens;
    small_nation();
    cr_assert_eq(open_session_of(MAI, "mai", &tokens), 0);
    cr_assert_eq(open_session_of(NAM, "nam", &tokens), 0);
    change.person_id = person_id(MAI);
    change.unit_id = unit_id("T44");
    cr_assert_eq(settled(on_role_grant(&h->ctx, &change, &accepted)), 0);
    harness_as(h, person_id(MAI), PROVINCE_OFFICER, unit_id("T44"));
    change = (struct role_change){.grant_id = U(2), .role = S("exam_officer"), .reason = S("Quyết định 13/QĐ")};
    change.person_id = person_id(NAM);
    change.unit_id = unit_id("S44");
    cr_assert_eq(settled(on_role_grant(&h->ctx, &change, &accepted)), 0);
    harness_as(h, person_id(OPERATOR), NATIONAL_OPERATOR, unit_id("VN"));
}

static int ask(const char *person, const char *method, const char *unit)
{
    struct fault fault;
    struct rights_question q = {.person_id = person_id(person), .method = S(method), .unit_code = S(unit)};
    int code = settled(on_rights_explain(&h->ctx, &q, &answer));
    cr_expect(code || msg_check(&msg_rights_answer, &answer, &fault) == 0, "%s", code ? "" : fault.field);
    return code;
}

/* Is there a step, for or against, whose English text has these words? */
static bool said(bool ok, const char *words)
{
    for (uint32_t i = 0; i < answer.n_steps; i++) {
        struct span text = answer.steps[i].message_en;
        if (answer.steps[i].ok == ok && memmem(text.p, text.n, words, strlen(words)))
            return true;
    }
    return false;
}

#define EXPLAINS(person, method, unit, yes, ok, words)                                                                 \
    do {                                                                                                               \
        cr_assert_eq(ask(person, method, unit), 0, "%s", h->ctx.fault.field);                                          \
        cr_expect_eq(answer.allowed, yes, "%s %s %s", person, method, unit);                                           \
        cr_expect(said(ok, words), "%s %s %s does not say: %s", person, method, unit, words);                          \
    } while (0)

IDENTITY_TEST(rights, a_yes_is_explained)
{
    prepare();
    EXPLAINS(NAM, "attempts", "P44", true, true, "lies in the subtree of S44");
    cr_expect(said(true, "made out of province_officer of Phạm Thị Mai for unit T44"));
    cr_expect(said(true, "made out of national_operator of Nguyễn Văn Nhân for unit VN"));
    cr_expect(said(true, "Verdict: yes."));
    cr_expect_eq(count_of("access_log WHERE actor IS NOT NULL"), 1, "who asked is on Nam's record");
    EXPLAINS(NAM, "me", "P44", true, true, "whoever is logged in");
    EXPLAINS(NAM, "attempt_keys", "VN", true, true, "without a login");
    EXPLAINS(NAM, "answer_save", "P44", true, true, "one's own");
}

IDENTITY_TEST(rights, a_no_is_explained)
{
    prepare();
    EXPLAINS(NAM, "attempts", "T44", false, false, "does not lie in the subtree of S44");
    EXPLAINS(NAM, "policy_create", "S44", false, false, "whole nation");
    EXPLAINS(NAM, "units_import", "S44", false, false, "do not open this method: Exam officer");
    EXPLAINS(NAM, "appeals", "S44", false, false, "one person may not have both duties");
    EXPLAINS(NAM, "operator_bootstrap", "VN", false, false, "nobody can over HTTP");
    EXPLAINS(NAM, "no_such_method", "VN", false, false, "no METHOD named");
    EXPLAINS(HOA, "people", "S44", false, false, "no linked e-ID account");
    harness_sql(h,
                "UPDATE tenure SET valid_from = valid_from - 9, valid_to = today() WHERE person_id = (SELECT person_id"
                " FROM person WHERE full_name = '%s')",
                NAM);
    EXPLAINS(NAM, "attempts", "P44", false, false, "no tenure");
}

IDENTITY_TEST(rights, the_broken_link_is_named)
{
    struct role_revocation revocation = {.reason = S("Quyết định 14/QĐ")};
    struct roles_revoked revoked;
    prepare();
    harness_sql(h,
                "UPDATE role_grant SET valid_from = today() - 3, valid_to = today() WHERE role = 'province_officer'");
    EXPLAINS(NAM, "attempts", "P44", false, false, "province_officer of Phạm Thị Mai for unit T44");
    cr_expect(said(false, "is over"));
    cr_expect(said(true, "Grant of exam_officer for unit S44"));
    harness_sql(h, "UPDATE role_grant SET valid_from = today() + 3, valid_to = NULL WHERE role = 'province_officer'");
    EXPLAINS(NAM, "attempts", "P44", false, false, "has not begun");
    harness_sql(h, "UPDATE role_grant SET valid_from = today() WHERE role = 'province_officer'");
    PUT_FIELD(&revocation, role_revocation, grant_id, U(1));
    cr_assert_eq(settled(on_role_revoke(&h->ctx, &revocation, &revoked)), 0);
    EXPLAINS(NAM, "attempts", "P44", false, false, "has been taken away");
}

IDENTITY_TEST(rights, another_day_has_its_own_answer)
{
    prepare();
    struct rights_question q = {.person_id = person_id(NAM), .method = S("attempts"), .unit_code = S("P44")};
    PUT_FIELD(&q, rights_question, as_of,
              (int32_t)strtol(harness_get(h, "SELECT today() - date '1970-01-01' + 40"), NULL, 10));
    cr_assert_eq(settled(on_rights_explain(&h->ctx, &q, &answer)), 0);
    cr_expect(answer.allowed);
    harness_sql(h, "UPDATE role_grant SET valid_to = today() + 30 WHERE role = 'exam_officer'");
    cr_assert_eq(settled(on_rights_explain(&h->ctx, &q, &answer)), 0);
    cr_expect(!answer.allowed && said(false, "is over"));
    q.as_of = -20000;
    cr_expect_eq(settled(on_rights_explain(&h->ctx, &q, &answer)), ERR_NOT_FOUND);
}

/* A person of another province, and another province's unit, are nobody's to ask about. */
IDENTITY_TEST(rights, an_auditor_asks_about_his_own_subtree)
{
    prepare();
    harness_as(h, person_id(HOA), AUDITOR, unit_id("T44"));
    cr_expect_eq(ask(NAM, "attempts", "S44"), 0);
    cr_expect_eq(ask(NAM, "attempts", "T66"), ERR_FORBIDDEN);
    cr_expect_str_eq(h->ctx.fault.field, "unit_code");
    cr_expect_eq(ask("Hồ Văn Sơn", "attempts", "S44"), ERR_FORBIDDEN);
    cr_expect_str_eq(h->ctx.fault.field, "person_id");
    struct rights_question q = {.person_id = U(77), .method = S("attempts"), .unit_code = S("S44")};
    cr_expect_eq(settled(on_rights_explain(&h->ctx, &q, &answer)), ERR_NOT_FOUND);
}

IDENTITY_TEST(rights, the_machine_asks_by_number_too)
{
    prepare();
    h->ctx.n_scope = 0;
    struct rights_question_local q = {.method = S("attempts"), .unit_code = S("P44")};
    EXPECT_FAULT(on_rights_explain_local(&h->ctx, &q, &answer), ERR_MISSING, "person_id");
    PUT_FIELD(&q, rights_question_local, national_id, S("99907900000x"));
    EXPECT_FAULT(on_rights_explain_local(&h->ctx, &q, &answer), ERR_INVALID, "national_id");
    q.national_id = S("999079000099");
    EXPECT_FAULT(on_rights_explain_local(&h->ctx, &q, &answer), ERR_NOT_FOUND, "person_id");
    q.national_id = S("999079000003");
    EXPECT_FAULT(on_rights_explain_local(&h->ctx, &q, &answer), 0, "");
    struct uuid nam = person_id(NAM);
    cr_expect(answer.allowed && uuid_equal(&answer.person_id, &nam));
    PUT_FIELD(&q, rights_question_local, person_id, nam);
    EXPECT_FAULT(on_rights_explain_local(&h->ctx, &q, &answer), ERR_INVALID, "person_id");
}

IDENTITY_TEST(rights, grants_are_listed_for_the_subtree)
{
    struct grant_list list;
    struct fault fault;
    prepare();
    struct grant_query q = {.unit_id = unit_id("T44")};
    cr_assert_eq(settled(on_grants(&h->ctx, &q, &list)), 0);
    cr_assert_eq(msg_check(&msg_grant_list, &list, &fault), 0, "%s", fault.field);
    cr_expect_eq(list.n_grants, 5); /* two heads, an editor, Mai's and Nam's; not the operator's */
    PUT_FIELD(&q, grant_query, person_id, person_id(NAM));
    harness_sql(h,
                "UPDATE role_grant SET valid_from = today() - 3, valid_to = today() WHERE role = 'province_officer'");
    cr_assert_eq(settled(on_grants(&h->ctx, &q, &list)), 0);
    cr_assert_eq(list.n_grants, 1);
    cr_expect(HAS(&list.grants[0], grant_row, broken) && !memcmp(list.grants[0].broken.p, "over", 4));
    struct uuid parent = U(1);
    cr_expect(uuid_equal(&list.grants[0].parent_grant_id, &parent));
    harness_as(h, person_id(MAI), UNIT_HEAD, unit_id("X44"));
    EXPECT_FAULT(on_grants(&h->ctx, &q, &list), ERR_FORBIDDEN, "unit_id");
    struct grant_query own = {.unit_id = unit_id("X44")};
    EXPECT_FAULT(on_grants(&h->ctx, &own, &list), 0, "");
    cr_expect_eq(list.n_grants, 1);
    harness_as(h, person_id(OPERATOR), NATIONAL_OPERATOR, unit_id("VN"));
    struct grant_query page = {.unit_id = unit_id("VN")};
    cr_assert_eq(settled(on_grants(&h->ctx, &page, &list)), 0);
    cr_expect_eq(list.n_grants, 6);
    PUT_FIELD(&page, grant_query, after, list.grants[3].grant_id);
    cr_assert_eq(settled(on_grants(&h->ctx, &page, &list)), 0);
    cr_expect_eq(list.n_grants, 2);
}
