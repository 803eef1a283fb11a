-- Deploy content:schema to pg
BEGIN;
CREATE SCHEMA content;
GRANT USAGE ON SCHEMA content TO hocvu_content;
SELECT hocvu.make_events('content', 'hocvu_content');
SELECT hocvu.make_audit('content', 'hocvu_content');
COMMIT;
