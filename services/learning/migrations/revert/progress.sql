-- Revert learning:progress from pg
BEGIN;
DROP FUNCTION learning.gained_us(timestamptz, bigint);
DROP TABLE learning.evidence;
DROP TABLE learning.progress;
COMMIT;
