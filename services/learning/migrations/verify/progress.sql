-- Verify learning:progress on pg
BEGIN;
SELECT person_id, lesson_id, opened_at, beat_at, studied_us, beats, completed_at FROM learning.progress WHERE false;
SELECT person_id, lesson_id, at, what, counted_us, calls FROM learning.evidence WHERE false;
SELECT 1 / (learning.gained_us(NULL, 30) = 0 AND learning.gained_us(now() - interval '1 hour', 30) = 30000000)::int;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.progress', 'DELETE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_learning', 'learning.progress', 'opened_at', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_learning', 'learning.evidence', 'SELECT, UPDATE, DELETE'))::int;
SELECT 1 / has_function_privilege('hocvu_learning', 'learning.evidence_of(uuid, bigint)', 'EXECUTE')::int;
ROLLBACK;
