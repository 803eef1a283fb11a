-- Verify reporting:rollup on pg
BEGIN;
SELECT programme_id, unit_id, assigned, completed, passed, certified,
       leaders_assigned, leaders_completed, leaders_passed, leaders_certified
FROM reporting.rollup WHERE false;
SELECT mark_id, programme_id, unit_id FROM reporting.stale WHERE false;
SELECT 1 / (count(*) = 1)::int FROM reporting.sweep;
SELECT 1 / has_function_privilege('hocvu_reporting', 'reporting.counting()', 'EXECUTE')::int;
SELECT 1 / has_function_privilege('hocvu_reporting', 'reporting.marking()', 'EXECUTE')::int;
SELECT 1 / (count(*) = 2)::int FROM pg_trigger WHERE tgrelid = 'reporting.person'::regclass AND NOT tgisinternal;
SELECT 1 / (count(*) = 2)::int FROM pg_trigger WHERE tgrelid = 'reporting.progress'::regclass AND NOT tgisinternal;
SELECT 1 / has_column_privilege('hocvu_reporting', 'reporting.rollup', 'assigned', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_reporting', 'reporting.rollup', 'unit_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.rollup', 'DELETE, TRUNCATE'))::int;
SELECT 1 / has_table_privilege('hocvu_reporting', 'reporting.stale', 'DELETE')::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.stale', 'UPDATE, TRUNCATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.sweep', 'INSERT, DELETE, TRUNCATE'))::int;
ROLLBACK;
