-- events.sql - statements of the skeleton: numbering, paging and following events. Tables: hocvu.make_events.

-- relay_lock() relay_state
-- One relay per schema at a time, however many processes run.
SELECT pg_try_advisory_lock(hashtextextended('hocvu relay ' || current_schema(), 0)) AS locked,
       (SELECT seq FROM outbox_head) AS head;

-- relay_stamp(relay_slice) relay_state
-- Numbers committed rows without a hole. Runs alone (relay_lock), and commits before it runs again, so a lower number is
-- never committed after a higher one. Its plan must go by the indexes alone, see relay_settings in relay.c.
-- As one array, looked up by bisection: a join of the rows with their numbers may become a loop over both, which a backlog
-- of thousands turns into seconds.
WITH next AS MATERIALIZED (
    SELECT array_agg(id ORDER BY id) AS ids, count(*) AS n
      FROM (SELECT id FROM outbox WHERE seq IS NULL AND id > :above ORDER BY id LIMIT :most) AS fresh
), head AS (
    UPDATE outbox_head SET seq = seq + (SELECT n FROM next)
     WHERE one AND (SELECT n > 0 FROM next)
    RETURNING seq, seq - (SELECT n FROM next) AS base
), stamped AS (
    UPDATE outbox SET seq = (SELECT base FROM head) + width_bucket(id, (SELECT ids FROM next))
     WHERE id = ANY ((SELECT ids FROM next)::bigint[])
)
SELECT true AS locked, coalesce((SELECT seq FROM head), (SELECT seq FROM outbox_head WHERE one)) AS head,
       (SELECT n FROM next) AS stamped, (SELECT ids[n] FROM next) AS last_id;

-- job_lock(job_key) job_held
-- Held by the connection until job_unlock or its end.
SELECT pg_try_advisory_lock(hashtextextended('hocvu job ' || current_schema() || ' ' || :name, 0)) AS locked;

-- job_unlock(job_key)
SELECT pg_advisory_unlock(hashtextextended('hocvu job ' || current_schema() || ' ' || :name, 0));

-- events_page(events_query) outbox_row
SELECT seq, event AS name, trace, body::text AS body FROM outbox WHERE seq > :after ORDER BY seq LIMIT :most;

-- events_head() relay_state
SELECT true AS locked, seq AS head FROM outbox_head;

-- follow_lock(follow_mark) follow_mark
-- The cursor as it stands, held until this transaction ends; two processes never apply the same event.
WITH made AS (
    INSERT INTO follow_cursor (producer, seq) VALUES (:producer, 0) ON CONFLICT DO NOTHING
)
SELECT producer, seq FROM follow_cursor WHERE producer = :producer FOR UPDATE;

-- follow_move(follow_mark)
UPDATE follow_cursor SET seq = :seq, moved_at = now() WHERE producer = :producer;
