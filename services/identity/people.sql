-- People as they see themselves.

-- me() profile
-- A session is a person's, or an account's that is nobody's yet.
SELECT p.person_id, p.full_name, t.unit_id, u.code AS unit_code, u.name AS unit_name, t.position, t.leader,
    CASE WHEN t.tenure_id IS NULL THEN 'none' ELSE 'linked' END AS standing
FROM person p
LEFT JOIN tenure t ON t.person_id = p.person_id AND t.kind = 'principal' AND t.valid_from <= today()
    AND (t.valid_to IS NULL OR t.valid_to > today())
LEFT JOIN unit_now u ON u.unit_id = t.unit_id
WHERE p.person_id = :ctx_subject
UNION ALL
SELECT a.account_id, a.full_name, NULL, NULL, NULL, NULL, NULL,
    CASE a.state WHEN 'linked' THEN 'renew' ELSE a.state END
FROM account a WHERE a.account_id = :ctx_subject
LIMIT 1;

-- my_tenures() tenure_shown
SELECT t.tenure_id, t.unit_id, n.code AS unit_code, coalesce(u.name, '') AS unit_name, t.position, t.position_code, t.leader,
    t.kind, t.home_tenure_id, t.valid_from, t.valid_to
FROM tenure t JOIN unit n USING (unit_id) LEFT JOIN unit_now u USING (unit_id)
WHERE t.person_id = :ctx_subject AND t.valid_from <= today() AND (t.valid_to IS NULL OR t.valid_to > today())
ORDER BY t.kind <> 'principal', t.valid_from, t.tenure_id
LIMIT 20;

-- my_skills() skill_level
SELECT s.framework_code, s.group_code, max(s.level) AS level
FROM tenure t
JOIN position c ON c.code = t.position_code AND c.valid_from <= today() AND (c.valid_to IS NULL OR c.valid_to > today())
JOIN position_skill s ON s.code = c.code AND s.valid_from = c.valid_from
WHERE t.person_id = :ctx_subject AND t.valid_from <= today() AND (t.valid_to IS NULL OR t.valid_to > today())
GROUP BY s.framework_code, s.group_code
ORDER BY s.framework_code, s.group_code
LIMIT 200;
