-- Verify identity:requests on pg
BEGIN;

SELECT id, at, actor, service, method, reason, trace, people FROM identity.access_log WHERE false;
SELECT 1 / (NOT has_any_column_privilege('hocvu_identity', 'identity.access_log', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.access_log', 'DELETE'))::int;
SELECT 'identity.access_settle()'::regprocedure;
SELECT request_id, person_id, kind, words, state, received_at, acknowledge_due, due, done_at FROM identity.data_request WHERE false;
SELECT 1 / (identity.legal_due('access', 'answer', now()) > now())::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.legal_clock', 'INSERT'))::int;
SELECT 1 / (NOT has_column_privilege('hocvu_identity', 'identity.breach', 'found_at', 'UPDATE'))::int;
SELECT 1 / (NOT has_table_privilege('hocvu_identity', 'identity.data_request', 'DELETE'))::int;
SELECT identity.is_working(current_date), identity.shown_name(full_name, restricted_at), erased_at FROM identity.person WHERE false;

ROLLBACK;
