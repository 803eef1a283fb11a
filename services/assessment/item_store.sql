-- item_store.sql - drafts of items: comparing and writing them.

-- bank_lock(bank_ref)
SELECT pg_advisory_xact_lock(hashtextextended('item bank ' || :bank_id::text, 0));

-- The skill groups that items of this bank may name; one row with a fault when there is no such bank.
-- bank_groups(bank_ref) group_code
SELECT g.code, CASE WHEN b.bank_id IS NULL THEN 'NOT_FOUND:bank_id' END AS fault
  FROM (SELECT :bank_id AS bank_id) asked
  LEFT JOIN bank b ON b.bank_id = asked.bank_id
  LEFT JOIN framework f ON f.framework_id = b.framework_id
  LEFT JOIN LATERAL unnest(f.groups) WITH ORDINALITY AS g (code, place) ON true
 ORDER BY g.place LIMIT 64;

-- items_newest(item_seek) item_found BULK
SELECT i.version_id, i.bank_id, i.code, i.version, i.state, i.type, i.digest,
       i.state = 'live' AND EXISTS (SELECT FROM item_version o
                                     WHERE o.bank_id = i.bank_id AND o.code = i.situation AND o.state = 'live'
                                       AND o.version_id <> i.situation_id) AS outdated
  FROM (SELECT DISTINCT code FROM unnest(:code) AS g (code)) g
 CROSS JOIN LATERAL (SELECT * FROM item_version v WHERE v.bank_id = (:bank_id)[1] AND v.code = g.code
                      ORDER BY v.version DESC LIMIT 1) i
 ORDER BY i.code;

-- item_by_id(item_ref) item_found
SELECT version_id, bank_id, code, version, state, type, digest, false AS outdated
  FROM item_version WHERE version_id = :version_id;

-- Replaces drafts by their id, adds the others; each into the log. An id that another bank has taken is a conflict.
-- items_store(item_row) BULK
WITH given AS (
    SELECT * FROM unnest(:version_id, :bank_id, :code, :version, :type, :skill_group, :level, :pool, :positions,
                         :situation, :stem, :choices, :targets, :difficulty, :source, :digest)
             AS g (version_id, bank_id, code, version, type, skill_group, level, pool, positions, situation,
                   stem, choices, targets, difficulty, source, digest)
), changed AS (
    UPDATE item_version i
       SET type = g.type, skill_group = g.skill_group, level = g.level, pool = g.pool,
           positions = string_to_array(g.positions, chr(31)), situation = g.situation, stem = g.stem,
           choices = string_to_array(g.choices, chr(31)), targets = string_to_array(g.targets, chr(31)),
           difficulty = g.difficulty, source = g.source, digest = g.digest, author_id = :ctx_subject
      FROM given g
     WHERE i.version_id = g.version_id AND i.bank_id = g.bank_id AND i.code = g.code AND i.state = 'draft'
    RETURNING i.version_id
), added AS (
    INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, pool, positions, situation,
                              stem, choices, targets, difficulty, source, digest, author_id)
    SELECT g.version_id, g.bank_id, g.code, g.version, g.type, g.skill_group, g.level, g.pool,
           string_to_array(g.positions, chr(31)), g.situation, g.stem, string_to_array(g.choices, chr(31)),
           string_to_array(g.targets, chr(31)), g.difficulty, g.source, g.digest, :ctx_subject
      FROM given g WHERE g.version_id NOT IN (SELECT version_id FROM changed)
    RETURNING version_id
)
INSERT INTO item_log (version_id, verb, actor_id)
SELECT version_id, 'write', :ctx_subject FROM (SELECT * FROM changed UNION ALL SELECT * FROM added) w;

-- keys_store(item_row) BULK
WITH given AS (
    SELECT * FROM unnest(:version_id, :type, :key, :partial, :tolerance, :match, :explanation)
             AS g (version_id, type, key, partial, tolerance, match, explanation)
     WHERE g.type <> 'situation'
), changed AS (
    UPDATE item_key k
       SET key = g.key, partial = g.partial, tolerance = g.tolerance, match = g.match, explanation = g.explanation
      FROM given g WHERE k.version_id = g.version_id
    RETURNING k.version_id
)
INSERT INTO item_key (version_id, key, partial, tolerance, match, explanation)
SELECT g.version_id, g.key, g.partial, g.tolerance, g.match, g.explanation
  FROM given g WHERE g.version_id NOT IN (SELECT version_id FROM changed);
