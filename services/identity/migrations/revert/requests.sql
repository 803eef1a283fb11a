-- Revert identity:requests from pg
BEGIN;

CREATE OR REPLACE FUNCTION identity.access_tell(fact jsonb) RETURNS void
LANGUAGE sql SET search_path = identity, hocvu, pg_catalog
AS $$
    INSERT INTO outbox (event, body, trace) VALUES ('identity_record_read', fact, fact->>'trace')
$$;
DROP TABLE identity.access_log;

COMMIT;
