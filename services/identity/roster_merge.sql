-- What a roster's rows become, a slice of them in each transaction.

-- person_copy(person_new) COPY
person (person_id, full_name, birth_date, national_hash, hash_key, national_box, box_key);

-- tenure_copy(person_fact) COPY
tenure (tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to);

-- event_copy(roster_event) COPY
outbox (event, body, trace);

-- slice_look(slice_done) import_sums
SELECT count(*) AS slices, coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(created), 0)::bigint AS created,
    coalesce(sum(changed), 0)::bigint AS changed, coalesce(sum(unchanged), 0)::bigint AS unchanged,
    coalesce(sum(refused), 0)::bigint AS refused
FROM import_slice WHERE import_id = :import_id AND slice = :slice;

-- slice_put(slice_done)
INSERT INTO import_slice (import_id, slice, rows, created, changed, unchanged, refused)
VALUES (:import_id, :slice, :rows, :created, :changed, :unchanged, :refused);

-- present_copy(present_row) COPY
roster_present (import_id, person_id);

-- present_forget(import_ref)
DELETE FROM roster_present WHERE import_id = :import_id;

-- roster_absent(absent_query) absent_count
SELECT count(*) AS working, count(*) FILTER (WHERE r.person_id IS NULL) AS absent
FROM unit_now u
JOIN tenure t ON t.unit_id = u.unit_id AND t.kind = 'principal' AND t.valid_to IS NULL
LEFT JOIN (SELECT DISTINCT person_id FROM roster_present WHERE import_id = :import_id) r ON r.person_id = t.person_id
WHERE u.path @> ARRAY[:unit_id];

-- absent_end(absent_query) leaver
-- Some of those whom a complete file does not name: all their tenures end today and are told in lists of fifty.
WITH gone AS (
    SELECT t.person_id FROM unit_now u
    JOIN tenure t ON t.unit_id = u.unit_id AND t.kind = 'principal' AND t.valid_to IS NULL
    WHERE u.path @> ARRAY[:unit_id] AND NOT EXISTS (
        SELECT FROM roster_present r WHERE r.import_id = :import_id AND r.person_id = t.person_id)
    ORDER BY t.person_id LIMIT :most
), ended AS (
    UPDATE tenure t SET valid_to = greatest(t.valid_from, today())
    FROM gone, person p
    WHERE t.person_id = gone.person_id AND p.person_id = t.person_id AND (t.valid_to IS NULL OR t.valid_to > today())
    RETURNING t.*, p.full_name
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'people_changed', jsonb_build_object('people', jsonb_agg(fact ORDER BY nr)), :ctx_trace
    FROM (SELECT row_number() OVER (ORDER BY person_id, tenure_id) AS nr, jsonb_strip_nulls(jsonb_build_object(
              'person_id', person_id, 'tenure_id', tenure_id, 'full_name', full_name, 'unit_id', unit_id,
              'position', position, 'leader', leader, 'kind', kind, 'position_code', position_code,
              'valid_from', valid_from, 'valid_to', valid_to)) AS fact
          FROM ended) f
    GROUP BY (nr - 1) / 50
    ORDER BY (nr - 1) / 50
)
SELECT person_id, today() AS day FROM gone;

-- roster_places(roster_place) roster_place_seen BULK
SELECT r.place, EXISTS (SELECT FROM unit_version v WHERE v.unit_id = r.unit_id AND v.valid_from <= r.day
        AND (v.valid_to IS NULL OR v.valid_to > r.day)) AS alive,
    (SELECT p.title_vi FROM position p WHERE p.code = r.position_code AND p.valid_from <= r.day
        AND (p.valid_to IS NULL OR p.valid_to > r.day)) AS title
FROM unnest(:place, :unit_id, :day, :position_code) AS r (place, unit_id, day, position_code);

-- roster_tenures(roster_person) tenure_row BULK
-- Of each at most one more than may be changed.
SELECT t.tenure_id, t.person_id, t.unit_id, t.position, t.position_code, t.leader, t.kind, t.home_tenure_id, t.from_tenure,
    t.valid_from, t.valid_to,
    coalesce((SELECT u.path && :ctx_scope FROM unit_now u WHERE u.unit_id = t.unit_id), true) AS visible
FROM unnest(:person_id) AS r (person_id)
CROSS JOIN LATERAL (SELECT * FROM tenure WHERE person_id = r.person_id ORDER BY valid_from, tenure_id LIMIT 200) t
ORDER BY t.person_id, t.valid_from, t.tenure_id;
