-- Revert identity:requests from pg
BEGIN;

CREATE OR REPLACE FUNCTION identity.access_tell(fact jsonb) RETURNS void
LANGUAGE sql SET search_path = identity, hocvu, pg_catalog
AS $$
    INSERT INTO outbox (event, body, trace) VALUES ('identity_record_read', fact, fact->>'trace')
$$;
DROP FUNCTION identity.access_settle();
DROP TABLE identity.access_log;
DROP TABLE identity.data_archive, identity.data_request_step, identity.data_request;
DROP FUNCTION identity.person_erase(uuid);
DROP FUNCTION identity.legal_due(text, text, timestamptz);
DROP TABLE identity.breach;
DROP TABLE identity.legal_clock, identity.retention;
DROP FUNCTION identity.shown_name(text, timestamptz);
ALTER TABLE identity.person DROP restricted_at, DROP erased_at;
DROP FUNCTION identity.working_days_after(timestamptz, integer);
DROP FUNCTION identity.is_working(date);
DROP TABLE identity.holiday;

COMMIT;
