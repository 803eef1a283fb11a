-- announced.sql - what content and learning announced. Published versions never change, so the first telling stays.

-- programme_keep(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- framework_keep(framework_row) BULK
INSERT INTO framework (framework_id, code, label, groups)
SELECT framework_id, code, label, array_agg(skill_group ORDER BY place)
  FROM unnest(:framework_id, :code, :label, :skill_group)
       WITH ORDINALITY AS g (framework_id, code, label, skill_group, place)
 GROUP BY framework_id, code, label
ON CONFLICT DO NOTHING;

-- enrolment_keep(enrolment_fact)
-- Told again when the extra time of a person changes. It holds for attempts that begin later.
INSERT INTO standing AS s (person_id, programme_id, extra_time_percent)
VALUES (same_as(:person_id), :programme_id, coalesce(:extra_time_percent, 0))
ON CONFLICT (person_id, programme_id) DO UPDATE SET extra_time_percent = excluded.extra_time_percent
 WHERE s.extra_time_percent <> excluded.extra_time_percent;

-- completion_keep(completion_fact)
INSERT INTO standing AS s (person_id, programme_id, completed_at)
VALUES (same_as(:person_id), :programme_id, :completed_at)
ON CONFLICT (person_id, programme_id) DO UPDATE SET completed_at = excluded.completed_at WHERE s.completed_at IS NULL;
