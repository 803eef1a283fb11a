-- Logins: from the redirect to the session.

-- login_open(login_made)
INSERT INTO login (state_hash, binding_hash, nonce, verifier, address, provider, device, test_hash)
VALUES (:state_hash, :binding_hash, :nonce, :verifier, :address, :provider, :device, :test_hash);

-- login_take(login_key) login_taken
-- Once, and within ten minutes.
UPDATE login SET used_at = now()
WHERE state_hash = :state_hash AND used_at IS NULL AND created > now() - interval '10 minutes'
RETURNING binding_hash, nonce, verifier, address, provider, device, test_hash;

-- logins_prune()
DELETE FROM login WHERE state_hash IN (
    SELECT state_hash FROM login WHERE created < now() - interval '1 hour' LIMIT 100000);
