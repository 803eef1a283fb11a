-- Verify identity:audit on pg
BEGIN;

SELECT n, at, action, actor, subject, detail, trace, seq, hash FROM identity.audit WHERE false;
SELECT identity.audit_broken();
SELECT 1 / has_column_privilege('hocvu_identity', 'identity.audit', 'action', 'INSERT')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.audit', 'hash', 'INSERT'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.audit', 'seq', 'INSERT'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.audit', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.audit', 'DELETE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.audit_head', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.audit_witness', 'UPDATE'))::int;

ROLLBACK;
