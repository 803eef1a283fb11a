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
    principal  boolean NOT NULL DEFAULT true,
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to >= valid_from),
    created    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX tenure_principal ON tenure (person_id) WHERE principal AND valid_to IS NULL;
CREATE INDEX tenure_person ON tenure (person_id);
CREATE INDEX tenure_unit ON tenure (unit_id);

-- A role for a unit and everything below it. Never deleted: taken away by revoked_at. `bit` is the role's in roles.def.
CREATE TABLE role_grant (
    grant_id      uuid PRIMARY KEY DEFAULT hocvu.uuid7(),
    person_id     uuid NOT NULL REFERENCES person,
    role          text NOT NULL,
    bit           integer NOT NULL CHECK (bit > 1 AND bit & (bit - 1) = 0),
    unit_id       uuid NOT NULL REFERENCES unit,
    granted_by    uuid, -- person; null: made when the installation was empty
    granted_at    timestamptz NOT NULL DEFAULT now(),
    reason        text NOT NULL,
    revoked_at    timestamptz,
    revoked_by    uuid,
    revoke_reason text,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE UNIQUE INDEX role_grant_active ON role_grant (person_id, role, unit_id) WHERE revoked_at IS NULL;
CREATE INDEX role_grant_role ON role_grant (role) WHERE revoked_at IS NULL;

GRANT SELECT, INSERT, UPDATE (full_name, birth_date) ON person TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (position, leader, valid_to) ON tenure TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by, revoke_reason) ON role_grant TO hocvu_identity;

COMMIT;
