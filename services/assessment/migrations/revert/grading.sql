-- Revert assessment:grading from pg
BEGIN;

SET LOCAL search_path = assessment;

DROP FUNCTION regrade_slice(integer), correct_item(uuid, uuid, text, text, text, uuid), review_attempt(uuid, uuid),
    void_attempts(uuid[], uuid, text, boolean, text), open_attempts(integer), end_attempts(uuid[], text),
    grade_fact(uuid, uuid, uuid, uuid, integer, integer, integer, boolean, timestamptz, bigint, bigint, integer),
    score_attempt(uuid, uuid, uuid),
    score_form_1(text[], text[], boolean[], text[], text[], text[], integer[], text[]), hold_keys(), share_keys(),
    score_by_rule_1(text, text, boolean, text, text, text),
    score_text_1(text, text, text), score_number_1(text, text, text), score_places_1(integer[], integer[], boolean),
    score_choices_1(text, boolean, text), text_form(text, text), decimal_of(text), pairs_of(text), numbers_of(text);
DROP TABLE regrade;
DROP INDEX attempt_created, attempt_ungraded;

COMMIT;
