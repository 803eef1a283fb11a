-- Revert identity:people from pg
BEGIN;

DROP FUNCTION identity.person_path(uuid);
DROP TABLE identity.tenure_step, identity.tenure, identity.position_skill, identity.position, identity.person;

COMMIT;
