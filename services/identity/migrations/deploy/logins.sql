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

-- What came of a login that whoever connects a provider has made as a test; covered up, for ten minutes.
CREATE UNLOGGED TABLE login_test (
    test_hash bytea PRIMARY KEY CHECK (octet_length(test_hash) = 32),
    provider  text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    error     text NOT NULL,
    why       text NOT NULL,
    standing  text NOT NULL,
    claims    jsonb NOT NULL,
    created   timestamptz NOT NULL DEFAULT now()
);

-- Wrapped keys of answers that were opened: an honest one never comes twice. Logged: a crash must not let one be played
-- again.
CREATE TABLE provider_seen (
    hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
    at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_seen_at ON provider_seen (at);

-- Messages of providers that a session there has ended: each counts once.
CREATE TABLE logout_seen (
    provider text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    jti      text NOT NULL CHECK (octet_length(jti) BETWEEN 1 AND 255),
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, jti)
);

GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON login TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON login_test, provider_seen, logout_seen TO hocvu_identity;

COMMIT;
