-- Verify reporting:schema on pg
BEGIN;
SELECT 1 / has_schema_privilege('hocvu_reporting', 'reporting', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_reporting', 'reporting', 'CREATE'))::int;
SELECT event, body, trace FROM reporting.outbox WHERE false;
SELECT unit_id, parent_id, code, name, path FROM reporting.unit WHERE false;
SELECT person_id, unit_id, leader FROM reporting.person WHERE false;
SELECT unit_id, parent_id, code, name, valid_from, valid_to FROM reporting.unit_version WHERE false;
SELECT tenure_id, person_id, unit_id, leader, valid_from, valid_to FROM reporting.tenure WHERE false;
ROLLBACK;
