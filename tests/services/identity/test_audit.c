/* test_audit.c - what identity puts into its audit; tests/common/test_audit.c has the chain. */
#include "identity_test.h"

IDENTITY_TEST(audit, is_a_chain)
{
    small_nation();
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(action, ' ' ORDER BY n) FROM audit"),
                     "roles_granted units_import roles_granted roster_import");
    cr_assert_eq(harness_tick(h, audit_tick), 0);
    cr_expect_str_eq(harness_get(h, "SELECT audit_broken()"), "");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(seq::text, ' ' ORDER BY n) FROM audit"), "1 2 3 4");
    cr_expect_str_eq(harness_get(h, "SELECT detail - 'import' - 'sha256' FROM audit WHERE action = 'roster_import'"),
                     "{\"rows\": 4, \"ended\": 0, \"state\": \"done\", \"changed\": 0, \"created\": 4, \"refused\": 0, "
                     "\"unchanged\": 0}");
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT trace) FROM audit"), "1");
}

IDENTITY_TEST(audit, a_refusal_is_on_record_without_a_name_or_number)
{
    bootstrap();
    EXPECT_FAULT(audit_refuse(&h->ctx, "login_refused", NULL, "the \"state\" is unknown", ERR_UNAUTHENTICATED, "state"),
                 ERR_UNAUTHENTICATED, "state");
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'reason' FROM audit WHERE action = 'login_refused'"),
                     "the \"state\" is unknown");
}
