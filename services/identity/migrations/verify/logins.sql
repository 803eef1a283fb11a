-- Verify identity:logins on pg
BEGIN;

SELECT state_hash, binding_hash, provider, nonce, verifier, address, device, test_hash, created, used_at
FROM identity.login WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.login', 'binding_hash', 'UPDATE'))::int;

ROLLBACK;
