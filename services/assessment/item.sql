-- item.sql - reading item versions, with keys and without. Pages end between codes, so no version is skipped; of a code
-- with more versions than a page holds the newest are given.

-- item_state_of(item_ref) item_state
SELECT version_id, bank_id, code, version, state, type, skill_group, level, stem, author_id, reviewer_id, comment
  FROM item_version WHERE version_id = :version_id;

-- items(item_query) item_state
SELECT version_id, bank_id, code, version, state, type, skill_group, level, stem, author_id, reviewer_id, comment
  FROM (SELECT p.*, rank() OVER (ORDER BY code) AS place, count(*) OVER (PARTITION BY code) AS n,
               row_number() OVER (PARTITION BY code ORDER BY version DESC) AS nth
          FROM (SELECT * FROM item_version
                 WHERE bank_id = :bank_id AND state = coalesce(:state, state) AND code > coalesce(:after, '')
                 ORDER BY code, version DESC LIMIT 201) p) q
 WHERE place + n <= 201 OR place = 1 AND nth <= 200
 ORDER BY code, version;

-- Who asked is recorded in the same call.
-- item_sources(item_query) item_full
WITH page AS MATERIALIZED (
    SELECT *
      FROM (SELECT p.*, rank() OVER (ORDER BY code) AS place, count(*) OVER (PARTITION BY code) AS n,
                   row_number() OVER (PARTITION BY code ORDER BY version DESC) AS nth
              FROM (SELECT * FROM item_version
                     WHERE bank_id = :bank_id AND state = coalesce(:state, state) AND code > coalesce(:after, '')
                     ORDER BY code, version DESC LIMIT 51) p) q
     WHERE place + n <= 51 OR place = 1 AND nth <= 50
)
SELECT p.version_id, p.bank_id, p.code, p.type, p.skill_group, p.level, p.pool,
       array_to_string(p.positions, '|') AS positions, p.situation, p.stem,
       array_to_string(p.choices, chr(31)) AS choices, array_to_string(p.targets, chr(31)) AS targets,
       k.key, k.partial, k.tolerance, k.match, p.difficulty, k.explanation, p.source, p.version, p.state,
       p.author_id, p.reviewer_id, p.comment
  FROM page p
  LEFT JOIN items_with_keys(:ctx_subject, 'sources', ARRAY(SELECT version_id FROM page)) k
         ON k.version_id = p.version_id
 ORDER BY p.code, p.version;

-- The newest version of each code in the state asked for.
-- items_exported(items_export) item_full
WITH chosen AS MATERIALIZED (
    SELECT DISTINCT ON (code) * FROM item_version
     WHERE bank_id = :bank_id AND state = coalesce(:state, 'live')
     ORDER BY code, version DESC LIMIT 20001
)
SELECT p.version_id, p.bank_id, p.code, p.type, p.skill_group, p.level, p.pool,
       array_to_string(p.positions, '|') AS positions, p.situation, p.stem,
       array_to_string(p.choices, chr(31)) AS choices, array_to_string(p.targets, chr(31)) AS targets,
       k.key, k.partial, k.tolerance, k.match, p.difficulty, k.explanation, p.source, p.version, p.state,
       p.author_id, p.reviewer_id, p.comment
  FROM chosen p
  LEFT JOIN items_with_keys(:ctx_subject, 'export', ARRAY(SELECT version_id FROM chosen)) k
         ON k.version_id = p.version_id
 ORDER BY p.code;
