-- Deploy identity:headcount to pg
--
-- How many people work where, as of any day, counted by principal tenures. Each change of a tenure leaves its difference
-- in headcount_change (tenures.sql), which nobody waits for; a tick folds these into counts that grow from day to day, one row for each
-- day on which something changed. A question takes the latest count up to its day, and what is not folded yet.
BEGIN;

SET LOCAL search_path = identity, hocvu;

CREATE TABLE headcount_change (
    unit_id uuid NOT NULL,
    day     date NOT NULL,
    people  bigint NOT NULL,
    leaders bigint NOT NULL
);
CREATE INDEX headcount_change_unit ON headcount_change (unit_id);

-- Of a unit without what lies below it.
CREATE TABLE headcount (
    unit_id uuid NOT NULL,
    day     date NOT NULL,
    people  bigint NOT NULL,
    leaders bigint NOT NULL,
    PRIMARY KEY (unit_id, day) INCLUDE (people, leaders)
);

-- Of a ministry or province with all below it on that day, because the nation has too many units to be added up. `top` is
-- its step in unit_path.
CREATE TABLE headcount_top (
    top     text COLLATE "C" NOT NULL,
    day     date NOT NULL,
    people  bigint NOT NULL,
    leaders bigint NOT NULL,
    PRIMARY KEY (top, day) INCLUDE (people, leaders)
);

-- Folds the changes of so many units, with all that is known of each. How many they were.
CREATE FUNCTION headcount_fold(most bigint) RETURNS bigint LANGUAGE plpgsql SET search_path = identity, pg_catalog AS $$
DECLARE
    folded bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.headcount'));
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT unit_id FROM headcount_change LIMIT most
    ), taken AS (
        DELETE FROM headcount_change c USING chosen WHERE c.unit_id = chosen.unit_id RETURNING c.*
    ), differ AS MATERIALIZED (
        SELECT unit_id, day, sum(people) AS people, sum(leaders) AS leaders FROM taken GROUP BY unit_id, day
    ), days AS (
        -- The days that change and those after them; never a join of two lists of unknown length.
        SELECT unit_id, day, sum(people) AS people, sum(leaders) AS leaders
        FROM (SELECT unit_id, day, people, leaders FROM differ
              UNION ALL
              SELECT h.unit_id, h.day, 0, 0 FROM (SELECT unit_id, min(day) AS since FROM differ GROUP BY unit_id) t
              JOIN headcount h ON h.unit_id = t.unit_id AND h.day > t.since) d
        GROUP BY unit_id, day
    ), own AS (
        INSERT INTO headcount AS h (unit_id, day, people, leaders)
        SELECT unit_id, day, coalesce(b.people, 0) + sum(days.people) OVER one,
            coalesce(b.leaders, 0) + sum(days.leaders) OVER one
        FROM days
        LEFT JOIN LATERAL (SELECT o.people, o.leaders FROM headcount o
                           WHERE o.unit_id = days.unit_id AND o.day <= days.day ORDER BY o.day DESC LIMIT 1) b ON true
        WINDOW one AS (PARTITION BY unit_id ORDER BY day)
        ON CONFLICT (unit_id, day) DO UPDATE SET people = excluded.people, leaders = excluded.leaders
    ), top_differ AS MATERIALIZED (
        -- A change counts for the ministry or province in which its unit lies, for as long as it lies there.
        SELECT substr(p.path, 9, 8) AS top, d.day, sum(d.people) AS people, sum(d.leaders) AS leaders
        FROM differ c
        JOIN unit_path p ON p.unit_id = c.unit_id AND (p.valid_to IS NULL OR p.valid_to > c.day)
        CROSS JOIN LATERAL (VALUES (greatest(p.valid_from, c.day), c.people, c.leaders),
                                   (p.valid_to, -c.people, -c.leaders)) AS d (day, people, leaders)
        WHERE octet_length(p.path) > 8 AND d.day IS NOT NULL
        GROUP BY 1, 2
        HAVING sum(d.people) <> 0 OR sum(d.leaders) <> 0
    ), top_days AS (
        SELECT top, day, sum(people) AS people, sum(leaders) AS leaders
        FROM (SELECT top, day, people, leaders FROM top_differ
              UNION ALL
              SELECT h.top, h.day, 0, 0 FROM (SELECT top, min(day) AS since FROM top_differ GROUP BY top) t
              JOIN headcount_top h ON h.top = t.top AND h.day > t.since) d
        GROUP BY top, day
    ), whole AS (
        INSERT INTO headcount_top AS h (top, day, people, leaders)
        SELECT top, day, coalesce(b.people, 0) + sum(top_days.people) OVER one,
            coalesce(b.leaders, 0) + sum(top_days.leaders) OVER one
        FROM top_days
        LEFT JOIN LATERAL (SELECT o.people, o.leaders FROM headcount_top o
                           WHERE o.top = top_days.top AND o.day <= top_days.day ORDER BY o.day DESC LIMIT 1) b ON true
        WINDOW one AS (PARTITION BY top ORDER BY day)
        ON CONFLICT (top, day) DO UPDATE SET people = excluded.people, leaders = excluded.leaders
    )
    SELECT count(*) INTO folded FROM chosen;
    RETURN folded;
END $$;

-- Counts some ministries and provinces anew from their units: after units with people went from one to another.
CREATE FUNCTION headcount_renew(tops text[]) RETURNS void LANGUAGE plpgsql SET search_path = identity, pg_catalog AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.headcount'));
    DELETE FROM headcount_top WHERE top = ANY (tops);
    INSERT INTO headcount_top (top, day, people, leaders)
    WITH place AS MATERIALIZED (
        SELECT unit_id, valid_from, valid_to, substr(path, 9, 8) AS top FROM unit_path
        WHERE substr(path, 9, 8) = ANY (tops)
    ), step AS (
        SELECT h.unit_id, h.day, h.people - lag(h.people, 1, 0::bigint) OVER one AS people,
            h.leaders - lag(h.leaders, 1, 0::bigint) OVER one AS leaders
        FROM headcount h WHERE h.unit_id IN (SELECT unit_id FROM place)
        WINDOW one AS (PARTITION BY h.unit_id ORDER BY h.day)
    ), differ AS (
        SELECT p.top, d.day, sum(d.people) AS people, sum(d.leaders) AS leaders
        FROM place p
        JOIN step s ON s.unit_id = p.unit_id AND (p.valid_to IS NULL OR p.valid_to > s.day)
        CROSS JOIN LATERAL (VALUES (greatest(p.valid_from, s.day), s.people, s.leaders),
                                   (p.valid_to, -s.people, -s.leaders)) AS d (day, people, leaders)
        WHERE d.day IS NOT NULL
        GROUP BY 1, 2
    )
    SELECT top, day, sum(people) OVER (PARTITION BY top ORDER BY day), sum(leaders) OVER (PARTITION BY top ORDER BY day)
    FROM differ;
END $$;

GRANT SELECT, INSERT, DELETE ON headcount_change TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON headcount, headcount_top TO hocvu_identity;

COMMIT;
