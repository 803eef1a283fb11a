-- status.sql - what the operator sees and does.

-- targets_state() sync_target
-- `paused` is for the configuration to say.
WITH open AS (
    SELECT target, count(*) FILTER (WHERE state <> 'dead') AS waiting, count(*) FILTER (WHERE state = 'dead') AS dead,
           count(*) FILTER (WHERE changed_at < (SELECT late_before())) AS late,
           min(made_at) FILTER (WHERE state <> 'dead') AS oldest, min(changed_at) FILTER (WHERE state <> 'dead') AS changed
      FROM item WHERE state IN ('waiting', 'sending', 'dead') GROUP BY target
), sent AS (
    SELECT target, count(*) AS sent FROM item WHERE state = 'sent' AND ended_at > now() - interval '1 day' GROUP BY target
)
SELECT target AS name, false AS paused, coalesce(waiting, 0) AS waiting, coalesce(late, 0) AS late, coalesce(dead, 0) AS dead,
       coalesce(sent, 0) AS sent, oldest, CASE WHEN changed IS NOT NULL THEN working_days_after(changed, 3) END AS due, last_sent,
       CASE WHEN held_until > now() THEN held_until END AS held_until, trouble
  FROM open FULL JOIN sent USING (target) FULL JOIN target_state USING (target)
 ORDER BY target LIMIT 64;

-- items_listed(sync_query) sync_row
SELECT item_id, sequence, target, kind, state, tries::bigint AS tries, made_at,
       working_days_after(changed_at, 3) AS due_at, CASE WHEN state = 'waiting' AND next_at < 'infinity' THEN next_at END AS next_at, ended_at, trouble,
       state IN ('waiting', 'sending', 'dead') AND changed_at < (SELECT late_before()) AS late
  FROM item
 WHERE (:target IS NULL OR target = :target) AND sequence > coalesce(:after, -1)
   AND CASE coalesce(:state, '')
       WHEN '' THEN state IN ('waiting', 'sending', 'dead')
       WHEN 'late' THEN state IN ('waiting', 'sending', 'dead') AND changed_at < (SELECT late_before())
       WHEN 'waiting' THEN state IN ('waiting', 'sending')
       ELSE state = :state END
 ORDER BY sequence LIMIT 100;

-- item_shown(sync_item_query) sync_item
-- Names and long rows of digits are masked; what else the body says is needed to find a mistake.
SELECT item_id, target, kind, state, made_at, working_days_after(changed_at, 3) AS due_at,
       left(regexp_replace(regexp_replace(body, '("full_name" ?: ?)"([^"\\]|\\.)*"', '\1"***"', 'g'), '"[0-9]{12}"',
                           '"************"', 'g'), 16000) AS body
  FROM item WHERE item_id = :item_id;

-- tries_shown(sync_item_query) sync_try
SELECT t.number::bigint AS number, t.at, t.status, t.took_ms, t.trouble
  FROM item i JOIN item_try t USING (sequence) WHERE i.item_id = :item_id ORDER BY t.number DESC LIMIT 5;

-- items_again(sync_again) sync_count
-- Patience begins anew, the time by law does not. What was given up and is sent after all may come behind newer items about
-- the same: receivers go by `sequence`. Of whom nothing may be told, nothing is tried again.
WITH again AS (
    UPDATE item SET state = 'waiting', since = now(), next_at = now(), ended_at = NULL
     WHERE ((item_id = :item_id AND state IN ('waiting', 'dead')) OR (target = :target AND state = 'dead'))
       AND fate(subject_id, kind) = 'waiting'
    RETURNING target
), released AS (
    UPDATE target_state SET held_until = NULL WHERE target IN (SELECT target FROM again)
)
SELECT count(*) AS items FROM again;

-- numbers_wanted(numbers_query) number_wanted
SELECT person_id FROM person_number WHERE box IS NULL AND person_id > :after AND NOT is_restricted(person_id) ORDER BY person_id LIMIT 500;

-- numbers_wanted_all(numbers_query) number_wanted
SELECT person_id FROM person_number WHERE person_id > :after AND NOT is_restricted(person_id) ORDER BY person_id LIMIT 500;

-- numbers_bring(number_brought) BULK
-- What waited for them goes.
WITH brought AS (
    UPDATE person_number p SET box = f.box, brought_at = now()
      FROM unnest(:person_id, :box) AS f (person_id, box) WHERE p.person_id = f.person_id
    RETURNING p.person_id
)
UPDATE item SET next_at = now() FROM brought
 WHERE item.subject_id = brought.person_id AND item.state = 'waiting' AND item.next_at = 'infinity';
