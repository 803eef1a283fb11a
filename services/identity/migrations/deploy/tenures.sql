-- Deploy identity:tenures to pg
--
-- What holds for tenures whoever writes them, and the difference that they make to the counts of people. All of it is one
-- trigger that looks at all rows of a statement: a roster brings three million, and what is done for each row by itself,
-- keys that refer to other tables as well, costs more than writing it. Ids of persons and units are never deleted.
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- 1. Its unit and its person exist, and the tenure that a secondment comes from.
-- 2. One principal tenure on each day on which somebody works: no two at once, and none of the others on a day without one.
--    Who writes tenures holds the person's row or the lock of the imports, so that two cannot pass each other.
-- 3. headcount_change says by how many each unit has become more or less.
--
-- Persons who are new have ids next to each other, so for many rows the stretch of ids between the lowest and the highest
-- is tried first: when it holds little more than these persons, one walk along each index answers for all. Otherwise each
-- person is looked up. By index alone: the plan is kept, and must be right for one row and for twenty thousand.
CREATE FUNCTION tenure_written() RETURNS trigger LANGUAGE plpgsql
SET search_path = identity, pg_catalog SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
DECLARE
    total bigint; -- rows of the statement
    attached boolean;
    low uuid;
    high uuid;
    known boolean := false; -- all persons are there
    walked bigint;          -- tenures in the stretch, up to one more than are looked at
    several uuid[];         -- persons with more than one tenure, or one that is not principal
    wrong uuid;
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH sums AS MATERIALIZED (
            SELECT t.unit_id, t.valid_from, t.valid_to, t.kind = 'principal' AND t.valid_to IS DISTINCT FROM t.valid_from AS counts,
                count(*) AS people, count(*) FILTER (WHERE t.leader) AS leaders
            FROM now_so t GROUP BY 1, 2, 3, 4
        ), noted AS (
            INSERT INTO headcount_change (unit_id, day, people, leaders)
            SELECT s.unit_id, c.day, sum(c.n * s.people), sum(c.n * s.leaders)
            FROM sums s CROSS JOIN LATERAL (VALUES (s.valid_from, 1), (s.valid_to, -1)) AS c (day, n)
            WHERE s.counts AND c.day IS NOT NULL
            GROUP BY s.unit_id, c.day
            HAVING sum(c.n * s.people) <> 0 OR sum(c.n * s.leaders) <> 0
        )
        SELECT coalesce(sum(s.people), 0), bool_and(EXISTS (SELECT FROM unit u WHERE u.unit_id = s.unit_id))
        INTO total, attached FROM sums s;
    ELSE
        INSERT INTO headcount_change (unit_id, day, people, leaders)
        SELECT t.unit_id, c.day, sum(c.n), sum(CASE WHEN t.leader THEN c.n ELSE 0 END)
        FROM (SELECT unit_id, kind, leader, valid_from, valid_to, 1 AS sign FROM now_so
              UNION ALL
              SELECT unit_id, kind, leader, valid_from, valid_to, -1 FROM was_so) t
        CROSS JOIN LATERAL (VALUES (t.valid_from, t.sign), (t.valid_to, -t.sign)) AS c (day, n)
        WHERE t.kind = 'principal' AND t.valid_to IS DISTINCT FROM t.valid_from AND c.day IS NOT NULL
        GROUP BY t.unit_id, c.day
        HAVING sum(c.n) <> 0 OR sum(CASE WHEN t.leader THEN c.n ELSE 0 END) <> 0;
        SELECT coalesce(sum(s.rows), 0), bool_and(EXISTS (SELECT FROM unit u WHERE u.unit_id = s.unit_id))
        INTO total, attached FROM (SELECT t.unit_id, count(*) AS rows FROM now_so t GROUP BY t.unit_id) s;
    END IF;
    IF total = 0 THEN
        RETURN NULL;
    END IF;

    IF total >= 100 THEN
        SELECT t.person_id INTO low FROM now_so t ORDER BY t.person_id LIMIT 1;
        SELECT t.person_id INTO high FROM now_so t ORDER BY t.person_id DESC LIMIT 1;
        known := NOT EXISTS (
            SELECT t.person_id FROM now_so t
            EXCEPT
            SELECT s.person_id FROM (SELECT p.person_id FROM person p WHERE p.person_id BETWEEN low AND high LIMIT 3 * total) s);
        SELECT array_agg(k.person_id) FILTER (WHERE k.n > 1 OR k.beside), sum(k.n) INTO several, walked
        FROM (SELECT s.person_id, count(*) AS n, bool_or(s.kind <> 'principal') AS beside
              FROM (SELECT t.person_id, t.kind FROM tenure t
                    WHERE t.person_id BETWEEN low AND high LIMIT 3 * total + 1) s
              GROUP BY s.person_id) k;
    END IF;

    IF NOT attached
        OR NOT known AND EXISTS (SELECT FROM now_so t WHERE NOT EXISTS (SELECT FROM person p WHERE p.person_id = t.person_id))
        OR EXISTS (SELECT FROM now_so t WHERE t.home_tenure_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM tenure h WHERE h.tenure_id = t.home_tenure_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a tenure of nobody, or in no unit';
    END IF;

    IF walked IS NULL OR walked > 3 * total THEN
        -- Most have one tenure, and it is the principal one; the others are looked at closely. Counted for each by itself:
        -- joined as a whole, the tenures of everybody might be read for each of them.
        SELECT array_agg(c.person_id) INTO several
        FROM (SELECT DISTINCT t.person_id FROM now_so t) c CROSS JOIN LATERAL (
            SELECT count(*) AS n, count(*) FILTER (WHERE t.kind = 'principal') AS principals FROM tenure t
            WHERE t.person_id = c.person_id AND (t.valid_to IS NULL OR t.valid_to > t.valid_from)) k
        WHERE k.n > 1 OR k.principals < k.n;
    END IF;
    IF several IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT d.person_id INTO wrong FROM (
        SELECT t.person_id, t.valid_to, lead(t.valid_from) OVER (PARTITION BY t.person_id ORDER BY t.valid_from) AS next
        FROM unnest(several) AS c (person_id) CROSS JOIN LATERAL (
            SELECT * FROM tenure WHERE person_id = c.person_id OFFSET 0) t
        WHERE t.kind = 'principal' AND (t.valid_to IS NULL OR t.valid_to > t.valid_from)) d
    WHERE d.next < coalesce(d.valid_to, 'infinity') LIMIT 1;
    IF wrong IS NULL THEN
        SELECT t.person_id INTO wrong
        FROM unnest(several) AS c (person_id) CROSS JOIN LATERAL (
            SELECT * FROM tenure WHERE person_id = c.person_id OFFSET 0) t
        WHERE t.kind <> 'principal' AND (t.valid_to IS NULL OR t.valid_to > t.valid_from)
            AND NOT coalesce(daterange(t.valid_from, t.valid_to) <@ (
                SELECT range_agg(daterange(p.valid_from, p.valid_to)) FROM tenure p
                WHERE p.person_id = t.person_id AND p.kind = 'principal'), false)
        LIMIT 1;
    END IF;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'STATE:kind'
            USING DETAIL = format('Person %s does not have one principal tenure on each day of work.', wrong);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tenure_new AFTER INSERT ON tenure REFERENCING NEW TABLE AS now_so
    FOR EACH STATEMENT EXECUTE FUNCTION tenure_written();
CREATE TRIGGER tenure_now AFTER UPDATE ON tenure REFERENCING OLD TABLE AS was_so NEW TABLE AS now_so
    FOR EACH STATEMENT EXECUTE FUNCTION tenure_written();

COMMIT;
