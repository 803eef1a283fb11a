-- Revert identity:rights from pg
BEGIN;

DROP TRIGGER duties_apart ON identity.role_grant;
DROP FUNCTION identity.duties_apart();
DROP FUNCTION identity.duty_clash(uuid, integer, uuid, date, date);
DROP FUNCTION identity.duties_against(integer);
DROP FUNCTION identity.grants_below(uuid);
DROP FUNCTION identity.grant_parent(uuid, integer, integer, integer, uuid, date, date);
DROP FUNCTION identity.grant_fits(uuid, integer, integer, uuid, date, date);
DROP FUNCTION identity.rights_held(uuid, bigint, bigint);
DROP FUNCTION identity.grant_chain(uuid, date);
DROP FUNCTION identity.unit_within(uuid, uuid, date);
DROP TABLE identity.stale_token;
DROP TABLE identity.role_grant;

COMMIT;
