-- Verify identity:logins on pg
BEGIN;

SELECT state_hash, binding_hash, nonce, verifier, address, created, used_at FROM identity.login WHERE false;
SELECT person_id, provider, subject, linked_at FROM identity.person_link WHERE false;
SELECT session_id, person_id, family_hash, refresh_hash, created, renewed_at, expires, revoked_at, revoke_reason
FROM identity.session WHERE false;
SELECT 1 / has_table_privilege('hocvu_identity', 'identity.session', 'DELETE')::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.person_link', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.session', 'person_id', 'UPDATE'))::int;

ROLLBACK;
