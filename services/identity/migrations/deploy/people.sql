-- Deploy identity:people to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- The personal number is found by a keyed hash and kept in a box that the service cannot open; beside each stands which
-- key made it, so that keys can be changed while the service runs.
CREATE TABLE person (
    person_id     uuid PRIMARY KEY,
    full_name     text NOT NULL CHECK (octet_length(full_name) BETWEEN 1 AND 120),
    birth_date    date,
    national_hash bytea NOT NULL UNIQUE CHECK (octet_length(national_hash) = 32),
    hash_key      text NOT NULL,
    national_box  bytea NOT NULL,
    box_key       text NOT NULL,
    created       timestamptz NOT NULL DEFAULT now()
);

-- Where a person works. Several at once are possible; one of them is the principal one. An interval without a day
-- (valid_to = valid_from) is an entry that was corrected on the day it was made.
CREATE TABLE tenure (
    tenure_id  uuid PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES person,
    unit_id    uuid NOT NULL REFERENCES unit,
    position   text NOT NULL CHECK (octet_length(position) <= 120),
    leader     boolean NOT NULL,
    kind       text NOT NULL DEFAULT 'principal' CHECK (kind IN ('principal', 'concurrent', 'secondment')),
    position_code text,
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to >= valid_from),
    created    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tenure_principal ON tenure (person_id) WHERE kind = 'principal' AND valid_to IS NULL;
CREATE INDEX tenure_person ON tenure (person_id);
CREATE INDEX tenure_unit ON tenure (unit_id);

GRANT SELECT, INSERT, UPDATE (full_name, birth_date) ON person TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (position, leader, position_code, valid_to) ON tenure TO hocvu_identity;

COMMIT;
