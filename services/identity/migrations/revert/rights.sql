-- Revert identity:rights from pg
BEGIN;

DROP TABLE identity.role_grant;

COMMIT;
