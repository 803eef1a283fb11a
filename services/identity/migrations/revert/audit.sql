-- Revert identity:audit from pg
BEGIN;

DROP FUNCTION identity.audit_broken();
DROP TABLE identity.audit CASCADE;
DROP FUNCTION identity.audit_chain();

COMMIT;
