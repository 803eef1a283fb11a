-- Verify learning:assignment on pg
BEGIN;
SELECT assignment_id, programme_id, unit_id, due_date, people, extra_time_percent, covered, enrolled FROM learning.assignment WHERE false;
SELECT person_id, programme_id, assignment_id, due_date, completed_at, extra_time_percent FROM learning.enrolment WHERE false;
SELECT person_id, programme_id, assignment_id FROM learning.joiner WHERE false;
SELECT 1 / (count(*) = 1)::int FROM learning.walk;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.assignment', 'UPDATE, DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.enrolment', 'DELETE'))::int;
SELECT 1 / has_column_privilege('hocvu_learning', 'learning.enrolment', 'completed_at', 'UPDATE')::int;
SELECT 1 / has_column_privilege('hocvu_learning', 'learning.enrolment', 'extra_time_percent', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_learning', 'learning.enrolment', 'due_date', 'UPDATE'))::int;
ROLLBACK;
