-- Two persons are one: what the one who is gone has reached, the other has. The old row stays and counts nowhere, because
-- nobody works under it; reports that were frozen stay as they are.

-- passed_unite(person_union)
UPDATE passed_attempt SET person_id = :keep WHERE person_id = :gone;

-- progress_unite(person_union)
-- Of two certificates one that holds goes before one that was revoked, then the newer one.
INSERT INTO progress AS p (person_id, programme_id, assigned_at, due_date, completed_at, passed_at, attempts, certificate_id,
    certified_at, revoked_at)
SELECT :keep, programme_id, assigned_at, due_date, completed_at, passed_at, attempts, certificate_id, certified_at, revoked_at
  FROM progress WHERE person_id = :gone
ON CONFLICT (person_id, programme_id) DO UPDATE
SET (assigned_at, due_date) = (SELECT a, d FROM (VALUES (p.assigned_at, p.due_date), (excluded.assigned_at, excluded.due_date))
                                v (a, d) ORDER BY a, d LIMIT 1),
    completed_at = least(p.completed_at, excluded.completed_at), passed_at = least(p.passed_at, excluded.passed_at),
    attempts = p.attempts + excluded.attempts,
    (certificate_id, certified_at, revoked_at) =
        (SELECT c, a, r FROM (VALUES (p.certificate_id, p.certified_at, p.revoked_at),
                                     (excluded.certificate_id, excluded.certified_at, excluded.revoked_at)) v (c, a, r)
          ORDER BY c IS NULL, r IS NOT NULL, a DESC NULLS LAST LIMIT 1);
