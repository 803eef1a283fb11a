-- Persons by hand, and what is on record about one.

-- person_look(person_number) person_known
-- Imports wait, and so does whoever brings the same number.
WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared(hashtext('identity.import')) IS NULL AS done,
        pg_advisory_xact_lock(hashtextextended(encode(:national_hash, 'hex'), 0)) IS NULL AS alone
)
SELECT EXISTS (SELECT FROM person WHERE person_id = :person_id) AS id,
    EXISTS (SELECT FROM person WHERE person_id = :person_id AND national_hash IN (:national_hash, :hash_before)) AS same,
    EXISTS (SELECT FROM person WHERE national_hash IN (:national_hash, :hash_before)) AS number,
    today() AS today
FROM waited;

-- person_get(person_query) person_file
-- Whoever answers for a unit where the person works today, or for where he or she last worked.
SELECT p.person_id, p.full_name, p.birth_date, p.merged_into,
    EXISTS (SELECT FROM account a WHERE a.person_id = p.person_id AND a.state = 'linked') AS linked
FROM person p
WHERE p.person_id = :person_id AND (person_path(p.person_id) && :ctx_scope
    OR EXISTS (SELECT FROM tenure t JOIN unit_now u USING (unit_id)
        WHERE t.person_id = p.person_id AND u.path && :ctx_scope AND t.valid_from <= today()
            AND (t.valid_to IS NULL OR t.valid_to > today())));

-- person_tenures(person_query) tenure_shown
SELECT t.tenure_id, t.unit_id, n.code AS unit_code, coalesce(v.name, '') AS unit_name, t.position, t.position_code, t.leader,
    t.kind, t.home_tenure_id, t.valid_from, t.valid_to
FROM tenure t JOIN unit n USING (unit_id)
LEFT JOIN unit_version v ON v.unit_id = t.unit_id AND v.valid_from <= coalesce(:as_of, today())
    AND (v.valid_to IS NULL OR v.valid_to > coalesce(:as_of, today()))
WHERE t.person_id = :person_id AND (t.valid_to IS NULL OR t.valid_to > t.valid_from)
    AND (:as_of IS NULL OR (t.valid_from <= :as_of AND (t.valid_to IS NULL OR t.valid_to > :as_of)))
ORDER BY t.valid_from, t.kind <> 'principal', t.tenure_id
LIMIT 200;

-- person_grants(person_query) grant_shown
SELECT DISTINCT ON (g.bit, u.code) g.role, g.unit_id, u.name AS unit_name
FROM role_grant g JOIN unit_now u USING (unit_id)
WHERE g.person_id = :person_id AND g.revoked_at IS NULL
    AND NOT EXISTS (SELECT FROM grant_chain(g.grant_id, today()) c WHERE c.why IS NOT NULL)
ORDER BY g.bit, u.code
LIMIT 64;
