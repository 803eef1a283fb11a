-- Revert reporting:rollup from pg
BEGIN;
DROP TRIGGER person_moved ON reporting.person;
DROP TRIGGER person_came_or_went ON reporting.person;
DROP TRIGGER progress_changed ON reporting.progress;
DROP TRIGGER progress_new ON reporting.progress;
DROP FUNCTION reporting.person_mark(), reporting.progress_mark(), reporting.counting(), reporting.marking();
DROP TABLE reporting.sweep, reporting.stale, reporting.rollup;
COMMIT;
