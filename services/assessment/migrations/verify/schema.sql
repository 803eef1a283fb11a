-- Verify assessment:schema on pg
BEGIN;

SELECT 1 / has_schema_privilege('hocvu_assessment', 'assessment', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_assessment', 'assessment', 'CREATE'))::int;
SELECT 1 / has_table_privilege('hocvu_assessment', 'assessment.outbox', 'INSERT')::int;

ROLLBACK;
