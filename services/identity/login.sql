-- Logins: from the redirect to the session.

-- login_open(login_made)
INSERT INTO login (state_hash, binding_hash, nonce, verifier, address, provider, device, test_hash)
VALUES (:state_hash, :binding_hash, :nonce, :verifier, :address, :provider, :device, :test_hash);

-- login_take(login_key) login_taken
-- Once, and within ten minutes.
UPDATE login SET used_at = now()
WHERE state_hash = :state_hash AND used_at IS NULL AND created > now() - interval '10 minutes'
RETURNING binding_hash, nonce, verifier, address, provider, device, test_hash;

-- answers_use(answer_hash) answer_hash BULK
-- Those that had not been used.
INSERT INTO provider_seen (hash) SELECT DISTINCT unnest(:hash) ON CONFLICT DO NOTHING RETURNING hash;

-- login_test_store(login_test_made)
INSERT INTO login_test (test_hash, provider, error, why, standing, claims)
VALUES (:test_hash, :provider, :error, :why, :standing, CAST(:claims AS jsonb))
ON CONFLICT (test_hash) DO NOTHING;

-- login_test_get(login_test_hash) login_test_seen
SELECT provider, error, why, standing, claims::text AS claims FROM login_test
WHERE test_hash = :test_hash AND created > now() - interval '10 minutes';

-- logins_prune()
-- What a test login has shown is kept for ten minutes, a wrapped key that was used and a logout that was told for a day.
WITH tests AS (
    DELETE FROM login_test WHERE created < now() - interval '10 minutes'
), seen AS (
    DELETE FROM provider_seen WHERE hash IN (
        SELECT hash FROM provider_seen WHERE at < now() - interval '24 hours' LIMIT 100000)
), told AS (
    DELETE FROM logout_seen WHERE at < now() - interval '24 hours'
)
DELETE FROM login WHERE state_hash IN (
    SELECT state_hash FROM login WHERE created < now() - interval '1 hour' LIMIT 100000);
