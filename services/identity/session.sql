-- Sessions: refreshed with a token that is new each time, ended by the person, an officer, the provider, or by a token
-- used twice.

-- session_renew(session_step) session_renewed
-- The token before the newest is asked with again when an answer was lost: within ten seconds and from the same address
-- it gives the same pair. Any other that is not the newest has been used before, by the owner or by a thief: nobody can
-- tell, so the session ends. The row is locked first, so that of two uses at once one is the second. What is known of
-- rights is read before the grants are, so a token never claims to know of a change that it does not. A session of an
-- account that was nobody's and is somebody's now ends: who logs in again is that person.
WITH held AS (
    SELECT session_id, account_id, subject, person_id, counter, renewed_at, last_address, issued_at, expires
    FROM session
    WHERE family_hash = :family_hash AND revoked_at IS NULL AND expires > now()
    FOR UPDATE
), judged AS (
    SELECT h.*, CASE
        WHEN h.person_id IS NULL AND EXISTS (SELECT FROM account a WHERE a.account_id = h.account_id AND a.state = 'linked')
            THEN 'linked'
        WHEN :counter = h.counter THEN 'next'
        WHEN :counter = h.counter - 1 AND h.renewed_at BETWEEN now() - interval '10 seconds' AND now() + interval '10 seconds'
            AND h.last_address IS NOT DISTINCT FROM :address THEN 'again'
        ELSE 'reuse' END AS use
    FROM held h
), renewed AS (
    UPDATE session s SET counter = s.counter + 1, renewed_at = now(), issued_at = :issued_at,
        last_address = :address,
        expires = least(now() + :idle_minutes * interval '1 minute', s.created + :max_hours * interval '1 hour')
    FROM judged j WHERE s.session_id = j.session_id AND j.use = 'next'
    RETURNING s.session_id, s.subject, s.person_id, s.counter, s.issued_at, s.expires
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = j.use
    FROM judged j WHERE s.session_id = j.session_id AND j.use IN ('reuse', 'linked')
    RETURNING s.session_id, s.subject, s.revoke_reason
), noted AS (
    INSERT INTO audit (action, subject, detail, trace)
    SELECT 'session_reuse', subject, jsonb_strip_nulls(jsonb_build_object('session', session_id, 'address', :address)),
        :ctx_trace
    FROM ended WHERE revoke_reason = 'reuse'
), held_on AS (
    SELECT * FROM renewed
    UNION ALL
    SELECT session_id, subject, person_id, counter, issued_at, expires FROM judged WHERE use = 'again'
)
SELECT h.session_id, h.subject AS person_id, h.person_id IS NOT NULL AS linked, h.counter, h.issued_at,
    h.expires AS refresh_expires, coalesce(c.n, 0) AS rights
FROM held_on h LEFT JOIN rights_change c ON c.person_id = h.person_id;

-- session_end(session_which)
-- One of one's own; one that has ended already stays as it is.
WITH ended AS (
    UPDATE session SET revoked_at = now(), revoke_reason = 'logout'
    WHERE session_id = :session_id AND subject = :ctx_subject AND revoked_at IS NULL
    RETURNING session_id, subject
)
INSERT INTO audit (action, actor, subject, detail, trace)
SELECT 'logout', :ctx_subject, subject, jsonb_build_object('session', session_id), :ctx_trace FROM ended;

-- session_mine(session_which) session_which
SELECT session_id FROM session WHERE session_id = :session_id AND subject = :ctx_subject;

-- my_sessions() session_row
SELECT session_id, device, last_address AS address, provider, created, renewed_at, session_id = :ctx_session AS current,
    revoked_at AS ended_at
FROM session
WHERE subject = :ctx_subject AND (revoked_at IS NULL AND expires > now()
    OR revoke_reason = 'reuse' AND revoked_at > now() - interval '7 days')
ORDER BY renewed_at DESC, session_id
LIMIT 100;

-- sessions_end(sessions_which) sessions_ended
-- All of a person or account, of an account at its provider, or of one session there.
WITH which AS (
    SELECT session_id FROM session WHERE subject = :subject AND revoked_at IS NULL
    UNION
    SELECT session_id FROM session WHERE account_id = :account_id AND revoked_at IS NULL
    UNION
    SELECT session_id FROM session
    WHERE provider = :provider AND provider_sid = :provider_sid AND revoked_at IS NULL
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = :why
    FROM (SELECT session_id FROM which ORDER BY session_id) w
    WHERE s.session_id = w.session_id AND s.revoked_at IS NULL
    RETURNING s.session_id, s.subject
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'sessions_ended', :ctx_subject, subject, jsonb_strip_nulls(jsonb_build_object('sessions',
        jsonb_agg(session_id ORDER BY session_id), 'why', :why, 'reason', :reason)), :ctx_trace
    FROM ended GROUP BY subject
)
SELECT count(*) AS sessions FROM ended;

-- person_in_reach(person_which) person_which
-- A person who works in the caller's subtree; who works nowhere is the nation's.
SELECT p.person_id FROM person p
WHERE p.person_id = :person_id AND (
    EXISTS (SELECT FROM tenure t JOIN unit_now u USING (unit_id)
        WHERE t.person_id = p.person_id AND t.valid_from <= today() AND (t.valid_to IS NULL OR t.valid_to > today())
            AND u.path && :ctx_scope)
    OR (EXISTS (SELECT FROM unit_now u WHERE u.parent_id IS NULL AND u.path && :ctx_scope)
        AND NOT EXISTS (SELECT FROM tenure t JOIN unit_now u USING (unit_id)
            WHERE t.person_id = p.person_id AND t.valid_from <= today()
                AND (t.valid_to IS NULL OR t.valid_to > today()))));

-- revocations(revocation_query) revoked_token
-- A row carries the time at which its transaction began or wrote it and shows when it commits, up to a call's longest
-- time later: so a look goes back that far, and the asker learns some ends twice rather than one never.
SELECT session_id, person_id, revoked_at, rights FROM (
    (SELECT session_id, NULL::uuid AS person_id, revoked_at, NULL::bigint AS rights, session_id AS id
     FROM session
     WHERE revoked_at > :since - interval '6 seconds' AND (:after IS NULL OR (revoked_at, session_id) > (:since, :after))
     ORDER BY revoked_at, session_id LIMIT 10000)
    UNION ALL
    (SELECT NULL, person_id, at, n, person_id
     FROM rights_change
     WHERE at > :since - interval '6 seconds' AND (:after IS NULL OR (at, person_id) > (:since, :after))
     ORDER BY at, person_id LIMIT 10000)
) one
ORDER BY revoked_at, id
LIMIT 10000;

-- sessions_prune(session_limits)
-- What was ended is kept for a week, so that its owner can be told; what came to its end by itself goes when no session
-- of that age can be open.
WITH sessions AS (
    DELETE FROM session WHERE session_id IN (
        (SELECT session_id FROM session WHERE created < now() - (:max_hours + 24) * interval '1 hour' LIMIT 50000)
        UNION
        (SELECT session_id FROM session WHERE revoked_at < now() - interval '8 days' LIMIT 50000))
), changes AS (
    DELETE FROM rights_change WHERE person_id IN (
        SELECT person_id FROM rights_change WHERE at < now() - interval '1 day' LIMIT 100000)
        AND at < now() - interval '1 day'
)
DELETE FROM stale_token WHERE at < now() - interval '1 day';
