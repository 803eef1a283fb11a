-- Revert identity:people from pg
BEGIN;

DROP TABLE identity.tenure, identity.person;

COMMIT;
