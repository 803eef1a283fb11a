-- Verify hocvu:calendar on pg
BEGIN;
SELECT has_function_privilege('hocvu.make_calendar(text, text)', 'execute');
ROLLBACK;
