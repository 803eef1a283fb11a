-- Verify identity:rights on pg
BEGIN;

SELECT grant_id, person_id, role, bit, unit_id, granted_by, granted_at, reason, revoked_at, revoked_by, revoke_reason
FROM identity.role_grant WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.role_grant', 'unit_id', 'UPDATE'))::int;

ROLLBACK;
