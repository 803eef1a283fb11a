-- Verify assessment:exam on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_assessment', t, 'SELECT')
                    AND has_table_privilege('hocvu_assessment', t, 'INSERT')
                    AND NOT has_any_column_privilege('hocvu_assessment', t, 'UPDATE')
                    AND NOT has_table_privilege('hocvu_assessment', t, 'DELETE, TRUNCATE'))::int
FROM unnest('{assessment.attempt_key,assessment.integrity_fact}'::text[]) t;
SELECT 1 / (NOT has_table_privilege('hocvu_assessment', 'assessment.appeal', 'INSERT, UPDATE, DELETE, TRUNCATE'))::int;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.appeal', c, 'UPDATE'))::int
FROM unnest('{appeal_id,attempt_id,person_id,reason,opened_at}'::text[]) c;
SELECT 1 / bool_and(NOT has_column_privilege('hocvu_assessment', 'assessment.appeal', c, 'INSERT'))::int
FROM unnest('{state,remedy,decision,decided_by,decided_at,opened_at}'::text[]) c;
SELECT 1 / (SELECT count(*) FROM assessment.integrity_cursor)::int;
SELECT 1 / has_function_privilege('hocvu_assessment', 'assessment.person_within(uuid, uuid[])', 'EXECUTE')::int;

ROLLBACK;
