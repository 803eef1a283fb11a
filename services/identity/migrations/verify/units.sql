-- Verify identity:units on pg
BEGIN;

SELECT unit_id, short, code FROM identity.unit WHERE false;
SELECT code, unit_id FROM identity.unit_code WHERE false;
SELECT unit_id, valid_from, valid_to, path FROM identity.unit_path WHERE false;
SELECT unit_id, valid_from, valid_to, parent_id, code, kind, name, name_en, official_kind, decree_id
FROM identity.unit_version WHERE false;
SELECT unit_id, valid_from, parent_id, code, kind, name, name_en, path FROM identity.unit_now WHERE false;
SELECT 1 / has_table_privilege('hocvu_identity', 'identity.unit_version', 'INSERT')::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.unit_version', 'DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.unit', 'UPDATE'))::int;

ROLLBACK;
