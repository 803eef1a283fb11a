-- Verify learning:programme on pg
BEGIN;
SELECT programme_id, code, version FROM learning.programme WHERE false;
SELECT lesson_id, programme_id, position, min_seconds FROM learning.lesson WHERE false;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.programme', 'UPDATE, DELETE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.lesson', 'UPDATE, DELETE'))::int;
ROLLBACK;
