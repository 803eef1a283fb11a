-- Deploy certification:schema to pg
BEGIN;

CREATE SCHEMA certification;
GRANT USAGE ON SCHEMA certification TO hocvu_certification;
SELECT hocvu.make_events('certification', 'hocvu_certification');
SELECT hocvu.make_audit('certification', 'hocvu_certification');
SELECT hocvu.make_org('certification', 'hocvu_certification');

COMMIT;
