-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_items(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT item_id, target, kind, body, made_at, state, tries, last_status, ended_at
    FROM item WHERE subject_id = :person_id ORDER BY sequence OFFSET :after LIMIT 100) r;
