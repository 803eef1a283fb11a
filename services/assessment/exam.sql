-- exam.sql - what exam officers see and do. Nothing here can see a key.

-- attempt_visible(attempt_ref) attempt_seen
-- To an officer: the learner belongs to the officer's subtree, or did before leaving; the one who stays, when the attempt
-- was sat under an id that was merged away.
SELECT a.attempt_id, true AS result_shown, a.person_id,
       CASE WHEN NOT person_within(same_as(a.person_id), :ctx_scope) THEN 'FORBIDDEN:attempt_id' END AS fault
  FROM attempt a WHERE a.attempt_id = :attempt_id;

-- subtree_visible(attempts_query) unit_seen
SELECT :unit_id AS unit_id,
       (SELECT count(*) <= 2000 FROM (SELECT FROM person p JOIN unit u USING (unit_id)
                                       WHERE u.path @> ARRAY[:unit_id] LIMIT 2001) AS counted) AS few,
       CASE WHEN NOT coalesce(unit_path_last_known(:unit_id) && :ctx_scope, false) THEN 'FORBIDDEN:unit_id'
       END AS fault;

-- A page of attempts is found on one of four ways, whichever has the least to look at (exam.c). On each, people who
-- left count where they were last. In a large subtree hits may be few and far between: 10,000 attempts are looked at, and
-- the last of them is a row also when it is no hit, so that the caller can go on from there. Whose data may only be kept
-- is in no list; who has the id of such an attempt may still void it or look into it, because an appeal must be decided.

-- page_of_people(attempts_query) attempt_looked
-- Of a small subtree: from its people. Who has no unit today was last in one that lies or once lay here.
WITH RECURSIVE place AS MATERIALIZED (
    SELECT unit_id FROM unit WHERE path @> ARRAY[:unit_id]
), once AS (
    SELECT :unit_id AS unit_id
    UNION
    SELECT v.unit_id FROM once o JOIN unit_version v ON v.parent_id = o.unit_id
), people AS MATERIALIZED (
    SELECT p.person_id FROM place JOIN person p USING (unit_id)
    UNION
    SELECT l.person_id FROM once JOIN tenure l USING (unit_id)
     WHERE NOT EXISTS (SELECT FROM person p JOIN unit USING (unit_id) WHERE p.person_id = l.person_id)
       AND person_within(l.person_id, ARRAY[:unit_id])
)
SELECT a.attempt_id, true AS hit, false AS last
  FROM people p
 CROSS JOIN LATERAL (
       SELECT t.attempt_id FROM attempt t
        WHERE t.person_id = p.person_id AND t.attempt_id < coalesce(:before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
          AND (:state IS NULL
               OR :state = CASE WHEN t.state = 'created' AND t.started_at <= now() THEN 'running' ELSE t.state END)
          AND (:with_facts IS NOT TRUE OR EXISTS (SELECT FROM integrity_fact i WHERE i.attempt_id = t.attempt_id))
        ORDER BY t.attempt_id DESC LIMIT 200) a
 WHERE NOT is_restricted(p.person_id)
 ORDER BY a.attempt_id DESC LIMIT 200;

-- page_of_facts(attempts_query) attempt_looked
-- Of a large one, with facts: from the facts.
SELECT f.attempt_id, w.hit, f.n = 10000 AS last
  FROM (SELECT attempt_id, row_number() OVER (ORDER BY attempt_id DESC) AS n
          FROM (SELECT DISTINCT attempt_id FROM integrity_fact
                 WHERE attempt_id < coalesce(:before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
                 ORDER BY attempt_id DESC) one
         ORDER BY attempt_id DESC LIMIT 10000) f
 CROSS JOIN LATERAL (
       SELECT EXISTS (SELECT FROM attempt t
                       WHERE t.attempt_id = f.attempt_id
                         AND (:state IS NULL
                              OR :state = CASE WHEN t.state = 'created' AND t.started_at <= now() THEN 'running'
                                               ELSE t.state END)
                         AND person_within(t.person_id, ARRAY[:unit_id])
                         AND NOT is_restricted(t.person_id)) AS hit OFFSET 0) w
 WHERE w.hit OR f.n = 10000
 ORDER BY f.attempt_id DESC LIMIT 200;

-- page_of_few(attempts_query) attempt_looked
-- Of a large one, in a state in which few attempts are: from the indexes of those.
SELECT t.attempt_id, w.hit, t.n = 10000 AS last
  FROM (SELECT attempt_id, person_id, row_number() OVER (ORDER BY attempt_id DESC) AS n
          FROM (SELECT attempt_id, person_id, CASE WHEN started_at <= now() THEN 'running' ELSE state END AS state
                  FROM attempt WHERE ended_at IS NULL
                UNION ALL
                SELECT attempt_id, person_id, state FROM attempt WHERE state IN ('submitted', 'timed_out')
                UNION ALL
                SELECT attempt_id, person_id, state FROM attempt WHERE state = 'voided') few
         WHERE state = :state AND attempt_id < coalesce(:before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         ORDER BY attempt_id DESC LIMIT 10000) t
 CROSS JOIN LATERAL (SELECT person_within(t.person_id, ARRAY[:unit_id]) AND NOT is_restricted(t.person_id) AS hit
                     OFFSET 0) w
 WHERE w.hit OR t.n = 10000
 ORDER BY t.attempt_id DESC LIMIT 200;

-- page_of_newest(attempts_query) attempt_looked
-- Of a large one: from the newest down.
SELECT t.attempt_id, w.hit, t.n = 10000 AS last
  FROM (SELECT attempt_id, person_id, state, row_number() OVER (ORDER BY attempt_id DESC) AS n
          FROM attempt
         WHERE attempt_id < coalesce(:before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         ORDER BY attempt_id DESC LIMIT 10000) t
 CROSS JOIN LATERAL (SELECT (:state IS NULL OR t.state = :state) AND person_within(t.person_id, ARRAY[:unit_id])
                            AND NOT is_restricted(t.person_id) AS hit OFFSET 0) w
 WHERE w.hit OR t.n = 10000
 ORDER BY t.attempt_id DESC LIMIT 200;

-- attempt_rows_of(attempt_ref) attempt_row BULK
-- Rows of the list; who may see them was asked before.
SELECT a.attempt_id, a.person_id, a.programme_id, a.number,
       CASE WHEN a.state = 'created' AND a.started_at <= now() THEN 'running' ELSE a.state END AS state, a.started_at,
       a.ended_at, a.answers, r.passed, CASE WHEN NOT is_restricted(a.person_id) THEN k.full_name END AS full_name, f.facts
  FROM unnest(:attempt_id) AS c (attempt_id)
  JOIN attempt a USING (attempt_id)
  LEFT JOIN LATERAL (SELECT passed FROM result WHERE result.attempt_id = a.attempt_id
                        AND result.version = a.result_version AND a.state = 'graded' LIMIT 1) r ON true
  LEFT JOIN LATERAL person_last_known(a.person_id) k ON true
 CROSS JOIN LATERAL (SELECT least(count(*), 1000)::integer AS facts FROM integrity_fact i
                      WHERE i.attempt_id = a.attempt_id) f
 WHERE a.attempt_id >= (SELECT x FROM unnest(:attempt_id) x ORDER BY x LIMIT 1)
   AND a.attempt_id <= (SELECT x FROM unnest(:attempt_id) x ORDER BY x DESC LIMIT 1)
 ORDER BY a.attempt_id DESC;

-- attempt_void(attempt_void)
-- Nobody voids an attempt of his or her own. Said again by the same officer for the same reason it changes nothing.
-- BUSY: another officer was faster.
WITH wanted AS MATERIALIZED (
    SELECT a.attempt_id, a.state, CASE
           WHEN NOT person_within(same_as(a.person_id), :ctx_scope) THEN 'FORBIDDEN:attempt_id'
           WHEN same_as(a.person_id) = :ctx_subject THEN 'SAME_PERSON:attempt_id'
           WHEN a.state = 'voided' AND (a.voided_by, a.void_reason) <> (:ctx_subject, :reason) THEN 'STATE:attempt_id'
           END AS fault
      FROM attempt a WHERE a.attempt_id = :attempt_id
), voided AS (
    SELECT v.* FROM wanted w
     CROSS JOIN LATERAL void_attempts(ARRAY[w.attempt_id], :ctx_subject, :reason, coalesce(:give_back, false),
                                      :ctx_trace) v
     WHERE w.fault IS NULL AND w.state <> 'voided'
)
SELECT CASE WHEN fault IS NULL AND state <> 'voided' AND NOT EXISTS (SELECT FROM voided) THEN 'BUSY:attempt_id'
            ELSE fault END AS fault
  FROM wanted;
