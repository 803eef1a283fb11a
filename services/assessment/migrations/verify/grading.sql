-- Verify assessment:grading on pg
BEGIN;

-- What the service may call, and nobody else: with the owner's rights and a search path of its own.
SELECT 1 / bool_and(prosecdef AND has_function_privilege('hocvu_assessment', oid, 'EXECUTE')
                    AND array_to_string(proconfig, ' ') LIKE '%search_path=assessment, pg_temp%'
                    AND NOT EXISTS (SELECT FROM aclexplode(proacl)
                                     WHERE grantee NOT IN ('hocvu_owner'::regrole, 'hocvu_assessment'::regrole)))::int
FROM pg_proc WHERE pronamespace = 'assessment'::regnamespace
 AND proname IN ('end_attempts', 'open_attempts', 'void_attempts', 'review_attempt', 'correct_item', 'regrade_slice');
-- The rest is the owner's.
SELECT 1 / (count(*) = 14 AND bool_and(NOT has_function_privilege('hocvu_assessment', oid, 'EXECUTE')))::int
FROM pg_proc WHERE pronamespace = 'assessment'::regnamespace
 AND proname IN ('score_attempt', 'score_by_rule_1', 'score_form_1', 'score_choices_1', 'score_places_1',
                 'score_number_1', 'score_text_1', 'numbers_of', 'pairs_of', 'decimal_of', 'text_form', 'share_keys',
                 'hold_keys', 'grade_fact');
SELECT 1 / (NOT has_column_privilege('hocvu_assessment', 'assessment.regrade', 'key', 'SELECT')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.regrade', 'INSERT, UPDATE')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.item_correction', 'SELECT, INSERT, UPDATE')
            AND NOT has_any_column_privilege('hocvu_assessment', 'assessment.result', 'INSERT, UPDATE'))::int;

ROLLBACK;
