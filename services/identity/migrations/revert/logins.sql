-- Revert identity:logins from pg
BEGIN;

DROP TABLE identity.login;

COMMIT;
