/* test_audit.c - the audit: complete, append-only, and any change of it shows. */
#include "identity_test.h"

static const char *broken(void)
{
    return harness_get(h, "SELECT audit_broken()");
}

IDENTITY_TEST(audit, is_a_chain)
{
    small_nation();
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(action, ' ' ORDER BY n) FROM audit"),
                     "roles_granted units_import roles_granted roster_import");
    cr_expect_str_eq(broken(), "");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM audit a JOIN audit b ON b.n = a.n + 1 WHERE b.previous = "
                                    "a.hash"),
                     "3");
    cr_expect_str_eq(harness_get(h, "SELECT detail FROM audit WHERE action = 'roster_import'"),
                     "{\"rows\": 4, \"changed\": 0, \"created\": 4, \"refused\": 0, \"unchanged\": 0}");
    cr_expect_str_eq(harness_get(h, "SELECT count(DISTINCT trace) FROM audit"), "1");
}

IDENTITY_TEST(audit, shows_any_change)
{
    static const char *const changes[] = {
        "UPDATE audit SET action = 'nothing' WHERE n = 2",
        "UPDATE audit SET detail = detail || '{\"rows\": 6}' WHERE n = 2",
        "UPDATE audit SET actor = NULL WHERE n = 2",
        "UPDATE audit SET subject = gen_random_uuid() WHERE n = 2",
        "UPDATE audit SET trace = '' WHERE n = 2",
        "UPDATE audit SET at = at + interval '1 microsecond' WHERE n = 2",
        "UPDATE audit SET hash = sha256('') WHERE n = 2",
        "DELETE FROM audit WHERE n = 2",
        "DELETE FROM audit WHERE n = 1",
        "UPDATE audit SET n = n + 10 WHERE n > 2",
        "UPDATE audit a SET action = b.action, detail = b.detail FROM audit b WHERE a.n = 2 AND b.n = 3",
    };
    small_nation();
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        cr_expect_str_eq(harness_get(h, "BEGIN; SELECT 1"), "1");
        harness_sql(h, "%s", changes[i]);
        cr_expect_str_neq(broken(), "", "%s", changes[i]);
        harness_sql(h, "ROLLBACK");
        cr_expect_str_eq(broken(), "");
    }
}

IDENTITY_TEST(audit, cannot_be_rewritten_by_the_service)
{
    cr_expect(harness_allowed(h, "INSERT INTO audit (action) VALUES ('test')"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, n) VALUES ('test', 7)"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, at) VALUES ('test', now())"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, previous, hash) VALUES ('test', '', '')"));
    cr_expect(!harness_allowed(h, "UPDATE audit SET action = 'x'"));
    cr_expect(!harness_allowed(h, "DELETE FROM audit"));
    cr_expect(!harness_allowed(h, "TRUNCATE audit"));
    cr_expect(!harness_allowed(h, "ALTER TABLE audit DISABLE TRIGGER chain"));
    cr_expect_str_eq(broken(), "");
}

IDENTITY_TEST(audit, keeps_its_order_within_one_statement)
{
    harness_sql(h, "WITH a AS (INSERT INTO audit (action) SELECT 'a' FROM generate_series(1, 50))"
                   " INSERT INTO audit (action) SELECT 'b' FROM generate_series(1, 50)");
    cr_expect_str_eq(broken(), "");
    cr_expect_eq(count_of("audit"), 100);
}

IDENTITY_TEST(audit, a_refusal_is_on_record_without_a_name_or_number)
{
    bootstrap();
    EXPECT_FAULT(audit_refuse(&h->ctx, "login_refused", NULL, "the \"state\" is unknown", ERR_UNAUTHENTICATED, "state"),
                 ERR_UNAUTHENTICATED, "state");
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'reason' FROM audit WHERE action = 'login_refused'"),
                     "the \"state\" is unknown");
}
