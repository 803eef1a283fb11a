-- Items of a bank draft, and reading them with their keys.

-- The skill groups that items of this bank may name; one row with a fault when the bank takes no items.
-- bank_groups(version_ref) group_code
SELECT f.code, CASE
       WHEN b.version_id IS NULL THEN 'NOT_FOUND:version_id'
       WHEN b.state <> 'draft' THEN 'STATE:version_id'
       END AS fault
FROM (SELECT :version_id AS version_id) asked
LEFT JOIN version b ON b.version_id = asked.version_id AND b.kind = 'item_bank'
LEFT JOIN framework_group f ON f.version_id = b.framework_id
ORDER BY f.position LIMIT 64;

-- items_store(item_row) item_tally BULK
WITH given AS (
    SELECT * FROM unnest(:code, :skill_group, :level, :stem, :option_1, :option_2, :option_3, :option_4, :key,
                         :explanation)
             AS g (code, skill_group, level, stem, option_1, option_2, option_3, option_4, key, explanation)
), compared AS (
    SELECT g.*, i.item_id IS NULL AS is_new,
           (g.skill_group, g.level, g.stem, g.option_1, g.option_2, g.option_3, g.option_4, g.key, g.explanation)
           IS DISTINCT FROM
           (i.skill_group, i.level, i.stem, i.option_1, i.option_2, i.option_3, i.option_4, i.key, i.explanation)
               AS differs
    FROM given g LEFT JOIN item i ON i.version_id = (:version_id)[1] AND i.code = g.code
), stored AS (
    INSERT INTO item (version_id, code, skill_group, level, stem, option_1, option_2, option_3, option_4, key,
                      explanation, editor_id)
    SELECT (:version_id)[1], c.code, c.skill_group, c.level, c.stem, c.option_1, c.option_2, c.option_3, c.option_4,
           c.key, c.explanation, :ctx_subject
    FROM compared c WHERE c.differs AND NOT (:dry_run)[1]
    ON CONFLICT (version_id, code) DO UPDATE
    SET skill_group = excluded.skill_group, level = excluded.level, stem = excluded.stem,
        option_1 = excluded.option_1, option_2 = excluded.option_2, option_3 = excluded.option_3,
        option_4 = excluded.option_4, key = excluded.key, explanation = excluded.explanation,
        editor_id = excluded.editor_id
)
SELECT count(*) FILTER (WHERE is_new) AS created, count(*) FILTER (WHERE differs AND NOT is_new) AS changed
FROM compared;

-- bank_find(item_query) accepted
SELECT true AS ok FROM version WHERE version_id = :version_id AND kind = 'item_bank';

-- items(item_query) item_source
SELECT item_id, version_id AS bank_id, code, skill_group, level, stem, option_1, option_2, option_3, option_4, key,
       explanation
FROM item WHERE version_id = :version_id AND code > coalesce(:after, '')
ORDER BY code LIMIT 200;
