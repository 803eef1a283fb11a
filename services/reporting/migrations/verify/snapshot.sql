-- Verify reporting:snapshot on pg
BEGIN;
SELECT snapshot_id, unit_id, path, programme_id, programme_vi, period, cutoff_date, due_date, final, frozen_at,
       frozen_by, digest
FROM reporting.snapshot WHERE false;
SELECT snapshot_id, code, unit_id, parent_id, parent_code, name, assigned, completed, passed, certified,
       leaders_assigned, leaders_completed, leaders_passed, leaders_certified
FROM reporting.snapshot_row WHERE false;
SELECT 1 / has_table_privilege('hocvu_reporting', 'reporting.snapshot', 'INSERT')::int;
SELECT 1 / has_table_privilege('hocvu_reporting', 'reporting.snapshot_row', 'INSERT')::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.snapshot', 'UPDATE, DELETE, TRUNCATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.snapshot_row', 'UPDATE, DELETE, TRUNCATE'))::int;
ROLLBACK;
