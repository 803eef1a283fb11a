-- Revert hocvu:audit from pg
BEGIN;
DROP FUNCTION hocvu.make_audit(text, text);
DROP FUNCTION hocvu.audit_hash(bytea, bigint, timestamptz, text, uuid, uuid, jsonb, text);
DROP FUNCTION hocvu.audit_part(text);
COMMIT;
