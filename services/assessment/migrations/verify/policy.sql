-- Verify assessment:policy on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND has_table_privilege('hocvu_assessment', t, 'INSERT')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'UPDATE, DELETE, TRUNCATE'))::int
FROM unnest('{assessment.policy,assessment.policy_quota}'::text[]) t;

ROLLBACK;
