-- Revert content:schema from pg
BEGIN;
DROP SCHEMA content CASCADE;
COMMIT;
