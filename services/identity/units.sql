-- The organisation tree.

-- units(unit_query) unit_fact
-- A statement for each kind of question, because each is one look into another index.
SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, v.name_en, v.official_kind, v.decree_id, v.valid_from, v.valid_to
FROM unit_version v
WHERE v.valid_from <= coalesce(:as_of, today()) AND (v.valid_to IS NULL OR v.valid_to > coalesce(:as_of, today()))
    AND v.code > coalesce(:after, '')
ORDER BY v.code
LIMIT 500;

-- units_of_code(unit_query) unit_fact
-- The code is the one of that day.
SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, v.name_en, v.official_kind, v.decree_id, v.valid_from, v.valid_to
FROM unit_version v
WHERE v.code = :code AND v.valid_from <= coalesce(:as_of, today()) AND (v.valid_to IS NULL OR v.valid_to > coalesce(:as_of, today()))
    AND (:parent_code IS NULL OR v.parent_id = (SELECT c.unit_id FROM unit_code c WHERE c.code = :parent_code))
LIMIT 500;

-- units_below(unit_query) unit_fact
SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, v.name_en, v.official_kind, v.decree_id, v.valid_from, v.valid_to
FROM unit_version p
JOIN unit_version v ON v.parent_id = p.unit_id AND v.valid_from <= coalesce(:as_of, today())
    AND (v.valid_to IS NULL OR v.valid_to > coalesce(:as_of, today()))
WHERE p.code = :parent_code AND p.valid_from <= coalesce(:as_of, today()) AND (p.valid_to IS NULL OR p.valid_to > coalesce(:as_of, today()))
    AND v.code > coalesce(:after, '')
ORDER BY v.code
LIMIT 500;

-- units_within(unit_query) unit_fact
-- A subtree is a range of paths; a page begins behind the path that its last unit had on that day.
WITH top AS (
    SELECT p.path FROM unit_path p JOIN unit_code c USING (unit_id)
    WHERE c.code = :within AND p.valid_from <= coalesce(:as_of, today()) AND (p.valid_to IS NULL OR p.valid_to > coalesce(:as_of, today()))
), last AS (
    SELECT p.path FROM unit_path p JOIN unit_code c USING (unit_id)
    WHERE c.code = :after AND p.valid_from <= coalesce(:as_of, today()) AND (p.valid_to IS NULL OR p.valid_to > coalesce(:as_of, today()))
)
SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, v.name_en, v.official_kind, v.decree_id, v.valid_from, v.valid_to
FROM unit_path p
JOIN unit_version v ON v.unit_id = p.unit_id AND v.valid_from <= coalesce(:as_of, today())
    AND (v.valid_to IS NULL OR v.valid_to > coalesce(:as_of, today()))
WHERE p.path >= (SELECT path FROM top) AND p.path < (SELECT path FROM top) || 'g'
    AND p.path > coalesce((SELECT path FROM last), '')
    AND p.valid_from <= coalesce(:as_of, today()) AND (p.valid_to IS NULL OR p.valid_to > coalesce(:as_of, today()))
    AND (:parent_code IS NULL OR v.parent_id = (SELECT c.unit_id FROM unit_code c WHERE c.code = :parent_code))
    AND (:code IS NULL OR v.code = :code)
ORDER BY p.path
LIMIT 500;

-- unit_in_scope(unit_ref) unit_ref
SELECT unit_id FROM unit_now WHERE unit_id = :unit_id AND path && :ctx_scope;

-- unit_codes() unit_code
SELECT unit_id, code, path && :ctx_scope AS visible FROM unit_now ORDER BY code LIMIT 200000;

-- unit_versions() unit_fact
-- The whole tree through all times, for an import that has the lock.
SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, v.name_en, v.official_kind, v.decree_id, v.valid_from, v.valid_to
FROM unit_version v JOIN unit u USING (unit_id)
ORDER BY u.code, v.valid_from
LIMIT 200000;

-- unit_add(unit_fact) BULK
-- Ids of units that the tree does not have yet. Their versions come after all of them, because they name each other.
WITH added AS (
    INSERT INTO unit (unit_id, code) SELECT * FROM unnest(:unit_id, :code) RETURNING unit_id, code
)
INSERT INTO unit_code (code, unit_id) SELECT code, unit_id FROM added;

-- unit_put(unit_fact) BULK
-- Versions that are new or differ; each is told. Where an import ends one version and begins the next, it is sent both.
WITH put AS (
    INSERT INTO unit_version (unit_id, parent_id, code, kind, name, name_en, official_kind, decree_id, valid_from, valid_to)
    SELECT unit_id, parent_id, code, kind, name, name_en, official_kind, decree_id, valid_from, valid_to
    FROM unnest(:unit_id, :parent_id, :code, :kind, :name, :name_en, :official_kind, :decree_id, :valid_from, :valid_to)
        WITH ORDINALITY AS row (unit_id, parent_id, code, kind, name, name_en, official_kind, decree_id, valid_from,
                                valid_to, nr)
    ORDER BY nr
    ON CONFLICT (unit_id, valid_from) DO UPDATE
    SET parent_id = excluded.parent_id, code = excluded.code, kind = excluded.kind, name = excluded.name,
        name_en = excluded.name_en, official_kind = excluded.official_kind, decree_id = excluded.decree_id,
        valid_to = excluded.valid_to
    RETURNING *
), coded AS (
    INSERT INTO unit_code (code, unit_id) SELECT DISTINCT code, unit_id FROM put
    ON CONFLICT (code) DO NOTHING
)
INSERT INTO outbox (event, body, trace)
SELECT 'org_changed', jsonb_strip_nulls(jsonb_build_object('unit_id', unit_id, 'parent_id', parent_id, 'code', code,
    'kind', kind, 'name', name, 'name_en', name_en, 'official_kind', official_kind, 'decree_id', decree_id,
    'valid_from', valid_from, 'valid_to', valid_to)), :ctx_trace
FROM put;

-- units_became(unit_became) BULK
-- Told as a decree is, after the units: an event for each day, of 500 units at most.
WITH became AS (
    SELECT b.*, (row_number() OVER (PARTITION BY effective_from ORDER BY nr) - 1) / 500 AS page
    FROM unnest(:decree_id, :number, :effective_from, :op, :unit_id) WITH ORDINALITY
        AS b (decree_id, number, effective_from, op, unit_id, nr)
)
INSERT INTO outbox (event, body, trace)
SELECT 'decree_applied', jsonb_strip_nulls(jsonb_build_object('decree_id', decree_id, 'number', number,
    'effective_from', effective_from, 'successors', jsonb_agg(
        jsonb_build_object('old_unit', unit_id, 'new_unit', unit_id, 'op', op) ORDER BY nr))), :ctx_trace
FROM became
GROUP BY decree_id, number, effective_from, page
ORDER BY effective_from, page;

-- unit_now_refresh()
-- Makes unit_now say what the versions say about today. Looks first whether anything differs, because it also runs by
-- the clock: versions become current when their day comes.
WITH RECURSIVE current AS (
    SELECT unit_id, valid_from, parent_id, code, kind, name, name_en FROM unit_version
    WHERE valid_from <= today() AND (valid_to IS NULL OR valid_to > today())
), differs AS (
    (SELECT unit_id, valid_from, parent_id, code, kind, name, name_en FROM current
     EXCEPT ALL SELECT unit_id, valid_from, parent_id, code, kind, name, name_en FROM unit_now)
    UNION ALL
    (SELECT unit_id, valid_from, parent_id, code, kind, name, name_en FROM unit_now
     EXCEPT ALL SELECT unit_id, valid_from, parent_id, code, kind, name, name_en FROM current)
    LIMIT 1
), tree AS (
    SELECT c.*, ARRAY[c.unit_id] AS path FROM current c WHERE c.parent_id IS NULL AND EXISTS (SELECT FROM differs)
    UNION ALL
    SELECT c.*, t.path || c.unit_id FROM current c JOIN tree t ON c.parent_id = t.unit_id
    WHERE NOT c.unit_id = ANY (t.path)
), gone AS (
    DELETE FROM unit_now n
    WHERE EXISTS (SELECT FROM differs) AND NOT EXISTS (SELECT FROM tree t WHERE t.unit_id = n.unit_id)
)
INSERT INTO unit_now AS n (unit_id, valid_from, parent_id, code, kind, name, name_en, path)
SELECT unit_id, valid_from, parent_id, code, kind, name, name_en, path FROM tree
ON CONFLICT (unit_id) DO UPDATE
SET valid_from = excluded.valid_from, parent_id = excluded.parent_id, code = excluded.code, kind = excluded.kind,
    name = excluded.name, name_en = excluded.name_en, path = excluded.path
WHERE n IS DISTINCT FROM excluded;

-- unit_path_refresh()
-- After many versions were written: the ways of all days, and the counts of people where units went from one place to
-- another.
SELECT headcount_renew(array_agg(unit_id)) FROM unit_path_renew(NULL) AS t (unit_id) HAVING count(*) > 0;

-- unit_path_refresh_of(unit_fact) BULK
-- The same for some units and what lies below them.
SELECT headcount_renew(array_agg(t.unit_id)) FROM unit_path_renew(:unit_id) AS t (unit_id) HAVING count(*) > 0;
