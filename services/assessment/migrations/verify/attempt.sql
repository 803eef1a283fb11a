-- Verify assessment:attempt on pg
BEGIN;

-- Answers are added and never changed; results are read.
SELECT 1 / (has_table_privilege('hocvu_assessment', 'assessment.answer', 'INSERT')
            AND NOT has_table_privilege('hocvu_assessment', 'assessment.answer', 'DELETE, TRUNCATE')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.answer', 'UPDATE'))::int;
SELECT 1 / (has_table_privilege('hocvu_assessment', 'assessment.result', 'SELECT')
            AND NOT has_table_privilege('hocvu_assessment', 'assessment.result', 'DELETE, TRUNCATE')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.result', 'INSERT, UPDATE'))::int;
-- An attempt begins without an end and a result, and the service cannot give it either.
SELECT 1 / (NOT has_table_privilege('hocvu_assessment', 'assessment.attempt', 'INSERT, UPDATE, DELETE, TRUNCATE'))::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.attempt', c, 'INSERT, UPDATE'))::int
FROM unnest('{ended_at,ended_by,result_version,voided_by,void_reason}'::text[]) c;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.attempt', c, 'UPDATE'))::int
FROM unnest('{attempt_id,person_id,form_id,state,seed,started_at,deadline,closes_at}'::text[]) c;
SELECT 1 / has_function_privilege('hocvu_assessment', 'assessment.make_periods_ahead()', 'EXECUTE')::int;

ROLLBACK;
