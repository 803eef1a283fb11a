-- Frozen reports: may this one be made, what stands in it, the one statement that makes it, and reading it again.

-- snapshot_allowed(snapshot_request) snapshot_head
-- The caller's subtree is tested against today's tree; a unit that is no more, against the tree of the cut-off. A
-- repeated call is answered with what it made the first time.
WITH ask AS (
    SELECT normalize(:period) AS period, coalesce(:final, false) AS final
), place AS MATERIALIZED (
    SELECT (SELECT u.path FROM unit u WHERE u.unit_id = :unit_id) AS today,
           path_as_of(:unit_id, :cutoff_date) AS at_cutoff
), earlier AS (
    SELECT s.* FROM snapshot s WHERE s.snapshot_id = :snapshot_id
)
SELECT coalesce(programme.title_vi, '') AS programme_vi, ask.period, earlier.snapshot_id IS NOT NULL AS repeated,
       CASE
       WHEN place.today IS NULL AND place.at_cutoff = '{}' THEN 'NOT_FOUND:unit_id'
       WHEN NOT coalesce(place.today, place.at_cutoff) && :ctx_scope THEN 'FORBIDDEN:unit_id'
       WHEN earlier.snapshot_id IS NOT NULL THEN
           CASE WHEN (earlier.unit_id, earlier.programme_id, earlier.period, earlier.cutoff_date, earlier.due_date,
                      earlier.final)
                     IS DISTINCT FROM (:unit_id, :programme_id, ask.period, :cutoff_date, :due_date, ask.final)
                THEN 'CONFLICT:snapshot_id' END
       WHEN :cutoff_date > today() THEN 'INVALID:cutoff_date'
       WHEN place.at_cutoff = '{}' THEN 'NOT_FOUND:unit_id'
       WHEN programme.programme_id IS NULL THEN 'NOT_FOUND:programme_id'
       WHEN ask.period <> btrim(ask.period) OR ask.period ~ '[[:cntrl:]]' OR octet_length(ask.period) > 32
           THEN 'INVALID:period'
       WHEN ask.final AND EXISTS (SELECT FROM snapshot f WHERE f.final AND (f.unit_id, f.programme_id, f.period)
                                                                          = (:unit_id, :programme_id, ask.period))
           THEN 'CONFLICT:period'
       END AS fault
FROM ask CROSS JOIN place
LEFT JOIN earlier ON true
LEFT JOIN programme ON programme.programme_id = :programme_id;

-- snapshot_count(snapshot_request) frozen_row
-- Facts up to the end of the cut-off day in Vietnam, with the tree and the tenures of that day. Each unit has the sums
-- of everything below it. People are not counted when the report is refused for its size anyway.
WITH tree AS MATERIALIZED (
    SELECT * FROM subtree_as_of(:unit_id, :cutoff_date, 5001)
), own AS MATERIALIZED (
    SELECT w.unit_id,
           count(*) AS assigned,
           count(*) FILTER (WHERE g.completed) AS completed,
           count(*) FILTER (WHERE g.passed) AS passed,
           count(*) FILTER (WHERE g.certified) AS certified,
           count(*) FILTER (WHERE w.leader) AS leaders_assigned,
           count(*) FILTER (WHERE w.leader AND g.completed) AS leaders_completed,
           count(*) FILTER (WHERE w.leader AND g.passed) AS leaders_passed,
           count(*) FILTER (WHERE w.leader AND g.certified) AS leaders_certified
    FROM people_as_of((SELECT array_agg(t.unit_id) FROM tree t HAVING count(*) <= 5000), :cutoff_date) w
    JOIN standing(:programme_id, ((:cutoff_date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')) g
         ON g.person_id = w.person_id
    GROUP BY w.unit_id
), total AS MATERIALIZED (
    SELECT a.unit_id,
           sum(o.assigned)::bigint AS assigned, sum(o.completed)::bigint AS completed,
           sum(o.passed)::bigint AS passed, sum(o.certified)::bigint AS certified,
           sum(o.leaders_assigned)::bigint AS leaders_assigned, sum(o.leaders_completed)::bigint AS leaders_completed,
           sum(o.leaders_passed)::bigint AS leaders_passed, sum(o.leaders_certified)::bigint AS leaders_certified
    FROM own o JOIN tree t USING (unit_id) CROSS JOIN unnest(t.trail) AS a(unit_id)
    GROUP BY a.unit_id
)
SELECT :snapshot_id AS snapshot_id, t.unit_id, t.parent_id, t.code, t.name,
       coalesce(above.code, (SELECT v.code FROM unit_version v
                             WHERE v.unit_id = t.parent_id AND v.valid_from <= :cutoff_date
                               AND (v.valid_to IS NULL OR v.valid_to > :cutoff_date) LIMIT 1)) AS parent_code,
       coalesce(s.assigned, 0) AS assigned, coalesce(s.completed, 0) AS completed,
       coalesce(s.passed, 0) AS passed, coalesce(s.certified, 0) AS certified,
       coalesce(s.leaders_assigned, 0) AS leaders_assigned, coalesce(s.leaders_completed, 0) AS leaders_completed,
       coalesce(s.leaders_passed, 0) AS leaders_passed, coalesce(s.leaders_certified, 0) AS leaders_certified
FROM tree t LEFT JOIN total s USING (unit_id) LEFT JOIN tree above ON above.unit_id = t.parent_id
ORDER BY t.code COLLATE "C", t.unit_id LIMIT 5001;

-- snapshot_make(snapshot) snapshot
-- No row: the id, or the final report of the period, was taken at the same moment.
WITH made AS (
    INSERT INTO snapshot (snapshot_id, unit_id, path, programme_id, programme_vi, period, cutoff_date, due_date, final,
                          frozen_by, digest)
    SELECT :snapshot_id, :unit_id, path_as_of(:unit_id, :cutoff_date), :programme_id, :programme_vi, :period,
           :cutoff_date, :due_date, :final, :ctx_subject, :digest
    ON CONFLICT DO NOTHING
    RETURNING *
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'snapshot_frozen',
           jsonb_build_object('snapshot_id', snapshot_id, 'unit_id', unit_id, 'programme_id', programme_id,
                              'period', period, 'cutoff_date', cutoff_date, 'final', final),
           :ctx_trace
    FROM made
)
SELECT snapshot_id, unit_id, programme_id, programme_vi, period, cutoff_date, due_date, final, frozen_at, frozen_by,
       digest
FROM made;

-- snapshot_add(frozen_row) BULK
INSERT INTO snapshot_row (snapshot_id, code, unit_id, parent_id, parent_code, name, assigned, completed, passed,
                          certified, leaders_assigned, leaders_completed, leaders_passed, leaders_certified)
SELECT * FROM unnest(:snapshot_id, :code, :unit_id, :parent_id, :parent_code, :name, :assigned, :completed, :passed,
                     :certified, :leaders_assigned, :leaders_completed, :leaders_passed, :leaders_certified);

-- snapshot_find(snapshot_ref) snapshot
-- Whoever may see the unit where it stands today; when it is no more, where it stood at the cut-off.
SELECT s.snapshot_id, s.unit_id, s.programme_id, s.programme_vi, s.period, s.cutoff_date, s.due_date, s.final,
       s.frozen_at, s.frozen_by, s.digest
FROM snapshot s LEFT JOIN unit u USING (unit_id)
WHERE s.snapshot_id = :snapshot_id AND coalesce(u.path, s.path) && :ctx_scope;

-- snapshot_rows(snapshot_ref) frozen_row
SELECT snapshot_id, unit_id, parent_id, code, parent_code, name, assigned, completed, passed, certified,
       leaders_assigned, leaders_completed, leaders_passed, leaders_certified
FROM snapshot_row WHERE snapshot_id = :snapshot_id ORDER BY code, unit_id LIMIT 5001;
