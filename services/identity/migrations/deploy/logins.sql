-- Deploy identity:logins to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- A browser that is away at an identity provider. What it must bring back is kept as hashes; nonce and verifier are
-- sent by us and useless without them. Unlogged: after a crash of the database whoever was away begins anew.
CREATE UNLOGGED TABLE login (
    state_hash   bytea PRIMARY KEY CHECK (octet_length(state_hash) = 32),
    binding_hash bytea NOT NULL CHECK (octet_length(binding_hash) = 32),
    provider     text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    nonce        text NOT NULL,
    verifier     text NOT NULL,
    address      text,
    device       text CHECK (octet_length(device) <= 200),
    test_hash    bytea CHECK (octet_length(test_hash) = 32),
    created      timestamptz NOT NULL DEFAULT now(),
    used_at      timestamptz
);
CREATE INDEX login_created ON login (created);

GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON login TO hocvu_identity;

COMMIT;
