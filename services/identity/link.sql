-- Which person an account at an identity provider is.

-- link_look(link_key) link_seen BULK
-- The number of somebody who was on record twice leads to the one who counts. Each row is found by its key, whatever is
-- known of the tables' sizes.
SELECT k.place, p.person_id, p.full_name AS roster_name, p.birth_date AS roster_birth, a.account_id, a.state,
    a.person_id AS account_person, a.full_name AS account_name, a.birth_date AS account_birth,
    coalesce(a.national_hash IN (k.national_hash, k.hash_before), false) AS same_number,
    EXISTS (SELECT FROM account o WHERE o.person_id = p.person_id AND o.provider = k.provider AND o.state = 'linked'
        AND o.subject <> k.subject) AS taken,
    coalesce((SELECT c.differs & k.held FROM review_case c
        WHERE c.account_id = a.account_id AND c.state = 'open' LIMIT 1), 0)::bigint AS held_differs,
    coalesce(a.revision, 0) AS revision,
    coalesce(a.last_login < now() - interval '1 hour', true) AS stale,
    EXISTS (
        SELECT FROM login_pace l
        WHERE l.key = k.pace_key AND l.n >= k.pace_most AND l.began > now() - k.pace_window_s * interval '1 second'
            AND l.began <= now()) AS refused
FROM unnest(:provider, :subject, :national_hash, :hash_before, :held, :pace_key, :pace_window_s, :pace_most) WITH ORDINALITY
    AS k (provider, subject, national_hash, hash_before, held, pace_key, pace_window_s, pace_most, place)
LEFT JOIN LATERAL (SELECT coalesce(merged_into, person_id) AS person_id FROM person
    WHERE national_hash IN (k.national_hash, k.hash_before) LIMIT 1) q ON true
LEFT JOIN LATERAL (SELECT * FROM person WHERE person_id = q.person_id LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT * FROM account WHERE provider = k.provider AND subject = k.subject LIMIT 1) a ON true;

-- account_seen(account_ref)
UPDATE account SET last_login = now() WHERE account_id = :account_id AND state = 'linked';
