-- Verify identity:schema on pg
BEGIN;

SELECT 1 / has_schema_privilege('hocvu_identity', 'identity', 'USAGE')::int;
SELECT 1 / (NOT has_schema_privilege('hocvu_identity', 'identity', 'CREATE'))::int;
SELECT id, seq, event, body, trace FROM identity.outbox WHERE false;

ROLLBACK;
