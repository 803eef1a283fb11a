-- appeal.sql - appeals: opened by learners, decided by officers.

-- appeal_open(appeal_draft)
-- What two calls do at the same time is sorted out by the indexes, and told by the statement that reads. As many as a
-- dossier holds. What was sat under an id that was merged away is appealed against by the one who stays, in his or her name.
INSERT INTO appeal (appeal_id, attempt_id, person_id, reason)
SELECT :appeal_id, a.attempt_id, :ctx_subject, :reason
  FROM attempt a
  JOIN policy p USING (policy_id)
  JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version
 WHERE a.attempt_id = :attempt_id AND :ctx_subject IN (a.person_id, same_as(a.person_id)) AND a.state = 'graded'
   AND r.graded_at + make_interval(days => p.appeal_days) > now()
   AND (SELECT count(*) FROM appeal e WHERE e.attempt_id = a.attempt_id) < 20
ON CONFLICT DO NOTHING;

-- appeal_opened(appeal_draft) appeal
-- The appeal, or why there is none.
SELECT e.appeal_id, e.attempt_id, e.person_id, e.state, e.reason, e.opened_at, e.remedy, e.decision, e.decided_by,
       e.decided_at,
       CASE WHEN e.appeal_id IS NOT NULL
            THEN CASE WHEN (e.attempt_id, e.reason) <> (:attempt_id, :reason)
                           OR :ctx_subject NOT IN (e.person_id, same_as(e.person_id))
                      THEN 'CONFLICT:appeal_id' END
            WHEN a.attempt_id IS NULL THEN 'NOT_FOUND:attempt_id'
            WHEN a.state = 'graded' AND r.graded_at + make_interval(days => p.appeal_days) <= now()
            THEN 'CLOSED:attempt_id'
            ELSE 'STATE:attempt_id' END AS fault
  FROM (SELECT) AS one
  LEFT JOIN appeal e ON e.appeal_id = :appeal_id
  LEFT JOIN attempt a ON a.attempt_id = :attempt_id
                         AND (a.person_id = :ctx_subject OR a.ended_at IS NOT NULL AND same_as(a.person_id) = :ctx_subject)
  LEFT JOIN policy p ON p.policy_id = a.policy_id
  LEFT JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version;

-- my_appeals() appeal
-- Also those that were opened under an id which was merged away.
SELECT appeal_id, attempt_id, person_id, state, reason, opened_at, remedy, decision, decided_by, decided_at
  FROM (SELECT * FROM appeal
         WHERE person_id = ANY (ARRAY(SELECT :ctx_subject
                                       UNION ALL SELECT a.person_id FROM alias a WHERE a.same_as = :ctx_subject))
         ORDER BY opened_at DESC, appeal_id DESC LIMIT 200) newest
 ORDER BY opened_at, appeal_id;

-- appeals(appeal_query) appeal
SELECT appeal_id, attempt_id, person_id, state, reason, opened_at, remedy, decision, decided_by, decided_at
  FROM appeal
 WHERE (:state IS NULL OR state = :state)
   AND (:after IS NULL
        OR (opened_at, appeal_id) > (SELECT opened_at, appeal_id FROM appeal WHERE appeal_id = :after))
   AND person_within(same_as(person_id), :ctx_scope)
 ORDER BY opened_at, appeal_id LIMIT 200;

-- appeal_decide(appeal_decision) appeal
-- The decision, what follows from it, and the event. Said again it changes nothing; the learner and whoever voided the
-- attempt do not decide. The attempt is held from the look on: one that another officer voids meanwhile is not voided
-- here, and would not be given back. What is voided is counted, because a SELECT that nobody reads is not run.
WITH wanted AS MATERIALIZED (
    SELECT e.*, CASE
           WHEN NOT person_within(same_as(e.person_id), :ctx_scope) THEN 'FORBIDDEN:appeal_id'
           WHEN e.state <> 'open'
           THEN CASE WHEN (e.state, coalesce(e.remedy, 'none'), e.decision)
                          <> (:state, coalesce(:remedy, 'none'), :decision) THEN 'CONFLICT:appeal_id' END
           WHEN :ctx_subject IN (same_as(e.person_id), a.voided_by) THEN 'SAME_PERSON:appeal_id'
           WHEN :remedy = 'void' AND a.state = 'voided' THEN 'STATE:remedy'
           END AS fault
      FROM appeal e JOIN attempt a USING (attempt_id)
     WHERE e.appeal_id = :appeal_id
       FOR NO KEY UPDATE
), decided AS (
    UPDATE appeal e
       SET state = :state, remedy = CASE WHEN :state = 'upheld' THEN coalesce(:remedy, 'none') END,
           decision = :decision, decided_by = :ctx_subject, decided_at = now()
      FROM wanted w
     WHERE e.appeal_id = w.appeal_id AND w.fault IS NULL AND w.state = 'open' AND e.state = 'open'
    RETURNING e.*
), voided AS (
    SELECT v.* FROM decided d
     CROSS JOIN LATERAL void_attempts(ARRAY[d.attempt_id], :ctx_subject,
                                      'Khiếu nại được chấp nhận. / The appeal was upheld.', true, :ctx_trace) v
     WHERE d.remedy = 'void'
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'appeal_decided',
           jsonb_strip_nulls(jsonb_build_object('appeal_id', appeal_id, 'attempt_id', attempt_id,
                                                'person_id', person_id, 'state', state, 'remedy', remedy,
                                                'at', decided_at)), :ctx_trace
      FROM decided
)
SELECT appeal_id, attempt_id, person_id, state, reason, opened_at, remedy, decision, decided_by, decided_at,
       CASE WHEN (SELECT count(*) FROM voided) < 0 THEN '' END AS fault
  FROM decided
UNION ALL
SELECT appeal_id, attempt_id, person_id, state, reason, opened_at, remedy, decision, decided_by, decided_at,
       CASE WHEN fault IS NULL AND state = 'open' THEN 'BUSY:appeal_id' ELSE fault END
  FROM wanted WHERE NOT EXISTS (SELECT FROM decided);
