-- Revert identity:logins from pg
BEGIN;

DROP TABLE identity.logout_seen;
DROP TABLE identity.provider_seen;
DROP TABLE identity.login_test;
DROP TABLE identity.login;

COMMIT;
