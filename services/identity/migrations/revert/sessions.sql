-- Revert identity:sessions from pg
BEGIN;

DROP TABLE identity.session;

COMMIT;
