-- Verify identity:sessions on pg
BEGIN;

SELECT session_id, account_id, person_id, subject, family_hash, counter, provider, provider_sid, device, address,
    last_address, created, renewed_at, issued_at, expires, revoked_at, revoke_reason
FROM identity.session WHERE false;
SELECT person_id, at, reason FROM identity.stale_token WHERE false;
SELECT person_id, n, at FROM identity.rights_change WHERE false;
SELECT key, began, n FROM identity.login_pace WHERE false;
SELECT 1 / has_table_privilege('hocvu_identity', 'identity.session', 'DELETE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.session', 'person_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.session', 'account_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.stale_token', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.rights_change', 'person_id', 'UPDATE'))::int;
SELECT 1 / (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'identity.stale_token'::regclass AND tgname = 'rights_changed');

ROLLBACK;
