-- Deploy hocvu:audit to pg
--
-- hocvu.make_audit(schema, role): the audit of a service. Append-only; who writes waits for nobody. A short tick
-- (common/audit.c) chains what is committed: each row gets the next number and a hash over the row before it and itself,
-- so that a row changed, removed, moved or put in later shows. What was written in the second before a break-in is not
-- chained yet. Heads of the chain are signed, and other services keep them: so a chain that was cut off at its end, or
-- made anew from its beginning, shows too. Never a personal number in here.

BEGIN;

-- A text with its length before it, which leaves no two readings; what is absent has the length -1.
-- The bodies of these two are parsed here once, so no search_path of a caller matters and the planner can put them into
-- what calls them: a function call costs more than the hash.
CREATE FUNCTION hocvu.audit_part(value text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(int4send(octet_length(value)) || convert_to(value, 'UTF8'), int4send(-1));

-- common/audit_hash.c is the second implementation, which hocvu audit verify compares with this one.
CREATE FUNCTION hocvu.audit_hash(previous bytea, seq bigint, at timestamptz, action text, actor uuid, subject uuid,
                                 detail jsonb, trace text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(previous || int8send(seq) || int8send((extract(epoch FROM at) * 1000000)::bigint)
    || hocvu.audit_part(action) || hocvu.audit_part(actor::text) || hocvu.audit_part(subject::text)
    || sha256(convert_to(detail::text, 'UTF8')) || hocvu.audit_part(trace));

CREATE FUNCTION hocvu.make_audit(schema_name text, role_name text) RETURNS void
LANGUAGE plpgsql
AS $make$
BEGIN
    EXECUTE format($sql$
        CREATE TABLE %1$I.audit (
            n       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at      timestamptz NOT NULL DEFAULT clock_timestamp(),
            action  text NOT NULL CHECK (action ~ '^[a-z_]{1,40}$'),
            actor   uuid,  -- person who did it; null: nobody was logged in, or the service itself
            subject uuid,  -- person whom it is about
            detail  jsonb NOT NULL DEFAULT '{}',
            trace   text CHECK (octet_length(trace) <= 64),
            seq     bigint UNIQUE,
            hash    bytea CHECK (octet_length(hash) = 32),
            CHECK ((seq IS NULL) = (hash IS NULL))
        );
        COMMENT ON TABLE %1$I.audit IS 'What was done or refused, by whom, about whom; kept 12 months at least.';
        CREATE INDEX audit_fresh ON %1$I.audit (n) WHERE seq IS NULL;
        CREATE INDEX audit_subject ON %1$I.audit (subject, n) WHERE subject IS NOT NULL;
        CREATE INDEX audit_actor ON %1$I.audit (actor, n) WHERE actor IS NOT NULL;

        -- Ends of the chain as they stood, signed.
        CREATE TABLE %1$I.audit_head (
            seq       bigint PRIMARY KEY,
            hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
            at        timestamptz NOT NULL,
            signature bytea CHECK (octet_length(signature) = 64)
        );
        -- Heads of other services' chains, as they told them.
        CREATE TABLE %1$I.audit_witness (
            service   text NOT NULL,
            seq       bigint NOT NULL,
            hash      bytea NOT NULL CHECK (octet_length(hash) = 32),
            at        timestamptz NOT NULL,
            signature bytea,
            PRIMARY KEY (service, seq, hash)
        );

        -- Chains what is committed and not chained yet, in the order in which it was written; one caller at a time. Owned
        -- by the owner of the tables: the service itself cannot touch a row. Gives how many.
        CREATE FUNCTION %1$I.audit_advance(most bigint) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %1$I, hocvu, pg_catalog, pg_temp
        AS $f$
        DECLARE
            entry audit;
            place bigint := 0;
            digest bytea := decode(repeat('00', 32), 'hex');
            ids bigint[] := '{}';
            digests bytea[] := '{}';
        BEGIN
            IF NOT EXISTS (SELECT FROM audit WHERE seq IS NULL)
               OR NOT pg_try_advisory_xact_lock(hashtextextended('hocvu audit %1$s', 0)) THEN
                RETURN 0;
            END IF;
            SELECT a.seq, a.hash INTO place, digest FROM audit a WHERE a.seq IS NOT NULL ORDER BY a.seq DESC LIMIT 1;
            place := coalesce(place, 0);
            digest := coalesce(digest, decode(repeat('00', 32), 'hex'));
            FOR entry IN SELECT * FROM audit a WHERE a.seq IS NULL ORDER BY a.n LIMIT most LOOP
                place := place + 1;
                digest := audit_hash(digest, place, entry.at, entry.action, entry.actor, entry.subject, entry.detail,
                                     entry.trace);
                ids := ids || entry.n;
                digests := digests || digest;
            END LOOP;
            UPDATE audit a SET seq = place - cardinality(ids) + c.i, hash = c.hash
            FROM unnest(ids, digests) WITH ORDINALITY AS c (n, hash, i) WHERE a.n = c.n;
            RETURN cardinality(ids);
        END
        $f$;

        -- First row (its n) that does not fit the row before it or its own hash; null: the chain is whole.
        CREATE FUNCTION %1$I.audit_broken() RETURNS bigint
        LANGUAGE sql STABLE SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            SELECT min(n) FROM (
                SELECT a.n, a.seq = lag(a.seq, 1, 0::bigint) OVER w + 1 AS dense,
                    a.hash = audit_hash(lag(a.hash, 1, decode(repeat('00', 32), 'hex')) OVER w, a.seq, a.at, a.action,
                                        a.actor, a.subject, a.detail, a.trace) AS own
                FROM audit a WHERE a.seq IS NOT NULL WINDOW w AS (ORDER BY a.seq)) walk
            WHERE NOT (own AND dense)
        $f$;

        -- Somebody looked at the records of others (access_fact): told to identity, which keeps all of it and has a
        -- function of its own here.
        CREATE FUNCTION %1$I.access_tell(fact jsonb) RETURNS void
        LANGUAGE sql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            INSERT INTO outbox (event, body, trace) VALUES ('%1$s_record_read', fact, fact->>'trace')
        $f$;

        REVOKE ALL ON FUNCTION %1$I.audit_advance(bigint), %1$I.audit_broken(), %1$I.access_tell(jsonb) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION %1$I.audit_advance(bigint), %1$I.audit_broken(), %1$I.access_tell(jsonb) TO %2$I;
        GRANT SELECT, INSERT (action, actor, subject, detail, trace) ON %1$I.audit TO %2$I;
        GRANT SELECT, INSERT ON %1$I.audit_head, %1$I.audit_witness TO %2$I;
    $sql$, schema_name, role_name);
END
$make$;

REVOKE ALL ON FUNCTION hocvu.make_audit(text, text) FROM PUBLIC;

COMMIT;
