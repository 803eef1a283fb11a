-- Verify content:version on pg
BEGIN;
SELECT version_id, kind, code, version, state, author_id, reviewer_id, published_at, comment
FROM content.version WHERE false;
SELECT 1 / (count(*) = 4)::int FROM content.transition;
SELECT 1 / (count(*) = 1)::int FROM pg_trigger WHERE tgrelid = 'content.version'::regclass AND tgname = 'version_guard';
SELECT 1 / has_column_privilege('hocvu_content', 'content.version', 'state', 'UPDATE')::int;
SELECT 1 / (NOT has_column_privilege('hocvu_content', 'content.version', 'title_vi', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_content', 'content.version', 'DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_content', 'content.step', 'UPDATE, DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_content', 'content.transition', 'INSERT, UPDATE, DELETE'))::int;
ROLLBACK;
