-- Deploy identity:sessions to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- `family_hash` is the part of the refresh token that all tokens of a session share, `refresh_hash` the newest token: a
-- token of the family that is not the newest has been used before.
CREATE TABLE session (
    session_id    uuid PRIMARY KEY,
    person_id     uuid NOT NULL, -- or the account, while that is nobody's
    family_hash   bytea NOT NULL UNIQUE CHECK (octet_length(family_hash) = 32),
    refresh_hash  bytea NOT NULL CHECK (octet_length(refresh_hash) = 32),
    created       timestamptz NOT NULL DEFAULT now(),
    renewed_at    timestamptz NOT NULL DEFAULT now(),
    expires       timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoke_reason text
);
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX session_expires ON session (expires);

GRANT SELECT, INSERT, DELETE, UPDATE (refresh_hash, renewed_at, expires, revoked_at, revoke_reason) ON session
    TO hocvu_identity;

COMMIT;
