-- Lessons of a programme draft. The same lesson sent again is no change, so a repeat is answered even after the submit.

-- lesson_put(lesson_draft) accepted
WITH given AS (
    SELECT normalize(:title_vi, NFC) AS title_vi, normalize(:title_en, NFC) AS title_en, normalize(:body, NFC) AS body
), verdict AS (
    SELECT EXISTS (SELECT FROM lesson l WHERE (l.version_id, l.position) = (:version_id, :position)
                   AND (l.lesson_id, l.skill_group, l.title_vi, l.title_en, l.min_seconds, l.body)
                       = (:lesson_id, :skill_group, g.title_vi, g.title_en, :min_seconds, g.body)) AS same,
           CASE
           WHEN p.version_id IS NULL THEN 'NOT_FOUND:version_id'
           WHEN p.state <> 'draft' THEN 'STATE:version_id'
           WHEN EXISTS (SELECT FROM lesson l WHERE l.lesson_id = :lesson_id
                        AND (l.version_id, l.position) <> (:version_id, :position)) THEN 'CONFLICT:lesson_id'
           WHEN NOT EXISTS (SELECT FROM framework_group f WHERE f.version_id = p.framework_id AND f.code = :skill_group)
               THEN 'INVALID:skill_group'
           END AS fault
    FROM given g LEFT JOIN version p ON p.version_id = :version_id AND p.kind = 'programme'
), stored AS (
    INSERT INTO lesson (version_id, position, lesson_id, skill_group, title_vi, title_en, min_seconds, body, editor_id)
    SELECT :version_id, :position, :lesson_id, :skill_group, g.title_vi, g.title_en, :min_seconds, g.body, :ctx_subject
    FROM given g, verdict WHERE verdict.fault IS NULL AND NOT verdict.same
    ON CONFLICT (version_id, position) DO UPDATE
    SET lesson_id = excluded.lesson_id, skill_group = excluded.skill_group, title_vi = excluded.title_vi,
        title_en = excluded.title_en, min_seconds = excluded.min_seconds, body = excluded.body,
        editor_id = excluded.editor_id
)
SELECT true AS ok, CASE WHEN NOT same THEN fault END AS fault FROM verdict;
