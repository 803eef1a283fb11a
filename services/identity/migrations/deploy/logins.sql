-- Deploy identity:logins to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- A browser that is away at the identity provider. What it must bring back is kept as hashes; nonce and verifier are
-- sent by us and useless without them.
CREATE TABLE login (
    state_hash   bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    binding_hash bytea NOT NULL CHECK (octet_length(binding_hash) = 32),
    nonce        text NOT NULL,
    verifier     text NOT NULL,
    address      text,
    created      timestamptz NOT NULL DEFAULT now(),
    used_at      timestamptz
);
CREATE INDEX login_created ON login (created);

-- Which account at which provider is which person: one each way.
CREATE TABLE person_link (
    person_id uuid NOT NULL REFERENCES person,
    provider  text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    subject   text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, provider),
    UNIQUE (provider, subject)
);

-- `family_hash` is the part of the refresh token that all tokens of a session share, `refresh_hash` the newest token: a
-- token of the family that is not the newest has been used before.
CREATE TABLE session (
    session_id    uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES person,
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

GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON login TO hocvu_identity;
GRANT SELECT, INSERT ON person_link TO hocvu_identity;
GRANT SELECT, INSERT, DELETE, UPDATE (refresh_hash, renewed_at, expires, revoked_at, revoke_reason) ON session
    TO hocvu_identity;

COMMIT;
