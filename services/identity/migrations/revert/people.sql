-- Revert identity:people from pg
BEGIN;

DROP TABLE identity.role_grant, identity.tenure, identity.person;

COMMIT;
