-- Imports of rosters: asked for, worked on by the job, reported.

-- import_open(import_new) accepted
WITH up AS (
    SELECT upload_id, name, size, received = size AS complete FROM upload
    WHERE upload_id = :upload_id AND owner = :ctx_subject
), top AS (
    SELECT unit_id FROM unit_now WHERE code = :complete_unit AND path && :ctx_scope
), known AS (
    SELECT j.by_whom = :ctx_subject AND j.upload_id = :upload_id AND j.dry_run = :dry_run AND j.remove_most = :remove_most
        AND j.complete_unit IS NOT DISTINCT FROM (SELECT unit_id FROM top) AS same
    FROM import_job j WHERE j.import_id = :import_id
), put AS (
    INSERT INTO import_job (import_id, upload_id, by_whom, scope, name, bytes, dry_run, complete_unit, remove_most,
        trace)
    SELECT :import_id, up.upload_id, 
        :ctx_subject, :scope, up.name, up.size, :dry_run, (SELECT unit_id FROM top), :remove_most,
        :ctx_trace
    FROM up
    WHERE up.complete AND NOT EXISTS (SELECT FROM known) AND (:complete_unit IS NULL OR EXISTS (SELECT FROM top))
    ON CONFLICT DO NOTHING
    RETURNING import_id
)
SELECT true AS ok, CASE
    WHEN EXISTS (SELECT FROM known WHERE same) OR EXISTS (SELECT FROM put) THEN NULL
    WHEN EXISTS (SELECT FROM known) THEN 'CONFLICT:import_id'
    WHEN NOT EXISTS (SELECT FROM up) THEN 'NOT_FOUND:upload_id'
    WHEN NOT (SELECT complete FROM up) THEN 'STATE:upload_id'
    ELSE 'FORBIDDEN:complete_unit'
END AS fault;

-- import_get(import_ref) import_state
SELECT j.import_id, j.upload_id, j.name, j.dry_run, j.state, j.bytes, j.bytes_read, j.rows, s.rows + j.refused AS rows_done,
    s.created, s.changed, s.unchanged, s.refused + j.refused AS refused, j.ended,
    least(j.faults + s.refused, 100000) AS faults, j.sentence_vi, j.sentence_en
FROM import_job j, LATERAL (
    SELECT coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(created), 0)::bigint AS created,
        coalesce(sum(changed), 0)::bigint AS changed, coalesce(sum(unchanged), 0)::bigint AS unchanged,
        coalesce(sum(refused), 0)::bigint AS refused
    FROM import_slice WHERE import_id = :import_id) s
WHERE j.import_id = :import_id AND j.by_whom = :ctx_subject;

-- import_stop(import_ref)
-- The job sees it at its next commit; one that has not begun ends at once.
UPDATE import_job SET stop = true, state = CASE state WHEN 'queued' THEN 'stopped' ELSE state END
WHERE import_id = :import_id AND by_whom = :ctx_subject AND state IN ('queued', 'reading', 'comparing', 'writing');

-- import_next() import_task
-- The oldest that is not over. One that a process left behind is begun anew: what it has written stands in import_slice.
UPDATE import_job j SET tries = j.tries + 1, begun = coalesce(j.begun, now())
WHERE j.import_id = (
    SELECT import_id FROM import_job WHERE state IN ('queued', 'reading', 'comparing', 'writing') ORDER BY created LIMIT 1)
RETURNING j.import_id, j.upload_id, j.by_whom, j.scope, j.dry_run, j.complete_unit, j.remove_most, j.bytes,
    j.tries::bigint AS tries, j.ended, today() AS today, j.trace;

-- import_hold()
-- For the whole import: nobody changes the tree while rows wait to be written that were judged by it.
SELECT pg_advisory_lock(hashtext('identity.import'));

-- import_let_go()
SELECT pg_advisory_unlock(hashtext('identity.import'));

-- import_step(import_step) import_heard
UPDATE import_job
SET state = :state, bytes_read = :bytes_read, rows = :rows, refused = :refused, faults = :faults, ended = :ended,
    sentence_vi = :sentence_vi, sentence_en = :sentence_en,
    over = CASE WHEN :state IN ('done', 'refused', 'stopped') THEN now() END
WHERE import_id = :import_id
RETURNING stop;

-- import_hash(file_read)
UPDATE import_job SET sha256 = :sha256 WHERE import_id = :import_id;

-- import_sums(import_ref) import_sums
SELECT count(*) AS slices, coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(created), 0)::bigint AS created,
    coalesce(sum(changed), 0)::bigint AS changed, coalesce(sum(unchanged), 0)::bigint AS unchanged,
    coalesce(sum(refused), 0)::bigint AS refused
FROM import_slice WHERE import_id = :import_id;

-- import_note(import_ref)
-- One entry for all of it: counts, and what the file was.
INSERT INTO audit (action, actor, detail, trace)
SELECT 'roster_import', j.by_whom, jsonb_build_object('import', j.import_id, 'state', j.state, 'rows', j.rows,
    'created', s.created, 'changed', s.changed, 'unchanged', s.unchanged, 'refused', s.refused + j.refused, 'ended', j.ended,
    'sha256', encode(j.sha256, 'hex')), :ctx_trace
FROM import_job j, LATERAL (
    SELECT coalesce(sum(created), 0) AS created, coalesce(sum(changed), 0) AS changed,
        coalesce(sum(unchanged), 0) AS unchanged, coalesce(sum(refused), 0) AS refused
    FROM import_slice WHERE import_id = :import_id) s
WHERE j.import_id = :import_id AND NOT j.dry_run;

-- import_forget_faults(import_ref)
-- Those of a reading that is begun anew.
DELETE FROM import_fault WHERE import_id = :import_id AND nr < 4294967296;

-- import_fault_copy(import_fault_row) COPY
import_fault (import_id, line, nr, field, value, message_vi, message_en);

-- import_fault_add(import_fault_row) BULK
INSERT INTO import_fault (import_id, line, nr, field, value, message_vi, message_en)
SELECT import_id, line, nr, field, value, message_vi, message_en
FROM unnest(:import_id, :line, :nr, :field, :value, :message_vi, :message_en)
    AS r (import_id, line, nr, field, value, message_vi, message_en);

-- import_fault_rows(faults_page) row_fault
SELECT line, field, value, message_vi, message_en FROM import_fault WHERE import_id = :import_id
ORDER BY line, nr LIMIT :most OFFSET :skip;
