-- Revert identity:headcount from pg
BEGIN;

DROP FUNCTION identity.headcount_fold(bigint), identity.headcount_renew(uuid[]);
DROP TABLE identity.headcount_change, identity.headcount;

COMMIT;
