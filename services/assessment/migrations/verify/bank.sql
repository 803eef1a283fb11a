-- Verify assessment:bank on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND has_table_privilege('hocvu_assessment', t, 'INSERT')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'UPDATE, DELETE, TRUNCATE'))::int
FROM unnest('{assessment.programme,assessment.completion,assessment.bank,assessment.item}'::text[]) t;
SELECT 1 / has_table_privilege('hocvu_assessment', 'assessment.item_key', 'INSERT')::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_assessment', 'assessment.item_key', 'SELECT, UPDATE, REFERENCES'))::int;

ROLLBACK;
