-- announced.sql - what content and assessment announced.

-- programme_keep(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- due_keep(grade_fact)
-- A second passed attempt earns nothing more.
INSERT INTO certificate_due (person_id, programme_id, attempt_id, passed_at)
SELECT :person_id, :programme_id, :attempt_id, :graded_at
 WHERE :passed
   AND NOT EXISTS (SELECT FROM certificate WHERE person_id = :person_id AND programme_id = :programme_id)
ON CONFLICT DO NOTHING;
