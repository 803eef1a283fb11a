-- Deploy identity:schema to pg
BEGIN;

CREATE SCHEMA identity;
GRANT USAGE ON SCHEMA identity TO hocvu_identity;
SELECT hocvu.make_events('identity', 'hocvu_identity');

COMMIT;
