-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_attempts(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT a.attempt_id, a.programme_id, a.number, a.state, a.started_at, a.ended_at, a.ended_by, a.answers, r.passed,
        r.score, r.max_score, r.graded_at, a.void_reason
    FROM attempt a LEFT JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version
    WHERE a.person_id = :person_id ORDER BY a.attempt_id OFFSET :after LIMIT 100) r;

-- personal_attempts_erase(erase_step) erased_section
SELECT 'attempts' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(ended_at, started_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM attempt WHERE person_id = :person_id;

-- personal_answers(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT w.attempt_id, w.position, w.revision, w.saved_at, left(w.response, 3000) AS response
    FROM attempt a JOIN answer w USING (attempt_id) WHERE a.person_id = :person_id
    ORDER BY w.attempt_id, w.position, w.revision OFFSET :after LIMIT 100) r;

-- personal_appeals(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT appeal_id, attempt_id, state, reason, opened_at, remedy, decision, decided_at
    FROM appeal WHERE person_id = :person_id ORDER BY appeal_id OFFSET :after LIMIT 100) r;

-- personal_appeals_erase(erase_step) erased_section
SELECT 'appeals' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(decided_at, opened_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM appeal WHERE person_id = :person_id;
