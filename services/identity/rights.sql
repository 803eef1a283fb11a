-- Rights looked at: who holds what in a subtree, and why somebody may do something or not.

-- grants(grant_query) grant_row
SELECT g.grant_id, g.parent_grant_id, g.person_id, shown_name(p.full_name, p.restricted_at) AS full_name, g.role, g.unit_id,
    u.code AS unit_code,
    g.gives::bigint AS gives, g.valid_from, g.valid_to, g.granted_by, g.granted_at, g.reason,
    (SELECT c.why FROM grant_chain(g.grant_id, today()) c WHERE c.why IS NOT NULL ORDER BY c.step LIMIT 1) AS broken
FROM (
    SELECT r.* FROM role_grant r JOIN unit_now n USING (unit_id)
    WHERE n.path @> ARRAY[:unit_id] AND n.path && :ctx_scope AND r.revoked_at IS NULL
        AND (:person_id IS NULL OR r.person_id = :person_id) AND (:after IS NULL OR r.grant_id > :after)
    ORDER BY r.grant_id LIMIT 500) g
JOIN unit_now u USING (unit_id)
JOIN person p ON p.person_id = g.person_id
ORDER BY g.grant_id;

-- explain_person(explain_about) explain_person
-- One row in any case. The nation's subtree is everything, also what is in no tree any more. Whoever is asked about by id
-- or number has a name here also while his or her data may only be kept; holders of grants above do not.
WITH asked AS (
    SELECT coalesce(:as_of, today()) AS day
), whole AS (
    SELECT EXISTS (SELECT FROM unit_now WHERE parent_id IS NULL AND unit_id = ANY (:ctx_scope)) OR :local AS sees
), named AS (
    SELECT person_id, merged_into FROM person
    WHERE CASE WHEN :national_hash IS NOT NULL THEN national_hash IN (:national_hash, :hash_before) ELSE person_id = :person_id END
), who AS (
    SELECT p.person_id, p.full_name, n.merged_into IS NOT NULL AS merged
    FROM named n JOIN person p ON p.person_id = coalesce(n.merged_into, n.person_id)
), work AS (
    SELECT t.unit_id, u.code || CASE WHEN t.position <> '' THEN ' (' || t.position || ')' ELSE '' END AS text, t.tenure_id
    FROM who w JOIN tenure t USING (person_id) JOIN unit u ON u.unit_id = t.unit_id CROSS JOIN asked a
    WHERE t.valid_from <= a.day AND (t.valid_to IS NULL OR t.valid_to > a.day)
), place AS (
    SELECT v.unit_id, v.name FROM unit_version v, asked a
    WHERE v.code = :unit_code AND v.valid_from <= a.day AND (v.valid_to IS NULL OR v.valid_to > a.day) LIMIT 1
)
SELECT a.day, a.day = today() AS is_today, w.person_id, w.full_name, coalesce(w.merged, false) AS merged,
    whole.sees OR person_path(w.person_id) && :ctx_scope OR EXISTS (
        SELECT FROM role_grant g JOIN unit_now u USING (unit_id)
        WHERE g.person_id = w.person_id AND u.path && :ctx_scope) AS person_seen,
    (SELECT count(*) FROM account c WHERE c.person_id = w.person_id AND c.state = 'linked') AS linked,
    (SELECT count(*) FROM work) AS tenures,
    (SELECT left(string_agg(text, ', ' ORDER BY tenure_id), 100) FROM work) AS works,
    p.unit_id, p.name AS unit_name,
    whole.sees OR EXISTS (SELECT FROM unit_now n WHERE n.unit_id = p.unit_id AND n.path && :ctx_scope) AS unit_seen
FROM asked a CROSS JOIN whole LEFT JOIN who w ON true LEFT JOIN place p ON true;

-- explain_links(explain_where) explain_link
-- The grants that count first, then those taken away, newest first.
SELECT g.grant_id AS leaf, c.step::bigint AS step, c.role, c.role_bit::bigint AS bit, c.unit_id, u.code AS unit_code,
    shown_name(p.full_name, p.restricted_at) AS holder, c.valid_from || ' – ' || coalesce(c.valid_to::text, '') AS days, c.why,
    unit_within(:unit_id, c.unit_id, :day) AS reaches,
    EXISTS (SELECT FROM unit_version v WHERE v.unit_id = c.unit_id AND v.parent_id IS NULL AND v.valid_from <= :day
        AND (v.valid_to IS NULL OR v.valid_to > :day)) AS nation
FROM (
    SELECT grant_id, row_number() OVER (ORDER BY revoked_at DESC NULLS FIRST, grant_id) AS nr FROM role_grant
    WHERE person_id = :person_id ORDER BY nr LIMIT 40) g
CROSS JOIN LATERAL grant_chain(g.grant_id, :day) c
JOIN unit u ON u.unit_id = c.unit_id
JOIN person p ON p.person_id = c.person_id
ORDER BY g.nr, c.step
LIMIT 700;
