-- Verify identity:requests on pg
BEGIN;

SELECT id, at, actor, service, method, reason, trace, people FROM identity.access_log WHERE false;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.access_log', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.access_log', 'DELETE'))::int;

ROLLBACK;
