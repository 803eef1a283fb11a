-- Verify assessment:grading on pg
BEGIN;

SELECT 1 / has_function_privilege('hocvu_assessment', 'assessment.grade_attempts(uuid[])', 'EXECUTE')::int;
SELECT 1 / (prosecdef AND proacl IS NOT NULL AND proconfig @> '{"search_path=assessment, pg_temp"}'
            AND NOT EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))::int
FROM pg_proc WHERE oid = 'assessment.grade_attempts(uuid[])'::regprocedure;

ROLLBACK;
