-- Revert learning:assignment from pg
BEGIN;
DROP TABLE learning.enrolled_day;
DROP VIEW learning.joiner;
DROP TABLE learning.enrolment;
DROP TABLE learning.assignment;
COMMIT;
