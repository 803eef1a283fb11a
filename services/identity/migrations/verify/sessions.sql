-- Verify identity:sessions on pg
BEGIN;

SELECT session_id, person_id, family_hash, refresh_hash, created, renewed_at, expires, revoked_at, revoke_reason
FROM identity.session WHERE false;
SELECT 1 / has_table_privilege('hocvu_identity', 'identity.session', 'DELETE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.session', 'person_id', 'UPDATE'))::int;

ROLLBACK;
