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

GRANT SELECT, INSERT ON unit, unit_code TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE ON unit_version TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE, DELETE ON unit_now, unit_path TO hocvu_identity;

COMMIT;
