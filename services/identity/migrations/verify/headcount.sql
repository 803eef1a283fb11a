-- Verify identity:headcount on pg
BEGIN;

SELECT unit_id, day, people, leaders FROM identity.headcount_change WHERE false;
SELECT unit_id, day, people, leaders FROM identity.headcount WHERE false;
SELECT top, day, people, leaders FROM identity.headcount_top WHERE false;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.headcount_change', 'UPDATE'))::int;

ROLLBACK;
