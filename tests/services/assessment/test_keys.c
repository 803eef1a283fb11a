/*
 * test_keys.c - who can read a key, change a result, an attempt's state or an answer: every role of the installation
 * tries, connected as itself. The service's own role can call the functions of migrations/deploy/grading.sql and no
 * more.
 */
#include "grading.h"
#include <libpq-fe.h>

enum { ROLES = 32 };

static PGconn *connect_as(struct harness *h, const char *role)
{
    char conninfo[512];
    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=%s user=%s", getenv("HOCVU_TEST_PG"),
             harness_get(h, "SELECT current_database()"), role);
    PGconn *conn = PQconnectdb(conninfo);
    cr_assert_eq(PQstatus(conn), CONNECTION_OK, "%s: %s", role, PQerrorMessage(conn));
    return conn;
}

/* The login roles of all services, whatever services there are. */
static size_t list_roles(struct harness *h, char *ret_roles[ROLES])
{
    char *list = (char *)(uintptr_t)harness_get(h, "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles "
                                                   "WHERE rolname LIKE 'hocvu\\_%%' AND rolname <> 'hocvu_owner'");
    size_t n = 0;
    for (char *save, *role = strtok_r(list, " ", &save); role && n < ROLES; role = strtok_r(NULL, " ", &save))
        ret_roles[n++] = role;
    return n;
}

/* True only if PostgreSQL would do it; nothing stays. Refused for another reason than a missing right is a broken test.
 */
static bool allowed(PGconn *conn, const char *sql)
{
    PQclear(PQexec(conn, "BEGIN"));
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_OUT;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    cr_assert(done || (state && !strcmp(state, "42501")), "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
    while ((result = PQgetResult(conn)))
        PQclear(result);
    PQclear(PQexec(conn, "ROLLBACK"));
    return done;
}

/* An attempt that runs and one that is graded, with answers, so that nothing is empty. */
static struct harness *open_with_results(void)
{
    struct harness *h = open_seeded();
    sat(h, LAN, 3);
    struct attempt_ticket ticket = started(h, MINH);
    answer_all(h, ticket.attempt_id, 2);
    return h;
}

static const char *const forbidden[] = {
    "SELECT key FROM assessment.item_key",
    "SELECT explanation FROM assessment.item_key",
    "SELECT partial, tolerance, match FROM assessment.item_key",
    "SELECT * FROM assessment.item_key",
    "SELECT version_id FROM assessment.item_key WHERE key = '1'",
    "COPY assessment.item_key TO STDOUT",
    "COPY assessment.item_key (key) TO STDOUT",
    "DELETE FROM assessment.item_key",
    "SELECT keys FROM assessment.form_key",
    "SELECT form_id FROM assessment.form_key",
    "SELECT modes FROM assessment.form_key",
    "COPY assessment.form_key TO STDOUT",
    "UPDATE assessment.form_key SET keys = '{}'",
    "INSERT INTO assessment.form_key (form_id) SELECT form_id FROM assessment.form",
    "DELETE FROM assessment.form_key",
    "SELECT * FROM assessment.item_correction",
    "INSERT INTO assessment.item_correction (version_id, mode) VALUES (hocvu.uuid7(), 'credit')",
    "SELECT key FROM assessment.regrade",
    "UPDATE assessment.regrade SET done_at = now()",
    "UPDATE assessment.result SET passed = true",
    "UPDATE assessment.result SET score = max_score",
    "INSERT INTO assessment.result SELECT * FROM assessment.result",
    "DELETE FROM assessment.result",
    "TRUNCATE assessment.result",
    "UPDATE assessment.attempt SET state = 'graded'",
    "UPDATE assessment.attempt SET result_version = 1",
    "UPDATE assessment.attempt SET ended_at = NULL",
    "UPDATE assessment.attempt SET closes_at = closes_at + interval '1 day'",
    "UPDATE assessment.attempt SET form_id = form_id",
    "INSERT INTO assessment.attempt SELECT * FROM assessment.attempt",
    "DELETE FROM assessment.attempt",
    "UPDATE assessment.answer SET response = '1'",
    "DELETE FROM assessment.answer",
    "TRUNCATE assessment.answer",
    "UPDATE assessment.standing SET person_id = person_id WHERE (SELECT count(*) FROM assessment.form_key) > 0",
    "SELECT assessment.score_attempt(attempt_id, form_id, policy_id) FROM assessment.attempt",
    "SELECT assessment.score_by_rule_1('single_choice', '1', false, NULL, NULL, '1')",
    "SELECT assessment.hold_keys()",
    "ALTER TABLE assessment.attempt DISABLE TRIGGER attempt_guard",
    "CREATE FUNCTION assessment.mine() RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
    "SET ROLE hocvu_owner",
};

/* What the service needs, and nobody else has. */
static const char *const of_the_service[] = {
    "SELECT * FROM assessment.result",
    "SELECT * FROM assessment.attempt",
    "SELECT response FROM assessment.answer",
    "SELECT version_id FROM assessment.item_key",
    "SELECT assessment.end_attempts('{}', 'clock')",
    "SELECT assessment.open_attempts(1)",
    "SELECT assessment.review_attempt(hocvu.uuid7(), hocvu.uuid7())",
    "SELECT assessment.regrade_slice(1)",
    "SELECT assessment.correct_item(hocvu.uuid7(), hocvu.uuid7(), 'credit', NULL, 'x', hocvu.uuid7())",
    "SELECT assessment.void_attempts('{}', hocvu.uuid7(), 'x', false)",
    "SELECT assessment.items_with_keys(hocvu.uuid7(), 'test', '{}')",
};

Test(keys, every_role_tries)
{
    struct harness *h = open_with_results();
    char *roles[ROLES];
    size_t n = list_roles(h, roles);
    cr_assert_geq(n, 6);
    for (size_t r = 0; r < n; r++) {
        PGconn *conn = connect_as(h, roles[r]);
        bool service = !strcmp(roles[r], "hocvu_assessment");
        for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
            cr_expect_not(allowed(conn, forbidden[i]), "%s: %s", roles[r], forbidden[i]);
        for (size_t i = 0; i < sizeof(of_the_service) / sizeof(of_the_service[0]); i++)
            cr_expect_eq(allowed(conn, of_the_service[i]), service, "%s: %s", roles[r], of_the_service[i]);
        PQfinish(conn);
    }
    harness_close(h);
}

/* Partitions are tables of their own: a right on one would go round the table above it. */
Test(keys, partitions_give_nothing)
{
    struct harness *h = open_with_results();
    cr_expect_str_eq(harness_get(h,
                                 "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                                 "JOIN pg_namespace s ON s.oid = c.relnamespace, pg_roles r "
                                 "WHERE s.nspname = 'assessment' AND c.relkind = 'r' AND r.rolname LIKE 'hocvu\\_%%' "
                                 "AND r.rolname <> 'hocvu_owner' AND (has_any_column_privilege(r.oid, c.oid, 'SELECT, "
                                 "INSERT, UPDATE') OR has_table_privilege(r.oid, c.oid, 'DELETE, TRUNCATE, TRIGGER'))"),
                     "0");
    harness_close(h);
}

/* A function with the owner's rights is a door. These are all of them; whoever adds one says here what for. */
Test(keys, doors)
{
    struct harness *h = harness_open("assessment", service_sql, true, &test_conf);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(proname, ' ' ORDER BY proname) FROM pg_proc "
                                    "WHERE pronamespace = 'assessment'::regnamespace AND prosecdef "
                                    "AND has_function_privilege('hocvu_assessment', oid, 'EXECUTE')"),
                     "audit_advance "      /* lays the audit's entries into its chain */
                     "correct_item "       /* the key goes in, none comes out */
                     "end_attempts "       /* ends what it grades */
                     "items_with_keys "    /* to authors and reviewers; leaves a trace */
                     "lay_keys "           /* copies keys, shows none */
                     "make_periods_ahead " /* partitions */
                     "open_attempts "      /* no key */
                     "regrade_slice "      /* new results of graded attempts */
                     "review_attempt "     /* explanations of ended attempts */
                     "void_attempts");     /* no key */
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM pg_proc p, pg_roles r WHERE prosecdef "
                                    "AND pronamespace = 'assessment'::regnamespace AND r.rolname LIKE 'hocvu\\_%%' "
                                    "AND r.rolname NOT IN ('hocvu_owner', 'hocvu_assessment') "
                                    "AND has_function_privilege(r.oid, p.oid, 'EXECUTE')"),
                     "0");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'assessment'::regnamespace AND "
                                    "prosecdef AND NOT array_to_string(proconfig, ' ') LIKE '%%pg_temp%%'"),
                     "0", "a search path that ends in pg_temp, or a caller's table stands in for ours");
    harness_close(h);
}

/* While the attempt runs, nothing that the service can keep tells right from wrong: the one way to a grade ends it. */
Test(keys, grading_ends_the_attempt)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct attempt_ticket ticket = started(h, LAN);
    answer_all(h, ticket.attempt_id, 5);
    PGconn *conn = connect_as(h, "hocvu_assessment");
    PGresult *none =
        PQexec(conn, "SELECT * FROM assessment.review_attempt((SELECT attempt_id FROM assessment.attempt), "
                     "(SELECT person_id FROM assessment.attempt))");
    cr_expect_eq(PQntuples(none), 0);
    PQclear(none);
    none =
        PQexec(conn, "SELECT * FROM assessment.end_attempts(ARRAY(SELECT attempt_id FROM assessment.attempt), 'clock') "
                     "WHERE \"right\" IS NOT NULL");
    cr_expect_eq(PQntuples(none), 0, "the clock ends what is over, and nothing before");
    PQclear(none);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "running");
    PQclear(PQexec(
        conn, "SELECT * FROM assessment.end_attempts(ARRAY(SELECT attempt_id FROM assessment.attempt), 'submit')"));
    PQfinish(conn);
    cr_expect_str_eq(state_of(h, ticket.attempt_id), "graded");
    cr_expect_eq(save(h, ticket.attempt_id, 1, 2, SPAN("1"), &(struct answer_receipt){0}), ERR_STATE);
    cr_assert_eq(submit(h, ticket.attempt_id, &result), 0);
    cr_expect_eq(result.right, 5);
    harness_close(h);
}

/* A table of the caller's own does not stand in for one that a function reads. */
Test(keys, temporary_tables_do_not_shadow)
{
    struct harness *h = open_with_results();
    PGconn *conn = connect_as(h, "hocvu_assessment");
    PQclear(PQexec(conn, "CREATE TEMP TABLE form_key AS SELECT form_id, '{}'::text[] AS keys FROM assessment.form"));
    PQclear(PQexec(conn, "CREATE TEMP TABLE policy AS SELECT *, 'at_once' AS x FROM assessment.policy"));
    PGresult *result = PQexec(conn, "SELECT \"right\" FROM assessment.end_attempts(ARRAY(SELECT attempt_id FROM "
                                    "assessment.attempt WHERE state = 'running'), 'submit')");
    cr_assert_eq(PQntuples(result), 1, "%s", PQerrorMessage(conn));
    cr_expect_str_eq(PQgetvalue(result, 0, 0), "2");
    PQclear(result);
    PQfinish(conn);
    harness_close(h);
}
