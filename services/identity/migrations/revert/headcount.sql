-- Revert identity:headcount from pg
BEGIN;

DROP TRIGGER headcount_new ON identity.tenure;
DROP TRIGGER headcount_now ON identity.tenure;
DROP FUNCTION identity.headcount_note(), identity.headcount_fold(bigint), identity.headcount_renew(text[]);
DROP TABLE identity.headcount_change, identity.headcount, identity.headcount_top;

COMMIT;
