-- Verify identity:merges on pg
BEGIN;

SELECT 1 / has_column_privilege('hocvu_identity', 'identity.role_grant', 'person_id', 'UPDATE')::int;
SELECT 1 / has_column_privilege('hocvu_identity', 'identity.data_request', 'person_id', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.role_grant', 'unit_id', 'UPDATE'))::int;

ROLLBACK;
