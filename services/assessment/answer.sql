-- answer.sql - the hot path: many answers of many attempts appended by one statement.

-- answer_save(answer_save) answer_stored BATCH
-- The lock on the attempts orders saves and the end of an attempt (migrations/deploy/grading.sql says how). It is taken in
-- the order of ids, and answers are written in the order of their key: two batches never wait for each other.
-- What is stored already answers first, whatever became of the attempt: a repeat gets its first receipt. BUSY: the same
-- answer is being stored by another connection at this moment.
--
-- FULL JOIN, although every row of kept has its call: the planner takes arrays for short, and a full join is the one
-- that it never makes by comparing all with all.
WITH call AS (
    SELECT c.*, CASE
           WHEN (o.person_id = c.person_id) IS NOT TRUE THEN 'NOT_FOUND:attempt_id'
           WHEN o.state = 'graded' THEN 'STATE:attempt_id'
           WHEN o.state = 'timed_out' OR o.deadline <= now() THEN 'TIME_OVER:attempt_id'
           WHEN c.position > o.items THEN 'NOT_FOUND:position'
           WHEN c.response NOT IN ('', '1', '2', '3', '4') THEN 'INVALID:response'
           END AS fault,
           o.person_id = c.person_id AS mine
      FROM unnest(:attempt_id, :position, :revision, :response, :ctx_subject)
           WITH ORDINALITY AS c (attempt_id, position, revision, response, person_id, ord)
      LEFT JOIN (SELECT attempt_id, person_id, state, deadline, items FROM attempt
                  WHERE attempt_id = ANY (:attempt_id) ORDER BY attempt_id FOR KEY SHARE) o USING (attempt_id)
), kept AS (
    INSERT INTO answer (attempt_id, position, revision, response, saved_at)
    SELECT attempt_id, position, revision, response, now() FROM call WHERE fault IS NULL
     ORDER BY attempt_id, position, revision, ord
    ON CONFLICT DO NOTHING
    RETURNING attempt_id, position, revision, response, saved_at
)
SELECT c.ord, coalesce(k.saved_at, e.saved_at) AS saved_at, CASE
       WHEN c.mine IS NOT TRUE THEN c.fault
       WHEN coalesce(k.response, e.response) <> c.response THEN 'CONFLICT:revision'
       WHEN coalesce(k.response, e.response) IS NULL THEN coalesce(c.fault, 'BUSY:revision')
       END AS fault
  FROM call c
  FULL JOIN kept k USING (attempt_id, position, revision)
  LEFT JOIN LATERAL (SELECT response, saved_at FROM answer
                      WHERE k.attempt_id IS NULL AND answer.attempt_id = c.attempt_id
                        AND answer.position = c.position AND answer.revision = c.revision LIMIT 1) e ON true;
