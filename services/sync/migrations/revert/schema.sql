-- Revert sync:schema from pg
BEGIN;

DROP SCHEMA sync CASCADE;

COMMIT;
