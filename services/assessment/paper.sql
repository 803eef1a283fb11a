-- paper.sql - what a learner sees of an attempt. Nothing here can see a key.

-- paper_head(attempt_ref) paper_head
-- Before its time nobody sees a paper, also not of an attempt that was voided before it; after its end only if the policy
-- shows the answers. What runs has begun, whatever a clock that was set back says.
SELECT a.attempt_id, a.programme_id, a.policy_id, a.number,
       CASE a.state WHEN 'created' THEN 'running' ELSE a.state END AS state, a.started_at, a.deadline, now() AS now,
       a.session_id IS DISTINCT FROM :ctx_session AS other_device, a.answers, a.head, a.form_id, a.seed,
       CASE WHEN a.started_at > now() AND a.state IN ('created', 'voided') THEN 'NOT_OPEN:attempt_id'
            WHEN a.ended_at IS NOT NULL
                 AND NOT (p.show_answers = 'at_once'
                          OR p.show_answers = 'after_window' AND coalesce(p.closes_at <= now(), true))
            THEN 'STATE:attempt_id' END AS fault
  FROM attempt a JOIN policy p USING (policy_id)
 WHERE a.attempt_id = :attempt_id
   AND (a.person_id = :ctx_subject OR a.ended_at IS NOT NULL AND same_as(a.person_id) = :ctx_subject);

-- paper_answers(attempt_ref) answer_last
-- In the order of the index.
SELECT DISTINCT ON (position) position, response, revision
  FROM answer WHERE attempt_id = :attempt_id
 ORDER BY position DESC, revision DESC LIMIT 200;

-- form_items(form_ref) form_item
SELECT i.version_id, i.type, i.stem, array_to_string(i.choices, chr(31)) AS choices,
       array_to_string(i.targets, chr(31)) AS targets, i.situation_id, t.stem AS situation
  FROM form f
 CROSS JOIN LATERAL unnest(f.items) WITH ORDINALITY AS s (version_id, place)
  JOIN item_version i USING (version_id)
  LEFT JOIN item_version t ON t.version_id = i.situation_id
 WHERE f.form_id = :form_id
 ORDER BY s.place LIMIT 200;
