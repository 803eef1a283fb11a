-- Revert identity:audit from pg
BEGIN;
DROP FUNCTION identity.access_tell(jsonb);
DROP FUNCTION identity.audit_broken();
DROP FUNCTION identity.audit_advance(bigint);
DROP TABLE identity.audit, identity.audit_head, identity.audit_witness;
COMMIT;
