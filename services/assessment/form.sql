-- form.sql - forms made ahead: storing them, and making new ones when items went out of use. Nothing here sees a key.

-- form_store(form_row) BULK
INSERT INTO form (form_id, policy_id, items, difficulty)
SELECT f.form_id, f.policy_id,
       ARRAY(SELECT encode(substr(f.items, 16 * n + 1, 16), 'hex')::uuid
               FROM generate_series(0, length(f.items) / 16 - 1) AS n ORDER BY n),
       f.difficulty / 100.0
  FROM unnest(:form_id, :policy_id, :items, :difficulty) AS f (form_id, policy_id, items, difficulty);

-- form_lay_keys(form_row) BULK
SELECT FROM lay_keys(:form_id);

-- form_pool_open(form_row) BULK
INSERT INTO form_pool (policy_id, ready) SELECT (:policy_id)[1], :form_id;

-- form_checked(policy_basis)
INSERT INTO form_check (policy_id, changes) VALUES (:policy_id, :changes)
ON CONFLICT (policy_id) DO UPDATE SET changes = EXCLUDED.changes;

-- forms_unchecked() policy_basis
-- A policy in force whose bank changed since its forms were last compared with it. Another process takes another one.
SELECT p.policy_id, p.programme_id, p.blueprint_id, b.bank_id, p.items, p.max_exposure_percent, c.changes
  FROM form_check k
  JOIN policy p USING (policy_id)
  JOIN blueprint b USING (blueprint_id)
  JOIN bank_change c USING (bank_id)
 WHERE k.changes <> c.changes
   AND (p.closes_at IS NULL OR p.closes_at > now())
   AND NOT EXISTS (SELECT FROM policy n WHERE n.programme_id = p.programme_id AND n.version > p.version)
 ORDER BY p.policy_id LIMIT 1
   FOR UPDATE OF k SKIP LOCKED;

-- forms_ready(policy_ref) form_ready
SELECT form_id, round(difficulty * 100)::integer AS difficulty, stale
  FROM ready_form WHERE policy_id = :policy_id ORDER BY place LIMIT 500;

-- policy_drawn(policy_basis) drawn_item
-- As bank_drawn, with what the forms that stay use already: counted first and looked up in one value, because a join of
-- the two would be a nested loop where the tables are too young to have statistics.
WITH used AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(version_id, n), '{}') AS n
      FROM (SELECT i.version_id, count(*) AS n
              FROM ready_form r CROSS JOIN LATERAL unnest(r.items) AS i (version_id)
             WHERE r.policy_id = :policy_id AND NOT r.stale
             GROUP BY i.version_id) x
)
SELECT d.version_id, d.code, d.skill_group, d.level, d.pool, array_to_string(d.positions, '|') AS positions,
       d.situation, d.difficulty, coalesce((u.n ->> d.version_id::text)::integer, 0) AS used
  FROM item_drawn d CROSS JOIN used u
 WHERE d.bank_id = :bank_id ORDER BY d.code LIMIT 10001;

-- form_pool_add(form_row) BULK
UPDATE form_pool SET ready = ready || :form_id WHERE policy_id = (:policy_id)[1];

-- form_pool_drop(policy_ref)
-- What is stale leaves the pool. Attempts keep what they have.
WITH looked AS MATERIALIZED (
    SELECT form_id, place, stale FROM ready_form WHERE policy_id = :policy_id
), retired AS (
    UPDATE form f SET retired_at = now() FROM looked l WHERE f.form_id = l.form_id AND l.stale
)
UPDATE form_pool SET ready = (SELECT array_agg(form_id ORDER BY place) FROM looked WHERE NOT stale)
 WHERE policy_id = :policy_id;

-- forms_count()
-- Counts a slice of the attempts begun so far. The newest ten minutes are left: an id that was made a moment before
-- another may be committed after it.
WITH due AS MATERIALIZED (
    SELECT attempt_id FROM counted_to FOR UPDATE SKIP LOCKED
), slice AS MATERIALIZED (
    SELECT a.attempt_id, a.form_id
      FROM attempt a
     WHERE a.attempt_id > (SELECT attempt_id FROM due) AND a.attempt_id < uuid_border(now() - interval '10 minutes')
     ORDER BY a.attempt_id LIMIT 10000
), added AS (
    INSERT INTO form_taken AS t (form_id, n)
    SELECT form_id, count(*) FROM slice GROUP BY form_id ORDER BY form_id
    ON CONFLICT (form_id) DO UPDATE SET n = t.n + EXCLUDED.n
)
UPDATE counted_to SET attempt_id = (SELECT attempt_id FROM slice ORDER BY attempt_id DESC LIMIT 1)
 WHERE EXISTS (SELECT FROM slice);
