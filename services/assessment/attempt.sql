-- attempt.sql - starting an attempt and looking at it. Nothing here can see a key.

-- attempt_start(attempt_request) attempt_paper
-- Draws the blueprint's items and shuffles items and options, all from one random seed; 0, 1 and 2 added to it keep the
-- three orders apart. A known id gives its attempt. No row: another start of this person won since this one began.
WITH known AS (
    SELECT * FROM attempt WHERE attempt_id = :attempt_id
), rule AS (
    SELECT * FROM policy WHERE programme_id = :programme_id ORDER BY version DESC LIMIT 1
), past AS (
    SELECT count(*)::integer AS taken, max(graded_at) AS ended_at
      FROM attempt WHERE person_id = :ctx_subject AND programme_id = :programme_id
), verdict AS (
    SELECT CASE
           WHEN EXISTS (SELECT FROM known)
           THEN (SELECT CASE WHEN (person_id, programme_id) <> (:ctx_subject, :programme_id)
                             THEN 'CONFLICT:attempt_id' END FROM known)
           WHEN NOT EXISTS (SELECT FROM rule) THEN 'STATE:programme_id'
           WHEN NOT EXISTS (SELECT FROM completion WHERE person_id = :ctx_subject AND programme_id = :programme_id)
           THEN 'STATE:programme_id'
           WHEN EXISTS (SELECT FROM attempt WHERE person_id = :ctx_subject AND state = 'running')
           THEN 'STATE:attempt_id'
           WHEN (SELECT taken >= max_attempts FROM past, rule) THEN 'ATTEMPTS:programme_id'
           WHEN (SELECT ended_at + make_interval(secs => retake_wait_seconds) > now() FROM past, rule)
           THEN 'TOO_SOON:programme_id'
           END AS fault
), seeded AS MATERIALIZED (
    SELECT uuid_hash_extended(gen_random_uuid(), 0) >> 1 AS seed
), ranked AS (
    SELECT i.item_id, q.items,
           row_number() OVER (PARTITION BY q.skill_group ORDER BY uuid_hash_extended(i.item_id, s.seed)) AS place
      FROM seeded s, rule r
      JOIN policy_quota q ON q.policy_id = r.policy_id
      JOIN item i ON i.bank_id = r.bank_id AND i.skill_group = q.skill_group
), drawn AS (
    SELECT array_agg(item_id ORDER BY uuid_hash_extended(item_id, s.seed + 1)) AS items,
           array_agg(option_order(uuid_hash_extended(item_id, s.seed + 2))
                     ORDER BY uuid_hash_extended(item_id, s.seed + 1)) AS orders
      FROM seeded s, ranked WHERE place <= ranked.items
), begun AS (
    INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, number, items, seed, started_at, deadline)
    SELECT :attempt_id, :ctx_subject, :programme_id, r.policy_id, p.taken + 1, cardinality(d.items), s.seed, now(),
           now() + make_interval(mins => r.minutes)
      FROM verdict v, rule r, past p, seeded s, drawn d
     WHERE v.fault IS NULL AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT DO NOTHING
    RETURNING *
), laid AS (
    INSERT INTO paper (attempt_id, items, orders) SELECT b.attempt_id, d.items, d.orders FROM begun b, drawn d
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'attempt_started',
           jsonb_build_object('attempt_id', attempt_id, 'person_id', person_id, 'programme_id', programme_id,
                              'started_at', started_at), :ctx_trace
      FROM begun
)
SELECT a.attempt_id, a.programme_id, a.policy_id, a.number, a.state, a.started_at, a.deadline, v.fault
  FROM verdict v LEFT JOIN (TABLE known UNION ALL TABLE begun) a ON true
 WHERE v.fault IS NOT NULL OR a.attempt_id IS NOT NULL;

-- attempt_get(attempt_ref) attempt_paper
SELECT attempt_id, programme_id, policy_id, number, state, started_at, deadline
  FROM attempt WHERE attempt_id = :attempt_id AND person_id = :ctx_subject;

-- attempt_items(attempt_ref) item_shown
-- The paper as this learner sees it: options in the order drawn, each item with the answer that counts.
SELECT s.place::integer AS position, i.stem,
       i.options[substr(s.shown, 1, 1)::integer] AS option_1, i.options[substr(s.shown, 2, 1)::integer] AS option_2,
       i.options[substr(s.shown, 3, 1)::integer] AS option_3, i.options[substr(s.shown, 4, 1)::integer] AS option_4,
       last.response, last.revision
  FROM attempt a
  JOIN paper p ON p.attempt_id = a.attempt_id
 CROSS JOIN LATERAL unnest(p.items, p.orders) WITH ORDINALITY AS s (item_id, shown, place)
  JOIN item i ON i.item_id = s.item_id
  LEFT JOIN LATERAL (SELECT response, revision FROM answer
                      WHERE answer.attempt_id = a.attempt_id AND answer.position = s.place
                      ORDER BY revision DESC LIMIT 1) last ON true
 WHERE a.attempt_id = :attempt_id AND a.person_id = :ctx_subject
 ORDER BY s.place LIMIT 200;
