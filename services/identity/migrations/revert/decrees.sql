-- Revert identity:decrees from pg
BEGIN;

ALTER TABLE identity.unit_version DROP CONSTRAINT unit_version_decree_id_fkey;
DROP SEQUENCE identity.decree_progress;
DROP TABLE identity.decree_clash, identity.unit_change, identity.decree_step, identity.decree;

COMMIT;
