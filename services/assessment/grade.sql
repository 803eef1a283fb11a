-- grade.sql - the end of an attempt. All work is done by end_attempts (migrations/deploy/grading.sql), which alone may
-- read keys, end attempts and write results. What it graded, and only that, is announced, in the same statement.

-- attempt_submit(attempt_ref) outcome_row BATCH
-- A repeat gets the same result. Each ended attempt looks up what belongs to it, its calls in the array too: no two sets
-- are compared with each other. `shown`: the policy shows results at once, or the window is over.
WITH call AS (
    SELECT array_agg(DISTINCT a.attempt_id) AS attempts
      FROM unnest(:attempt_id, :ctx_subject) AS c (attempt_id, person_id)
      JOIN attempt a ON a.attempt_id = c.attempt_id AND a.person_id = c.person_id
), ended AS MATERIALIZED (
    SELECT e.* FROM call, end_attempts(call.attempts, 'submit') e
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'attempt_graded', event, :ctx_trace FROM ended WHERE event IS NOT NULL
)
SELECT c.ord::bigint AS ord, e.attempt_id, e.number, e.state, coalesce(e.ended_by, 'voided') AS ended_by, e.ended_at,
       greatest(0, n.max_attempts + t.given_back - t.taken) AS attempts_left, e.answers, e.head, e.void_reason,
       CASE WHEN s.shown THEN e."right" END AS "right", CASE WHEN s.shown AND e.version > 0 THEN e.items END AS items,
       CASE WHEN s.shown THEN e.score END AS score, CASE WHEN s.shown THEN e.max_score END AS max_score,
       CASE WHEN s.shown THEN e.passed END AS passed, CASE WHEN s.shown THEN e.graded_at END AS graded_at,
       CASE WHEN s.shown THEN e.version END AS result_version, CASE WHEN s.shown THEN e.rule END AS grade_rule,
       CASE WHEN s.shown AND e.version > 0 THEN jsonb_build_object('groups', e.groups)::text END AS groups,
       CASE WHEN e.ended_at IS NULL THEN 'NOT_OPEN:attempt_id' END AS fault
  FROM ended e
  JOIN policy p USING (policy_id)
  JOIN standing t ON t.person_id = e.person_id AND t.programme_id = e.programme_id
 CROSS JOIN LATERAL (SELECT max_attempts FROM policy WHERE policy.programme_id = e.programme_id
                      ORDER BY policy.version DESC LIMIT 1) n
 CROSS JOIN LATERAL unnest(array_positions(:attempt_id, e.attempt_id)) AS c (ord)
 CROSS JOIN LATERAL (SELECT p.show_result = 'at_once'
                            OR p.show_result = 'after_window' AND coalesce(p.closes_at <= now(), true) AS shown) s
 WHERE (:ctx_subject)[c.ord] = e.person_id;

-- attempt_outcome(attempt_ref) outcome_row BATCH
-- As attempt_submit, of attempts that have ended; also of those that were sat under an id which was merged away.
SELECT c.ord, a.attempt_id, a.number, a.state, coalesce(a.ended_by, 'voided') AS ended_by, a.ended_at,
       greatest(0, n.max_attempts + t.given_back - t.taken) AS attempts_left, a.answers, a.head, a.void_reason,
       r."right", r.items, r.score, r.max_score, r.passed, r.graded_at, r.version AS result_version,
       r.rule AS grade_rule,
       CASE WHEN r.version > 0 THEN jsonb_build_object('groups', r.groups)::text END AS groups,
       CASE WHEN a.ended_at IS NULL THEN 'STATE:attempt_id' END AS fault
  FROM unnest(:attempt_id, :ctx_subject) WITH ORDINALITY AS c (attempt_id, person_id, ord)
  JOIN attempt a ON a.attempt_id = c.attempt_id
                    AND (a.person_id = c.person_id OR a.ended_at IS NOT NULL AND same_as(a.person_id) = c.person_id)
  JOIN policy p USING (policy_id)
  JOIN standing t ON t.person_id = c.person_id AND t.programme_id = a.programme_id
 CROSS JOIN LATERAL (SELECT max_attempts FROM policy WHERE policy.programme_id = a.programme_id
                      ORDER BY policy.version DESC LIMIT 1) n
  LEFT JOIN LATERAL (SELECT * FROM result
                      WHERE result.attempt_id = a.attempt_id AND result.version = a.result_version
                        AND a.state = 'graded'
                        AND (p.show_result = 'at_once'
                             OR p.show_result = 'after_window' AND coalesce(p.closes_at <= now(), true))
                      LIMIT 1) r ON true;

-- review_head(attempt_ref) attempt_ref
SELECT attempt_id, CASE WHEN state <> 'graded' THEN 'STATE:attempt_id' END AS fault
  FROM attempt
 WHERE attempt_id = :attempt_id
   AND (person_id = :ctx_subject OR ended_at IS NOT NULL AND same_as(person_id) = :ctx_subject);

-- review_items(attempt_ref) item_reviewed
SELECT position, response, score::integer AS score, explanation
  FROM review_attempt(:attempt_id, :ctx_subject) LIMIT 200;

-- attempts_open_due()
SELECT open_attempts(500);

-- attempts_close_due()
-- Those that another transaction holds are being saved to or handed in: the next run finds them. What waits for a grade
-- is found by end_attempts, which knows what forms have keys.
WITH run_out AS MATERIALIZED (
    SELECT attempt_id FROM attempt WHERE ended_at IS NULL AND closes_at <= now()
     ORDER BY closes_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
)
INSERT INTO outbox (event, body, trace)
SELECT 'attempt_graded', event, :ctx_trace
  FROM end_attempts(ARRAY(SELECT attempt_id FROM run_out), 'clock')
 WHERE event IS NOT NULL;
