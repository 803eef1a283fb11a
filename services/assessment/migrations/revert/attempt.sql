-- Revert assessment:attempt from pg
BEGIN;

DROP FUNCTION assessment.attempts_left(uuid, uuid);
DROP FUNCTION assessment.option_order(bigint);
DROP TABLE assessment.answer, assessment.paper, assessment.attempt;

COMMIT;
