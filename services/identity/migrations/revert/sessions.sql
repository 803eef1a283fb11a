-- Revert identity:sessions from pg
BEGIN;

DROP TABLE identity.login_pace;
DROP TRIGGER rights_changed ON identity.stale_token;
DROP FUNCTION identity.rights_changed();
DROP TABLE identity.rights_change;
DROP SEQUENCE identity.rights_change_n;
DROP TABLE identity.session;

COMMIT;
