-- grade.sql - the end of an attempt. All work is done by grade_attempts (migrations/deploy/grading.sql), which alone may
-- read keys and write results. What it changed, and only that, is announced.

-- attempt_submit(attempt_ref) attempt_result
WITH mine AS (
    SELECT attempt_id FROM attempt WHERE attempt_id = :attempt_id AND person_id = :ctx_subject
), result AS MATERIALIZED (
    SELECT g.* FROM mine, grade_attempts(ARRAY[mine.attempt_id]) g
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'attempt_graded', event, :ctx_trace FROM result WHERE event IS NOT NULL
)
SELECT attempt_id, number, state, "right", items, passed, graded_at,
       attempts_left(person_id, programme_id) AS attempts_left
  FROM result;

-- attempt_outcome(attempt_ref) attempt_result
SELECT attempt_id, number, state, "right", items, passed, graded_at,
       attempts_left(person_id, programme_id) AS attempts_left,
       CASE WHEN state = 'running' THEN 'STATE:attempt_id' END AS fault
  FROM attempt WHERE attempt_id = :attempt_id AND person_id = :ctx_subject;

-- attempts_close_due()
-- Those that another transaction holds are being saved to or submitted: the next run finds them.
WITH due AS MATERIALIZED (
    SELECT attempt_id FROM attempt WHERE state = 'running' AND deadline <= now()
     ORDER BY deadline LIMIT 500 FOR UPDATE SKIP LOCKED
)
INSERT INTO outbox (event, body, trace)
SELECT 'attempt_graded', g.event, :ctx_trace
  FROM (SELECT array_agg(attempt_id) AS ids FROM due) d, grade_attempts(d.ids) g
 WHERE g.event IS NOT NULL;
