-- Revert learning:assignment from pg
BEGIN;
DROP TABLE learning.walk;
DROP VIEW learning.joiner;
DROP TABLE learning.enrolment;
DROP TABLE learning.assignment;
COMMIT;
