-- Counts per unit and programme version as of today: renewed where marks say so, checked by a slow sweep, added up when
-- asked.

-- counting_begin() counting_turn
-- One process counts at a time, and nobody marks meanwhile; until the end of the transaction.
SELECT counting() AS mine;

-- stale_take() rollup_pair
-- Takes the oldest marks away. What was committed with them is seen by the counting statement, which begins later.
DELETE FROM stale
WHERE mark_id IN (SELECT mark_id FROM stale ORDER BY mark_id LIMIT 32)
RETURNING programme_id, unit_id;

-- rollup_count(rollup_pair) rollup_change BULK
-- Counts pairs anew and answers which rows were not so before. `marked`: a mark that is still there explains the
-- change.
INSERT INTO rollup AS r (programme_id, unit_id, assigned, completed, passed, certified,
                         leaders_assigned, leaders_completed, leaders_passed, leaders_certified)
SELECT p.programme_id, p.unit_id,
       count(s.person_id),
       count(*) FILTER (WHERE s.completed),
       count(*) FILTER (WHERE s.passed),
       count(*) FILTER (WHERE s.certified),
       count(s.person_id) FILTER (WHERE s.leader),
       count(*) FILTER (WHERE s.leader AND s.completed),
       count(*) FILTER (WHERE s.leader AND s.passed),
       count(*) FILTER (WHERE s.leader AND s.certified)
FROM (SELECT DISTINCT programme_id, unit_id FROM unnest(:programme_id, :unit_id) AS a(programme_id, unit_id)) p
LEFT JOIN LATERAL (
    SELECT w.leader, g.*
    FROM person w JOIN standing(p.programme_id, 'infinity') g ON g.person_id = w.person_id
    WHERE w.unit_id = p.unit_id
) s ON true
GROUP BY p.programme_id, p.unit_id
ON CONFLICT (programme_id, unit_id) DO UPDATE
SET assigned = excluded.assigned, completed = excluded.completed, passed = excluded.passed,
    certified = excluded.certified, leaders_assigned = excluded.leaders_assigned,
    leaders_completed = excluded.leaders_completed, leaders_passed = excluded.leaders_passed,
    leaders_certified = excluded.leaders_certified
WHERE (r.assigned, r.completed, r.passed, r.certified,
       r.leaders_assigned, r.leaders_completed, r.leaders_passed, r.leaders_certified)
      IS DISTINCT FROM
      (excluded.assigned, excluded.completed, excluded.passed, excluded.certified,
       excluded.leaders_assigned, excluded.leaders_completed, excluded.leaders_passed, excluded.leaders_certified)
RETURNING r.programme_id, r.unit_id,
          EXISTS (SELECT FROM stale m WHERE (m.programme_id, m.unit_id) = (r.programme_id, r.unit_id)) AS marked;

-- sweep_slice() rollup_pair
-- The next units in the ring, and every pair of theirs that has or should have a roll-up row. After the last unit the
-- ring begins again.
WITH slice AS MATERIALIZED (
    SELECT n.unit_id
    FROM ((SELECT u.unit_id FROM unit u WHERE u.unit_id > (SELECT after FROM sweep) ORDER BY u.unit_id LIMIT 32)
          UNION
          (SELECT DISTINCT r.unit_id FROM rollup r WHERE r.unit_id > (SELECT after FROM sweep)
           ORDER BY r.unit_id LIMIT 32)) n
    ORDER BY n.unit_id LIMIT 32
), moved AS (
    UPDATE sweep SET after = coalesce((SELECT unit_id FROM slice ORDER BY unit_id DESC LIMIT 1),
                                      '00000000-0000-0000-0000-000000000000')
)
SELECT r.programme_id, r.unit_id FROM rollup r JOIN slice USING (unit_id)
UNION
SELECT g.programme_id, w.unit_id
FROM slice JOIN person w USING (unit_id) JOIN progress g USING (person_id) WHERE g.assigned_at IS NOT NULL
LIMIT 4096;

-- rollup_get(rollup_query) counts
-- The unit, then those directly below it; each with the sums of everything below. Rows of rollup are joined once, under
-- the child of the unit that they lie below (NULL: the unit's own people).
WITH top AS MATERIALIZED (
    SELECT u.unit_id, u.path,
           CASE WHEN NOT u.path && :ctx_scope THEN 'FORBIDDEN:unit_id'
                WHEN NOT EXISTS (SELECT FROM programme p WHERE p.programme_id = :programme_id)
                    THEN 'NOT_FOUND:programme_id' END AS fault
    FROM unit u WHERE u.unit_id = :unit_id
), below AS MATERIALIZED (
    SELECT d.path[cardinality(t.path) + 1] AS child,
           sum(r.assigned)::bigint AS assigned, sum(r.completed)::bigint AS completed,
           sum(r.passed)::bigint AS passed, sum(r.certified)::bigint AS certified,
           sum(r.leaders_assigned)::bigint AS leaders_assigned, sum(r.leaders_completed)::bigint AS leaders_completed,
           sum(r.leaders_passed)::bigint AS leaders_passed, sum(r.leaders_certified)::bigint AS leaders_certified,
           GROUPING(d.path[cardinality(t.path) + 1]) = 1 AS total
    FROM top t
    JOIN unit d ON d.path @> ARRAY[t.unit_id]
    JOIN rollup r ON r.unit_id = d.unit_id
    WHERE t.fault IS NULL AND r.programme_id = :programme_id
    GROUP BY ROLLUP (d.path[cardinality(t.path) + 1])
)
SELECT s.unit_id, s.parent_id, s.code, s.name,
       coalesce(b.assigned, 0) AS assigned, coalesce(b.completed, 0) AS completed,
       coalesce(b.passed, 0) AS passed, coalesce(b.certified, 0) AS certified,
       coalesce(b.leaders_assigned, 0) AS leaders_assigned, coalesce(b.leaders_completed, 0) AS leaders_completed,
       coalesce(b.leaders_passed, 0) AS leaders_passed, coalesce(b.leaders_certified, 0) AS leaders_certified,
       coalesce(t.fault, CASE WHEN count(*) OVER () > 5000 THEN 'TOO_LARGE:unit_id' END) AS fault
FROM top t
JOIN unit s ON s.unit_id = t.unit_id OR (s.parent_id = t.unit_id AND t.fault IS NULL)
LEFT JOIN below b ON CASE WHEN s.unit_id = t.unit_id THEN b.total ELSE NOT b.total AND b.child = s.unit_id END
ORDER BY s.unit_id <> t.unit_id, s.code COLLATE "C" LIMIT 5001;
