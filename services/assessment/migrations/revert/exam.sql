-- Revert assessment:exam from pg
BEGIN;

DROP INDEX assessment.attempt_voided, assessment.tenure_unit;
DROP FUNCTION assessment.person_within(uuid, uuid[]);
DROP TABLE assessment.appeal, assessment.integrity_run, assessment.integrity_fact, assessment.integrity_cursor,
    assessment.attempt_key;
DROP FUNCTION assessment.appeal_guard();

COMMIT;
