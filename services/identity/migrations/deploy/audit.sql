-- Deploy identity:audit to pg
--
-- Append-only. A row carries the hash of the row before it, so that a row changed, removed or put in later shows. The
-- service says what happened; number, time and hashes are the database's. Never a national number in here.
BEGIN;

SET LOCAL search_path = identity;

CREATE TABLE audit (
    n        bigint PRIMARY KEY,
    at       timestamptz NOT NULL,
    action   text NOT NULL CHECK (action ~ '^[a-z_]{1,40}$'),
    actor    uuid,  -- person who did it; null: nobody was logged in yet
    subject  uuid,  -- person whom it is about
    detail   jsonb NOT NULL DEFAULT '{}',
    trace    text,
    previous bytea NOT NULL CHECK (octet_length(previous) = 32),
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32)
);
COMMENT ON TABLE audit IS 'Logins, imports, grants and refusals; kept 12 months at least.';

-- Hash of a row: SHA-256 over the hash before it and the row as a JSON array, which leaves no two readings.
CREATE FUNCTION audit_hash(a audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(a.previous || convert_to(jsonb_build_array(
        a.n, (extract(epoch FROM a.at) * 1000000)::bigint, a.action, a.actor, a.subject, a.detail, a.trace)::text, 'UTF8'));
$$;

-- Writers wait for each other until they commit: a chain has one end.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tail record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('identity.audit'));
    SELECT n, hash INTO tail FROM identity.audit ORDER BY n DESC LIMIT 1;
    NEW.n := coalesce(tail.n, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.previous := coalesce(tail.hash, decode(repeat('00', 32), 'hex'));
    NEW.hash := identity.audit_hash(NEW);
    RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_chain();

-- First row that does not fit the row before it or its own hash; null: the chain is whole.
CREATE FUNCTION audit_broken() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT min(n) FROM (
        SELECT a.n, a.hash = identity.audit_hash(a) AS own,
            a.previous = lag(a.hash, 1, decode(repeat('00', 32), 'hex')) OVER (ORDER BY a.n) AS follows,
            a.n = lag(a.n, 1, 0::bigint) OVER (ORDER BY a.n) + 1 AS dense
        FROM identity.audit a) walk
    WHERE NOT (own AND follows AND dense);
$$;

GRANT SELECT, INSERT (action, actor, subject, detail, trace) ON audit TO hocvu_identity;

COMMIT;
