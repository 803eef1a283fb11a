-- Requests of the person, with their legal clocks.

-- request_add(data_request_draft) data_request_row
-- The same id again gives the first request; with other words it is another's.
WITH who AS (
    SELECT person_id, full_name FROM person WHERE person_id = :ctx_subject
), known AS (
    SELECT * FROM data_request WHERE request_id = :request_id
), made AS (
    INSERT INTO data_request (request_id, person_id, kind, words, acknowledge_due, due)
    SELECT :request_id, person_id, :kind, coalesce(:words, ''), legal_due(:kind, 'acknowledge', now()),
           legal_due(:kind, 'answer', now())
      FROM who WHERE NOT EXISTS (SELECT FROM known)
    RETURNING *
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'data_requested', person_id, person_id, jsonb_build_object('request', request_id, 'kind', kind), :ctx_trace
      FROM made
), stands AS (
    SELECT * FROM made UNION ALL SELECT * FROM known
)
SELECT :request_id AS request_id, :ctx_subject AS person_id, coalesce(w.full_name, '?') AS full_name, :kind AS kind,
    coalesce(s.words, '') AS words, coalesce(s.state, 'received') AS state, coalesce(s.received_at, now()) AS received_at,
    coalesce(s.acknowledge_due, now()) AS acknowledge_due, coalesce(s.due, now()) AS due, false AS late, s.done_at, s.answer,
    0::bigint AS parts,
    CASE WHEN w.person_id IS NULL THEN 'PENDING:account'
         WHEN s.person_id <> :ctx_subject OR s.kind <> :kind OR s.words <> coalesce(:words, '') THEN 'CONFLICT:request_id'
    END AS fault
FROM (VALUES (1)) one (n) LEFT JOIN who w ON true LEFT JOIN stands s ON true;

-- my_requests() data_request_row
SELECT r.request_id, r.person_id, p.full_name, r.kind, r.words, r.state, r.received_at, r.acknowledge_due, r.due,
    r.state IN ('received', 'acknowledged', 'working')
        AND (r.due < now() OR (r.acknowledged_at IS NULL AND r.acknowledge_due < now())) AS late,
    r.done_at, r.answer, (SELECT count(*) FROM data_archive a WHERE a.request_id = r.request_id) AS parts, r.missing
FROM data_request r JOIN person p USING (person_id)
WHERE r.person_id = :ctx_subject
ORDER BY r.received_at DESC, r.request_id
LIMIT 100;

-- requests_page(data_request_query) data_request_row
-- A person is where his or her last principal tenure is or was; whoever never had one is the nation's.
SELECT r.request_id, r.person_id, shown_name(p.full_name, p.restricted_at) AS full_name, r.kind, r.words, r.state,
    r.received_at, r.acknowledge_due, r.due,
    r.state IN ('received', 'acknowledged', 'working')
        AND (r.due < now() OR (r.acknowledged_at IS NULL AND r.acknowledge_due < now())) AS late,
    r.done_at, r.answer, (SELECT count(*) FROM data_archive a WHERE a.request_id = r.request_id) AS parts, r.missing
FROM data_request r JOIN person p USING (person_id)
WHERE CASE WHEN :state IS NULL THEN r.state IN ('received', 'acknowledged', 'working') ELSE r.state = :state END
    AND (:after IS NULL OR r.due > :after) AND person_path(r.person_id) && :ctx_scope
ORDER BY r.due, r.request_id
LIMIT 100;

-- requests_open() data_request_row
SELECT r.request_id, r.person_id, '-' AS full_name, r.kind, '' AS words, r.state, r.received_at, r.acknowledge_due, r.due,
    r.due < now() OR (r.acknowledged_at IS NULL AND r.acknowledge_due < now()) AS late, 0::bigint AS parts
FROM data_request r WHERE r.state IN ('received', 'acknowledged', 'working')
ORDER BY r.due, r.request_id
LIMIT 100;

-- request_step(data_request_step) data_request_row
-- One step: where it may be taken from, what state it leads to, and what it changes at once. access and erase are done by
-- the job; rectify and object by the officer, who then says so. Nobody decides about his or her own request.
WITH request AS (
    SELECT r.*, p.full_name, p.erased_at, person_path(r.person_id) && :ctx_scope AS mine,
        EXISTS (SELECT FROM tenure t WHERE t.person_id = r.person_id AND t.valid_from <= today()
            AND (t.valid_to IS NULL OR t.valid_to > today())) AS works
      FROM data_request r JOIN person p USING (person_id) WHERE r.request_id = :request_id FOR UPDATE OF r
), known AS (
    SELECT request_id, step, answer FROM data_request_step WHERE step_id = :step_id
), verdict AS (
    SELECT r.*, CASE :step WHEN 'acknowledge' THEN 'acknowledged' WHEN 'refuse' THEN 'refused' WHEN 'lift' THEN r.state
                           ELSE CASE WHEN r.kind IN ('access', 'erase') THEN 'working' ELSE 'done' END END AS state_next,
        CASE WHEN k.request_id IS NOT NULL AND (k.request_id <> :request_id OR k.step <> :step
                      OR k.answer IS DISTINCT FROM :answer) THEN 'CONFLICT:step_id'
             WHEN NOT r.mine THEN 'FORBIDDEN:request_id'
             WHEN k.request_id IS NOT NULL THEN NULL
             WHEN r.person_id = :ctx_subject THEN 'SAME_PERSON:request_id'
             WHEN :step = 'lift' AND (r.kind <> 'restrict' OR r.state <> 'done') THEN 'STATE:step'
             WHEN :step = 'acknowledge' AND r.state <> 'received' THEN 'STATE:step'
             WHEN :step IN ('grant', 'refuse') AND r.state NOT IN ('received', 'acknowledged') THEN 'STATE:step'
             WHEN :answer IS NULL AND (:step = 'refuse' OR (:step = 'grant' AND r.kind IN ('rectify', 'object')))
                 THEN 'MISSING:answer'
             WHEN :step = 'grant' AND r.kind = 'erase' AND r.works THEN 'STATE:tenure'
        END AS fault, k.request_id IS NOT NULL AS repeated
      FROM request r LEFT JOIN known k ON true
), go AS (
    SELECT * FROM verdict WHERE fault IS NULL AND NOT repeated
), moved AS (
    UPDATE data_request r
       SET state = g.state_next, answer = coalesce(:answer, r.answer),
           acknowledged_at = coalesce(r.acknowledged_at, now()),
           done_at = CASE WHEN g.state_next IN ('done', 'refused') THEN coalesce(r.done_at, now()) ELSE r.done_at END
      FROM go g WHERE r.request_id = g.request_id
    RETURNING r.request_id
), stepped AS (
    INSERT INTO data_request_step (step_id, request_id, step, by_whom, answer)
    SELECT :step_id, request_id, :step, :ctx_subject, :answer FROM go
), restricted AS (
    UPDATE person p SET restricted_at = CASE :step WHEN 'grant' THEN now() END
      FROM go g WHERE p.person_id = g.person_id AND g.kind = 'restrict' AND :step IN ('grant', 'lift')
    RETURNING p.person_id, p.restricted_at IS NOT NULL AS restricted
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_restricted', jsonb_build_object('person_id', person_id, 'restricted', restricted, 'at', now()), :ctx_trace
      FROM restricted
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'data_request_step', :ctx_subject, person_id, jsonb_build_object('request', request_id, 'kind', kind,
        'step', :step), :ctx_trace
      FROM go
)
SELECT v.request_id, v.person_id, v.full_name, v.kind, v.words,
    CASE WHEN v.repeated THEN v.state ELSE v.state_next END AS state, v.received_at, v.acknowledge_due, v.due, false AS late,
    v.done_at, coalesce(:answer, v.answer) AS answer, 0::bigint AS parts, v.missing, v.fault
FROM verdict v;

-- request_withdraw(data_request_withdrawal) data_request_row
-- One's own, as long as it is not answered; also one that was granted and is still to be done: the job looks again before it
-- writes. What was restricted stays so until an officer lifts it.
WITH request AS (
    SELECT r.*, p.full_name FROM data_request r JOIN person p USING (person_id)
     WHERE r.request_id = :request_id AND r.person_id = :ctx_subject FOR UPDATE OF r
), known AS (
    SELECT request_id = :request_id AND step = 'withdraw' AND by_whom = :ctx_subject AS same FROM data_request_step
     WHERE step_id = :step_id
), verdict AS (
    SELECT r.*, k.same IS NOT NULL AS repeated,
        CASE WHEN NOT k.same THEN 'CONFLICT:step_id'
             WHEN k.same THEN NULL
             WHEN r.state NOT IN ('received', 'acknowledged', 'working') THEN 'STATE:request_id'
        END AS fault
      FROM request r LEFT JOIN known k ON true
), go AS (
    SELECT * FROM verdict WHERE fault IS NULL AND NOT repeated
), moved AS (
    UPDATE data_request r SET state = 'withdrawn', done_at = now() FROM go g WHERE r.request_id = g.request_id
), stepped AS (
    INSERT INTO data_request_step (step_id, request_id, step, by_whom)
    SELECT :step_id, request_id, 'withdraw', :ctx_subject FROM go
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'data_request_withdrawn', :ctx_subject, person_id, jsonb_build_object('request', request_id, 'kind', kind,
        'state', state), :ctx_trace
      FROM go
)
SELECT v.request_id, v.person_id, v.full_name, v.kind, v.words, CASE WHEN v.repeated THEN v.state ELSE 'withdrawn' END AS state,
    v.received_at, v.acknowledge_due, v.due, false AS late, CASE WHEN v.repeated THEN v.done_at ELSE now() END AS done_at,
    v.answer, 0::bigint AS parts, v.missing, v.fault
FROM verdict v;

-- request_hold(request_key) request_held
-- Until the end of the transaction nobody withdraws it.
SELECT state = 'working' AS working FROM data_request WHERE request_id = :request_id FOR UPDATE;

-- retention_rules() retention_row
SELECT DISTINCT ON (service, section) service, section, years::bigint AS years, basis FROM retention
WHERE valid_from <= today() ORDER BY service, section, valid_from DESC LIMIT 200;

-- calendar_tell(holiday) BULK
INSERT INTO outbox (event, body, trace)
SELECT 'calendar_changed', jsonb_build_object('days', jsonb_agg(jsonb_build_object('day', day, 'name', name,
    'works', works))), :ctx_trace
FROM unnest(:day, :name, :works) AS h (day, name, works);

-- archive_read(archive_query) file
SELECT 'application/zip' AS media_type, 'hocvu-du-lieu-ca-nhan.zip' AS name, a.bytes AS content
FROM data_archive a JOIN data_request r USING (request_id)
WHERE a.request_id = :request_id AND a.part = coalesce(:part, 0) AND r.person_id = :ctx_subject;

-- request_next(request_key) request_work
-- The next that the job is to do, after the one it could not do just now.
SELECT r.request_id, r.person_id, r.kind, r.due < now() AS late, p.full_name
FROM data_request r JOIN person p USING (person_id)
WHERE r.state = 'working' AND r.request_id > :request_id
ORDER BY r.request_id LIMIT 1;

-- archive_add(archive_part)
INSERT INTO data_archive (request_id, part, bytes) VALUES (:request_id, :part, :bytes);

-- archive_drop(request_key)
DELETE FROM data_archive WHERE request_id = :request_id;

-- request_finish(request_end)
WITH ended AS (
    UPDATE data_request SET state = 'done', done_at = now(), answer = coalesce(:answer, answer), missing = :missing
     WHERE request_id = :request_id AND state = 'working'
    RETURNING request_id, person_id, kind
)
INSERT INTO audit (action, subject, detail)
SELECT 'data_request_done', person_id, jsonb_build_object('request', request_id, 'kind', kind, 'missing', :missing) FROM ended;

-- person_erase(request_work) erase_outcome
SELECT person_erase(:person_id) AS rows;

-- archives_prune()
DELETE FROM data_archive WHERE made_at < now() - interval '7 days';
