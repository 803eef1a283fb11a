-- Verify identity:rights on pg
BEGIN;

SELECT grant_id, parent_grant_id, person_id, role, bit, gives, unit_id, valid_from, valid_to, granted_by, granted_at,
    reason, revoked_at, revoked_by, revoke_reason, revoked_with
FROM identity.role_grant WHERE false;
SELECT person_id, at, reason FROM identity.stale_token WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.role_grant', 'unit_id', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.role_grant', 'DELETE'))::int;
SELECT 'identity.grant_fits(uuid, integer, integer, uuid, date, date)'::regprocedure;
SELECT 'identity.grant_chain(uuid, date)'::regprocedure;
SELECT 'identity.rights_held(uuid, bigint, bigint)'::regprocedure;
SELECT 'identity.grants_below(uuid)'::regprocedure;
SELECT 1 / (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'identity.role_grant'::regclass AND tgname = 'duties_apart');

ROLLBACK;
