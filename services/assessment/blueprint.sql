-- blueprint.sql - versions of blueprints: what a form is made of. They are written once.

-- blueprint_turn(blueprint_row)
-- Drafts of one code come one after the other, so that versions count up without a gap.
SELECT FROM pg_advisory_xact_lock(hashtextextended('blueprint ' || :code, 0));

-- blueprint_known(blueprint_row) blueprint
-- A known id is the same draft sent again, or a conflict.
SELECT blueprint_id, code, version, bank_id, items, note,
       CASE WHEN digest <> :digest THEN 'CONFLICT:blueprint_id' END AS fault
  FROM blueprint WHERE blueprint_id = :blueprint_id;

-- blueprint_store(blueprint_row) blueprint
WITH made AS (
    INSERT INTO blueprint (blueprint_id, code, version, bank_id, items, note, digest, created_by)
    SELECT :blueprint_id, :code, 1 + coalesce((SELECT max(b.version) FROM blueprint b WHERE b.code = :code), 0),
           :bank_id, :items, :note, :digest, :ctx_subject
    RETURNING *
)
SELECT blueprint_id, code, version, bank_id, items, note FROM made;

-- blueprint_quotas_store(quota_row) BULK
INSERT INTO blueprint_quota (blueprint_id, place, skill_group, items, level, pool, position)
SELECT * FROM unnest(:blueprint_id, :place, :skill_group, :items, :level, :pool, :position);

-- blueprint_enemies_store(enemy_row) BULK
INSERT INTO blueprint_enemy (blueprint_id, a, b)
SELECT DISTINCT * FROM unnest(:blueprint_id, :a, :b);

-- blueprint_enemies_unknown(enemy_row) code_row BULK
-- The first code that the bank has never had.
SELECT e.code
  FROM (SELECT unnest(:a) UNION SELECT unnest(:b)) AS e (code)
 WHERE NOT EXISTS (SELECT FROM item_version v WHERE v.bank_id = (:bank_id)[1] AND v.code = e.code)
 ORDER BY e.code COLLATE "C" LIMIT 1;

-- blueprint_bank(blueprint_row) blueprint_ref
SELECT :blueprint_id AS blueprint_id,
       CASE WHEN NOT EXISTS (SELECT FROM bank b WHERE b.bank_id = :bank_id) THEN 'NOT_FOUND:bank_id' END AS fault;

-- bank_drawn(bank_ref) drawn_item
-- What forms may be made of. One row more than the service takes, so that it can say that it is too much.
SELECT d.version_id, d.code, d.skill_group, d.level, d.pool, array_to_string(d.positions, '|') AS positions,
       d.situation, d.difficulty
  FROM item_drawn d WHERE d.bank_id = :bank_id ORDER BY d.code LIMIT 10001;

-- blueprint_shown(blueprint_ref) blueprint_draft
SELECT blueprint_id, code, bank_id, note FROM blueprint WHERE blueprint_id = :blueprint_id;

-- blueprint_quotas(blueprint_ref) quota
SELECT skill_group, items, level, pool, position
  FROM blueprint_quota WHERE blueprint_id = :blueprint_id ORDER BY place LIMIT 64;

-- blueprint_enemies(blueprint_ref) enemy
SELECT a, b FROM blueprint_enemy WHERE blueprint_id = :blueprint_id ORDER BY a, b LIMIT 1000;
