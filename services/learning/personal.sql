-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_enrolments(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT e.programme_id, p.code, p.title_vi, e.due_date, e.assigned_at, e.completed_at, e.extra_time_percent
    FROM enrolment e JOIN programme p USING (programme_id) WHERE e.person_id = :person_id ORDER BY e.programme_id OFFSET :after LIMIT 100) r;

-- personal_enrolments_erase(erase_step) erased_section
SELECT 'enrolments' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(completed_at, assigned_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM enrolment WHERE person_id = :person_id;

-- personal_lessons(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT lesson_id, opened_at, completed_at, studied_us / 1000000 AS studied_seconds
    FROM progress WHERE person_id = :person_id ORDER BY lesson_id OFFSET :after LIMIT 100) r;

-- personal_lessons_erase(erase_step) erased_section
SELECT 'lessons' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(completed_at, opened_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM progress WHERE person_id = :person_id;

-- personal_evidence(person_data_query) person_datum
-- Every sign of life: some 240 an hour. The role may not read the table, see migrations/deploy/progress.sql.
SELECT row_to_json(r)::text AS line FROM (SELECT lesson_id, at, what, counted_us / 1000000.0 AS counted_seconds, calls
    FROM evidence_of(:person_id, :after)) r;

-- personal_evidence_erase(erase_step) erased_section
SELECT 'evidence' AS section, 0::bigint AS erased, least(signs, 4294967295) AS kept,
    (last_at + interval '1 year' * coalesce(:years, 0))::date AS until FROM evidence_sum(:person_id);
