/* test_announced.c - what is taken in from other services, and who may see a key. */
#include "seed.h"

Test(announced, item_is_kept_once)
{
    struct harness *h = open_announced();
    announce_item(h, 1, "b", 4);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM item"), "10");
    cr_expect_str_eq(harness_get(h, "SELECT skill_group FROM item WHERE code = 'I1'"), "a");
    cr_expect_str_eq(harness_get(h, "SELECT key FROM item_key JOIN item USING (item_id) WHERE code = 'I1'"), "2");
    cr_expect_str_eq(harness_get(h, "SELECT array_to_string(options, '|') FROM item WHERE code = 'I1'"),
                     "một|hai|ba|bốn");
    harness_close(h);
}

Test(announced, completion_before_programme)
{
    struct harness *h = harness_open("assessment", service_sql, false, &test_conf);
    complete(h, LAN);
    complete(h, LAN);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM completion"), "1");
    harness_close(h);
}

Test(announced, keys_cannot_be_read)
{
    struct harness *h = open_announced();
    cr_expect_not(harness_allowed(h, "SELECT key FROM item_key"));
    cr_expect_not(harness_allowed(h, "SELECT explanation FROM item_key"));
    cr_expect_not(harness_allowed(h, "SELECT count(*) FROM item_key"));
    cr_expect_not(harness_allowed(h, "SELECT item_id FROM item_key WHERE key = 1"));
    cr_expect_not(harness_allowed(h, "SELECT i.code FROM item i JOIN item_key k USING (item_id) WHERE k.key = 1"));
    cr_expect_not(harness_allowed(h, "UPDATE item_key SET key = 1"));
    cr_expect_not(harness_allowed(h, "DELETE FROM item_key"));
    cr_expect_not(harness_allowed(h, "INSERT INTO item_key SELECT item_id, 1, '' FROM item "
                                     "ON CONFLICT (item_id) DO UPDATE SET key = 2"));
    cr_expect_not(harness_allowed(h, "INSERT INTO item_key SELECT item_id, 1, '' FROM item "
                                     "ON CONFLICT DO NOTHING RETURNING key"));
    cr_expect_not(harness_allowed(h, "COPY item_key TO STDOUT"));
    cr_expect_not(harness_allowed(h, "CREATE VIEW peek AS SELECT * FROM item_key"));
    cr_expect_not(harness_allowed(h,
                                  "CREATE OR REPLACE FUNCTION assessment.right_by_rule_1(key smallint, "
                                  "option_order text, response text) RETURNS boolean LANGUAGE sql AS 'SELECT true'"));
    harness_close(h);
}

Test(announced, other_roles_are_shut_out)
{
    struct harness *h = open_announced();
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(rolname, ',') FROM pg_roles r WHERE rolname LIKE 'hocvu\\_%%' "
                                    "AND has_schema_privilege(oid, 'assessment', 'USAGE')"
                                    "AND rolname NOT IN ('hocvu_owner', 'hocvu_assessment')"),
                     "");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(rolname, ',') FROM pg_roles r WHERE rolname LIKE 'hocvu\\_%%' "
                                    "AND has_function_privilege(oid, 'grade_attempts(uuid[])', 'EXECUTE')"
                                    "AND rolname NOT IN ('hocvu_owner', 'hocvu_assessment')"),
                     "");
    harness_close(h);
}
