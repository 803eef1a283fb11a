-- Sessions: refreshed with a token that is new each time, ended by the person or by a token used twice.

-- session_add(session_made) session_opened
WITH opened AS (
    INSERT INTO session (session_id, person_id, family_hash, refresh_hash, expires)
    VALUES (:session_id, :person_id, :family_hash, :refresh_hash,
            now() + least(:idle_minutes * interval '1 minute', :max_hours * interval '1 hour'))
    RETURNING session_id, person_id, expires
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'login', person_id, person_id, jsonb_strip_nulls(jsonb_build_object('session', session_id,
        'provider', :provider, 'address', :address)), :ctx_trace
    FROM opened
)
SELECT expires AS refresh_expires FROM opened;

-- session_renew(session_step) session_renewed
-- A token of the family that is not the newest has been used before, by the owner or by a thief: nobody can tell, so
-- the session ends. The row is locked first, so that of two uses at once one is the second.
WITH held AS (
    SELECT session_id, person_id, refresh_hash = :refresh_hash AS newest
    FROM session
    WHERE family_hash = :family_hash AND revoked_at IS NULL AND expires > now()
    FOR UPDATE
), renewed AS (
    UPDATE session s SET refresh_hash = :next_hash, renewed_at = now(),
        expires = least(now() + :idle_minutes * interval '1 minute', s.created + :max_hours * interval '1 hour')
    FROM held h WHERE s.session_id = h.session_id AND h.newest
    RETURNING s.session_id, s.person_id, s.expires
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = 'reuse'
    FROM held h WHERE s.session_id = h.session_id AND NOT h.newest
    RETURNING s.session_id, s.person_id
), noted AS (
    INSERT INTO audit (action, subject, detail, trace)
    SELECT 'session_reuse', person_id, jsonb_build_object('session', session_id), :ctx_trace FROM ended
)
SELECT session_id, person_id, expires AS refresh_expires FROM renewed;

-- session_end()
WITH ended AS (
    UPDATE session SET revoked_at = now(), revoke_reason = 'logout'
    WHERE session_id = :ctx_session AND person_id = :ctx_subject AND revoked_at IS NULL
    RETURNING session_id, person_id
)
INSERT INTO audit (action, actor, subject, detail, trace)
SELECT 'logout', :ctx_subject, person_id, jsonb_build_object('session', session_id), :ctx_trace FROM ended;

-- revocations(revocation_query) revoked_session
-- A row carries the time at which its transaction began and shows when it commits, up to a call's longest time later:
-- so a look goes back that far, and the asker learns some ends twice rather than one never.
SELECT session_id, revoked_at FROM session
WHERE revoked_at > :since - interval '6 seconds'
ORDER BY revoked_at, session_id
LIMIT 10000;

-- sessions_prune()
-- What has ended is kept for a day, longer than any access token lives.
DELETE FROM session WHERE session_id IN (
    SELECT session_id FROM session
    WHERE expires < now() - interval '1 day' OR revoked_at < now() - interval '1 day'
    LIMIT 100000);
