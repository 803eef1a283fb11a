-- Revert identity:logins from pg
BEGIN;

DROP TABLE identity.session, identity.person_link, identity.login;

COMMIT;
