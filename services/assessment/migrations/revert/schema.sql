-- Revert assessment:schema from pg
BEGIN;

DROP SCHEMA assessment CASCADE;

COMMIT;
