-- send.sql - the sender's statements. One process sends at a time (job_lock), so what is `sending` when it begins has been
-- left behind by one that died: it may have arrived, and goes out again under the same key.

-- items_left_behind()
-- About whom nothing may be told by now, it is taken back.
WITH behind AS (
    UPDATE item SET state = CASE fate(subject_id, kind) WHEN 'waiting' THEN 'waiting' ELSE 'dropped' END,
           ended_at = CASE fate(subject_id, kind) WHEN 'waiting' THEN NULL ELSE now() END
     WHERE state = 'sending'
    RETURNING *
)
INSERT INTO held (person_id, target, kind, changed_at, numbered, data)
SELECT subject_id, target, kind, changed_at, numbered, body::json -> 'data' FROM behind
 WHERE fate(subject_id, kind) = 'held' ORDER BY sequence;

-- items_claim(item_claim) item_taken
-- What is due, and of what is about the same only the first.
WITH due AS (
    SELECT i.sequence, n.box FROM item i LEFT JOIN person_number n ON i.numbered AND n.person_id = i.subject_id
     WHERE i.target = :target AND i.state = 'waiting' AND i.next_at <= now()
       AND NOT EXISTS (SELECT FROM target_state WHERE target = :target AND held_until > now())
       AND NOT EXISTS (SELECT FROM item b
                        WHERE b.target = i.target AND b.subject_id = i.subject_id AND b.sequence < i.sequence
                          AND b.state IN ('waiting', 'sending'))
       AND (NOT i.numbered OR n.box IS NOT NULL)
     ORDER BY i.next_at, i.sequence LIMIT :most
)
UPDATE item i SET state = 'sending', tries = tries + 1, box = coalesce(i.box, due.box)
  FROM due WHERE i.sequence = due.sequence AND i.state = 'waiting'
RETURNING i.sequence, i.item_id, i.tries::bigint AS tries, i.body, i.box AS pinned, due.box;

-- items_end(item_result) BULK
-- What waits behind one that has to wait is not looked at before. Of the tries the last five stay. What would have to wait, but
-- is about somebody of whom nothing may be told by now, is taken back.
WITH result AS (
    SELECT * FROM unnest(:sequence, :tries, :state, :status, :trouble, :took_ms, :wait_ms, :patience_s)
             AS r (sequence, tries, state, status, trouble, took_ms, wait_ms, patience_s)
), ended AS (
    UPDATE item i
       SET state = s.state, last_status = r.status,
           trouble = CASE WHEN fate(i.subject_id, i.kind) <> 'dropped' THEN r.trouble END,
           next_at = now() + r.wait_ms * interval '1 ms', ended_at = CASE WHEN s.state <> 'waiting' THEN now() END
      FROM result r, item j,
           LATERAL (SELECT CASE WHEN r.state = 'waiting' AND j.since + r.patience_s * interval '1 s' <= now() THEN 'dead'
                                WHEN r.state = 'waiting' AND fate(j.subject_id, j.kind) <> 'waiting' THEN 'dropped'
                                ELSE r.state END AS state) s
     WHERE i.sequence = r.sequence AND j.sequence = r.sequence AND i.state = 'sending' AND i.tries = r.tries
    RETURNING i.sequence, i.target, i.subject_id, i.kind, i.changed_at, i.numbered, i.body, i.state, i.next_at, r.tries, r.status, r.took_ms, i.trouble
), withheld AS (
    INSERT INTO held (person_id, target, kind, changed_at, numbered, data)
    SELECT subject_id, target, kind, changed_at, numbered, body::json -> 'data' FROM ended
     WHERE state = 'dropped' AND fate(subject_id, kind) = 'held'
), behind AS (
    UPDATE item b SET next_at = e.next_at
      FROM ended e
     WHERE e.state = 'waiting' AND b.target = e.target AND b.subject_id = e.subject_id AND b.sequence > e.sequence
       AND b.state = 'waiting' AND b.next_at < e.next_at
), freed AS (
    UPDATE item b SET next_at = now()
      FROM ended e
     WHERE e.state <> 'waiting' AND b.target = e.target AND b.subject_id = e.subject_id AND b.sequence > e.sequence
       AND b.state = 'waiting' AND b.next_at > now()
), told AS (
    INSERT INTO item_try (sequence, number, status, took_ms, trouble)
    SELECT sequence, tries, status, took_ms, trouble FROM ended
)
DELETE FROM item_try t USING ended e WHERE t.sequence = e.sequence AND t.number <= e.tries - 5;

-- target_tell(target_note)
INSERT INTO target_state AS t (target, last_sent, held_until, trouble)
VALUES (:target, CASE WHEN :took THEN now() END, now() + :hold_ms * interval '1 ms', :trouble)
ON CONFLICT (target) DO UPDATE
   SET last_sent = coalesce(excluded.last_sent, t.last_sent), held_until = excluded.held_until, trouble = excluded.trouble;

-- items_drop(forget_query)
SELECT items_forget(now() - :sent_days * interval '1 day', now() - :dead_days * interval '1 day', 2000);
