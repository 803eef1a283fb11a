-- Verify reporting:progress on pg
BEGIN;
SELECT programme_id, code, version, title_vi, title_en FROM reporting.programme WHERE false;
SELECT person_id, programme_id, assigned_at, due_date, completed_at, passed_at, attempts, certified_at, revoked_at
FROM reporting.progress WHERE false;
SELECT person_id, completed, passed, certified FROM reporting.standing(NULL, NULL) WHERE false;
SELECT 1 / has_table_privilege('hocvu_reporting', 'reporting.progress', 'SELECT, INSERT')::int;
SELECT 1 / has_column_privilege('hocvu_reporting', 'reporting.progress', 'passed_at', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_reporting', 'reporting.progress', 'person_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.progress', 'DELETE, TRUNCATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.passed_attempt', 'DELETE, TRUNCATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_reporting', 'reporting.programme', 'UPDATE, DELETE, TRUNCATE'))::int;
ROLLBACK;
