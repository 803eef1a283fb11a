-- Revert certification:schema from pg
BEGIN;

DROP SCHEMA certification CASCADE;

COMMIT;
