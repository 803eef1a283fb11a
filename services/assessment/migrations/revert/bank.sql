-- Revert assessment:bank from pg
BEGIN;

DROP TABLE assessment.item_key, assessment.item, assessment.bank, assessment.completion, assessment.programme;

COMMIT;
