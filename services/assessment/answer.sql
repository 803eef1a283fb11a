-- answer.sql - the hot path: many answers of many attempts by one statement.

-- answer_save(answer_save) answer_stored BATCH
-- Stores what can be stored; calls without a row are looked at by answer_explain. One row per attempt at most: the UPDATE
-- moves the head of each chain once (answer.c sees to that). It takes the lock of the attempt's row and looks at its
-- newest version, so saves of other processes and the end of the attempt come before or after, never between; calls come
-- in the order of attempts, so two batches never wait for each other in a circle. The same answer stored by two processes
-- at once is a unique violation: nothing is stored, and the statement is run again. What runs has begun, whatever a clock
-- that was set back says; no answer is dated before its attempt.
WITH moved AS (
    UPDATE attempt a
       SET head = sha256(a.head || int4send(c.position) || int8send(c.revision)
                         || timestamptz_send(greatest(now(), a.started_at)) || convert_to(c.response, 'UTF8')),
           answers = a.answers + 1, revision = greatest(a.revision, c.revision),
           devices = a.devices + (a.session_id IS DISTINCT FROM c.session_id)::integer,
           session_id = c.session_id
      FROM unnest(:attempt_id, :position, :revision, :response, :ctx_subject, :ctx_session)
           WITH ORDINALITY AS c (attempt_id, position, revision, response, person_id, session_id, ord)
     WHERE a.attempt_id = c.attempt_id AND a.person_id = c.person_id
       AND (a.state = 'running' OR a.state = 'created' AND a.started_at <= now()) AND a.closes_at > now()
       AND c.position <= a.items AND a.answers < 2000 -- as a dossier can hold
       AND (c.revision > a.revision
            OR NOT EXISTS (SELECT FROM answer e WHERE e.attempt_id = c.attempt_id AND e.position = c.position
                                                  AND e.revision = c.revision))
    RETURNING c.ord, a.attempt_id, c.position, c.revision, c.response, a.answers, a.head, a.devices,
              greatest(now(), a.started_at) AS saved_at
), kept AS (
    INSERT INTO answer (attempt_id, saved_at, revision, seq, position, response, link)
    SELECT attempt_id, saved_at, revision, answers, position, response, head FROM moved
)
SELECT ord, saved_at, answers AS seq, head AS link, devices::bigint AS devices FROM moved;

-- answer_explain(answer_save) answer_stored BATCH
-- Why an answer was not stored. One that is stored already gets its first receipt again, whatever became of the attempt.
SELECT c.ord, e.saved_at, e.seq, e.link, a.devices::bigint AS devices,
       CASE WHEN a.person_id IS DISTINCT FROM c.person_id THEN 'NOT_FOUND:attempt_id'
            WHEN e.response <> c.response THEN 'CONFLICT:revision'
            WHEN e.response = c.response THEN NULL
            WHEN c.position > a.items THEN 'NOT_FOUND:position'
            WHEN a.state = 'created' AND a.started_at > now() THEN 'NOT_OPEN:attempt_id'
            WHEN a.answers >= 2000 THEN 'TOO_MANY:attempt_id'
            WHEN a.ended_by = 'timed_out' OR a.closes_at <= now() THEN 'TIME_OVER:attempt_id'
            WHEN a.state NOT IN ('running', 'created') THEN 'STATE:attempt_id'
            ELSE 'BUSY:revision' -- another process changed it between two looks
            END AS fault
  FROM unnest(:attempt_id, :position, :revision, :response, :ctx_subject)
       WITH ORDINALITY AS c (attempt_id, position, revision, response, person_id, ord)
  LEFT JOIN attempt a ON a.attempt_id = c.attempt_id
  LEFT JOIN answer e ON e.attempt_id = c.attempt_id AND e.position = c.position AND e.revision = c.revision;

-- receipt_find(receipt_claim) receipt_found
SELECT EXISTS (SELECT FROM answer WHERE attempt_id = :attempt_id AND position = :position AND revision = :revision
                                    AND link = :link) AS stored;
