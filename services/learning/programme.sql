-- What content published: a copy of programmes and lessons, without their texts.

-- programme_learn(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT (programme_id) DO NOTHING;

-- lessons_learn(lesson_row) BULK
INSERT INTO lesson (lesson_id, programme_id, position, min_seconds)
SELECT * FROM unnest(:lesson_id, :programme_id, :position, :min_seconds)
ON CONFLICT (lesson_id) DO NOTHING;
