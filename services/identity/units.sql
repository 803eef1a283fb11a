-- The organisation tree.

-- units(unit_query) unit_fact
WITH shown AS NOT MATERIALIZED (
    SELECT unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to
    FROM unit_version
    WHERE valid_from <= coalesce(:as_of, today()) AND (valid_to IS NULL OR valid_to > coalesce(:as_of, today()))
)
SELECT * FROM shown
WHERE (:code IS NULL OR code = :code)
    AND (:parent_code IS NULL OR parent_id = (SELECT p.unit_id FROM shown p WHERE p.code = :parent_code))
    AND (:after IS NULL OR code > :after)
ORDER BY code
LIMIT 500;

-- unit_in_scope(unit_ref) unit_ref
SELECT unit_id FROM unit_now WHERE unit_id = :unit_id AND path && :ctx_scope;

-- unit_codes() unit_code
SELECT unit_id, code, path && :ctx_scope AS visible FROM unit_now ORDER BY code LIMIT 200000;

-- unit_versions() unit_fact
-- The whole tree through all times, for an import that has the lock.
SELECT unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to
FROM unit_version
ORDER BY code, unit_id, valid_from
LIMIT 200000;

-- unit_add(unit_fact) BULK
-- Ids of units that the tree does not have yet. Their versions come after all of them, because they name each other.
INSERT INTO unit (unit_id, code) SELECT * FROM unnest(:unit_id, :code);

-- unit_put(unit_fact) BULK
-- Versions that are new or differ; each is told. Where an import ends one version and begins the next, it is sent both.
WITH put AS (
    INSERT INTO unit_version (unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to)
    SELECT unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to
    FROM unnest(:unit_id, :parent_id, :code, :kind, :name, :name_en, :valid_from, :valid_to) WITH ORDINALITY
        AS row (unit_id, parent_id, code, kind, name, name_en, valid_from, valid_to, nr)
    ORDER BY nr
    ON CONFLICT (unit_id, valid_from) DO UPDATE
    SET parent_id = excluded.parent_id, code = excluded.code, kind = excluded.kind, name = excluded.name,
        name_en = excluded.name_en, valid_to = excluded.valid_to
    RETURNING *
)
INSERT INTO outbox (event, body, trace)
SELECT 'org_changed', jsonb_strip_nulls(jsonb_build_object('unit_id', unit_id, 'parent_id', parent_id, 'code', code,
    'kind', kind, 'name', name, 'name_en', name_en, 'valid_from', valid_from, 'valid_to', valid_to)), :ctx_trace
FROM put;

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
