-- Deploy assessment:schema to pg
BEGIN;

CREATE SCHEMA assessment;
GRANT USAGE ON SCHEMA assessment TO hocvu_assessment;
SELECT hocvu.make_events('assessment', 'hocvu_assessment');
SELECT hocvu.make_audit('assessment', 'hocvu_assessment');
SELECT hocvu.make_org('assessment', 'hocvu_assessment');

COMMIT;
