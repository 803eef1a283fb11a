-- Revert assessment:attempt from pg
BEGIN;

DROP FUNCTION assessment.make_periods_ahead(), assessment.make_period(date);
DROP TABLE assessment.result, assessment.answer, assessment.attempt, assessment.attempt_step, assessment.standing;
DROP FUNCTION assessment.attempt_guard(), assessment.uuid_border(timestamptz);

COMMIT;
