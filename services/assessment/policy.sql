-- policy.sql - versions of the rules of a programme, and how often their items were seen. Policies are written once.

-- policy_turn(policy_row)
-- Drafts for one programme come one after the other, so that versions count up without a gap.
SELECT FROM pg_advisory_xact_lock(hashtextextended('policy ' || :programme_id::text, 0));

-- policy_known(policy_row) policy_ref
-- A known id is the same draft sent again, or a conflict.
SELECT policy_id, CASE WHEN digest <> :digest THEN 'CONFLICT:policy_id' END AS fault
  FROM policy WHERE policy_id = :policy_id;

-- policy_basis(policy_row) policy_basis
-- The bank's changes are read before its items are: what happens in between is looked at again.
SELECT :policy_id AS policy_id, :programme_id AS programme_id, :blueprint_id AS blueprint_id, b.bank_id, b.items,
       :max_exposure_percent AS max_exposure_percent, coalesce(c.changes, 0) AS changes, :forms AS forms,
       CASE WHEN NOT EXISTS (SELECT FROM programme p WHERE p.programme_id = :programme_id) THEN 'NOT_FOUND:programme_id'
            WHEN b.blueprint_id IS NULL THEN 'NOT_FOUND:blueprint_id' END AS fault
  FROM (SELECT) one
  LEFT JOIN blueprint b ON b.blueprint_id = :blueprint_id
  LEFT JOIN bank_change c ON c.bank_id = b.bank_id;

-- policy_store(policy_row) policy_ref
INSERT INTO policy (policy_id, programme_id, version, blueprint_id, items, pass_percent, minutes, grace_seconds,
                    max_attempts, retake_wait_seconds, opens_at, closes_at, early_seconds, forms, max_exposure_percent,
                    show_result, show_answers, show_explanations, appeal_days, note, digest, created_by)
SELECT :policy_id, :programme_id,
       1 + coalesce((SELECT max(p.version) FROM policy p WHERE p.programme_id = :programme_id), 0),
       :blueprint_id, :items, :pass_percent, :minutes, :grace_seconds, :max_attempts, :retake_wait_seconds, :opens_at,
       :closes_at, :early_seconds, :forms, :max_exposure_percent, :show_result, :show_answers, :show_explanations,
       :appeal_days, :note, :digest, :ctx_subject
RETURNING policy_id;

-- policy_groups_store(policy_group_row) BULK
INSERT INTO policy_group (policy_id, skill_group, percent) SELECT * FROM unnest(:policy_id, :skill_group, :percent);

-- policy_shown(policy_ref) policy
SELECT p.policy_id, p.programme_id, p.version, p.blueprint_id, p.pass_percent, p.items, p.minutes, p.grace_seconds,
       p.max_attempts, p.retake_wait_seconds, p.opens_at, p.closes_at, cardinality(f.ready) AS forms, p.note
  FROM policy p JOIN form_pool f USING (policy_id) WHERE p.policy_id = :policy_id;

-- policy_get(policy_query) policy
SELECT p.policy_id, p.programme_id, p.version, p.blueprint_id, p.pass_percent, p.items, p.minutes, p.grace_seconds,
       p.max_attempts, p.retake_wait_seconds, p.opens_at, p.closes_at, cardinality(f.ready) AS forms, p.note
  FROM policy p JOIN form_pool f USING (policy_id)
 WHERE p.programme_id = :programme_id ORDER BY p.version DESC LIMIT 1;

-- exposure_head(policy_ref) exposure
WITH taken AS (
    SELECT t.n FROM form f JOIN form_taken t USING (form_id) WHERE f.policy_id = :policy_id
    UNION ALL
    SELECT count(*) FROM attempt a
     WHERE a.attempt_id > (SELECT c.attempt_id FROM counted_to c) AND a.policy_id = :policy_id
)
SELECT p.policy_id, cardinality(f.ready) AS forms, p.max_exposure_percent, (SELECT sum(n)::bigint FROM taken) AS attempts
  FROM policy p JOIN form_pool f USING (policy_id) WHERE p.policy_id = :policy_id;

-- exposure_items(policy_ref) exposed_item
-- Attempts are counted per form; only then is a form taken apart into its items.
WITH taken AS MATERIALIZED (
    SELECT x.form_id, sum(x.n) AS n
      FROM (SELECT f.form_id, t.n FROM form f JOIN form_taken t USING (form_id) WHERE f.policy_id = :policy_id
            UNION ALL
            SELECT a.form_id, count(*) FROM attempt a
             WHERE a.attempt_id > (SELECT c.attempt_id FROM counted_to c) AND a.policy_id = :policy_id
             GROUP BY a.form_id) x
     GROUP BY x.form_id
), asked AS (
    SELECT policy_id, ready, cardinality(ready) AS n_ready FROM form_pool WHERE policy_id = :policy_id
), seen AS (
    SELECT i.version_id, count(*) FILTER (WHERE r.form_id IS NOT NULL) AS forms, sum(coalesce(t.n, 0)) AS attempts
      FROM asked q
      JOIN form f ON f.policy_id = q.policy_id
      LEFT JOIN (SELECT unnest(ready) AS form_id FROM asked) r ON r.form_id = f.form_id
      LEFT JOIN taken t ON t.form_id = f.form_id
     CROSS JOIN LATERAL unnest(f.items) AS i (version_id)
     GROUP BY i.version_id
)
SELECT s.version_id, v.code, s.forms::integer AS forms, (100 * s.forms / q.n_ready)::smallint AS form_percent,
       s.attempts::bigint AS attempts,
       coalesce(trunc(100 * s.attempts / nullif((SELECT sum(n) FROM taken), 0)), 0)::smallint AS attempt_percent
  FROM seen s CROSS JOIN asked q JOIN item_version v USING (version_id)
 WHERE s.forms > 0 OR s.attempts > 0
 ORDER BY s.attempts DESC, s.forms DESC, v.code, s.version_id LIMIT 5000;
