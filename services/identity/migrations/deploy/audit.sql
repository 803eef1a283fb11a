-- Deploy identity:audit to pg
BEGIN;
SELECT hocvu.make_audit('identity', 'hocvu_identity');
COMMIT;
