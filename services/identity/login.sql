-- Logins: from the redirect to the session.

-- login_open(login_made)
INSERT INTO login (state_hash, binding_hash, nonce, verifier, address)
VALUES (:state_hash, :binding_hash, :nonce, :verifier, :address);

-- login_take(login_key) login_taken
-- Once, and within ten minutes.
UPDATE login SET used_at = now()
WHERE state_hash = :state_hash AND used_at IS NULL AND created > now() - interval '10 minutes'
RETURNING binding_hash, nonce, verifier, address;

-- logins_prune()
DELETE FROM login WHERE state_hash IN (
    SELECT state_hash FROM login WHERE created < now() - interval '1 hour' LIMIT 100000);

-- person_find(person_key) person_found
SELECT p.person_id, p.full_name, EXISTS (
        SELECT FROM tenure t WHERE t.person_id = p.person_id AND t.valid_from <= today()
            AND (t.valid_to IS NULL OR t.valid_to > today())) AS working
FROM person p WHERE p.national_hash = :national_hash;

-- login_link(session_made) session_opened
-- Links the account when it is new, and opens the session. One account is one person and one person has one account at a
-- provider: anything else is for people to look at.
WITH known AS (
    SELECT person_id, subject FROM person_link
    WHERE provider = :provider AND (subject = :subject OR person_id = :person_id)
), clash AS (
    SELECT FROM known WHERE person_id <> :person_id OR subject <> :subject
), linked AS (
    INSERT INTO person_link (person_id, provider, subject)
    SELECT :person_id, :provider, :subject WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT DO NOTHING
    RETURNING person_id, provider, linked_at
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', person_id, 'linked_at', linked_at, 'provider', provider),
        :ctx_trace
    FROM linked
), opened AS (
    INSERT INTO session (session_id, person_id, family_hash, refresh_hash, expires)
    SELECT :session_id, :person_id, :family_hash, :refresh_hash,
        now() + least(:idle_minutes * interval '1 minute', :max_hours * interval '1 hour')
    WHERE NOT EXISTS (SELECT FROM clash)
    RETURNING session_id, person_id, expires
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'login', person_id, person_id, jsonb_strip_nulls(jsonb_build_object('session', session_id,
        'provider', :provider, 'first', EXISTS (SELECT FROM linked), 'address', :address)), :ctx_trace
    FROM opened
)
SELECT o.expires AS refresh_expires, CASE WHEN o.expires IS NULL THEN 'NOT_ON_ROSTER:subject' END AS fault
FROM (VALUES (1)) one (n) LEFT JOIN opened o ON true;
