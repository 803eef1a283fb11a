-- Verify identity:links on pg
BEGIN;

SELECT person_id, provider, subject, linked_at FROM identity.person_link WHERE false;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.person_link', 'UPDATE'))::int;

ROLLBACK;
