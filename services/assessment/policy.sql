-- policy.sql - versions of the rules of a programme, and the blueprint that says what an attempt asks.

-- policy_create(policy_row) policy BULK
-- The rows are one draft, once per quota. A known id is the same draft sent again, or a conflict. No row: another
-- version was put in force since this statement began.
WITH quota AS (
    SELECT * FROM unnest(:skill_group, :items) AS q (skill_group, items)
), draft AS (
    SELECT (:policy_id)[1] AS policy_id, (:programme_id)[1] AS programme_id, (:bank_id)[1] AS bank_id,
           (:pass_percent)[1] AS pass_percent, (:minutes)[1] AS minutes, (:max_attempts)[1] AS max_attempts,
           (:retake_wait_seconds)[1] AS retake_wait_seconds, (:note)[1] AS note,
           (SELECT sum(items) FROM quota) AS items
), known AS (
    SELECT p.*, (p.programme_id, p.bank_id, p.pass_percent, p.minutes, p.max_attempts, p.retake_wait_seconds, p.note,
                 p.items)
                IS NOT DISTINCT FROM
                (d.programme_id, d.bank_id, d.pass_percent, d.minutes, d.max_attempts, d.retake_wait_seconds, d.note,
                 d.items)
            AND (SELECT jsonb_object_agg(skill_group, items) FROM quota)
                = (SELECT jsonb_object_agg(skill_group, items) FROM policy_quota q WHERE q.policy_id = p.policy_id)
                AS same
      FROM draft d JOIN policy p USING (policy_id)
), short AS (
    SELECT q.skill_group
      FROM draft d CROSS JOIN quota q
      LEFT JOIN item i ON i.bank_id = d.bank_id AND i.skill_group = q.skill_group
     GROUP BY q.skill_group, q.items HAVING count(i.item_id) < q.items
     ORDER BY q.skill_group LIMIT 1
), verdict AS (
    SELECT CASE
           WHEN EXISTS (SELECT FROM known) THEN (SELECT CASE WHEN NOT same THEN 'CONFLICT:policy_id' END FROM known)
           WHEN NOT EXISTS (SELECT FROM programme p WHERE p.programme_id = d.programme_id) THEN 'NOT_FOUND:programme_id'
           WHEN NOT EXISTS (SELECT FROM bank b WHERE b.bank_id = d.bank_id) THEN 'NOT_FOUND:bank_id'
           WHEN (SELECT count(*) > count(DISTINCT skill_group) FROM quota) THEN 'TWICE:quotas'
           WHEN d.items > 200 THEN 'RANGE:quotas'
           ELSE (SELECT 'SHORTFALL:quotas.' || skill_group FROM short)
           END AS fault
      FROM draft d
), made AS (
    INSERT INTO policy (policy_id, programme_id, version, bank_id, pass_percent, items, minutes, max_attempts,
                        retake_wait_seconds, note, created_by)
    SELECT d.policy_id, d.programme_id,
           1 + coalesce((SELECT max(p.version) FROM policy p WHERE p.programme_id = d.programme_id), 0),
           d.bank_id, d.pass_percent, d.items, d.minutes, d.max_attempts, d.retake_wait_seconds, d.note, :ctx_subject
      FROM draft d, verdict v
     WHERE v.fault IS NULL AND NOT EXISTS (SELECT FROM known)
    ON CONFLICT DO NOTHING
    RETURNING *
), filled AS (
    INSERT INTO policy_quota (policy_id, skill_group, items)
    SELECT m.policy_id, q.skill_group, q.items FROM made m CROSS JOIN quota q
)
SELECT p.policy_id, p.programme_id, p.version, p.pass_percent, p.items, p.minutes, p.max_attempts, p.note, v.fault
  FROM verdict v
  LEFT JOIN (SELECT policy_id, programme_id, version, pass_percent, items, minutes, max_attempts, note FROM known
             UNION ALL
             SELECT policy_id, programme_id, version, pass_percent, items, minutes, max_attempts, note FROM made) p
         ON true
 WHERE v.fault IS NOT NULL OR p.policy_id IS NOT NULL;

-- policy_get(policy_query) policy
SELECT policy_id, programme_id, version, pass_percent, items, minutes, max_attempts, note
  FROM policy WHERE programme_id = :programme_id ORDER BY version DESC LIMIT 1;
