-- Assignments, and enrolling the people they cover.

-- An assignment looks at who is there, an event at which assignments there are. Each must see the other: assignments
-- take this lock alone, events and the walk share it, both before the statement that looks. Plans are kept, and one
-- that was made while the tables were small would read them whole for each person: so these statements have to use
-- indexes (and the price that the planner then names for small tables must not make it compile the statement).
-- enrol_lock()
SELECT pg_advisory_xact_lock(hashtextextended('learning enrol', 0)), set_config('enable_seqscan', 'off', true),
       set_config('jit', 'off', true);

-- enrol_lock_shared()
SELECT pg_advisory_xact_lock_shared(hashtextextended('learning enrol', 0)), set_config('enable_seqscan', 'off', true),
       set_config('jit', 'off', true);

-- Extra time belongs to an enrolment. So listed people whom the walk is still going to enrol are enrolled now, by the
-- earlier assignment that covers them; a refusal of the list takes that back.
-- enrol_listed(assignment_row) BULK
WITH enrolled AS (
    INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date)
    SELECT j.person_id, j.programme_id, j.assignment_id, j.due_date
    FROM joiner j WHERE j.person_id = ANY (:person_id) AND j.programme_id = (:programme_id)[1]
    ORDER BY j.assigned_at, j.assignment_id
    ON CONFLICT (person_id, programme_id) DO NOTHING
    RETURNING person_id, programme_id, assignment_id, due_date, assigned_at
)
INSERT INTO outbox (event, body, trace) SELECT 'learner_assigned', to_jsonb(e), :ctx_trace FROM enrolled e;

-- The first page of people is enrolled here, and all of a list; the walk enrols the rest. `free` are those whom no
-- earlier assignment has enrolled or, while the walk is under way, is going to enrol. Listed people who are enrolled
-- keep their assignment and due date, only their extra time changes; that is possible for a superseded programme too,
-- because they go on with it.
-- assignment_create(assignment_row) assignment BULK
WITH wish AS MATERIALIZED (
    SELECT (:assignment_id)[1] AS assignment_id, (:programme_id)[1] AS programme_id, (:unit_id)[1] AS unit_id,
           (:due_date)[1] AS due_date, (:extra_time_percent)[1] AS extra_time_percent,
           EXISTS (SELECT FROM unit u WHERE u.unit_id = (:unit_id)[1] AND u.path && :ctx_scope) AS in_scope,
           (SELECT array_agg(DISTINCT l.person_id ORDER BY l.person_id)
            FROM unnest(:person_id) AS l (person_id) WHERE l.person_id IS NOT NULL) AS people
), known AS MATERIALIZED (
    SELECT a.*, (a.programme_id, a.unit_id, a.due_date, a.assigned_by)
                = (w.programme_id, w.unit_id, w.due_date, :ctx_subject)
                AND (a.people, a.extra_time_percent) IS NOT DISTINCT FROM (w.people, w.extra_time_percent) AS same
    FROM assignment a JOIN wish w USING (assignment_id)
), covered AS MATERIALIZED (
    SELECT p.person_id, u.path
    FROM wish w JOIN unit u ON u.path @> ARRAY[w.unit_id] JOIN person p ON p.unit_id = u.unit_id
    WHERE w.in_scope AND (w.people IS NULL OR p.person_id = ANY (w.people)) AND NOT EXISTS (SELECT FROM known)
), free AS MATERIALIZED (
    SELECT c.person_id FROM covered c, wish w
    WHERE NOT EXISTS (SELECT FROM enrolment e WHERE (e.person_id, e.programme_id) = (c.person_id, w.programme_id))
      AND NOT (EXISTS (SELECT FROM walk WHERE after IS NOT NULL)
               AND EXISTS (SELECT FROM assignment a
                           WHERE a.programme_id = w.programme_id AND a.people IS NULL
                             AND a.due_date >= hocvu.today() AND a.unit_id = ANY (c.path)))
), verdict AS MATERIALIZED (
    SELECT CASE
        WHEN EXISTS (SELECT FROM known WHERE same) THEN NULL
        WHEN EXISTS (SELECT FROM known) THEN 'CONFLICT:assignment_id'
        WHEN NOT w.in_scope THEN 'FORBIDDEN:unit_id'
        WHEN w.extra_time_percent IS NOT NULL AND w.people IS NULL THEN 'INVALID:extra_time_percent'
        WHEN p.programme_id IS NULL THEN 'NOT_FOUND:programme_id'
        WHEN EXISTS (SELECT FROM programme n WHERE n.code = p.code AND n.version > p.version)
             AND (w.extra_time_percent IS NULL OR EXISTS (SELECT FROM free))
            THEN 'STATE:programme_id'
        WHEN w.due_date NOT BETWEEN hocvu.today() AND hocvu.today() + (:due_days)[1]::integer THEN 'RANGE:due_date'
        WHEN (SELECT count(*) FROM covered) < cardinality(w.people) THEN 'FORBIDDEN:people'
        END AS fault
    FROM wish w LEFT JOIN programme p ON p.programme_id = w.programme_id
), enrolled AS (
    INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date, extra_time_percent)
    SELECT f.person_id, w.programme_id, w.assignment_id, w.due_date, w.extra_time_percent
    FROM free f, wish w, verdict WHERE verdict.fault IS NULL
    ORDER BY f.person_id LIMIT (SELECT CASE WHEN people IS NULL THEN (:page)[1] END FROM wish)
    ON CONFLICT (person_id, programme_id) DO NOTHING
    RETURNING person_id, programme_id, assignment_id, due_date, assigned_at, extra_time_percent
), retimed AS (
    UPDATE enrolment e SET extra_time_percent = w.extra_time_percent
    FROM wish w
    WHERE (SELECT fault IS NULL FROM verdict) AND NOT EXISTS (SELECT FROM known)
      AND e.person_id = ANY ((SELECT people FROM wish)::uuid[]) AND e.programme_id = w.programme_id
      AND w.extra_time_percent IS NOT NULL AND e.extra_time_percent IS DISTINCT FROM w.extra_time_percent
    RETURNING e.person_id, e.programme_id, e.assignment_id, e.due_date, e.assigned_at, e.extra_time_percent
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'learner_assigned', jsonb_strip_nulls(to_jsonb(e)), :ctx_trace
    FROM (SELECT * FROM enrolled UNION ALL SELECT * FROM retimed) e
), made AS (
    INSERT INTO assignment (assignment_id, programme_id, unit_id, due_date, people, extra_time_percent, assigned_by,
                            covered, enrolled)
    SELECT w.assignment_id, w.programme_id, w.unit_id, w.due_date, w.people, w.extra_time_percent, :ctx_subject,
           (SELECT count(*) FROM covered), (SELECT count(*) FROM free)
    FROM wish w, verdict WHERE verdict.fault IS NULL AND NOT EXISTS (SELECT FROM known)
    RETURNING assignment_id, programme_id, unit_id, due_date, covered, enrolled
), walked AS (
    UPDATE walk SET after = '00000000-0000-0000-0000-000000000000'
    FROM made WHERE made.enrolled > (SELECT count(*) FROM enrolled)
)
SELECT d.assignment_id, d.programme_id, d.unit_id, d.due_date, d.covered AS people, d.enrolled, verdict.fault
FROM verdict LEFT JOIN (
    SELECT assignment_id, programme_id, unit_id, due_date, covered, enrolled FROM made
    UNION ALL SELECT assignment_id, programme_id, unit_id, due_date, covered, enrolled FROM known
) d ON true;

-- People came or moved: the assignments in force above their units enrol.
-- enrol_people(person_fact) BULK
WITH enrolled AS (
    INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date)
    SELECT j.person_id, j.programme_id, j.assignment_id, j.due_date
    FROM (SELECT DISTINCT person_id FROM unnest(:person_id) AS u (person_id)) f JOIN joiner j USING (person_id)
    ORDER BY j.assigned_at, j.assignment_id, j.person_id
    ON CONFLICT (person_id, programme_id) DO NOTHING
    RETURNING person_id, programme_id, assignment_id, due_date, assigned_at
)
INSERT INTO outbox (event, body, trace) SELECT 'learner_assigned', to_jsonb(e), :ctx_trace FROM enrolled e;

-- A unit came or moved, perhaps after its people, and may have a province below it: the walk finds whom that brought
-- under an assignment.
-- walk_begin()
UPDATE walk SET after = '00000000-0000-0000-0000-000000000000'
WHERE after IS DISTINCT FROM '00000000-0000-0000-0000-000000000000'
  AND EXISTS (SELECT FROM assignment WHERE people IS NULL AND due_date >= hocvu.today());

-- One page of the walk. It begins anew each day, when an assignment leaves people to it, and when the tree changes.
-- walk_page(page)
WITH place AS MATERIALIZED (
    SELECT CASE WHEN day = hocvu.today() THEN after ELSE '00000000-0000-0000-0000-000000000000' END AS after
    FROM walk WHERE after IS NOT NULL OR day <> hocvu.today() FOR UPDATE
), page AS MATERIALIZED (
    SELECT p.person_id FROM place, person p WHERE p.person_id > place.after ORDER BY p.person_id LIMIT :most
), enrolled AS (
    INSERT INTO enrolment (person_id, programme_id, assignment_id, due_date)
    SELECT j.person_id, j.programme_id, j.assignment_id, j.due_date FROM page JOIN joiner j USING (person_id)
    ORDER BY j.assigned_at, j.assignment_id
    ON CONFLICT (person_id, programme_id) DO NOTHING
    RETURNING person_id, programme_id, assignment_id, due_date, assigned_at
), moved AS (
    UPDATE walk SET day = hocvu.today(),
                    after = (SELECT person_id FROM page ORDER BY person_id OFFSET :most - 1)
    FROM place
)
INSERT INTO outbox (event, body, trace) SELECT 'learner_assigned', to_jsonb(e), NULL FROM enrolled e;

-- my_programmes() my_programme
SELECT p.programme_id, p.title_vi, p.title_en, e.due_date, e.completed_at, count(l.lesson_id)::integer AS lessons,
       count(g.completed_at)::integer AS lessons_done
FROM enrolment e
JOIN programme p USING (programme_id)
JOIN lesson l USING (programme_id)
LEFT JOIN progress g ON g.person_id = e.person_id AND g.lesson_id = l.lesson_id
WHERE e.person_id = :ctx_subject
GROUP BY p.programme_id, e.due_date, e.completed_at
ORDER BY e.due_date, p.programme_id LIMIT 200;
