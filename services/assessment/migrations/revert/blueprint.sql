-- Revert assessment:blueprint from pg
BEGIN;

SET LOCAL search_path = assessment;

DROP FUNCTION lay_keys(uuid[]);
DROP TRIGGER bank_changed ON item_version;
DROP FUNCTION count_bank_changes();
DROP VIEW item_drawn;
DROP TABLE counted_to, form_taken, form_check, bank_change, form_turn, form_pool, form_key, item_correction, form, policy_group,
    policy, blueprint_enemy, blueprint_quota, blueprint;

COMMIT;
