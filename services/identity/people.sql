-- People as others see them, and as they see themselves.

-- people(people_query) person_row
SELECT p.person_id, p.full_name, t.unit_id, u.code AS unit_code, t.position, t.leader,
    EXISTS (SELECT FROM person_link l WHERE l.person_id = p.person_id) AS linked
FROM unit_now u
JOIN tenure t ON t.unit_id = u.unit_id AND t.kind = 'principal' AND t.valid_from <= today()
    AND (t.valid_to IS NULL OR t.valid_to > today())
JOIN person p ON p.person_id = t.person_id
WHERE u.path @> ARRAY[:unit_id] AND u.path && :ctx_scope AND (:after IS NULL OR p.person_id > :after)
ORDER BY p.person_id
LIMIT 500;

-- me() profile
SELECT p.person_id, p.full_name, t.unit_id, u.code AS unit_code, u.name AS unit_name, t.position, t.leader
FROM person p
JOIN tenure t ON t.person_id = p.person_id AND t.kind = 'principal' AND t.valid_from <= today()
    AND (t.valid_to IS NULL OR t.valid_to > today())
JOIN unit_now u ON u.unit_id = t.unit_id
WHERE p.person_id = :ctx_subject
LIMIT 1;
