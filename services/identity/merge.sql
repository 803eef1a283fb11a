-- Persons who were on record twice.

-- merge_hold(person_merge) merge_parties
-- Locks both in the order of their ids. Whoever merges must answer for both, and for every unit in which the one who goes
-- holds a role, because those become the other's.
WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(hashtext('identity.import')) IS NULL AS done
), held AS MATERIALIZED (
    SELECT p.person_id, p.merged_into FROM waited, person p WHERE p.person_id IN (:keep, :gone)
    ORDER BY p.person_id FOR NO KEY UPDATE OF p
), linked AS (
    SELECT DISTINCT person_id FROM account WHERE person_id IN (:keep, :gone) AND state = 'linked'
), step AS (
    SELECT what = 'merged' AND person_id = :keep AND other_id = :gone AND reason = :reason AS same FROM link_history
    WHERE step_id = :step_id
)
SELECT EXISTS (SELECT FROM held WHERE person_id = :keep) AS keep_known,
    EXISTS (SELECT FROM held WHERE person_id = :gone) AS gone_known,
    person_path(:keep) && :ctx_scope AS keep_visible,
    person_path(:gone) && :ctx_scope AND NOT EXISTS (
        SELECT FROM role_grant g LEFT JOIN unit_now u USING (unit_id)
        WHERE g.person_id = :gone AND g.revoked_at IS NULL AND (u.path && :ctx_scope) IS NOT TRUE) AS gone_visible,
    EXISTS (SELECT FROM held WHERE person_id = :keep AND merged_into IS NOT NULL) AS keep_merged,
    EXISTS (SELECT FROM held WHERE person_id = :gone AND merged_into IS NOT NULL) AS gone_merged,
    (SELECT count(*) FROM linked) = 2 AS both_linked,
    :ctx_subject IN (:keep, :gone) AS oneself,
    coalesce((SELECT same FROM step), false) AS done,
    coalesce((SELECT NOT same FROM step), false) AS other_step
FROM (SELECT count(*) FROM held) first;

-- merge_write(person_merge)
-- Everything but the tenures. The one who goes stays as a peg: the number leads on to the one who stays. Requests go along, and
-- what they have led to: the data of both may only be kept if that was so of one.
WITH gone AS (
    UPDATE person SET merged_into = :keep WHERE person_id = :gone OR merged_into = :gone RETURNING person_id
), accounts AS (
    UPDATE account SET person_id = :keep, revision = revision + 1 WHERE person_id = :gone RETURNING account_id
), cases AS (
    UPDATE review_case SET person_id = :keep WHERE person_id = :gone AND state = 'open'
), grants AS (
    UPDATE role_grant SET person_id = :keep WHERE person_id = :gone AND revoked_at IS NULL RETURNING *
), kept AS (
    INSERT INTO link_history (step_id, person_id, other_id, what, by_whom, reason)
    VALUES (:step_id, :keep, :gone, 'merged', :ctx_subject, :reason)
), ended AS (
    UPDATE session SET revoked_at = now(), revoke_reason = 'merged' WHERE person_id = :gone AND revoked_at IS NULL
), stale AS (
    INSERT INTO stale_token (person_id, reason) VALUES (:keep, 'merged'), (:gone, 'merged')
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    VALUES ('persons_merged', :ctx_subject, :keep, jsonb_build_object('gone', :gone, 'step', :step_id, 'reason', :reason,
        'persons', (SELECT count(*) FROM gone), 'accounts', (SELECT coalesce(jsonb_agg(account_id), '[]') FROM accounts),
        'grants', (SELECT coalesce(jsonb_agg(grant_id), '[]') FROM grants)), :ctx_trace)
), requests AS (
    UPDATE data_request SET person_id = :keep WHERE person_id = :gone
), restricted AS (
    UPDATE person p SET restricted_at = g.restricted_at FROM person g
     WHERE p.person_id = :keep AND g.person_id = :gone AND p.restricted_at IS NULL AND g.restricted_at IS NOT NULL
    RETURNING p.person_id, p.restricted_at
), told AS (
    SELECT 0 AS nr, 'person_merged' AS event, jsonb_build_object('keep', :keep, 'gone', :gone, 'at', now()) AS body
    UNION ALL
    SELECT 1, 'role_changed', jsonb_strip_nulls(jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true, 'grant_id', grant_id, 'valid_from', valid_from, 'valid_to', valid_to, 'gives', gives))
    FROM grants
    UNION ALL
    SELECT 2, 'person_restricted', jsonb_build_object('person_id', person_id, 'restricted', true, 'at', restricted_at)
    FROM restricted
)
INSERT INTO outbox (event, body, trace) SELECT event, body, :ctx_trace FROM told ORDER BY nr;
