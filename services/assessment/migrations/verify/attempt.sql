-- Verify assessment:attempt on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND has_table_privilege('hocvu_assessment', t, 'INSERT')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'UPDATE, DELETE, TRUNCATE'))::int
FROM unnest('{assessment.paper,assessment.answer}'::text[]) t;
SELECT 1 / (NOT has_table_privilege('hocvu_assessment', 'assessment.attempt', 'INSERT, UPDATE, DELETE, TRUNCATE'))::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.attempt', c, 'INSERT, UPDATE'))::int
FROM unnest('{state,right,passed,grade_rule,graded_at}'::text[]) c;

ROLLBACK;
