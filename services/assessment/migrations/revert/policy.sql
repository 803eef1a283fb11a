-- Revert assessment:policy from pg
BEGIN;

DROP TABLE assessment.policy_quota, assessment.policy;

COMMIT;
