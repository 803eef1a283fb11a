-- Two persons are one: attempts keep the person who sat them, because their receipts say so; what counts when the next
-- attempt begins is counted together.
-- Who stays reads the ended ones as his or her own: same_as() in paper.sql, grade.sql and dossier.sql; and
-- appeals against them: appeal.sql.

-- standing_unite(person_union)
-- The row of the one who is gone stays: an attempt that still runs under it ends there. It may not be gone on with.
INSERT INTO standing AS s (person_id, programme_id, extra_time_percent, completed_at, taken, given_back, requests, attempt_id,
    ended_at, forms)
SELECT :keep, programme_id, extra_time_percent, completed_at, taken, given_back, requests, attempt_id,
       CASE WHEN running THEN now() ELSE ended_at END, forms
  FROM standing WHERE person_id = :gone
ON CONFLICT (person_id, programme_id) DO UPDATE
   SET extra_time_percent = greatest(s.extra_time_percent, excluded.extra_time_percent),
       completed_at = least(s.completed_at, excluded.completed_at), taken = s.taken + excluded.taken,
       given_back = s.given_back + excluded.given_back, requests = s.requests || excluded.requests,
       attempt_id = CASE WHEN s.running THEN s.attempt_id ELSE greatest(s.attempt_id, excluded.attempt_id) END,
       ended_at = greatest(s.ended_at, excluded.ended_at), forms = s.forms || excluded.forms;
