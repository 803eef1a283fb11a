-- Cases: accounts whose proof is not what the roster says.

-- reviews(review_query) review_row
-- The newest roster name stands beside the one that the account was held against. Open cases are few beside the people of
-- a nation, so each is asked where its person stands. Of a person whose data may only be kept the list has neither names
-- nor birth dates, only in what they differ; whoever decides finds both by the person's id.
SELECT c.case_id, c.account_id, a.provider, c.state,
    shown_name(c.claimed_name, coalesce(p.restricted_at, o.restricted_at)) AS claimed_name,
    shown_name(coalesce(p.full_name, c.roster_name), p.restricted_at) AS roster_name,
    CASE WHEN coalesce(p.restricted_at, o.restricted_at) IS NULL THEN c.claimed_birth END AS claimed_birth,
    CASE WHEN p.restricted_at IS NULL THEN coalesce(p.birth_date, c.roster_birth) END AS roster_birth,
    c.person_id, u.unit_id, u.name AS unit_name,
    c.differs::bigint AS differs, c.opened_at, c.decided_at, c.reason
FROM review_case c
JOIN account a USING (account_id)
LEFT JOIN person p ON p.person_id = c.person_id
LEFT JOIN person o ON o.person_id = a.person_id
CROSS JOIN LATERAL (SELECT person_path(c.person_id) AS path) place
LEFT JOIN unit_now u ON c.person_id IS NOT NULL AND u.unit_id = place.path[array_length(place.path, 1)]
WHERE c.state = coalesce(:state, 'open') AND (:after IS NULL OR c.case_id > :after) AND place.path && :ctx_scope
ORDER BY c.case_id
LIMIT 100;

-- case_parties(case_ref) case_parties
SELECT account_id, person_id FROM review_case WHERE case_id = :case_id;
