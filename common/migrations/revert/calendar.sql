-- Revert hocvu:calendar from pg
BEGIN;
DROP FUNCTION hocvu.make_calendar(text, text);
COMMIT;
