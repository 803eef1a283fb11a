-- Deploy identity:headcount to pg
--
-- How many people work where, as of any day, counted by principal tenures. Each change of a tenure leaves its difference
-- in headcount_change (tenures.sql), which nobody waits for; a tick folds these into counts that grow from day to day, one
-- row for each day on which something changed. A question takes the latest count up to its day, and what is not folded yet.
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- Differences from a day on: of a unit by itself, as tenures change, or (`whole`) of it with all below it, where units with
-- people went from one place to another.
CREATE TABLE headcount_change (
    unit_id uuid NOT NULL,
    whole   boolean NOT NULL DEFAULT false,
    day     date NOT NULL,
    people  bigint NOT NULL,
    leaders bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000); -- questions walk over what was folded until it is gone
CREATE INDEX headcount_change_unit ON headcount_change (unit_id);

-- Of a unit without what lies below it, and (`whole`) with all that lay below it on that day: so a question reads one row for
-- each unit that it shows, however many lie below these.
CREATE TABLE headcount (
    unit_id uuid NOT NULL,
    whole   boolean NOT NULL,
    day     date NOT NULL,
    people  bigint NOT NULL,
    leaders bigint NOT NULL,
    PRIMARY KEY (unit_id, whole, day) INCLUDE (people, leaders)
);

-- Folds the changes of so many units, with all that is known of each. How many they were. A change of a unit counts for
-- each unit above it, for as long as it lies there.
CREATE FUNCTION headcount_fold(most bigint) RETURNS bigint LANGUAGE plpgsql SET search_path = identity, pg_catalog AS $$
DECLARE
    folded bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.headcount'));
    WITH RECURSIVE walk AS (
        (SELECT unit_id, 1 AS n FROM headcount_change ORDER BY unit_id LIMIT 1)
        UNION ALL
        SELECT (SELECT c.unit_id FROM headcount_change c WHERE c.unit_id > w.unit_id ORDER BY c.unit_id LIMIT 1), w.n + 1
        FROM walk w WHERE w.unit_id IS NOT NULL AND w.n < most
    ), chosen AS MATERIALIZED (
        SELECT unit_id FROM walk WHERE unit_id IS NOT NULL
    ), taken AS (
        DELETE FROM headcount_change c USING chosen WHERE c.unit_id = chosen.unit_id RETURNING c.*
    ), told AS MATERIALIZED (
        SELECT unit_id, whole, day, sum(people) AS people, sum(leaders) AS leaders FROM taken GROUP BY unit_id, whole, day
    ), place AS MATERIALIZED (
        -- Taken apart once for each unit, not for each change.
        SELECT p.unit_id, p.valid_from, p.valid_to, u.unit_id AS above_id
        FROM chosen JOIN unit_path p USING (unit_id) CROSS JOIN LATERAL path_units(p.path) u
    ), differ AS MATERIALIZED (
        SELECT unit_id, whole, day, sum(people) AS people, sum(leaders) AS leaders
        FROM (SELECT unit_id, whole, day, people, leaders FROM told
              UNION ALL
              SELECT p.above_id, true, d.day, d.people, d.leaders
              FROM told c
              JOIN place p ON p.unit_id = c.unit_id AND (p.valid_to IS NULL OR p.valid_to > c.day)
              CROSS JOIN LATERAL (VALUES (greatest(p.valid_from, c.day), c.people, c.leaders),
                                         (p.valid_to, -c.people, -c.leaders)) AS d (day, people, leaders)
              WHERE NOT c.whole AND d.day IS NOT NULL) d
        GROUP BY unit_id, whole, day
        HAVING sum(people) <> 0 OR sum(leaders) <> 0
    ), days AS (
        -- The days that change and those after them; never a join of two lists of unknown length.
        SELECT unit_id, whole, day, sum(people) AS people, sum(leaders) AS leaders
        FROM (SELECT unit_id, whole, day, people, leaders FROM differ
              UNION ALL
              SELECT h.unit_id, h.whole, h.day, 0, 0
              FROM (SELECT unit_id, whole, min(day) AS since FROM differ GROUP BY unit_id, whole) t
              JOIN headcount h ON h.unit_id = t.unit_id AND h.whole = t.whole AND h.day > t.since) d
        GROUP BY unit_id, whole, day
    ), put AS (
        INSERT INTO headcount AS h (unit_id, whole, day, people, leaders)
        SELECT unit_id, whole, day, coalesce(b.people, 0) + sum(days.people) OVER one,
            coalesce(b.leaders, 0) + sum(days.leaders) OVER one
        FROM days
        LEFT JOIN LATERAL (
            SELECT o.people, o.leaders FROM headcount o
            WHERE o.unit_id = days.unit_id AND o.whole = days.whole AND o.day <= days.day ORDER BY o.day DESC LIMIT 1) b ON true
        WINDOW one AS (PARTITION BY unit_id, whole ORDER BY day)
        ON CONFLICT (unit_id, whole, day) DO UPDATE SET people = excluded.people, leaders = excluded.leaders
    )
    SELECT count(*) INTO folded FROM chosen;
    RETURN folded;
END $$;

-- After units with people went from one place to another: what these units have with all below them is forgotten and
-- written down anew as changes, from what is known of each unit by itself. Questions add it up until it is folded.
CREATE FUNCTION headcount_renew(units uuid[]) RETURNS void LANGUAGE plpgsql SET search_path = identity, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.headcount'));
    DELETE FROM headcount WHERE unit_id = ANY (units) AND whole;
    DELETE FROM headcount_change WHERE unit_id = ANY (units) AND whole;
    INSERT INTO headcount_change (unit_id, whole, day, people, leaders)
    WITH place AS MATERIALIZED (
        SELECT o.unit_id AS above_id, p.unit_id, greatest(o.valid_from, p.valid_from) AS valid_from,
            least(o.valid_to, p.valid_to) AS valid_to
        FROM unit_path o
        JOIN unit_path p ON p.path >= o.path AND p.path < o.path || 'g' AND (o.valid_to IS NULL OR o.valid_to > p.valid_from)
            AND (p.valid_to IS NULL OR p.valid_to > o.valid_from)
        WHERE o.unit_id = ANY (units)
    ), step AS MATERIALIZED (
        SELECT h.unit_id, h.day, h.people - lag(h.people, 1, 0::bigint) OVER one AS people,
            h.leaders - lag(h.leaders, 1, 0::bigint) OVER one AS leaders
        FROM headcount h WHERE h.unit_id IN (SELECT unit_id FROM place) AND NOT h.whole
        WINDOW one AS (PARTITION BY h.unit_id ORDER BY h.day)
    )
    SELECT p.above_id, true, d.day, sum(d.people), sum(d.leaders)
    FROM place p
    JOIN step s ON s.unit_id = p.unit_id AND (p.valid_to IS NULL OR p.valid_to > s.day)
    CROSS JOIN LATERAL (VALUES (greatest(p.valid_from, s.day), s.people, s.leaders),
                               (p.valid_to, -s.people, -s.leaders)) AS d (day, people, leaders)
    WHERE d.day IS NOT NULL
    GROUP BY p.above_id, d.day
    HAVING sum(d.people) <> 0 OR sum(d.leaders) <> 0;
END $$;

GRANT SELECT, INSERT, DELETE ON headcount_change TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON headcount TO hocvu_identity;

COMMIT;
