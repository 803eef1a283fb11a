-- Verify identity:decrees on pg
BEGIN;

SELECT decree_id, number, issued_on, issuer, title, effective_from, entered_by, entered_at, content_hash, content, scope,
    state, units_changed, people_moved
FROM identity.decree WHERE false;
SELECT decree_id, nr, op, code, refused, field, people, message_vi, message_en FROM identity.decree_step WHERE false;
SELECT decree_id, nr, op, old_unit, new_unit FROM identity.unit_change WHERE false;
SELECT decree_id, person_id, grant_id, other_grant_id, since FROM identity.decree_clash WHERE false;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.decree_clash', 'UPDATE, DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.decree', 'DELETE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.decree', 'number', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.unit_change', 'UPDATE'))::int;

ROLLBACK;
