-- Revert hocvu:functions from pg
BEGIN;
DROP SCHEMA hocvu CASCADE;
COMMIT;
