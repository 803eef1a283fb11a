-- Revert identity:schema from pg
BEGIN;

DROP SCHEMA identity CASCADE;

COMMIT;
