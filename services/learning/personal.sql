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
