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
SELECT decree_id, number, issued_on, issuer, title, effective_from, state, units_changed, people_moved, entered_at,
    CASE WHEN decree_id = (SELECT w.decree_id FROM decree w WHERE w.state = 'waiting' ORDER BY w.entered_at, w.decree_id LIMIT 1)
        THEN (SELECT last_value FROM decree_progress) END AS people_done,
    (SELECT nullif(count(*), 0) FROM decree_clash c WHERE c.decree_id = decree.decree_id) AS clashes
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

-- decree_tenures_move(unit_leaving) place BULK
-- What lasts on the day ends on it and goes on in the unit that takes the people; what begins later is withdrawn (an
-- interval without a day) and begins there. One statement, so that nobody is without a tenure in between; 20,000 at most,
-- until none is left. Told in lists of fifty, an end before the beginning that follows it.
WITH held AS MATERIALIZED (
    SELECT t.*, p.full_name, uuid7() AS new_id, l.into_id, greatest(t.valid_from, l.day) AS moved_on
    FROM unnest(:unit_id, :into_id, :day) AS l (unit_id, into_id, day)
    JOIN tenure t ON t.unit_id = l.unit_id
    JOIN person p ON p.person_id = t.person_id
    WHERE (t.valid_to IS NULL OR t.valid_to > l.day) AND t.valid_to IS DISTINCT FROM t.valid_from
    LIMIT 20000
), ended AS (
    UPDATE tenure t SET valid_to = h.moved_on FROM held h WHERE t.tenure_id = h.tenure_id RETURNING t.tenure_id
), begun AS (
    INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, position_code, home_tenure_id, from_tenure,
        valid_from, valid_to)
    SELECT h.new_id, h.person_id, h.into_id, h.position, h.leader, h.kind, h.position_code, h.home_tenure_id, h.tenure_id,
        h.moved_on, h.valid_to
    FROM ended JOIN held h USING (tenure_id)
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'people_changed', jsonb_build_object('people', jsonb_agg(fact ORDER BY told)), :ctx_trace
    FROM (SELECT row_number() OVER (ORDER BY h.person_id, h.tenure_id, s.begins) AS told,
              jsonb_strip_nulls(jsonb_build_object('person_id', h.person_id,
                  'tenure_id', CASE WHEN s.begins THEN h.new_id ELSE h.tenure_id END, 'full_name', h.full_name,
                  'unit_id', CASE WHEN s.begins THEN h.into_id ELSE h.unit_id END, 'position', h.position,
                  'leader', h.leader, 'kind', h.kind, 'position_code', h.position_code,
                  'valid_from', CASE WHEN s.begins THEN h.moved_on ELSE h.valid_from END,
                  'valid_to', CASE WHEN s.begins THEN h.valid_to ELSE h.moved_on END)) AS fact
          FROM held h CROSS JOIN (VALUES (false), (true)) AS s (begins)) f
    GROUP BY (told - 1) / 50
    ORDER BY (told - 1) / 50
)
SELECT count(*) AS place FROM held;

-- decree_told(decree_key)
-- Last of all: whoever hears of it has heard of the units and the people before.
WITH successor AS (
    SELECT row_number() OVER (ORDER BY c.nr, c.new_unit) AS told, c.old_unit, c.new_unit, c.op FROM unit_change c
    WHERE c.decree_id = :decree_id AND c.old_unit IS NOT NULL
)
INSERT INTO outbox (event, body, trace)
SELECT 'decree_applied', jsonb_strip_nulls(jsonb_build_object('decree_id', d.decree_id, 'number', d.number,
    'effective_from', d.effective_from, 'successors', (
        SELECT jsonb_agg(jsonb_build_object('old_unit', s.old_unit, 'new_unit', s.new_unit, 'op', s.op) ORDER BY s.told)
        FROM successor s WHERE (s.told - 1) / 500 = page.nr))), :ctx_trace
FROM decree d, (SELECT DISTINCT (told - 1) / 500 AS nr FROM successor UNION SELECT 0) page
WHERE d.decree_id = :decree_id
ORDER BY page.nr;

-- decree_rights_stale(decree_key)
-- Grants for units that ended, or that lie elsewhere now, may reach less far: whoever holds one gets a new token.
WITH moved AS (
    SELECT array_agg(u.unit_id) AS ids
    FROM decree d JOIN unit_change c USING (decree_id) CROSS JOIN LATERAL (VALUES (c.old_unit), (c.new_unit)) u (unit_id)
    WHERE d.decree_id = :decree_id AND d.effective_from <= today() AND c.op IN ('move', 'merge', 'split', 'close')
)
INSERT INTO stale_token (person_id, reason)
SELECT DISTINCT g.person_id, 'decree'
FROM moved m JOIN role_grant g ON g.revoked_at IS NULL
WHERE g.unit_id = ANY (m.ids)
    OR EXISTS (SELECT FROM unit_now n WHERE n.unit_id = g.unit_id AND n.path && m.ids);

-- duties_together(duties_day) duty_pair
-- Duties that exclude each other, held by one person over units of which one contains the other on the first day of a
-- decree, or today; by the tree as this transaction has it. Whoever gives or takes grants waits from now on, so that none is
-- given by the old tree meanwhile.
WITH alone AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(hashtext('identity.grants'))
), d AS MATERIALIZED (
    SELECT greatest(:effective_from, today()) AS day FROM alone
), held AS MATERIALIZED (
    SELECT g.grant_id, g.person_id, g.bit, g.unit_id, daterange(g.valid_from, g.valid_to) * daterange(d.day, NULL) AS days
    FROM d JOIN role_grant g ON g.revoked_at IS NULL AND duties_against(g.bit) <> 0
    WHERE daterange(g.valid_from, g.valid_to) && daterange(d.day, NULL)
)
SELECT a.person_id, a.grant_id, b.grant_id AS other_grant_id, lower(a.days * b.days) AS since
FROM d CROSS JOIN held a
JOIN held b ON b.person_id = a.person_id AND a.bit < b.bit AND b.bit & duties_against(a.bit) <> 0 AND a.days && b.days
WHERE unit_within(a.unit_id, b.unit_id, d.day) OR unit_within(b.unit_id, a.unit_id, d.day)
ORDER BY a.grant_id, b.grant_id
LIMIT 100000;

-- decree_clashes_add(decree_clash_row) BULK
INSERT INTO decree_clash (decree_id, person_id, grant_id, other_grant_id, since)
SELECT * FROM unnest(:decree_id, :person_id, :grant_id, :other_grant_id, :since);

-- decree_clashes(decree_key) decree_clash
SELECT c.person_id, c.grant_id, a.role, ua.code AS unit_code, c.other_grant_id, b.role AS other_role, ub.code AS other_code,
    c.since AS "from"
FROM decree_clash c
JOIN role_grant a USING (grant_id) JOIN unit ua ON ua.unit_id = a.unit_id
JOIN role_grant b ON b.grant_id = c.other_grant_id JOIN unit ub ON ub.unit_id = b.unit_id
WHERE c.decree_id = :decree_id
ORDER BY c.person_id, c.grant_id, c.other_grant_id
LIMIT 100;

-- decree_waiting() decree_waiting
-- The next one for the job; whoever entered it is in whose name it is carried out.
SELECT decree_id, content, content_hash, entered_by FROM decree
WHERE state = 'waiting'
ORDER BY entered_at, decree_id
LIMIT 1;

-- decree_scope(decree_key) unit_ref
SELECT unnest(scope) AS unit_id FROM decree WHERE decree_id = :decree_id LIMIT 32;

-- decree_done(unit_people)
-- Seen at once by whoever asks, also while the transaction goes on.
SELECT setval('decree_progress', :people);
