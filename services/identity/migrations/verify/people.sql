-- Verify identity:people on pg
BEGIN;

SELECT person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key FROM identity.person WHERE false;
SELECT tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to FROM identity.tenure WHERE false;
SELECT 1 / has_column_privilege('hocvu_identity', 'identity.person', 'full_name', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.person', 'national_hash', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.tenure', 'unit_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.person', 'DELETE'))::int;

ROLLBACK;
