-- Deploy identity:units to pg
--
-- The organisation tree. Versions are never lost: a report of last June is computed with last June's tree.
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- An exclusion over an id and a range of days needs an index type that has both.
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA identity;

-- A unit stays the same through all versions. `code` is its first one; `short` is its step in paths.
CREATE TABLE unit (
    unit_id uuid PRIMARY KEY,
    short   integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    code    text COLLATE "C" NOT NULL UNIQUE CHECK (octet_length(code) BETWEEN 1 AND 32),
    created timestamptz NOT NULL DEFAULT now()
);

-- Codes are how files name units. One that was ever given out names the same unit for ever.
CREATE TABLE unit_code (
    code    text COLLATE "C" PRIMARY KEY CHECK (octet_length(code) BETWEEN 1 AND 32),
    unit_id uuid NOT NULL REFERENCES unit
);

CREATE TABLE unit_version (
    unit_id    uuid NOT NULL REFERENCES unit,
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to > valid_from),
    parent_id  uuid REFERENCES unit CHECK (parent_id <> unit_id),
    code       text COLLATE "C" NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('nation', 'ministry', 'province', 'commune', 'department', 'unit')),
    name       text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
    name_en    text CHECK (octet_length(name_en) BETWEEN 1 AND 200),
    official_kind text CHECK (official_kind IN ('city', 'province', 'phuong', 'xa', 'dac_khu')),
    decree_id  uuid, -- that made it so; null: an import
    PRIMARY KEY (unit_id, valid_from),
    CHECK ((kind = 'nation') = (parent_id IS NULL)),
    -- Deferred, because one import ends a version and begins the next in either order.
    EXCLUDE USING gist (unit_id WITH =, daterange(valid_from, valid_to) WITH &&) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX unit_version_code ON unit_version (code);
CREATE INDEX unit_version_parent ON unit_version (parent_id);

-- The tree as of today, made from the versions by unit_now_refresh; `path` goes from the root to the unit itself.
CREATE TABLE unit_now (
    unit_id    uuid PRIMARY KEY REFERENCES unit,
    valid_from date NOT NULL,
    parent_id  uuid,
    code       text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    name_en    text,
    path       uuid[] NOT NULL
);
CREATE INDEX unit_now_path ON unit_now USING gin (path);

-- The way from the nation to a unit, through all times: eight hex digits of `short` for each step. What lies below a
-- unit on a day is one range of this index.
CREATE TABLE unit_path (
    unit_id    uuid NOT NULL REFERENCES unit,
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to > valid_from),
    path       text COLLATE "C" NOT NULL CHECK (octet_length(path) BETWEEN 8 AND 128 AND octet_length(path) % 8 = 0),
    PRIMARY KEY (unit_id, valid_from)
);
CREATE INDEX unit_path_below ON unit_path (path, valid_from) INCLUDE (unit_id, valid_to);

-- The units of a way, from the nation on.
CREATE FUNCTION path_units(path text) RETURNS TABLE (unit_id uuid) LANGUAGE sql STABLE AS $$
    SELECT u.unit_id
    FROM generate_series(1, octet_length(path), 8) AS at (n)
    JOIN identity.unit u ON u.short = ('x' || substr(path, at.n, 8))::bit(32)::integer
$$;

-- Makes unit_path say what the versions say about all days, for these units and all that ever lay below them (null: for all).
-- Where only a name changes, the way stays one row. The result are the units that have or had another subtree than before,
-- because a unit that was there changed its way: it, and all above it before and now.
CREATE FUNCTION unit_path_renew(touched uuid[]) RETURNS SETOF uuid LANGUAGE sql SET search_path = identity, pg_catalog AS $$
    WITH RECURSIVE affected AS (
        SELECT unit_id FROM unit WHERE touched IS NULL OR unit_id = ANY (touched)
        UNION
        SELECT v.unit_id FROM affected a JOIN unit_version v ON v.parent_id = a.unit_id
    ), tree AS (
        SELECT v.unit_id, greatest(v.valid_from, p.valid_from) AS valid_from, least(v.valid_to, p.valid_to) AS valid_to,
            (coalesce(p.path, '') || lpad(to_hex(u.short), 8, '0')) COLLATE "C" AS path
        FROM affected a JOIN unit u USING (unit_id) JOIN unit_version v USING (unit_id)
        LEFT JOIN unit_path p ON p.unit_id = v.parent_id AND (v.valid_to IS NULL OR v.valid_to > p.valid_from)
            AND (p.valid_to IS NULL OR p.valid_to > v.valid_from)
        WHERE v.parent_id IS NULL OR (p.unit_id IS NOT NULL AND v.parent_id NOT IN (SELECT unit_id FROM affected))
        UNION ALL
        SELECT v.unit_id, greatest(v.valid_from, t.valid_from), least(v.valid_to, t.valid_to),
            (t.path || lpad(to_hex(u.short), 8, '0')) COLLATE "C"
        FROM tree t
        JOIN unit_version v ON v.parent_id = t.unit_id AND (v.valid_to IS NULL OR v.valid_to > t.valid_from)
            AND (t.valid_to IS NULL OR t.valid_to > v.valid_from)
        JOIN unit u ON u.unit_id = v.unit_id
        WHERE octet_length(t.path) < 128
    ), marked AS (
        SELECT *, path IS DISTINCT FROM lag(path) OVER one OR valid_from IS DISTINCT FROM lag(valid_to) OVER one AS begins
        FROM tree
        WINDOW one AS (PARTITION BY unit_id ORDER BY valid_from)
    ), counted AS (
        SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY unit_id ORDER BY valid_from) AS way FROM marked
    ), wanted AS MATERIALIZED (
        SELECT unit_id, min(valid_from) AS valid_from,
            CASE WHEN bool_and(valid_to IS NOT NULL) THEN max(valid_to) END AS valid_to, min(path) AS path
        FROM counted
        GROUP BY unit_id, way
    ), differs AS MATERIALIZED (
        SELECT unit_id, valid_from, w.valid_to, w.path, p.path AS old_path
        FROM wanted w
        FULL JOIN (SELECT * FROM unit_path WHERE unit_id IN (SELECT unit_id FROM affected)) p USING (unit_id, valid_from)
        WHERE (w.path, w.valid_to) IS DISTINCT FROM (p.path, p.valid_to)
    ), gone AS (
        DELETE FROM unit_path p USING differs d
        WHERE d.path IS NULL AND p.unit_id = d.unit_id AND p.valid_from = d.valid_from
    ), put AS (
        INSERT INTO unit_path AS p (unit_id, valid_from, valid_to, path)
        SELECT unit_id, valid_from, valid_to, path FROM differs WHERE path IS NOT NULL
        ON CONFLICT (unit_id, valid_from) DO UPDATE SET valid_to = excluded.valid_to, path = excluded.path
    )
    SELECT DISTINCT u.unit_id
    FROM differs d CROSS JOIN LATERAL (VALUES (d.path), (d.old_path)) AS s (path)
    CROSS JOIN LATERAL path_units(s.path) u
    WHERE EXISTS (SELECT FROM unit_path o WHERE o.unit_id = d.unit_id)
$$;

GRANT SELECT, INSERT ON unit, unit_code TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE ON unit_version TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON unit_now, unit_path TO hocvu_identity;

COMMIT;
