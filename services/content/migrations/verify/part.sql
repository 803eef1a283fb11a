-- Verify content:part on pg
BEGIN;
SELECT version_id, position, code FROM content.framework_group WHERE false;
SELECT version_id, position, lesson_id, body FROM content.lesson WHERE false;
SELECT version_id, event, body FROM content.announcement WHERE false;
SELECT 1 / (count(*) = 2)::int FROM pg_trigger WHERE tgname = 'part_guard'
    AND tgrelid IN ('content.framework_group'::regclass, 'content.lesson'::regclass);
SELECT 1 / (NOT has_table_privilege('hocvu_content', 'content.lesson', 'DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_content', 'content.framework_group', 'UPDATE, DELETE'))::int;
SELECT 1 / has_column_privilege('hocvu_content', 'content.lesson', 'body', 'UPDATE')::int;
ROLLBACK;
