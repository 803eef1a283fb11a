-- Logins: from the redirect to the session.

-- login_open(login_made) login_opened BULK
-- Unless too many logins of the network have been refused.
WITH made AS MATERIALIZED (
    SELECT m.*, EXISTS (
        SELECT FROM login_pace p
        WHERE p.key = m.pace_key AND p.n >= m.pace_most AND p.began > now() - m.pace_window_s * interval '1 second'
            AND p.began <= now()) AS refused
    FROM unnest(:state_hash, :binding_hash, :nonce, :verifier, :address, :provider, :device, :test_hash, :pace_key,
        :pace_window_s, :pace_most) WITH ORDINALITY
        AS m (state_hash, binding_hash, nonce, verifier, address, provider, device, test_hash, pace_key, pace_window_s,
              pace_most, place)
), opened AS (
    INSERT INTO login (state_hash, binding_hash, nonce, verifier, address, provider, device, test_hash)
    SELECT state_hash, binding_hash, nonce, verifier, address, provider, device, test_hash FROM made WHERE NOT refused
)
SELECT place, refused FROM made;

-- login_take(login_key) login_taken BULK
-- Once, and within ten minutes. Each is found by its key, whatever is known of the table's size; who finds one that
-- another takes at this moment takes nothing.
UPDATE login l SET used_at = now()
FROM unnest(:state_hash) WITH ORDINALITY AS k (state_hash, place)
CROSS JOIN LATERAL (SELECT o.ctid FROM login o WHERE o.state_hash = k.state_hash LIMIT 1) o
WHERE l.ctid = o.ctid AND l.used_at IS NULL AND l.created > now() - interval '10 minutes'
RETURNING k.place, l.binding_hash, l.nonce, l.verifier, l.address, l.provider, l.device, l.test_hash;

-- login_settle(login_step) login_settled BULK
-- What the rules say of each account, where something is to be stored: with the case of a review, the history when
-- something changed, the event and the audit; and a session for each. An account that was linked and is not any more ends
-- its sessions: what was proved does not hold. Who was slower than somebody else gets no row, and nothing of his is kept.
-- Rights come with the number of their last change, as one snapshot has both.
WITH step AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.state = 'linked' THEN s.person_id END AS owner_id, w.state AS was_state,
        w.person_id AS before, now() + least(s.idle_minutes * interval '1 minute', s.max_hours * interval '1 hour') AS expires
    FROM unnest(:stores, :account_id, :revision, :provider, :subject, :state, :person_id, :full_name, :birth_date,
        :national_hash, :hash_key, :national_box, :box_key, :level, :case_id, :roster_name, :roster_birth, :differs, :why,
        :session_id, :provider_sid, :family_hash, :idle_minutes, :max_hours, :address, :device, :issued_at, :trace,
        :learner, :national)
        WITH ORDINALITY AS s (stores, account_id, revision, provider, subject, state, person_id, full_name, birth_date,
        national_hash, hash_key, national_box, box_key, level, case_id, roster_name, roster_birth, differs, why,
        session_id, provider_sid, family_hash, idle_minutes, max_hours, address, device, issued_at, trace, learner,
        national, place)
    LEFT JOIN LATERAL (
        SELECT a.state, a.person_id FROM account a
        WHERE s.stores AND s.revision > 0 AND a.provider = s.provider AND a.subject = s.subject LIMIT 1) w ON true
), put AS (
    INSERT INTO account AS a (account_id, provider, subject, state, person_id, full_name, birth_date, national_hash,
        hash_key, national_box, box_key, level, revision)
    SELECT account_id, provider, subject, state, person_id, full_name, birth_date, national_hash, hash_key, national_box,
        box_key, level, revision + 1
    FROM step WHERE stores
    ON CONFLICT (provider, subject) DO UPDATE
    SET state = excluded.state, person_id = excluded.person_id, full_name = excluded.full_name,
        birth_date = excluded.birth_date, national_hash = excluded.national_hash, hash_key = excluded.hash_key,
        national_box = excluded.national_box, box_key = excluded.box_key, level = excluded.level, last_login = now(),
        revision = excluded.revision
    WHERE a.revision = excluded.revision - 1
    RETURNING a.account_id
), held AS MATERIALIZED (
    SELECT s.*, s.stores AND (s.was_state, s.before) IS DISTINCT FROM (s.state, s.person_id) AS changed,
        s.was_state = 'linked' AND (s.was_state, s.before) IS DISTINCT FROM (s.state, s.person_id) AS ended
    FROM step s WHERE NOT s.stores OR s.account_id IN (SELECT p.account_id FROM put p)
), settled AS (
    UPDATE review_case c SET state = 'settled', decided_at = now(), reason = h.why
    FROM held h
    WHERE h.stores AND h.revision > 0 AND h.state <> 'review' AND c.account_id = h.account_id AND c.state = 'open'
), reviewed AS (
    INSERT INTO review_case AS c (case_id, account_id, person_id, claimed_name, roster_name, claimed_birth, roster_birth,
        differs)
    SELECT case_id, account_id, person_id, full_name, roster_name, birth_date, roster_birth, differs FROM held
    WHERE stores AND state = 'review'
    ON CONFLICT (account_id) WHERE state = 'open' DO UPDATE
    SET person_id = excluded.person_id, claimed_name = excluded.claimed_name, roster_name = excluded.roster_name,
        claimed_birth = excluded.claimed_birth, roster_birth = excluded.roster_birth, differs = excluded.differs
), kept AS (
    INSERT INTO link_history (account_id, person_id, other_id, what, reason)
    SELECT account_id, person_id, nullif(before, person_id), state, why FROM held WHERE changed
), over AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = 'unlinked'
    FROM held h WHERE h.stores AND h.ended AND s.account_id = h.account_id AND s.revoked_at IS NULL
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', coalesce(owner_id, before), 'linked_at', now(),
        'provider', provider, 'state', state), trace
    FROM held WHERE changed AND (state = 'linked' OR ended)
), opened AS (
    INSERT INTO session (session_id, account_id, person_id, family_hash, provider, provider_sid, device, address,
        last_address, issued_at, expires)
    SELECT session_id, account_id, owner_id, family_hash, provider, provider_sid, device, address, address, issued_at,
        expires
    FROM held
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'account_' || state, owner_id, person_id,
        jsonb_build_object('provider', provider, 'account', account_id, 'why', why, 'differs', differs), trace
    FROM held WHERE changed
    UNION ALL
    SELECT 'login', coalesce(owner_id, account_id), coalesce(owner_id, account_id), jsonb_strip_nulls(jsonb_build_object(
        'session', session_id, 'provider', provider, 'address', address, 'device', device)), trace
    FROM held
)
SELECT h.place, h.expires AS refresh_expires, coalesce(c.n, 0) AS rights, r.unit_id, r.roles, r.ends
FROM held h
LEFT JOIN LATERAL (SELECT n FROM rights_change WHERE person_id = h.owner_id LIMIT 1) c ON true
LEFT JOIN LATERAL rights_held(h.owner_id, h.learner, h.national) r ON h.owner_id IS NOT NULL
ORDER BY h.place;

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
