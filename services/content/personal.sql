-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_steps(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT v.code, v.kind, v.version, s.verb, s.at, left(s.comment, 3000) AS comment
    FROM step s JOIN version v USING (version_id) WHERE s.actor_id = :person_id ORDER BY s.step_id OFFSET :after LIMIT 100) r;
