-- attempt.sql - starting attempts, a batch at a time, and a person's list of them. Nothing here can see a key.

-- attempt_start(start_call) start_row BATCH
-- A start looks at the person's standing and takes the next form of the policy: one row per attempt is written, beside
-- the standing's own. The standing is changed only if it is still as it was looked at: whatever happens at the same time,
-- nobody begins twice. Who lost such a race, and a second start of a person in the same batch, get no row (attempt.c). A
-- form that the person has had is passed over while there are others.
WITH call AS MATERIALIZED (
    SELECT c.*, p.policy_id, p.items, greatest(now(), p.opens_at) AS started_at,
           make_interval(secs => p.minutes * 60.0 * (100 + s.extra_time_percent) / 100) AS time_allowed,
           make_interval(secs => p.grace_seconds) AS grace,
           s.taken, s.extra_time_percent AS extra, s.forms AS had, s.attempt_id AS newest_id,
           coalesce(s.running OR s.request_id = c.request_id, false) AS known,
           CASE WHEN p.policy_id IS NULL OR s.completed_at IS NULL THEN 'STATE:programme_id'
                WHEN s.running OR s.request_id = c.request_id THEN NULL
                WHEN c.request_id = ANY (s.requests) THEN 'STATE:request_id'
                WHEN s.taken >= p.max_attempts + s.given_back THEN 'ATTEMPTS:programme_id'
                WHEN p.retake_wait_seconds > 0 -- without a wait a clock set back makes none
                     AND s.ended_at + make_interval(secs => p.retake_wait_seconds) > now() THEN 'TOO_SOON:programme_id'
                WHEN p.opens_at - make_interval(secs => p.early_seconds) > now() THEN 'NOT_OPEN:programme_id'
                WHEN p.closes_at <= now() THEN 'CLOSED:programme_id'
                END AS fault
      FROM unnest(:request_id, :programme_id, :attempt_id, :seed, :admitted, :ctx_subject, :ctx_session)
           WITH ORDINALITY AS c (request_id, programme_id, attempt_id, seed, admitted, person_id, session_id, ord)
      LEFT JOIN LATERAL (SELECT * FROM policy WHERE policy.programme_id = c.programme_id
                          ORDER BY version DESC LIMIT 1) p ON true
      LEFT JOIN standing s ON s.person_id = c.person_id AND s.programme_id = c.programme_id
), begins AS MATERIALIZED (
    SELECT DISTINCT ON (person_id, programme_id) *
      FROM call WHERE fault IS NULL AND admitted AND NOT known
     ORDER BY person_id, programme_id, ord
), turn AS (
    INSERT INTO form_turn AS t (policy_id, lane, taken)
    SELECT policy_id, pg_backend_pid() % 8, count(*) FROM begins GROUP BY policy_id ORDER BY policy_id
    ON CONFLICT (policy_id, lane) DO UPDATE SET taken = t.taken + EXCLUDED.taken
    RETURNING policy_id, lane, taken
), pool AS MATERIALIZED ( -- hundreds of forms stand apart from their row (TOAST): fetched once, not for each start
    SELECT policy_id, ready || '{}' AS ready, taken + lane * cardinality(ready) / 8 AS next
      FROM turn JOIN form_pool USING (policy_id)
), dealt AS MATERIALIZED (
    SELECT b.*, CASE WHEN cardinality(b.had) = 0 THEN p.ready[1 + (p.next - b.place) % cardinality(p.ready)]
                ELSE (SELECT p.ready[1 + (p.next - b.place + k) % cardinality(p.ready)]
                        FROM generate_series(0, least(cardinality(b.had), cardinality(p.ready) - 1)) AS k
                       ORDER BY p.ready[1 + (p.next - b.place + k) % cardinality(p.ready)] = ANY (b.had), k
                       LIMIT 1) END AS form_id
      FROM (SELECT *, row_number() OVER (PARTITION BY policy_id ORDER BY ord) AS place FROM begins) b
      JOIN pool p USING (policy_id)
), took AS (
    UPDATE standing s
       SET taken = s.taken + 1, running = true, request_id = d.request_id, attempt_id = d.attempt_id,
           forms = s.forms || d.form_id, requests = s.requests || d.request_id
      FROM dealt d
     WHERE s.person_id = d.person_id AND s.programme_id = d.programme_id AND s.taken = d.taken AND NOT s.running
       AND s.extra_time_percent = d.extra
    RETURNING d.*, s.taken AS number, CASE WHEN d.started_at > now() THEN 'created' ELSE 'running' END AS state,
              sha256('hocvu-attempt-1'::bytea || uuid_send(d.attempt_id) || uuid_send(d.person_id)
                     || uuid_send(d.form_id) || int8send(d.seed) || timestamptz_send(d.started_at)) AS head
), begun AS (
    INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, started_at,
                         deadline, closes_at, session_id, head)
    SELECT attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, started_at,
           started_at + time_allowed, started_at + time_allowed + grace, session_id, head
      FROM took ORDER BY attempt_id
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'attempts_started',
           jsonb_build_object('programme_id', programme_id, 'started_at', started_at, 'attempts', jsonb_agg(
               jsonb_build_object('attempt_id', attempt_id, 'person_id', person_id))), :ctx_trace
      FROM took GROUP BY programme_id, started_at
)
SELECT ord, state, attempt_id, policy_id, number, items, started_at, started_at + time_allowed AS deadline, head,
       false AS resumed, false AS other_device, NULL AS fault
  FROM took
UNION ALL
SELECT c.ord, CASE WHEN a.attempt_id IS NULL THEN 'waiting'
                   WHEN a.state = 'created' AND a.started_at <= now() THEN 'running' ELSE a.state END,
       a.attempt_id, a.policy_id, a.number, a.items, a.started_at, a.deadline, a.head, true,
       a.session_id IS DISTINCT FROM c.session_id,
       CASE WHEN c.fault IS NOT NULL THEN c.fault
            WHEN a.ended_at IS NOT NULL THEN 'STATE:request_id' -- this request began an attempt that has ended
            WHEN a.closes_at <= now() THEN 'TIME_OVER:request_id' END
  FROM call c LEFT JOIN attempt a ON c.known AND a.attempt_id = c.newest_id
 WHERE c.fault IS NOT NULL OR c.known OR NOT c.admitted;

-- my_attempts(my_attempts_query) attempt_row
SELECT a.attempt_id, a.person_id, a.programme_id, a.number,
       CASE WHEN a.state = 'created' AND a.started_at <= now() THEN 'running' ELSE a.state END AS state, a.started_at,
       a.ended_at, a.answers,
       CASE WHEN p.show_result = 'at_once' OR p.show_result = 'after_window' AND coalesce(p.closes_at <= now(), true)
            THEN r.passed END AS passed
  FROM ((SELECT * FROM attempt
          WHERE person_id = :ctx_subject
            AND (:before IS NULL OR attempt_id < :before)
          ORDER BY attempt_id DESC LIMIT 50)
        UNION ALL
        SELECT old.* FROM alias l
         CROSS JOIN LATERAL (SELECT * FROM attempt
                              WHERE person_id = l.person_id
                                AND (:before IS NULL OR attempt_id < :before)
                              ORDER BY attempt_id DESC LIMIT 50) old
         WHERE l.same_as = :ctx_subject
        ORDER BY attempt_id DESC LIMIT 50) a
  JOIN policy p USING (policy_id)
  LEFT JOIN LATERAL (SELECT passed FROM result WHERE result.attempt_id = a.attempt_id
                        AND result.version = a.result_version AND a.state = 'graded' LIMIT 1) r ON true
 ORDER BY a.attempt_id DESC;

-- periods_ahead()
SELECT make_periods_ahead();
