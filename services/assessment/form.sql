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
-- A policy in force whose bank changed since its forms were last compared with it. Another process takes another one;
-- any of them, so that one that fails does not hold up the rest.
SELECT p.policy_id, p.programme_id, p.blueprint_id, b.bank_id, p.items, p.max_exposure_percent, c.changes, p.forms
  FROM form_check k
  JOIN policy p USING (policy_id)
  JOIN blueprint b USING (blueprint_id)
  JOIN bank_change c USING (bank_id)
 WHERE k.changes <> c.changes
   AND (p.closes_at IS NULL OR p.closes_at > now())
   AND NOT EXISTS (SELECT FROM policy n WHERE n.programme_id = p.programme_id AND n.version > p.version)
 ORDER BY random() LIMIT 1
   FOR UPDATE OF k SKIP LOCKED;

-- forms_ready(policy_ref) form_ready
-- Items as PostgreSQL sends an array: hundreds of forms are too many to take them apart here.
SELECT f.form_id, array_send(f.items) AS items,
       round(f.difficulty * 100)::integer AS difficulty
  FROM form_pool p CROSS JOIN LATERAL unnest(p.ready) WITH ORDINALITY AS r (form_id, place)
  JOIN form f ON f.form_id = r.form_id
 WHERE p.policy_id = :policy_id ORDER BY r.place LIMIT 500;

-- form_pool_set(form_row) BULK
-- Only who holds the row of form_check changes what is ready.
UPDATE form_pool SET ready = :form_id WHERE policy_id = (:policy_id)[1];

-- form_retire(form_row) BULK
-- Attempts keep what they have.
UPDATE form SET retired_at = now() WHERE form_id = ANY (:form_id);

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
