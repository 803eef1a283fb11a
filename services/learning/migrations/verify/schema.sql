-- Verify learning:schema on pg
BEGIN;
SELECT 1 / has_schema_privilege('hocvu_learning', 'learning', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_learning', 'learning', 'CREATE'))::int;
SELECT event, body, trace FROM learning.outbox WHERE false;
SELECT unit_id, path FROM learning.unit WHERE false;
SELECT person_id, unit_id FROM learning.person WHERE false;
ROLLBACK;
