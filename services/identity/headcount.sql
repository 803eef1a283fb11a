-- How many people work where. Tables and their upkeep: migrations/deploy/headcount.sql.

-- headcount_fold(headcount_step) headcount_step
-- Not while a roster is written, which changes each unit many times over: folding what grows takes a processor from it. Nor
-- is another's fold waited for: who waits holds a snapshot, and what was folded meanwhile could not be cleaned away.
SELECT CASE WHEN pg_try_advisory_xact_lock_shared(hashtext('identity.import'))
             AND pg_try_advisory_xact_lock(hashtext('identity.headcount')) THEN headcount_fold(:units) ELSE 0 END AS units;

-- headcount_units(unit_range) headcount_row
-- The top by itself, the top with all below it, and each unit directly below with all below that.
WITH top AS MATERIALIZED (
    SELECT u.unit_id FROM unit_path u
    WHERE u.path = :path AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day)
    LIMIT 1
), shown AS MATERIALIZED (
    SELECT 0 AS rank, unit_id, false AS whole FROM top
    UNION ALL
    SELECT 1, unit_id, true FROM top
    UNION ALL
    (SELECT 2, v.unit_id, true
     FROM top JOIN unit_version v ON v.parent_id = top.unit_id AND v.valid_from <= :day AND (v.valid_to IS NULL OR v.valid_to > :day)
     ORDER BY v.code
     LIMIT 1000)
), change AS MATERIALIZED (
    SELECT unit_id, whole, sum(people) AS people, sum(leaders) AS leaders FROM headcount_change
    WHERE day <= :day GROUP BY unit_id, whole
), fresh AS MATERIALIZED (
    SELECT unit_id, whole, sum(people)::bigint AS people, sum(leaders)::bigint AS leaders
    FROM (SELECT unit_id, whole, people, leaders FROM change
          UNION ALL
          SELECT u.unit_id, true, c.people, c.leaders
          FROM change c
          JOIN unit_path p ON p.unit_id = c.unit_id AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day)
          CROSS JOIN LATERAL path_units(substr(p.path, octet_length(:path) - 7, 16)) u
          WHERE NOT c.whole AND p.path >= :path AND p.path < :path || 'g') f
    GROUP BY unit_id, whole
)
SELECT s.unit_id, v.code, v.name, coalesce(h.people, 0) + coalesce(f.people, 0) AS people,
    coalesce(h.leaders, 0) + coalesce(f.leaders, 0) AS leaders
FROM shown s
JOIN LATERAL (
    SELECT code, name FROM unit_version
    WHERE unit_id = s.unit_id AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day) LIMIT 1) v ON true
LEFT JOIN LATERAL (
    SELECT people, leaders FROM headcount
    WHERE unit_id = s.unit_id AND whole = s.whole AND day <= :day ORDER BY day DESC LIMIT 1) h ON true
LEFT JOIN fresh f ON f.unit_id = s.unit_id AND f.whole = s.whole
ORDER BY s.rank, v.code
LIMIT 1002;
