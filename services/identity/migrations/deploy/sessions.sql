-- Deploy identity:sessions to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- A session belongs to an account at a provider. While that account is nobody's, its id stands in the tokens in place of
-- a person's. `family_hash` is of the part that all refresh tokens of the session share, `counter` says which of them is
-- the newest. No index has a column that a renewal changes.
CREATE TABLE session (
    session_id    uuid PRIMARY KEY,
    account_id    uuid NOT NULL,
    person_id     uuid REFERENCES person,
    subject       uuid NOT NULL GENERATED ALWAYS AS (coalesce(person_id, account_id)) STORED,
    family_hash   bytea NOT NULL UNIQUE CHECK (octet_length(family_hash) = 32),
    counter       bigint NOT NULL DEFAULT 1 CHECK (counter BETWEEN 1 AND 4294967295),
    provider      text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    provider_sid  text CHECK (octet_length(provider_sid) BETWEEN 1 AND 255),
    device        text CHECK (octet_length(device) BETWEEN 1 AND 60),
    address       text,
    last_address  text,
    created       timestamptz NOT NULL DEFAULT now(),
    renewed_at    timestamptz NOT NULL DEFAULT now(),
    issued_at     timestamptz NOT NULL DEFAULT now(), -- of the newest tokens, by the clock of who signed them
    expires       timestamptz NOT NULL,
    revoked_at    timestamptz,
    revoke_reason text,
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX session_subject ON session (subject);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_provider_sid ON session (provider, provider_sid) WHERE provider_sid IS NOT NULL;
CREATE INDEX session_revoked ON session (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX session_created ON session (created);

-- The last change of rights of each person, by stale_token: whoever changes rights inserts a row there in the same
-- transaction. Sessions go on, their clients get new tokens. A token carries the number that its maker saw, and a lower one is stale: that holds
-- whatever the clocks say, and for a token that is made while the change is under way. The row is locked until commit, so
-- numbers grow in the order in which changes show; they come from a sequence, so that a row that was pruned and made
-- again goes on higher.
CREATE SEQUENCE rights_change_n;
CREATE TABLE rights_change (
    person_id uuid PRIMARY KEY,
    n         bigint NOT NULL,
    at        timestamptz NOT NULL
);
CREATE INDEX rights_change_at ON rights_change (at);

CREATE FUNCTION rights_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO identity.rights_change AS c (person_id, n, at)
    SELECT person_id, nextval('identity.rights_change_n'), clock_timestamp()
    FROM (SELECT DISTINCT person_id FROM added ORDER BY person_id) one
    ON CONFLICT (person_id) DO UPDATE SET n = nextval('identity.rights_change_n'), at = clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER rights_changed AFTER INSERT ON stale_token REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION rights_changed();

-- Refused logins of a network or of an account, by a hash of it. What a crash loses is ten minutes of counting.
CREATE UNLOGGED TABLE login_pace (
    key   bytea PRIMARY KEY CHECK (octet_length(key) = 16),
    began timestamptz NOT NULL,
    n     bigint NOT NULL
);

GRANT SELECT, INSERT, DELETE, UPDATE (began, n) ON login_pace TO hocvu_identity;
GRANT SELECT, INSERT, DELETE,
    UPDATE (counter, last_address, renewed_at, issued_at, expires, revoked_at, revoke_reason) ON session TO hocvu_identity;
GRANT SELECT, INSERT, DELETE, UPDATE (n, at) ON rights_change TO hocvu_identity;
GRANT USAGE ON SEQUENCE rights_change_n TO hocvu_identity;

COMMIT;
