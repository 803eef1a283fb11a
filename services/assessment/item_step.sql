-- item_step.sql - moving item versions through review. The statements run in this order, behind the bank's lock.

-- What a step would move, situations first. Named versions that were moved already are left out; one that may not be
-- moved is a fault that names its code. Without names, whatever may be moved is.
-- items_movable(item_step_query) item_step_row
WITH named AS (
    SELECT DISTINCT id::uuid AS version_id FROM unnest(string_to_array(:versions, ',')) AS n (id)
), step AS (
    SELECT from_state, CASE WHEN verb IN ('submit', 'approve') THEN ARRAY[to_state, 'live', 'retired']
                            ELSE ARRAY[to_state] END AS done
      FROM item_step WHERE verb = :verb
), chosen AS MATERIALIZED (
    SELECT i.version_id, i.code, i.type, i.situation, i.state = s.from_state AS ready, i.state = ANY (s.done) AS done,
           EXISTS (SELECT FROM item_log l WHERE l.version_id = i.version_id AND l.verb = 'write'
                                            AND l.actor_id = :ctx_subject) AS own
      FROM item_version i CROSS JOIN step s
     WHERE i.bank_id = :bank_id
       AND CASE WHEN :versions IS NULL THEN i.state = s.from_state
                ELSE i.version_id IN (SELECT version_id FROM named) END
), judged AS (
    SELECT c.*, CASE
           WHEN NOT c.ready THEN 'STATE'
           WHEN :verb = 'approve' AND c.own THEN 'SAME_PERSON'
           WHEN :verb = 'approve' AND c.situation IS NOT NULL AND c.situation NOT IN (
                    SELECT o.code FROM chosen o WHERE o.type = 'situation' AND o.ready AND NOT o.own)
                AND NOT EXISTS (SELECT FROM item_version o WHERE o.bank_id = :bank_id AND o.code = c.situation
                                                            AND o.state = 'live' AND o.type = 'situation') THEN 'STATE'
           WHEN :verb = 'retire' AND c.type = 'situation'
                AND EXISTS (SELECT FROM item_version o
                             WHERE o.bank_id = :bank_id AND o.situation = c.code AND o.state = 'live'
                               AND o.version_id NOT IN (SELECT version_id FROM chosen)) THEN 'STATE'
           END AS obstacle
      FROM chosen c WHERE NOT c.done
), rows AS (
    SELECT version_id, code, type = 'situation' AS is_situation,
           CASE WHEN :versions IS NOT NULL THEN obstacle || ':items.' || code END AS fault
      FROM judged WHERE obstacle IS NULL OR :versions IS NOT NULL
     UNION ALL
    SELECT :bank_id, '', false, 'NOT_FOUND:items'
     WHERE EXISTS (SELECT FROM named WHERE version_id NOT IN (SELECT version_id FROM chosen))
)
SELECT version_id, :verb AS verb, NULL::text AS comment, is_situation, fault
  FROM rows ORDER BY fault IS NULL, NOT is_situation, code LIMIT 20000;

-- The live versions that make room for those that are approved.
-- items_supersede(item_step_row) BULK
WITH retired AS (
    UPDATE item_version o SET state = 'retired', retired_at = now()
      FROM unnest(:version_id) AS g (version_id) JOIN item_version n USING (version_id)
     WHERE o.bank_id = n.bank_id AND o.code = n.code AND o.state = 'live'
    RETURNING o.version_id
)
INSERT INTO item_log (version_id, verb, actor_id) SELECT version_id, 'supersede', :ctx_subject FROM retired;

-- items_move(item_step_row) BULK
WITH moved AS (
    UPDATE item_version i
       SET state = s.to_state,
           comment = coalesce((:comment)[1], i.comment),
           reviewer_id = CASE WHEN s.verb = 'approve' THEN :ctx_subject ELSE i.reviewer_id END,
           live_at = CASE WHEN s.verb = 'approve' THEN now() ELSE i.live_at END,
           situation_id = CASE WHEN s.verb = 'approve' THEN (
                               SELECT o.version_id FROM item_version o
                                WHERE o.bank_id = i.bank_id AND o.code = i.situation AND o.state = 'live')
                          ELSE i.situation_id END,
           retired_at = CASE WHEN s.verb = 'retire' THEN now() ELSE i.retired_at END
      FROM unnest(:version_id) AS g (version_id), item_step s
     WHERE i.version_id = g.version_id AND s.verb = (:verb)[1] AND s.from_state = i.state
    RETURNING i.version_id
)
INSERT INTO item_log (version_id, verb, actor_id, comment)
SELECT version_id, (:verb)[1], :ctx_subject, (:comment)[1] FROM moved;
