-- Decrees: what is stored of them, and the tenures that go along.

-- decree_find(decree_key) decree_stored
SELECT content_hash, state, units_changed, people_moved FROM decree WHERE decree_id = :decree_id;

-- decree_steps(decree_key) decree_step_report
SELECT nr, op, code, refused, field, people, message_vi, message_en FROM decree_step
WHERE decree_id = :decree_id
ORDER BY nr
LIMIT 500;

-- decree_changes(decree_key) unit_change
SELECT c.nr, c.op, c.old_unit, o.code AS old_code, c.new_unit, n.code AS new_code
FROM unit_change c
LEFT JOIN unit o ON o.unit_id = c.old_unit
LEFT JOIN unit n ON n.unit_id = c.new_unit
WHERE c.decree_id = :decree_id
ORDER BY c.nr, n.code
LIMIT 1000;

-- decree_shown(decree_key) decree_shown
SELECT decree_id, number, issued_on, issuer, title, effective_from, state, units_changed, people_moved, entered_at
FROM decree WHERE decree_id = :decree_id;

-- decrees(decree_query) decree_row
SELECT d.decree_id, d.number, d.issued_on, d.issuer, d.title, d.effective_from, d.state, d.units_changed, d.people_moved,
    d.entered_at
FROM decree d
WHERE (:after IS NULL OR (d.effective_from, d.decree_id) <
        (SELECT a.effective_from, a.decree_id FROM decree a WHERE a.decree_id = :after))
    AND (:unit_code IS NULL OR EXISTS (
        SELECT FROM unit_change c JOIN unit_code k ON k.unit_id IN (c.old_unit, c.new_unit)
        WHERE c.decree_id = d.decree_id AND k.code = :unit_code))
ORDER BY d.effective_from DESC, d.decree_id DESC
LIMIT 100;

-- decree_add(decree_new)
INSERT INTO decree (decree_id, number, issued_on, issuer, title, effective_from, entered_by, content_hash, content, scope,
    state, units_changed, people_moved)
VALUES (:decree_id, :number, :issued_on, :issuer, :title, :effective_from, :ctx_subject, :content_hash, :content,
    CASE WHEN :content IS NOT NULL THEN :ctx_scope END, :state, :units_changed, :people_moved);

-- decree_settle(decree_new)
UPDATE decree
SET state = :state, content = NULL, scope = NULL, units_changed = :units_changed, people_moved = :people_moved
WHERE decree_id = :decree_id;

-- decree_steps_add(decree_step_row) BULK
INSERT INTO decree_step (decree_id, nr, op, code, refused, field, people, message_vi, message_en)
SELECT * FROM unnest(:decree_id, :nr, :op, :code, :refused, :field, :people, :message_vi, :message_en);

-- unit_changes_add(unit_change_row) BULK
INSERT INTO unit_change (decree_id, nr, op, old_unit, new_unit)
SELECT * FROM unnest(:decree_id, :nr, :op, :old_unit, :new_unit);

-- decree_people(unit_leaving) unit_people BULK
-- Who works in the units that end, on the day or later. The persons are locked, because whoever else changes tenures
-- locks them too.
WITH held AS MATERIALIZED (
    SELECT l.nr, t.person_id
    FROM unnest(:nr, :unit_id, :day) AS l (nr, unit_id, day)
    JOIN tenure t ON t.unit_id = l.unit_id
    WHERE (t.valid_to IS NULL OR t.valid_to > l.day) AND t.valid_to IS DISTINCT FROM t.valid_from
), locked AS (
    SELECT p.person_id FROM person p WHERE p.person_id IN (SELECT person_id FROM held)
    ORDER BY p.person_id FOR NO KEY UPDATE
)
SELECT nr, count(*) AS people FROM held WHERE (SELECT count(*) FROM locked) >= 0 GROUP BY nr;

-- decree_tenures_end(unit_leaving) BULK
-- What lasts on the day ends on it; what begins later is withdrawn (an interval without a day). What goes on for it is
-- written down first.
WITH held AS MATERIALIZED (
    SELECT t.tenure_id, t.valid_from, t.valid_to, l.decree_id, l.into_id, l.day
    FROM unnest(:decree_id, :unit_id, :into_id, :day) AS l (decree_id, unit_id, into_id, day)
    JOIN tenure t ON t.unit_id = l.unit_id
    WHERE (t.valid_to IS NULL OR t.valid_to > l.day) AND t.valid_to IS DISTINCT FROM t.valid_from
), noted AS (
    INSERT INTO decree_tenure (decree_id, tenure_id, from_tenure, unit_id, valid_from, valid_to)
    SELECT decree_id, uuid7(), tenure_id, into_id, greatest(valid_from, day), valid_to FROM held
)
UPDATE tenure t SET valid_to = greatest(h.valid_from, h.day) FROM held h WHERE t.tenure_id = h.tenure_id;

-- decree_tenures_begin(decree_key)
INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, position_code, valid_from, valid_to)
SELECT d.tenure_id, t.person_id, d.unit_id, t.position, t.leader, t.kind, t.position_code, d.valid_from, d.valid_to
FROM decree_tenure d JOIN tenure t ON t.tenure_id = d.from_tenure
WHERE d.decree_id = :decree_id;

-- decree_people_told(decree_key)
-- In lists of fifty; an end before the beginning that follows it.
INSERT INTO outbox (event, body, trace)
SELECT 'people_changed', jsonb_build_object('people', jsonb_agg(fact ORDER BY told)), :ctx_trace
FROM (SELECT row_number() OVER (ORDER BY d.from_tenure, s.begins) AS told, jsonb_strip_nulls(jsonb_build_object(
          'person_id', t.person_id, 'tenure_id', t.tenure_id, 'full_name', p.full_name, 'unit_id', t.unit_id,
          'position', t.position, 'leader', t.leader, 'kind', t.kind, 'position_code', t.position_code,
          'valid_from', t.valid_from, 'valid_to', t.valid_to)) AS fact
      FROM decree_tenure d
      CROSS JOIN (VALUES (false), (true)) AS s (begins)
      JOIN tenure t ON t.tenure_id = CASE WHEN s.begins THEN d.tenure_id ELSE d.from_tenure END
      JOIN person p ON p.person_id = t.person_id
      WHERE d.decree_id = :decree_id) f
GROUP BY (told - 1) / 50
ORDER BY (told - 1) / 50;

-- decree_told(decree_key)
-- Last of all: whoever hears of it has heard of the units and the people before.
WITH successor AS (
    SELECT row_number() OVER (ORDER BY c.nr, c.new_unit) AS told, c.old_unit, c.new_unit FROM unit_change c
    WHERE c.decree_id = :decree_id AND c.op IN ('merge', 'split')
)
INSERT INTO outbox (event, body, trace)
SELECT 'decree_applied', jsonb_strip_nulls(jsonb_build_object('decree_id', d.decree_id, 'number', d.number,
    'effective_from', d.effective_from, 'successors', (
        SELECT jsonb_agg(jsonb_build_object('old_unit', s.old_unit, 'new_unit', s.new_unit) ORDER BY s.told)
        FROM successor s WHERE (s.told - 1) / 500 = page.nr))), :ctx_trace
FROM decree d, (SELECT DISTINCT (told - 1) / 500 AS nr FROM successor UNION SELECT 0) page
WHERE d.decree_id = :decree_id
ORDER BY page.nr;
