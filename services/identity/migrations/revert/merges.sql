-- Revert identity:merges from pg
BEGIN;

REVOKE UPDATE (person_id) ON identity.data_request FROM hocvu_identity;
REVOKE UPDATE (person_id) ON identity.role_grant FROM hocvu_identity;

COMMIT;
