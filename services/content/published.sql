-- What was published. A superseded version stays readable: people who were assigned it go on with it.

-- programmes() programme_row
SELECT version_id AS programme_id, code, version, title_vi, title_en
FROM version WHERE kind = 'programme' AND state = 'published' ORDER BY code LIMIT 200;

-- programme_find(version_ref) programme
SELECT p.version_id AS programme_id, p.code, p.version, p.title_vi, p.title_en, f.code AS framework_code,
       f.label AS framework_label
FROM version p JOIN version f ON f.version_id = p.framework_id
WHERE p.version_id = :version_id AND p.kind = 'programme' AND p.state IN ('published', 'superseded');

-- programme_lessons(version_ref) lesson_ref
SELECT lesson_id, position, skill_group, title_vi, title_en, min_seconds
FROM lesson WHERE version_id = :version_id ORDER BY position LIMIT 200;

-- lesson_find(lesson_query) lesson
SELECT l.lesson_id, l.version_id AS programme_id, l.position, l.title_vi, l.title_en, l.body
FROM lesson l JOIN version p USING (version_id)
WHERE l.lesson_id = :lesson_id AND p.state IN ('published', 'superseded');
