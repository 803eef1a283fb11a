-- Where people work, changed by hand.

-- person_hold(person_asked) person_held
-- Nobody else changes this person's tenures until the commit: imports and decrees hold the lock by themselves, others the
-- person's row.
WITH waited AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(hashtext('identity.import')) IS NULL AS done)
SELECT p.full_name, p.merged_into IS NOT NULL AS merged, today() AS today
FROM waited, person p WHERE p.person_id = :person_id
FOR NO KEY UPDATE OF p;

-- tenure_step_look(tenure_step_key) tenure_step_known
SELECT person_id, content FROM tenure_step WHERE change_id = :change_id;

-- tenure_rows(person_asked) tenure_row
-- A unit that is no longer in the tree lies in nobody's subtree: who has the person now may put right what is left of it.
SELECT t.tenure_id, t.person_id, t.unit_id, t.position, t.position_code, t.leader, t.kind, t.home_tenure_id, t.from_tenure,
    t.valid_from, t.valid_to,
    coalesce((SELECT u.path && :ctx_scope FROM unit_now u WHERE u.unit_id = t.unit_id), true) AS visible
FROM tenure t WHERE t.person_id = :person_id
ORDER BY t.valid_from, t.tenure_id
LIMIT 200;

-- unit_on(workplace) workplace_seen
-- As the tree stands on that day, or today: a unit that a decree makes next month may get its people now.
SELECT EXISTS (SELECT FROM unit_version v WHERE v.unit_id = u.unit_id AND v.valid_from <= :day
        AND (v.valid_to IS NULL OR v.valid_to > :day)) AS alive,
    EXISTS (SELECT FROM unnest(:ctx_scope) s (top)
        WHERE unit_within(u.unit_id, s.top, today()) OR unit_within(u.unit_id, s.top, :day)) AS visible,
    (SELECT p.title_vi FROM position p WHERE p.code = :position_code AND p.valid_from <= :day
        AND (p.valid_to IS NULL OR p.valid_to > :day)) AS title
FROM unit u WHERE u.unit_id = :unit_id;

-- tenure_unit_end(tenure_key) tenure_unit_end
-- Until when the unit of a tenure is there; a unit that ended does not come again.
SELECT t.unit_id, CASE WHEN bool_and(v.valid_to IS NOT NULL) THEN max(v.valid_to) END AS until
FROM tenure t JOIN unit_version v USING (unit_id)
WHERE t.tenure_id = :tenure_id AND t.person_id = :person_id
GROUP BY t.unit_id;

-- tenures_write(tenure_row) BULK
-- Tenures that begin, differ or end, told in lists of fifty in the order in which they are given.
WITH row AS (
    SELECT *
    FROM unnest(:tenure_id, :person_id, :unit_id, :position, :position_code, :leader, :kind, :home_tenure_id, :from_tenure,
                :valid_from, :valid_to) WITH ORDINALITY
        AS r (tenure_id, person_id, unit_id, position, position_code, leader, kind, home_tenure_id, from_tenure, valid_from,
              valid_to, nr)
), put AS (
    INSERT INTO tenure (tenure_id, person_id, unit_id, position, position_code, leader, kind, home_tenure_id, from_tenure,
        valid_from, valid_to)
    SELECT tenure_id, person_id, unit_id, position, nullif(position_code, ''), leader, kind, home_tenure_id, from_tenure,
        valid_from, valid_to
    FROM row ORDER BY nr
    ON CONFLICT (tenure_id) DO UPDATE
    SET position = excluded.position, position_code = excluded.position_code, leader = excluded.leader, kind = excluded.kind,
        valid_from = excluded.valid_from, valid_to = excluded.valid_to
    RETURNING *
)
INSERT INTO outbox (event, body, trace)
SELECT 'people_changed', jsonb_build_object('people', jsonb_agg(fact ORDER BY nr)), :ctx_trace
FROM (SELECT row.nr, row_number() OVER (ORDER BY row.nr) AS told, jsonb_strip_nulls(jsonb_build_object(
          'person_id', put.person_id, 'tenure_id', put.tenure_id, 'full_name', p.full_name, 'unit_id', put.unit_id,
          'position', put.position, 'leader', put.leader, 'kind', put.kind, 'position_code', put.position_code,
          'valid_from', put.valid_from, 'valid_to', put.valid_to)) AS fact
      FROM put JOIN row ON row.tenure_id = put.tenure_id JOIN person p ON p.person_id = put.person_id) f
GROUP BY (told - 1) / 50
ORDER BY (told - 1) / 50;

-- tenure_step_add(tenure_step_made)
-- Tokens of before say where the person worked then.
WITH made AS (
    INSERT INTO tenure_step (change_id, person_id, content, by_whom, reason)
    VALUES (:change_id, :person_id, :content, :ctx_subject, :reason)
), stale AS (
    INSERT INTO stale_token (person_id, reason) VALUES (:person_id, 'tenure')
)
INSERT INTO audit (action, actor, subject, detail, trace)
VALUES ('tenure_' || :op, :ctx_subject, :person_id, jsonb_build_object('change', :change_id, 'reason', :reason,
    'tenures', CAST(:tenures AS jsonb)), :ctx_trace);

-- tenures_of(person_asked) tenure_shown
SELECT t.tenure_id, t.unit_id, n.code AS unit_code, coalesce(u.name, '') AS unit_name, t.position, t.position_code, t.leader,
    t.kind, t.home_tenure_id, t.valid_from, t.valid_to
FROM tenure t JOIN unit n USING (unit_id) LEFT JOIN unit_now u USING (unit_id)
WHERE t.person_id = :person_id AND (t.valid_to IS NULL OR t.valid_to > t.valid_from)
ORDER BY t.valid_from, t.kind <> 'principal', t.tenure_id
LIMIT 200;
