-- Revert reporting:progress from pg
BEGIN;
DROP FUNCTION reporting.standing(uuid, timestamptz);
DROP TABLE reporting.passed_attempt, reporting.progress, reporting.programme;
COMMIT;
