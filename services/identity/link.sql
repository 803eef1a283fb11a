-- Which person an account at an identity provider is.

-- link_look(link_key) link_seen
-- The number of somebody who was on record twice leads to the one who counts.
SELECT p.person_id, p.full_name AS roster_name, p.birth_date AS roster_birth, a.account_id, a.state,
    a.person_id AS account_person, a.full_name AS account_name, a.birth_date AS account_birth,
    coalesce(a.national_hash IN (:national_hash, :hash_before), false) AS same_number,
    EXISTS (SELECT FROM account o WHERE o.person_id = p.person_id AND o.provider = :provider AND o.state = 'linked'
        AND o.subject <> :subject) AS taken,
    coalesce((SELECT c.differs & CAST(:held AS integer) FROM review_case c
        WHERE c.account_id = a.account_id AND c.state = 'open'), 0)::bigint AS held_differs,
    coalesce(a.revision, 0) AS revision,
    coalesce(a.last_login < now() - interval '1 hour', true) AS stale
FROM (VALUES (1)) one (n)
LEFT JOIN LATERAL (SELECT coalesce(merged_into, person_id) AS person_id FROM person
    WHERE national_hash IN (:national_hash, :hash_before)) q ON true
LEFT JOIN person p ON p.person_id = q.person_id
LEFT JOIN account a ON a.provider = :provider AND a.subject = :subject;

-- account_seen(account_ref)
UPDATE account SET last_login = now() WHERE account_id = :account_id AND state = 'linked';

-- link_store(link_step) account_ref
-- What the rules say, with the case of a review, the history when something changed, the event and the audit. An account
-- that was linked and is not any more ends its sessions: what was proved does not hold.
WITH was AS (
    SELECT account_id, state, person_id FROM account WHERE provider = :provider AND subject = :subject
), put AS (
    INSERT INTO account AS a (account_id, provider, subject, state, person_id, full_name, birth_date, national_hash,
        hash_key, national_box, box_key, level)
    VALUES (:account_id, :provider, :subject, :state, :person_id, :full_name, :birth_date, :national_hash, :hash_key,
        :national_box, :box_key, :level)
    ON CONFLICT (provider, subject) DO UPDATE
    SET state = excluded.state, person_id = excluded.person_id, full_name = excluded.full_name,
        birth_date = excluded.birth_date, national_hash = excluded.national_hash, hash_key = excluded.hash_key,
        national_box = excluded.national_box, box_key = excluded.box_key, level = excluded.level, last_login = now(),
        revision = a.revision + 1
    WHERE a.revision = :revision
    RETURNING a.*
), settled AS (
    UPDATE review_case c SET state = 'settled', decided_at = now(), reason = :why
    FROM put WHERE c.account_id = put.account_id AND c.state = 'open' AND put.state <> 'review'
), opened AS (
    INSERT INTO review_case AS c (case_id, account_id, person_id, claimed_name, roster_name, claimed_birth, roster_birth,
        differs)
    SELECT :case_id, account_id, person_id, full_name, :roster_name, birth_date, :roster_birth, :differs FROM put
    WHERE state = 'review'
    ON CONFLICT (account_id) WHERE state = 'open' DO UPDATE
    SET person_id = excluded.person_id, claimed_name = excluded.claimed_name, roster_name = excluded.roster_name,
        claimed_birth = excluded.claimed_birth, roster_birth = excluded.roster_birth, differs = excluded.differs
), changed AS (
    SELECT put.account_id, put.provider, put.state, put.person_id, was.person_id AS before,
        coalesce(was.state, '') = 'linked' AS ended
    FROM put LEFT JOIN was USING (account_id)
    WHERE (was.state, was.person_id) IS DISTINCT FROM (put.state, put.person_id)
), kept AS (
    INSERT INTO link_history (account_id, person_id, other_id, what, reason)
    SELECT account_id, person_id, nullif(before, person_id), state, :why FROM changed
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = 'unlinked'
    FROM changed c WHERE c.ended AND s.account_id = c.account_id AND s.revoked_at IS NULL
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', CASE WHEN state = 'linked' THEN person_id ELSE before END,
        'linked_at', now(), 'provider', provider, 'state', state), :ctx_trace
    FROM changed WHERE state = 'linked' OR ended
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'account_' || state, CASE WHEN state = 'linked' THEN person_id END, person_id,
        jsonb_build_object('provider', provider, 'account', account_id, 'why', :why, 'differs', :differs), :ctx_trace
    FROM changed
)
SELECT account_id, CASE WHEN NOT EXISTS (SELECT FROM put) THEN 'CONFLICT:subject' END AS fault
FROM (VALUES (1)) one (n) LEFT JOIN put ON true;
