-- Accounts at identity providers, as officers and rosters change them.

-- person_in_scope(person_asked) person_asked
SELECT person_id FROM person WHERE person_id = :person_id AND person_path(person_id) && :ctx_scope;

-- accounts(account_query) account_row
-- An account that is nobody's is for whoever answers for the nation. Who asks about one person sees what the provider says
-- of him or her; who goes through a list does not, while the data may only be kept.
SELECT a.account_id, a.provider, a.state, shown_name(a.full_name, p.restricted_at) AS full_name,
    CASE WHEN p.restricted_at IS NULL THEN a.birth_date END AS birth_date, a.level, a.person_id, a.first_seen, a.last_login
FROM account a
LEFT JOIN person p ON p.person_id = a.person_id AND :person_id IS NULL
WHERE (:state IS NULL OR a.state = :state) AND (:person_id IS NULL OR a.person_id = :person_id)
    AND (:after IS NULL OR a.account_id > :after) AND person_path(a.person_id) && :ctx_scope
ORDER BY a.account_id
LIMIT 200;

-- account_step(account_step) link_result
-- One decision of an officer. Account and person must lie in the caller's subtree; an account that was never anybody's is
-- whose the person is. Nobody decides about himself or herself. Linking takes the place of the account that the person
-- had at this provider. What the sessions stand on has changed, so they end.
WITH known AS (
    SELECT account_id, person_id, what, reason FROM link_history WHERE step_id = :step_id
), held AS MATERIALIZED (
    SELECT account_id, provider, state, person_id FROM account WHERE account_id = :account_id FOR UPDATE
), target AS MATERIALIZED (
    SELECT coalesce(p.merged_into, p.person_id) AS person_id FROM person p
    WHERE p.person_id = coalesce(:person_id, (SELECT person_id FROM held))
), verdict AS MATERIALIZED (
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM held) THEN 'NOT_FOUND:account_id'
        WHEN EXISTS (SELECT FROM held WHERE person_id IS NOT NULL AND NOT person_path(person_id) && :ctx_scope)
            THEN 'FORBIDDEN:account_id'
        WHEN :person_id IS NOT NULL AND NOT EXISTS (SELECT FROM target) THEN 'NOT_FOUND:person_id'
        WHEN NOT person_path((SELECT person_id FROM target)) && :ctx_scope THEN 'FORBIDDEN:person_id'
        WHEN EXISTS (SELECT FROM target WHERE person_id = :ctx_subject) THEN 'FORBIDDEN:person_id'
        WHEN EXISTS (SELECT FROM known k WHERE k.account_id <> :account_id OR k.what <> :what OR k.reason <> :reason
            OR k.person_id IS DISTINCT FROM (SELECT person_id FROM target)) THEN 'CONFLICT:step_id'
        WHEN EXISTS (SELECT FROM known) THEN NULL
        WHEN :case_id IS NOT NULL AND NOT EXISTS (SELECT FROM review_case WHERE case_id = :case_id AND state = 'open')
            THEN 'STATE:case_id'
        WHEN :what = 'linked' AND NOT EXISTS (SELECT FROM target) THEN 'STATE:person_id'
        WHEN (SELECT CASE :what WHEN 'linked' THEN state <> 'linked' WHEN 'unlinked' THEN state = 'linked'
            ELSE state = 'review' END FROM held) THEN NULL
        ELSE 'STATE:account_id'
    END AS fault
), new AS MATERIALIZED (
    SELECT h.account_id, h.provider, h.state AS before, h.person_id AS person_before, t.person_id
    FROM verdict v, held h LEFT JOIN target t ON true
    WHERE v.fault IS NULL AND NOT EXISTS (SELECT FROM known)
), replaced AS (
    UPDATE account o SET state = 'unlinked', revision = revision + 1
    FROM new WHERE :what = 'linked' AND o.person_id = new.person_id AND o.provider = new.provider AND o.state = 'linked'
        AND o.account_id <> new.account_id
    RETURNING o.account_id, o.person_id
), done AS (
    UPDATE account a SET state = :what, person_id = coalesce(new.person_id, a.person_id), revision = revision + 1
    FROM new, (SELECT count(*) FROM replaced) first
    WHERE a.account_id = new.account_id
    RETURNING a.account_id, a.provider, a.person_id, a.state, new.before, new.person_before
), closed AS (
    UPDATE review_case c SET state = CASE :what WHEN 'unlinked' THEN 'settled' ELSE :what END, decided_at = now(),
        decided_by = :ctx_subject, reason = :reason
    FROM done d WHERE c.account_id = d.account_id AND c.state = 'open'
), kept AS (
    INSERT INTO link_history (step_id, account_id, person_id, other_id, what, by_whom, reason)
    SELECT :step_id, account_id, person_id, nullif(person_before, person_id), state, :ctx_subject, :reason FROM done
    UNION ALL
    SELECT NULL, account_id, person_id, NULL, 'replaced', :ctx_subject, :reason FROM replaced
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = 'link_changed'
    WHERE s.revoked_at IS NULL
        AND s.account_id IN (SELECT account_id FROM done UNION ALL SELECT account_id FROM replaced)
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', person_id, 'linked_at', now(), 'provider', provider,
        'state', state), :ctx_trace
    FROM done WHERE state <> 'rejected'
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'account_' || state, :ctx_subject, person_id, jsonb_strip_nulls(jsonb_build_object('account', account_id,
        'provider', provider, 'before', before, 'step', :step_id, 'case', :case_id, 'reason', :reason,
        'replaced', (SELECT jsonb_agg(account_id) FROM replaced))), :ctx_trace
    FROM done
)
SELECT :account_id AS account_id, :what AS state, (SELECT person_id FROM target) AS person_id, fault FROM verdict;

-- link_history(history_query) history_row
-- Also of those who turned out to be the same person.
WITH same AS MATERIALIZED (
    SELECT :person_id AS person_id UNION ALL SELECT person_id FROM person WHERE merged_into = :person_id
)
SELECT n, at, what, account_id, CASE WHEN person_id = :person_id THEN other_id ELSE person_id END AS other_id, by_whom, reason
FROM link_history
WHERE (person_id = ANY (ARRAY(SELECT person_id FROM same)) OR other_id = ANY (ARRAY(SELECT person_id FROM same)))
    AND n > coalesce(:after, 0)
ORDER BY n
LIMIT 200;

-- accounts_known() account_match
-- Pending accounts whose number is somebody's now. Of two at one provider the first gets the place.
SELECT a.account_id, a.revision, a.full_name, a.birth_date, p.person_id, p.full_name AS roster_name,
    p.birth_date AS roster_birth,
    row_number() OVER (PARTITION BY p.person_id, a.provider ORDER BY a.account_id) > 1
        OR EXISTS (SELECT FROM account o WHERE o.person_id = p.person_id AND o.provider = a.provider
            AND o.state = 'linked') AS taken
FROM account a
JOIN person q ON q.national_hash = a.national_hash
JOIN person p ON p.person_id = coalesce(q.merged_into, q.person_id)
WHERE a.state = 'pending'
ORDER BY a.account_id
LIMIT 500;

-- accounts_take(account_taken) BULK
-- What changed since it was looked at is left for the next look.
WITH row AS (
    SELECT * FROM unnest(:account_id, :revision, :state, :person_id, :case_id, :roster_name, :roster_birth, :differs)
        AS r (account_id, revision, state, person_id, case_id, roster_name, roster_birth, differs)
), done AS (
    UPDATE account a SET state = r.state, person_id = r.person_id, revision = a.revision + 1
    FROM row r WHERE a.account_id = r.account_id AND a.revision = r.revision AND a.state = 'pending'
    RETURNING a.account_id, a.provider, a.person_id, a.state, a.full_name, a.birth_date, r.case_id, r.roster_name,
        r.roster_birth, r.differs
), opened AS (
    INSERT INTO review_case (case_id, account_id, person_id, claimed_name, roster_name, claimed_birth, roster_birth, differs)
    SELECT case_id, account_id, person_id, full_name, roster_name, birth_date, roster_birth, differs FROM done
    WHERE state = 'review'
), kept AS (
    INSERT INTO link_history (account_id, person_id, what, by_whom, reason)
    SELECT account_id, person_id, state, :ctx_subject, 'the number came onto a roster' FROM done
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', person_id, 'linked_at', now(), 'provider', provider,
        'state', state), :ctx_trace
    FROM done WHERE state = 'linked'
)
INSERT INTO audit (action, actor, subject, detail, trace)
SELECT 'account_' || state, :ctx_subject, person_id, jsonb_build_object('provider', provider, 'account', account_id,
    'why', 'the number came onto a roster', 'differs', differs), :ctx_trace
FROM done;

-- accounts_prune(pending_age)
-- What people claimed who are on nobody's roster is forgotten; that there was an account stays in the history.
WITH old AS (
    SELECT account_id FROM account WHERE state = 'pending' AND last_login < now() - :days * interval '1 day'
    ORDER BY account_id LIMIT 10000 FOR UPDATE SKIP LOCKED
), cases AS (
    DELETE FROM review_case c USING old WHERE c.account_id = old.account_id
)
DELETE FROM account a USING old WHERE a.account_id = old.account_id;
