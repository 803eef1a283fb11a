-- Revert identity:keys from pg
BEGIN;

DROP FUNCTION identity.keys_move(uuid[], text[], text[], bytea[], bytea[], text[], text[]);

COMMIT;
