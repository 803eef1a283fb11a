-- Revert reporting:progress from pg
BEGIN;
DROP FUNCTION reporting.standing(uuid, timestamptz);
DROP TABLE reporting.progress, reporting.programme;
COMMIT;
