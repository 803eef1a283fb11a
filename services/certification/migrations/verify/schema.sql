-- Verify certification:schema on pg
BEGIN;

SELECT 1 / has_schema_privilege('hocvu_certification', 'certification', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_certification', 'certification', 'CREATE'))::int;
SELECT 1 / has_table_privilege('hocvu_certification', 'certification.outbox', 'INSERT')::int;
SELECT 1 / has_table_privilege('hocvu_certification', 'certification.tenure', 'SELECT')::int;

ROLLBACK;
