-- Verify identity:links on pg
BEGIN;

SELECT account_id, provider, subject, state, person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key,
    level, first_seen, last_login, revision FROM identity.account WHERE false;
SELECT case_id, account_id, person_id, claimed_name, roster_name, claimed_birth, roster_birth, differs, state, opened_at,
    decided_at, decided_by, reason FROM identity.review_case WHERE false;
SELECT n, step_id, account_id, person_id, other_id, what, by_whom, reason, at FROM identity.link_history WHERE false;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.account', 'subject', 'UPDATE'))::int;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.link_history', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.link_history', 'DELETE'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.review_case', 'account_id', 'UPDATE'))::int;

ROLLBACK;
