-- Verify assessment:bank on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND has_table_privilege('hocvu_assessment', t, 'INSERT')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'UPDATE, DELETE, TRUNCATE'))::int
FROM unnest('{assessment.programme,assessment.framework,assessment.bank,assessment.item_log}'::text[]) t;
SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'INSERT, UPDATE, DELETE, TRUNCATE'))::int
FROM unnest('{assessment.item_step,assessment.key_access}'::text[]) t;
SELECT 1 / (NOT has_table_privilege('hocvu_assessment', 'assessment.item_version',
                                    'INSERT, UPDATE, DELETE, TRUNCATE'))::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.item_version', c, 'INSERT'))::int
FROM unnest('{state,reviewer_id,live_at,situation_id}'::text[]) c;
-- The service writes keys and cannot read one; the only function that shows them leaves a trace.
SELECT 1 / has_table_privilege('hocvu_assessment', 'assessment.item_key', 'INSERT')::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.item_key', c, 'SELECT, REFERENCES'))::int
FROM unnest('{key,partial,tolerance,match,explanation}'::text[]) c;
SELECT 1 / has_function_privilege('hocvu_assessment', 'assessment.items_with_keys(uuid,text,uuid[])', 'EXECUTE')::int;
SELECT 1 / (prosecdef AND proconfig @> '{"search_path=assessment, pg_temp"}'
            AND NOT EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))::int
FROM pg_proc WHERE oid = 'assessment.items_with_keys(uuid,text,uuid[])'::regprocedure;

ROLLBACK;
