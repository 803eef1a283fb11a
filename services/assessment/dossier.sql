-- dossier.sql - everything about one attempt, and the keys that sign. Nothing here can see a key of an item.

-- attempt_mine(attempt_ref) attempt_seen
-- To the learner: after the end, and the result as far as the policy shows it.
SELECT a.attempt_id,
       p.show_result = 'at_once' OR p.show_result = 'after_window' AND coalesce(p.closes_at <= now(), true)
       AS result_shown,
       CASE WHEN a.ended_at IS NULL THEN 'STATE:attempt_id' END AS fault
  FROM attempt a JOIN policy p USING (policy_id)
 WHERE a.attempt_id = :attempt_id
   AND (a.person_id = :ctx_subject OR a.ended_at IS NOT NULL AND same_as(a.person_id) = :ctx_subject);

-- dossier_head(attempt_ref) dossier_head
-- Before it begins there is nothing to tell, and its items are nobody's business; nor are those of one that was voided
-- before it began, however late it is.
SELECT a.attempt_id, a.programme_id, a.policy_id, a.person_id, a.form_id, a.seed, a.number,
       CASE a.state WHEN 'created' THEN 'running' ELSE a.state END AS state, a.started_at, a.deadline, now() AS now,
       a.answers, a.head, a.devices::bigint AS devices, a.ended_by, a.ended_at, a.void_reason,
       (SELECT coalesce(sum(octet_length(response)), 0)::bigint FROM answer e
         WHERE e.attempt_id = :attempt_id AND e.seq <= a.answers) AS bytes,
       (SELECT count(*) FROM integrity_fact f WHERE f.attempt_id = :attempt_id) AS facts,
       CASE WHEN a.started_at > now() OR a.state = 'voided' AND a.answers = 0 AND a.ended_at < a.started_at
            THEN 'STATE:attempt_id' END AS fault
  FROM attempt a WHERE a.attempt_id = :attempt_id;

-- dossier_policy(policy_ref) policy
SELECT p.policy_id, p.programme_id, p.version, p.blueprint_id, p.pass_percent, p.items, p.minutes, p.grace_seconds,
       p.max_attempts, p.retake_wait_seconds, p.opens_at, p.closes_at,
       coalesce((SELECT cardinality(f.ready) FROM form_pool f WHERE f.policy_id = p.policy_id), 0) AS forms, p.note
  FROM policy p WHERE p.policy_id = :policy_id;

-- dossier_answers(log_ref) answer_entry
SELECT seq, position, revision, saved_at, response, link FROM answer
 WHERE attempt_id = :attempt_id AND seq <= :entries
 ORDER BY seq LIMIT 20000;

-- dossier_results(attempt_ref) result_entry
SELECT version, rule AS grade_rule, score, max_score, passed, cause, graded_at FROM result
 WHERE attempt_id = :attempt_id
 ORDER BY version LIMIT 1000;

-- dossier_appeals(attempt_ref) appeal
SELECT appeal_id, attempt_id, person_id, state, reason, opened_at, remedy, decision, decided_by, decided_at
  FROM appeal WHERE attempt_id = :attempt_id
 ORDER BY opened_at, appeal_id LIMIT 100;

-- attempt_key_keep(attempt_key_row)
INSERT INTO attempt_key (kid, public_key) VALUES (:kid, :public_key) ON CONFLICT DO NOTHING;

-- attempt_keys() public_key
SELECT kid, 'OKP' AS kty, 'Ed25519' AS crv, translate(rtrim(encode(public_key, 'base64'), '='), '+/', '-_') AS x
  FROM attempt_key ORDER BY first_used DESC, kid LIMIT 16;
