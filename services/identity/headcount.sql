-- How many people work where. Tables and their upkeep: migrations/deploy/headcount.sql.

-- headcount_fold(headcount_step) headcount_step
-- Not while a roster is written, which changes each unit many times over: folding what grows takes a processor from it.
SELECT CASE WHEN pg_try_advisory_xact_lock_shared(hashtext('identity.import')) THEN headcount_fold(:units) ELSE 0 END AS units;

-- headcount_own(unit_range) headcount_row
-- Of the top itself, without what lies below.
SELECT u.unit_id, v.code, v.name, coalesce(h.people, 0) + coalesce(f.people, 0) AS people,
    coalesce(h.leaders, 0) + coalesce(f.leaders, 0) AS leaders
FROM unit_path u
JOIN unit_version v ON v.unit_id = u.unit_id AND v.valid_from <= :day AND (v.valid_to IS NULL OR v.valid_to > :day)
LEFT JOIN LATERAL (
    SELECT people, leaders FROM headcount WHERE unit_id = u.unit_id AND day <= :day ORDER BY day DESC LIMIT 1) h ON true
LEFT JOIN LATERAL (
    SELECT sum(people)::bigint AS people, sum(leaders)::bigint AS leaders FROM headcount_change
    WHERE unit_id = u.unit_id AND day <= :day) f ON true
WHERE u.path = :path AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day)
LIMIT 1;

-- headcount_tops(unit_range) headcount_row
-- What lies directly below the nation, each with all below it.
WITH fresh AS MATERIALIZED (
    SELECT substr(p.path, 9, 8) AS top, sum(c.people)::bigint AS people, sum(c.leaders)::bigint AS leaders
    FROM (SELECT unit_id, sum(people) AS people, sum(leaders) AS leaders FROM headcount_change
          WHERE day <= :day GROUP BY unit_id) c
    JOIN unit_path p ON p.unit_id = c.unit_id AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day)
    GROUP BY 1
)
SELECT v.unit_id, v.code, v.name, coalesce(h.people, 0) + coalesce(f.people, 0) AS people,
    coalesce(h.leaders, 0) + coalesce(f.leaders, 0) AS leaders
FROM unit_path n
JOIN unit_version v ON v.parent_id = n.unit_id AND v.valid_from <= :day AND (v.valid_to IS NULL OR v.valid_to > :day)
JOIN unit u ON u.unit_id = v.unit_id
LEFT JOIN LATERAL (
    SELECT people, leaders FROM headcount_top WHERE top = lpad(to_hex(u.short), 8, '0') AND day <= :day
    ORDER BY day DESC LIMIT 1) h ON true
LEFT JOIN fresh f ON f.top = lpad(to_hex(u.short), 8, '0')
WHERE n.path = :path AND n.valid_from <= :day AND (n.valid_to IS NULL OR n.valid_to > :day)
ORDER BY v.code
LIMIT 1000;

-- headcount_below(unit_range) headcount_row
-- What lies directly below another unit, added up unit by unit.
WITH fresh AS MATERIALIZED (
    SELECT unit_id, sum(people)::bigint AS people, sum(leaders)::bigint AS leaders FROM headcount_change
    WHERE day <= :day GROUP BY unit_id
), held AS (
    SELECT substr(u.path, 1, octet_length(:path) + 8) AS child, sum(coalesce(h.people, 0) + coalesce(f.people, 0)) AS people,
        sum(coalesce(h.leaders, 0) + coalesce(f.leaders, 0)) AS leaders
    FROM unit_path u
    LEFT JOIN LATERAL (
        SELECT people, leaders FROM headcount WHERE unit_id = u.unit_id AND day <= :day ORDER BY day DESC LIMIT 1) h ON true
    LEFT JOIN fresh f ON f.unit_id = u.unit_id
    WHERE u.path > :path AND u.path < :path || 'g' AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day)
    GROUP BY 1
)
SELECT v.unit_id, v.code, v.name, held.people::bigint AS people, held.leaders::bigint AS leaders
FROM held
JOIN LATERAL (
    SELECT u.unit_id FROM unit_path u
    WHERE u.path = held.child AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day) LIMIT 1) u ON true
JOIN unit_version v ON v.unit_id = u.unit_id AND v.valid_from <= :day AND (v.valid_to IS NULL OR v.valid_to > :day)
ORDER BY v.code
LIMIT 1000;

-- headcount_rest(unit_range) headcount_sum
-- All below the top, for one that has more units than a reply shows.
SELECT coalesce(sum(h.people), 0)::bigint + coalesce((
        SELECT sum(c.people) FROM headcount_change c JOIN unit_path p USING (unit_id)
        WHERE c.day <= :day AND p.path > :path AND p.path < :path || 'g' AND p.valid_from <= :day
            AND (p.valid_to IS NULL OR p.valid_to > :day)), 0)::bigint AS people,
    coalesce(sum(h.leaders), 0)::bigint + coalesce((
        SELECT sum(c.leaders) FROM headcount_change c JOIN unit_path p USING (unit_id)
        WHERE c.day <= :day AND p.path > :path AND p.path < :path || 'g' AND p.valid_from <= :day
            AND (p.valid_to IS NULL OR p.valid_to > :day)), 0)::bigint AS leaders
FROM unit_path u
CROSS JOIN LATERAL (
    SELECT people, leaders FROM headcount WHERE unit_id = u.unit_id AND day <= :day ORDER BY day DESC LIMIT 1) h
WHERE u.path > :path AND u.path < :path || 'g' AND u.valid_from <= :day AND (u.valid_to IS NULL OR u.valid_to > :day);
