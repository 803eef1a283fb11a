-- The catalogue of positions.

-- positions(position_query) position
SELECT code, valid_from, valid_to, title_vi, title_en FROM position
WHERE valid_from <= coalesce(:as_of, today()) AND (valid_to IS NULL OR valid_to > coalesce(:as_of, today()))
    AND (:code IS NULL OR code = :code) AND (:after IS NULL OR code > :after)
ORDER BY code
LIMIT 100;

-- position_skills(position_at) position_skill_row BULK
SELECT s.code, s.valid_from, s.framework_code, s.group_code, s.level
FROM unnest(:code, :valid_from) AS r (code, valid_from)
JOIN position_skill s ON s.code = r.code AND s.valid_from = r.valid_from
ORDER BY s.code, s.framework_code, s.group_code;

-- position_look(position) position_state
-- One at a time for a code, so that versions cannot pass each other.
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtext('identity.position'), hashtext(:code)) IS NULL AS done)
SELECT p.code IS NOT NULL AS known,
    coalesce(p.title_vi = :title_vi AND p.title_en IS NOT DISTINCT FROM :title_en, false) AS same,
    :valid_from <= today() AS begun
FROM held LEFT JOIN position p ON p.code = :code AND p.valid_from = :valid_from;

-- position_write(position)
-- Ends the version before on that day, and lasts until the one after.
WITH before AS (
    UPDATE position SET valid_to = :valid_from
    WHERE code = :code AND valid_from < :valid_from AND (valid_to IS NULL OR valid_to > :valid_from)
)
INSERT INTO position (code, valid_from, valid_to, title_vi, title_en)
VALUES (:code, :valid_from, (SELECT min(valid_from) FROM position WHERE code = :code AND valid_from > :valid_from),
    :title_vi, :title_en)
ON CONFLICT (code, valid_from) DO UPDATE SET title_vi = excluded.title_vi, title_en = excluded.title_en;

-- position_skills_clear(position_at)
DELETE FROM position_skill WHERE code = :code AND valid_from = :valid_from;

-- position_skills_write(position_skill_row) BULK
INSERT INTO position_skill (code, valid_from, framework_code, group_code, level)
SELECT * FROM unnest(:code, :valid_from, :framework_code, :group_code, :level);

-- position_tell(position_at)
WITH put AS (
    SELECT p.code, jsonb_strip_nulls(jsonb_build_object('code', p.code, 'valid_from', p.valid_from, 'valid_to', p.valid_to,
        'title_vi', p.title_vi, 'title_en', p.title_en, 'skills', coalesce((
            SELECT jsonb_agg(jsonb_build_object('framework_code', s.framework_code, 'group_code', s.group_code,
                'level', s.level) ORDER BY s.framework_code, s.group_code)
            FROM position_skill s WHERE s.code = p.code AND s.valid_from = p.valid_from), '[]'))) AS body
    FROM position p WHERE p.code = :code AND p.valid_from = :valid_from
), noted AS (
    INSERT INTO audit (action, actor, detail, trace) SELECT 'position_put', :ctx_subject, body, :ctx_trace FROM put
)
INSERT INTO outbox (event, body, trace) SELECT 'position_changed', body, :ctx_trace FROM put;
