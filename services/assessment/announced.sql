-- announced.sql - what content and learning announced. Published versions never change, so the first telling stays.

-- programme_keep(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- item_keep(item_source)
-- Item and key part here. No conflict target: naming one would need the right to read the keys.
WITH kept AS (
    INSERT INTO item (item_id, bank_id, code, skill_group, level, stem, options)
    VALUES (:item_id, :bank_id, :code, :skill_group, :level, :stem, ARRAY[:option_1, :option_2, :option_3, :option_4])
    ON CONFLICT DO NOTHING
    RETURNING item_id
)
INSERT INTO item_key (item_id, key, explanation)
SELECT item_id, :key, :explanation FROM kept
ON CONFLICT DO NOTHING;

-- bank_keep(bank_fact)
INSERT INTO bank (bank_id, code, version, items) VALUES (:bank_id, :code, :version, :items)
ON CONFLICT DO NOTHING;

-- completion_keep(completion_fact)
INSERT INTO completion (person_id, programme_id, completed_at) VALUES (:person_id, :programme_id, :completed_at)
ON CONFLICT DO NOTHING;
