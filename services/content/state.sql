-- Where a version stands: the one statement that moves it, and the list.

-- version_step is the only statement that writes version.state. It reads from the table transition what the verb needs,
-- says why nothing changed, supersedes the older version of the code, and announces what was published. It runs behind
-- the lock of the code. The same step by the same person again changes nothing and is no fault.
--
-- One order of its parts matters and is held by counting: the older version steps down before the newer is published,
-- because there is one published version of a code at most.
-- version_step(version_move) accepted
WITH it AS MATERIALIZED (
    SELECT v.*, t.from_state, t.to_state,
           coalesce((last.verb, last.actor_id) = (:verb, :ctx_subject) AND last.comment IS NOT DISTINCT FROM :comment,
                    false) AS repeated
    FROM version v JOIN transition t ON t.verb = :verb
    LEFT JOIN LATERAL (SELECT s.verb, s.actor_id, s.comment FROM step s WHERE s.version_id = v.version_id
                       ORDER BY s.step_id DESC LIMIT 1) last ON true
    WHERE v.version_id = :version_id
), verdict AS MATERIALIZED (
    SELECT CASE
        WHEN it.repeated THEN NULL
        WHEN it.state <> it.from_state THEN 'STATE:version_id'
        WHEN it.from_state = 'review'
             AND (it.author_id = :ctx_subject
                  OR EXISTS (SELECT FROM lesson l WHERE (l.version_id, l.editor_id) = (it.version_id, :ctx_subject)))
            THEN 'SAME_PERSON:version_id'
        WHEN it.to_state = 'draft' THEN NULL
        WHEN it.kind = 'programme'
             AND NOT EXISTS (SELECT FROM version f WHERE f.version_id = it.framework_id AND f.state = 'published')
            THEN 'STATE:framework_id'
        WHEN it.kind = 'programme'
             AND (SELECT count(*) = 0 OR max(l.position) <> count(*) FROM lesson l WHERE l.version_id = it.version_id)
            THEN 'STATE:lessons'
        WHEN EXISTS (SELECT skill_group FROM lesson WHERE version_id = it.version_id
                     EXCEPT SELECT f.code FROM framework_group f WHERE f.version_id = it.framework_id)
            THEN 'STATE:skill_group'
        ELSE (SELECT 'TOO_LARGE:' || a.parts FROM announcement a
              WHERE a.version_id = it.version_id AND octet_length(a.body::text) > 131072)
        END AS fault
    FROM it
), go AS MATERIALIZED (
    SELECT it.* FROM it, verdict WHERE verdict.fault IS NULL AND NOT it.repeated
), superseded AS (
    UPDATE version o
    SET state = (SELECT t.to_state FROM transition t WHERE t.verb = 'supersede'), superseded_at = now()
    FROM go WHERE go.to_state = 'published' AND (o.kind, o.code) = (go.kind, go.code) AND o.state = 'published'
    RETURNING o.version_id
), moved AS (
    UPDATE version v
    SET state = go.to_state,
        submitted_at = CASE go.to_state WHEN 'review' THEN now() ELSE v.submitted_at END,
        published_at = CASE go.to_state WHEN 'published' THEN now() END,
        reviewer_id = CASE go.to_state WHEN 'published' THEN :ctx_subject END,
        comment = coalesce(:comment, v.comment)
    FROM go WHERE v.version_id = go.version_id AND (SELECT count(*) FROM superseded) >= 0
    RETURNING v.version_id, v.state
), logged AS (
    INSERT INTO step (version_id, verb, actor_id, comment) SELECT version_id, :verb, :ctx_subject, :comment FROM moved
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT a.event, a.body, :ctx_trace FROM moved m JOIN announcement a USING (version_id) WHERE m.state = 'published'
)
SELECT true AS ok, fault FROM verdict;

-- versions(version_query) version_state
SELECT version_id, kind, code, version, state, title_vi, title_en, author_id, reviewer_id, published_at, comment
FROM version
WHERE (:kind IS NULL OR kind = :kind) AND (:code IS NULL OR code = :code) AND (:state IS NULL OR state = :state)
ORDER BY created_at DESC, version_id DESC LIMIT 200;
