-- Revert content:version from pg
BEGIN;
DROP TABLE content.step;
DROP TABLE content.version;
DROP FUNCTION content.version_guard();
DROP TABLE content.transition;
COMMIT;
