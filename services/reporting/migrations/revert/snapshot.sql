-- Revert reporting:snapshot from pg
BEGIN;
DROP TABLE reporting.snapshot_row, reporting.snapshot;
COMMIT;
