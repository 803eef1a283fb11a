-- Verify identity:logins on pg
BEGIN;

SELECT state_hash, binding_hash, provider, nonce, verifier, address, device, test_hash, created, used_at
FROM identity.login WHERE false;
SELECT test_hash, provider, error, why, standing, claims, created FROM identity.login_test WHERE false;
SELECT hash, at FROM identity.provider_seen WHERE false;
SELECT provider, jti, at FROM identity.logout_seen WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.login', 'binding_hash', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.provider_seen', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.logout_seen', 'UPDATE'))::int;

ROLLBACK;
