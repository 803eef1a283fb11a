-- regrade.sql - corrections of items that were used. All work is done by functions of migrations/deploy/grading.sql.

-- corrected_item(item_correction) corrected_item
SELECT type, cardinality(choices)::smallint AS choices, cardinality(targets)::smallint AS targets
  FROM item_version WHERE version_id = :version_id;

-- item_correct(item_correction)
SELECT correct_item(:regrade_id, :version_id, :mode, :key, :reason, :ctx_subject) AS fault;

-- regrade_get(item_correction) regrade
SELECT regrade_id, version_id, mode, CASE WHEN done_at IS NULL THEN 'running' ELSE 'done' END AS state, seen, changed,
       ordered_at, done_at
  FROM regrade WHERE regrade_id = :regrade_id;

-- regrades() regrade
SELECT regrade_id, version_id, mode, CASE WHEN done_at IS NULL THEN 'running' ELSE 'done' END AS state, seen, changed,
       ordered_at, done_at
  FROM regrade ORDER BY ordered_at DESC LIMIT 100;

-- regrades_go_on()
INSERT INTO outbox (event, body, trace)
SELECT 'attempt_graded', event, :ctx_trace FROM regrade_slice(200) AS event;
