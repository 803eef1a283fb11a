-- Deploy reporting:past to pg
--
-- Part of the organisation as of a day. unit_as_of and person_as_of of the copy say the same for the whole nation; a
-- report of one commune must not read three million tenures.
BEGIN;

SET LOCAL search_path = reporting, hocvu;

CREATE INDEX unit_version_parent ON unit_version (parent_id);
CREATE INDEX tenure_unit ON tenure (unit_id);

-- Where a unit stood: from the root to itself. Empty when it was not.
CREATE FUNCTION path_as_of(which uuid, day date) RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE climb AS (
        SELECT v.parent_id, ARRAY[v.unit_id] AS path
        FROM reporting.unit_version v
        WHERE v.unit_id = which AND v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day)
        UNION ALL
        SELECT v.parent_id, v.unit_id || c.path
        FROM climb c JOIN reporting.unit_version v ON v.unit_id = c.parent_id
        WHERE v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day) AND NOT v.unit_id = ANY (c.path)
    )
    SELECT coalesce((SELECT c.path FROM climb c ORDER BY cardinality(c.path) DESC LIMIT 1), '{}')
$$;

-- A unit and everything below it; `trail` goes from the top asked for to the unit itself. At most `most` rows.
CREATE FUNCTION subtree_as_of(top uuid, day date, most bigint)
RETURNS TABLE (unit_id uuid, parent_id uuid, code text, name text, trail uuid[])
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE tree AS (
        SELECT v.unit_id, v.parent_id, v.code, v.name, ARRAY[v.unit_id] AS trail
        FROM reporting.unit_version v
        WHERE v.unit_id = top AND v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day)
        UNION ALL
        SELECT v.unit_id, v.parent_id, v.code, v.name, t.trail || v.unit_id
        FROM tree t JOIN reporting.unit_version v ON v.parent_id = t.unit_id
        WHERE v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day) AND NOT v.unit_id = ANY (t.trail)
    )
    SELECT t.unit_id, t.parent_id, t.code, t.name, t.trail FROM tree t LIMIT most
$$;

-- The people whose principal tenure was in one of these units. Identity keeps one a day; should an event be on its way, the
-- one that began last.
CREATE FUNCTION people_as_of(units uuid[], day date) RETURNS TABLE (person_id uuid, unit_id uuid, leader boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT t.person_id, t.unit_id, t.leader
    FROM reporting.tenure t
    WHERE t.unit_id = ANY (units) AND t.kind = 'principal' AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to > day)
      AND NOT EXISTS (
          SELECT FROM reporting.tenure o
          WHERE o.person_id = t.person_id AND o.kind = 'principal' AND o.valid_from <= day AND (o.valid_to IS NULL OR o.valid_to > day)
            AND (o.valid_from > t.valid_from OR (o.valid_from = t.valid_from AND o.tenure_id < t.tenure_id)))
$$;

GRANT EXECUTE ON FUNCTION path_as_of(uuid, date), subtree_as_of(uuid, date, bigint), people_as_of(uuid[], date)
    TO hocvu_reporting;

COMMIT;
