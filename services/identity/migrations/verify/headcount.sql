-- Verify identity:headcount on pg
BEGIN;

SELECT unit_id, whole, day, people, leaders FROM identity.headcount_change WHERE false;
SELECT unit_id, whole, day, people, leaders FROM identity.headcount WHERE false;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.headcount_change', 'UPDATE'))::int;

ROLLBACK;
