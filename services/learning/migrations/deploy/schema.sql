-- Deploy learning:schema to pg
BEGIN;
CREATE SCHEMA learning;
GRANT USAGE ON SCHEMA learning TO hocvu_learning;
SELECT hocvu.make_events('learning', 'hocvu_learning');
SELECT hocvu.make_audit('learning', 'hocvu_learning');
SELECT hocvu.make_org('learning', 'hocvu_learning');
COMMIT;
