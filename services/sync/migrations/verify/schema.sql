-- Verify sync:schema on pg
BEGIN;

SELECT 1 / has_schema_privilege('hocvu_sync', 'sync', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_sync', 'sync', 'CREATE'))::int;
SELECT 1 / has_table_privilege('hocvu_sync', 'sync.unit_version', 'SELECT')::int;

ROLLBACK;
