-- Verify reporting:fates on pg
BEGIN;
SELECT seq, decree_id, number, effective_from, op, old_unit, new_unit FROM reporting.unit_fate WHERE false;
SELECT 1 / has_table_privilege('hocvu_reporting', 'reporting.unit_fate', 'INSERT')::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.unit_fate', 'UPDATE, DELETE, TRUNCATE'))::int;
ROLLBACK;
