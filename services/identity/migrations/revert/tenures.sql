-- Revert identity:tenures from pg
BEGIN;

DROP TRIGGER tenure_new ON identity.tenure;
DROP TRIGGER tenure_now ON identity.tenure;
DROP FUNCTION identity.tenure_written();

COMMIT;
