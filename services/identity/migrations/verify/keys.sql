-- Verify identity:keys on pg
BEGIN;

SELECT 1 / has_function_privilege('hocvu_identity',
    'identity.keys_move(uuid[], text[], text[], bytea[], bytea[], text[], text[])', 'EXECUTE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.person', 'national_box', 'UPDATE'))::int;

ROLLBACK;
