-- exam.sql - what exam officers see and do. Nothing here can see a key.

-- attempt_visible(attempt_ref) attempt_seen
-- To an officer: the learner belongs to the officer's subtree, or did before leaving.
SELECT a.attempt_id, true AS result_shown,
       CASE WHEN NOT person_within(a.person_id, :ctx_scope) THEN 'FORBIDDEN:attempt_id' END AS fault
  FROM attempt a WHERE a.attempt_id = :attempt_id;

-- subtree_visible(attempts_query) unit_seen
SELECT :unit_id AS unit_id,
       CASE WHEN NOT coalesce(unit_path_last_known(:unit_id) && :ctx_scope, false) THEN 'FORBIDDEN:unit_id' END AS fault;

-- attempts(attempts_query) attempt_row
-- Two ways lead to a page, and the planner takes the shorter: from the people of a small subtree, or from the newest
-- attempts down. People who left count where they were last, as long as that unit is there.
SELECT a.attempt_id, a.person_id, a.programme_id, a.number,
       CASE WHEN a.state = 'created' AND a.started_at <= now() THEN 'running' ELSE a.state END AS state, a.started_at,
       a.ended_at, a.answers, r.passed, k.full_name, f.facts
  FROM (SELECT * FROM attempt t
         WHERE t.attempt_id < coalesce(:before, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
           AND t.person_id IN (
               SELECT p.person_id FROM person p JOIN unit u USING (unit_id) WHERE u.path @> ARRAY[:unit_id]
               UNION ALL
               SELECT l.person_id FROM tenure l JOIN unit u USING (unit_id)
                WHERE u.path @> ARRAY[:unit_id]
                  AND NOT EXISTS (SELECT FROM person p WHERE p.person_id = l.person_id)
                  AND l.tenure_id = (SELECT n.tenure_id FROM tenure n WHERE n.person_id = l.person_id
                                      ORDER BY n.valid_from DESC, n.tenure_id LIMIT 1))
           AND (:state IS NULL
                OR :state = CASE WHEN t.state = 'created' AND t.started_at <= now() THEN 'running' ELSE t.state END)
           AND (:with_facts IS NOT TRUE OR EXISTS (SELECT FROM integrity_fact i WHERE i.attempt_id = t.attempt_id))
         ORDER BY t.attempt_id DESC LIMIT 200) a
  LEFT JOIN LATERAL (SELECT passed FROM result WHERE result.attempt_id = a.attempt_id
                        AND result.version = a.result_version AND a.state = 'graded' LIMIT 1) r ON true
  LEFT JOIN LATERAL person_last_known(a.person_id) k ON true
 CROSS JOIN LATERAL (SELECT least(count(*), 1000)::integer AS facts FROM integrity_fact i
                      WHERE i.attempt_id = a.attempt_id) f
 ORDER BY a.attempt_id DESC;
