-- Revert reporting:schema from pg
BEGIN;
DROP SCHEMA reporting CASCADE;
COMMIT;
