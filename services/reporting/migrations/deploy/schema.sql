-- Deploy reporting:schema to pg
BEGIN;
CREATE SCHEMA reporting;
GRANT USAGE ON SCHEMA reporting TO hocvu_reporting;
SELECT hocvu.make_events('reporting', 'hocvu_reporting');
SELECT hocvu.make_audit('reporting', 'hocvu_reporting');
SELECT hocvu.make_org('reporting', 'hocvu_reporting');
COMMIT;
