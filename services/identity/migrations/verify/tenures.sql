-- Verify identity:tenures on pg
BEGIN;

SELECT 1 / (count(*) = 2)::int FROM pg_trigger
WHERE tgrelid = 'identity.tenure'::regclass AND tgname IN ('tenure_new', 'tenure_now');

ROLLBACK;
