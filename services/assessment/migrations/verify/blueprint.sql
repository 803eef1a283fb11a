-- Verify assessment:blueprint on pg
BEGIN;

SELECT 1 / (has_table_privilege('hocvu_assessment', 'assessment.form', 'INSERT')
            AND NOT has_table_privilege('hocvu_assessment', 'assessment.form', 'DELETE')
            AND NOT has_column_privilege('hocvu_assessment', 'assessment.form', 'items', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_assessment', 'assessment.policy', 'UPDATE')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.blueprint_quota', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_assessment', 'assessment.form_key', 'SELECT, INSERT, UPDATE'))::int;
SELECT 1 / (has_function_privilege('hocvu_assessment', 'assessment.lay_keys(uuid[])', 'EXECUTE')
            AND NOT has_function_privilege('hocvu_identity', 'assessment.lay_keys(uuid[])', 'EXECUTE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_assessment', 'assessment.bank_change', 'INSERT, UPDATE, DELETE'))::int;

ROLLBACK;
