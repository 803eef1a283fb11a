-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_progress(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT programme_id, assigned_at, due_date, completed_at, passed_at, attempts, certificate_id, certified_at, revoked_at
    FROM progress WHERE person_id = :person_id ORDER BY programme_id OFFSET :after LIMIT 100) r;

-- personal_progress_erase(erase_step) erased_section
SELECT 'progress' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(certified_at, passed_at, completed_at, assigned_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM progress WHERE person_id = :person_id;
