-- Subtrees as of any day. A subtree is a range of paths: what lies below a unit on a day is one look into an index.

-- unit_range_of(unit_day) unit_range
-- Whose subtree it is today decides who may ask, or, of a unit that has ended, whose it was at last. Asked about another
-- day, it is shown as it stood on that day.
WITH place AS (
    SELECT path, CASE WHEN valid_to <= today() THEN valid_to - 1 ELSE greatest(valid_from, today()) END AS day
    FROM unit_path
    WHERE unit_id = :unit_id
    ORDER BY valid_from <= today() AND (valid_to IS NULL OR valid_to > today()) DESC, valid_from DESC
    LIMIT 1
)
SELECT coalesce(p.path, place.path) AS path, coalesce(:as_of, today()) AS day, CASE
    WHEN NOT EXISTS (
        SELECT FROM unit_path s
        WHERE s.unit_id = ANY (:ctx_scope) AND s.valid_from <= place.day AND (s.valid_to IS NULL OR s.valid_to > place.day)
            AND starts_with(place.path, s.path)) THEN 'FORBIDDEN:unit_id'
    WHEN p.path IS NULL THEN 'NOT_FOUND:as_of'
END AS fault
FROM place
LEFT JOIN unit_path p ON p.unit_id = :unit_id AND p.valid_from <= coalesce(:as_of, today())
    AND (p.valid_to IS NULL OR p.valid_to > coalesce(:as_of, today()));

-- place_of_person(person_day) unit_range
SELECT p.path, :day AS day
FROM unit_path p
WHERE p.unit_id = coalesce(:unit_id, (
        SELECT t.unit_id FROM tenure t
        WHERE t.person_id = :person_id AND t.kind = 'principal' AND t.valid_from <= :day
            AND (t.valid_to IS NULL OR t.valid_to > :day)
        LIMIT 1))
    AND p.valid_from <= :day AND (p.valid_to IS NULL OR p.valid_to > :day)
LIMIT 1;

-- people(people_range) person_row
-- In the order of the paths, unit by unit, until the page is full; then what is to be shown of each person. That the caller
-- has looked at them is written down by the same statement: whoever gets the page stands in the record.
WITH page AS MATERIALIZED (
    SELECT u.path, u.unit_id, v.code AS unit_code, t.person_id, t.position, t.leader
    FROM unit_path u
    CROSS JOIN LATERAL (
        SELECT code FROM unit_version
        WHERE unit_id = u.unit_id AND valid_from <= :day AND (valid_to IS NULL OR valid_to > :day) LIMIT 1) v
    CROSS JOIN LATERAL (
        SELECT t.person_id, t.position, t.leader FROM tenure t
        WHERE t.unit_id = u.unit_id AND t.kind = 'principal' AND t.valid_from <= :day
            AND (t.valid_to IS NULL OR t.valid_to > :day) AND (t.leader OR NOT coalesce(:leaders, false))
            AND (:after_path IS NULL OR u.path > :after_path OR t.person_id > :after)
        ORDER BY t.person_id
        LIMIT :most) t
    WHERE u.path >= coalesce(:after_path, :path) AND u.path >= :path AND u.path < :path || 'g' AND u.valid_from <= :day
        AND (u.valid_to IS NULL OR u.valid_to > :day)
    ORDER BY u.path, t.person_id
    LIMIT :most
), told AS (
    INSERT INTO access_log (at, actor, service, method, trace, people)
    SELECT clock_timestamp(), :ctx_subject, current_schema(), :method, :ctx_trace, array_agg(person_id)
    FROM page WHERE person_id <> :ctx_subject
    HAVING count(*) > 0
)
SELECT p.person_id, shown_name(p.full_name, p.restricted_at) AS full_name, page.unit_id,
    page.unit_code, page.position, page.leader,
    EXISTS (SELECT FROM account a WHERE a.person_id = p.person_id AND a.state = 'linked') AS linked
FROM page
JOIN LATERAL (SELECT * FROM person WHERE person_id = page.person_id LIMIT 1) p ON true
ORDER BY page.path, page.person_id;
