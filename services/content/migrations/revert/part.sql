-- Revert content:part from pg
BEGIN;
DROP VIEW content.announcement;
DROP TABLE content.lesson;
DROP TABLE content.framework_group;
DROP FUNCTION content.part_guard();
COMMIT;
