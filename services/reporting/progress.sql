-- What each person has reached. Every event writes only the columns it knows, and an event that comes late or twice
-- changes nothing: the first moment counts (least ignores NULL). Triggers mark the roll-ups that a change makes stale.

-- programme_learn(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- progress_assigned(enrolment_fact)
-- The first assignment counts, with its due date.
INSERT INTO progress AS p (person_id, programme_id, assigned_at, due_date)
VALUES (:person_id, :programme_id, :assigned_at, :due_date)
ON CONFLICT (person_id, programme_id) DO UPDATE SET assigned_at = excluded.assigned_at, due_date = excluded.due_date
WHERE p.assigned_at IS NULL OR (excluded.assigned_at, excluded.due_date) < (p.assigned_at, p.due_date);

-- progress_completed(completion_fact)
INSERT INTO progress AS p (person_id, programme_id, completed_at)
VALUES (:person_id, :programme_id, :completed_at)
ON CONFLICT (person_id, programme_id) DO UPDATE SET completed_at = least(p.completed_at, excluded.completed_at);

-- progress_graded(grade_fact)
INSERT INTO progress AS p (person_id, programme_id, attempts, passed_at)
VALUES (:person_id, :programme_id, :number, CASE WHEN :passed THEN :graded_at END)
ON CONFLICT (person_id, programme_id) DO UPDATE
SET attempts = greatest(p.attempts, excluded.attempts), passed_at = least(p.passed_at, excluded.passed_at);

-- progress_certified(certificate_fact)
INSERT INTO progress AS p (person_id, programme_id, certified_at)
VALUES (:person_id, :programme_id, :at)
ON CONFLICT (person_id, programme_id) DO UPDATE SET certified_at = least(p.certified_at, excluded.certified_at);

-- progress_revoked(certificate_fact)
INSERT INTO progress AS p (person_id, programme_id, revoked_at)
VALUES (:person_id, :programme_id, :at)
ON CONFLICT (person_id, programme_id) DO UPDATE SET revoked_at = least(p.revoked_at, excluded.revoked_at);
