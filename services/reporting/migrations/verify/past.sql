-- Verify reporting:past on pg
BEGIN;
SELECT 1 / (reporting.path_as_of(NULL, NULL) = '{}')::int;
SELECT unit_id, parent_id, code, name, trail FROM reporting.subtree_as_of(NULL, NULL, 0) WHERE false;
SELECT person_id, unit_id, leader FROM reporting.people_as_of('{}', NULL) WHERE false;
SELECT 1 / (count(*) = 2)::int FROM pg_indexes
WHERE schemaname = 'reporting' AND indexname IN ('tenure_unit', 'unit_version_parent');
SELECT 1 / has_function_privilege('hocvu_reporting', 'reporting.people_as_of(uuid[], date)', 'EXECUTE')::int;
ROLLBACK;
