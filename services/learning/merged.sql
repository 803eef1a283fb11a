-- Two persons are one: what the one who is gone studied is the other's too. The old rows stay; nobody asks for them.

-- progress_unite(person_union)
-- The longer time of the two, not both: the same lesson was studied twice.
INSERT INTO progress AS p (person_id, lesson_id, opened_at, studied_us, beats, completed_at)
SELECT :keep, lesson_id, opened_at, studied_us, beats, completed_at FROM progress WHERE person_id = :gone
ON CONFLICT (person_id, lesson_id) DO UPDATE
SET studied_us = greatest(p.studied_us, excluded.studied_us), beats = p.beats + excluded.beats,
    completed_at = least(p.completed_at, excluded.completed_at),
    beat_at = CASE WHEN excluded.completed_at IS NULL THEN p.beat_at END;

-- enrolment_unite(person_union)
INSERT INTO enrolment AS e (person_id, programme_id, assignment_id, due_date, assigned_at, completed_at, extra_time_percent)
SELECT :keep, programme_id, assignment_id, due_date, assigned_at, completed_at, extra_time_percent
FROM enrolment WHERE person_id = :gone
ON CONFLICT (person_id, programme_id) DO UPDATE
SET completed_at = least(e.completed_at, excluded.completed_at),
    extra_time_percent = greatest(e.extra_time_percent, excluded.extra_time_percent);

-- programmes_finish(person_union)
-- What neither had completed alone, both have together.
WITH finished AS (
    UPDATE enrolment e SET completed_at = done.at
    FROM (SELECT l.programme_id, max(g.completed_at) AS at
          FROM lesson l LEFT JOIN progress g ON (g.person_id, g.lesson_id) = (:keep, l.lesson_id)
          WHERE l.programme_id IN (SELECT programme_id FROM enrolment WHERE person_id = :keep AND completed_at IS NULL)
          GROUP BY l.programme_id HAVING bool_and(g.completed_at IS NOT NULL)) done
    WHERE (e.person_id, e.programme_id) = (:keep, done.programme_id) AND e.completed_at IS NULL
    RETURNING e.person_id, e.programme_id, e.completed_at
)
INSERT INTO outbox (event, body, trace) SELECT 'programme_completed', to_jsonb(f), :ctx_trace FROM finished f;
