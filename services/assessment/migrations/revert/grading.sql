-- Revert assessment:grading from pg
BEGIN;

DROP FUNCTION assessment.grade_attempts(uuid[]);
DROP FUNCTION assessment.right_by_rule_1(smallint, text, text);

COMMIT;
