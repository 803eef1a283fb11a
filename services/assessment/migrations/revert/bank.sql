-- Revert assessment:bank from pg
BEGIN;

DROP FUNCTION assessment.items_with_keys(uuid, text, uuid[]);
DROP TABLE assessment.key_access, assessment.item_log, assessment.item_key, assessment.item_version,
           assessment.item_step, assessment.bank, assessment.framework, assessment.programme;
DROP FUNCTION assessment.item_guard(), assessment.key_guard();

COMMIT;
