-- Deploy identity:requests to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- Who looked at whose record, as all services tell it.
CREATE TABLE access_log (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    actor   uuid NOT NULL,
    service text NOT NULL,
    method  text NOT NULL,
    reason  text,
    trace   text,
    people  uuid[] NOT NULL
);
CREATE INDEX access_people ON access_log USING gin (people);

-- Its own looks need no event.
CREATE OR REPLACE FUNCTION access_tell(fact jsonb) RETURNS void
LANGUAGE sql SET search_path = identity, hocvu, pg_catalog
AS $$
    INSERT INTO access_log (at, actor, service, method, reason, trace, people)
    SELECT (fact->>'at')::timestamptz, (fact->>'actor')::uuid, fact->>'service', fact->>'method', fact->>'reason',
           fact->>'trace', ARRAY(SELECT (p->>'person_id')::uuid FROM jsonb_array_elements(fact->'people') AS p)
$$;

GRANT SELECT, INSERT ON access_log TO hocvu_identity;

COMMIT;
