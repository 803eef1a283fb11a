-- The roster: persons, tenures and roles in sets.

-- roster_look(roster_key) roster_seen BULK
-- Looked up one by one (what is limited to one row is not joined as a whole), because a roster is small beside the
-- people of a nation. Whether the unit is the caller's is looked up in today's tree, which an import has (roster_outside).
SELECT r.place, coalesce(k.person_id, p.person_id) AS person_id, coalesce(k.full_name, p.full_name) AS full_name,
    CASE WHEN k.person_id IS NULL THEN p.birth_date ELSE k.birth_date END AS birth_date, t.tenure_id, t.unit_id, t.position,
    t.position_code, t.leader, t.valid_from, k.person_id IS NOT NULL AS merged
FROM unnest(:place, :national_hash) AS r (place, national_hash)
JOIN LATERAL (SELECT * FROM person WHERE national_hash = r.national_hash LIMIT 1) p ON true
LEFT JOIN LATERAL (SELECT * FROM person WHERE person_id = p.merged_into LIMIT 1) k ON true
LEFT JOIN LATERAL (
    SELECT * FROM tenure
    WHERE person_id = coalesce(k.person_id, p.person_id) AND kind = 'principal' AND valid_to IS NULL LIMIT 1) t ON true;

-- roster_lost(roster_unit) roster_unit BULK
-- Of the units for which the caller might import when the import began, those that lie in none of these any more.
SELECT s.unit_id FROM unnest(:ctx_scope) AS s (unit_id)
WHERE NOT EXISTS (
    SELECT FROM unit_now u JOIN unnest(:unit_id) AS r (unit_id) ON u.path @> ARRAY[r.unit_id] WHERE u.unit_id = s.unit_id);

-- person_add(person_new) BULK
INSERT INTO person (person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key)
SELECT * FROM unnest(:person_id, :full_name, :birth_date, :national_hash, :hash_key, :national_box, :box_key);

-- person_correct(person_edit) BULK
UPDATE person p SET full_name = row.full_name, birth_date = row.birth_date
FROM unnest(:person_id, :full_name, :birth_date) AS row (person_id, full_name, birth_date)
WHERE p.person_id = row.person_id;

-- tenure_put(person_fact) BULK
-- Tenures that begin, differ or end, told in lists of fifty. An end is sent before the beginning that follows it.
WITH row AS (
    SELECT *
    FROM unnest(:tenure_id, :person_id, :full_name, :unit_id, :position, :leader, :kind, :position_code, :valid_from,
                :valid_to) WITH ORDINALITY
        AS r (tenure_id, person_id, full_name, unit_id, position, leader, kind, position_code, valid_from, valid_to, nr)
), put AS (
    INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to)
    SELECT tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to FROM row ORDER BY nr
    ON CONFLICT (tenure_id) DO UPDATE
    SET position = excluded.position, leader = excluded.leader, position_code = excluded.position_code,
        valid_to = excluded.valid_to
    RETURNING *
)
INSERT INTO outbox (event, body, trace)
SELECT 'people_changed', jsonb_build_object('people', jsonb_agg(fact ORDER BY nr)), :ctx_trace
FROM (SELECT row.nr, row_number() OVER (ORDER BY row.nr) AS told, jsonb_strip_nulls(jsonb_build_object(
          'person_id', put.person_id, 'tenure_id', put.tenure_id, 'full_name', row.full_name, 'unit_id', put.unit_id,
          'position', put.position, 'leader', put.leader, 'kind', put.kind, 'position_code', put.position_code,
          'valid_from', put.valid_from, 'valid_to', put.valid_to)) AS fact
      FROM put JOIN row ON row.tenure_id = put.tenure_id) f
GROUP BY (told - 1) / 50
ORDER BY (told - 1) / 50;
