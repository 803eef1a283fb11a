-- Verify identity:people on pg
BEGIN;

SELECT person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key, merged_into FROM identity.person
WHERE false;
SELECT tenure_id, person_id, unit_id, position, leader, kind, position_code, home_tenure_id, from_tenure, valid_from, valid_to
FROM identity.tenure WHERE false;
SELECT code, valid_from, valid_to, title_vi, title_en FROM identity.position WHERE false;
SELECT code, valid_from, framework_code, group_code, level FROM identity.position_skill WHERE false;
SELECT change_id, person_id, content, by_whom, reason, at FROM identity.tenure_step WHERE false;
SELECT 1 / has_column_privilege('hocvu_identity', 'identity.person', 'full_name', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.person', 'national_hash', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.tenure', 'unit_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.tenure', 'person_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.person', 'DELETE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.tenure_step', 'UPDATE'))::int;

ROLLBACK;
