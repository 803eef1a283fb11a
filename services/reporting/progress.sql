-- What each person has reached, or whoever he or she is the same as. Every event writes only the columns it knows, and an event that comes late or twice
-- changes nothing: the first moment counts (least ignores NULL). Triggers mark the roll-ups that a change makes stale.

-- programme_learn(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- progress_assigned(enrolment_fact)
-- The first assignment counts, with its due date.
INSERT INTO progress AS p (person_id, programme_id, assigned_at, due_date)
VALUES (same_as(:person_id), :programme_id, :assigned_at, :due_date)
ON CONFLICT (person_id, programme_id) DO UPDATE SET assigned_at = excluded.assigned_at, due_date = excluded.due_date
WHERE p.assigned_at IS NULL OR (excluded.assigned_at, excluded.due_date) < (p.assigned_at, p.due_date);

-- progress_completed(completion_fact)
INSERT INTO progress AS p (person_id, programme_id, completed_at)
VALUES (same_as(:person_id), :programme_id, :completed_at)
ON CONFLICT (person_id, programme_id) DO UPDATE SET completed_at = least(p.completed_at, excluded.completed_at);

-- attempts_keep(grade_fact) BULK
-- Each attempt once. A first result that is no pass is nothing to remember; what was voided stays so. A corrected result
-- counts as if it had always been so. same_as() is written out: its call would cost half as much as the rest of a row.
INSERT INTO passed_attempt AS p (attempt_id, person_id, programme_id, result_version, passed, passed_at)
SELECT e.attempt_id, coalesce((SELECT a.same_as FROM alias a WHERE a.person_id = e.person_id), e.person_id),
       e.programme_id, e.version, e.passed, e.graded_at
  FROM unnest(:attempt_id, :person_id, :programme_id, :result_version, :passed, :graded_at)
       AS e (attempt_id, person_id, programme_id, version, passed, graded_at)
 WHERE e.passed OR e.version > 1 AND (SELECT true FROM passed_attempt k WHERE k.attempt_id = e.attempt_id)
ON CONFLICT (attempt_id) DO UPDATE
   SET result_version = excluded.result_version, passed = excluded.passed,
       passed_at = CASE WHEN p.passed THEN p.passed_at ELSE excluded.passed_at END
 WHERE p.result_version < excluded.result_version AND NOT p.voided;

-- progress_graded(grade_fact) BULK
-- After attempts_keep: the earliest among the passes, as they are kept now.
INSERT INTO progress AS p (person_id, programme_id, attempts, passed_at)
SELECT w.person_id, w.programme_id, w.attempts,
       (SELECT min(a.passed_at) FROM passed_attempt a
         WHERE a.person_id = w.person_id AND a.programme_id = w.programme_id AND a.passed)
  FROM (SELECT coalesce((SELECT a.same_as FROM alias a WHERE a.person_id = e.person_id), e.person_id) AS person_id,
               e.programme_id, max(e.number) AS attempts
          FROM unnest(:person_id, :programme_id, :number) AS e (person_id, programme_id, number)
         GROUP BY 1, 2) w
ON CONFLICT (person_id, programme_id) DO UPDATE
SET attempts = greatest(p.attempts, excluded.attempts), passed_at = excluded.passed_at;

-- attempt_void(void_fact)
UPDATE passed_attempt SET voided = true, passed = false WHERE attempt_id = :attempt_id;

-- progress_voided(void_fact)
UPDATE progress p
   SET passed_at = (SELECT min(a.passed_at) FROM passed_attempt a
                     WHERE a.person_id = p.person_id AND a.programme_id = p.programme_id AND a.passed)
 WHERE p.person_id = same_as(:person_id) AND p.programme_id = :programme_id;

-- progress_certified(certificate_fact)
-- The newest certificate counts: another follows only one that was revoked.
INSERT INTO progress AS p (person_id, programme_id, certificate_id, certified_at)
VALUES (same_as(:person_id), :programme_id, :certificate_id, :at)
ON CONFLICT (person_id, programme_id) DO UPDATE
SET certificate_id = excluded.certificate_id, certified_at = excluded.certified_at, revoked_at = NULL
WHERE p.certified_at IS NULL OR p.certified_at < excluded.certified_at;

-- progress_revoked(certificate_fact)
UPDATE progress SET revoked_at = least(revoked_at, :at)
 WHERE person_id = same_as(:person_id) AND programme_id = :programme_id AND certificate_id = :certificate_id;
