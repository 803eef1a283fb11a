-- Revert learning:schema from pg
BEGIN;
DROP SCHEMA learning CASCADE;
COMMIT;
