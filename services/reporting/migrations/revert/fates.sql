-- Revert reporting:fates from pg
BEGIN;
DROP TABLE reporting.unit_fate;
COMMIT;
