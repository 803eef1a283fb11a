-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_items(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT item_id, target, kind, body, made_at, state, tries, last_status, ended_at
    FROM item WHERE subject_id = :person_id ORDER BY sequence OFFSET :after LIMIT 100) r;

-- personal_items_erase(erase_step) erased_section
-- Bodies and the number go when the erasure is announced (person_forget); what stays is the evidence.
SELECT 'items' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(ended_at, made_at)) + interval '1 year' * coalesce(:years, 0))::date AS until FROM item WHERE subject_id = :person_id;

-- personal_held(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT target, kind, changed_at, data
    FROM held WHERE person_id = :person_id ORDER BY nr OFFSET :after LIMIT 100) r;
