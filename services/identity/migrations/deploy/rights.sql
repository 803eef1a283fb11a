-- Deploy identity:rights to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

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

GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by, revoke_reason) ON role_grant TO hocvu_identity;

COMMIT;
