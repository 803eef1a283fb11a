-- Verify hocvu:functions on pg
BEGIN;
SELECT 1 / (substring(hocvu.uuid7()::text FROM 15 FOR 1) = '7')::int;
SELECT hocvu.today(), hocvu.local_date(now());
SELECT has_function_privilege('hocvu.make_events(text, text)', 'execute'),
       has_function_privilege('hocvu.make_org(text, text)', 'execute');
ROLLBACK;
