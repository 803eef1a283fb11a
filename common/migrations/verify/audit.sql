-- Verify hocvu:audit on pg
BEGIN;
SELECT has_function_privilege('hocvu.make_audit(text, text)', 'execute');
SELECT 1 / (hocvu.audit_part(NULL) = '\xffffffff'::bytea)::int, 1 / (hocvu.audit_part('ab') = '\x000000026162'::bytea)::int;
ROLLBACK;
