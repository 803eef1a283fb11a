-- Deploy sync:schema to pg
--
-- Of the organisation only the units are kept, for their codes; the tables of people stay empty.
BEGIN;

CREATE SCHEMA sync;
GRANT USAGE ON SCHEMA sync TO hocvu_sync;
SELECT hocvu.make_events('sync', 'hocvu_sync');
SELECT hocvu.make_audit('sync', 'hocvu_sync');
SELECT hocvu.make_calendar('sync', 'hocvu_sync');
SELECT hocvu.make_org('sync', 'hocvu_sync');

COMMIT;
