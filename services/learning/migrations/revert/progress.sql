-- Revert learning:progress from pg
BEGIN;
DROP FUNCTION learning.evidence_sum(uuid);
DROP FUNCTION learning.evidence_of(uuid, bigint);
DROP FUNCTION learning.gained_us(timestamptz, bigint);
DROP TABLE learning.evidence;
DROP TABLE learning.progress;
COMMIT;
