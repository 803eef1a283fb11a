-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_person(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT person_id, full_name, birth_date, created, restricted_at, 'trong hộp niêm phong' AS national_id
    FROM person WHERE person_id = :person_id ORDER BY 1 OFFSET :after LIMIT 100) r;

-- personal_tenures(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT t.tenure_id, u.code AS unit_code, t.position, t.position_code, t.leader, t.kind, t.valid_from, t.valid_to
    FROM tenure t JOIN unit u USING (unit_id) WHERE t.person_id = :person_id ORDER BY t.valid_from, t.tenure_id OFFSET :after LIMIT 100) r;

-- personal_tenures_erase(erase_step) erased_section
SELECT 'tenures' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(coalesce(valid_to, today())) + interval '1 year' * coalesce(:years, 0))::date AS until
FROM tenure WHERE person_id = :person_id;

-- personal_accounts(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT account_id, provider, state, full_name, birth_date, level, first_seen, last_login
    FROM account WHERE person_id = :person_id ORDER BY account_id OFFSET :after LIMIT 100) r;

-- personal_sessions(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT session_id, provider, device, address, last_address, created, renewed_at, expires, revoked_at, revoke_reason
    FROM session WHERE person_id = :person_id ORDER BY created, session_id OFFSET :after LIMIT 100) r;

-- personal_grants(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT g.grant_id, g.role, u.code AS unit_code, g.valid_from, g.valid_to, g.granted_at, g.reason, g.revoked_at,
        g.revoke_reason FROM role_grant g JOIN unit u USING (unit_id) WHERE g.person_id = :person_id ORDER BY g.grant_id OFFSET :after LIMIT 100) r;

-- personal_grants_erase(erase_step) erased_section
SELECT 'grants' AS section, 0::bigint AS erased, count(*) AS kept,
    (local_date(max(coalesce(revoked_at, granted_at))) + interval '1 year' * coalesce(:years, 0))::date AS until
FROM role_grant WHERE person_id = :person_id;

-- personal_links(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT at, what, account_id, reason FROM link_history WHERE person_id = :person_id OR other_id = :person_id ORDER BY n OFFSET :after LIMIT 100) r;

-- personal_requests(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT request_id, kind, words, state, received_at, acknowledge_due, due, acknowledged_at, done_at, answer
    FROM data_request WHERE person_id = :person_id ORDER BY received_at, request_id OFFSET :after LIMIT 100) r;

-- personal_accesses(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT l.at, coalesce(p.full_name, '?') AS who, l.service, l.method, l.reason
    FROM access_log l LEFT JOIN person p ON p.person_id = l.actor WHERE l.people @> ARRAY[:person_id] ORDER BY l.id OFFSET :after LIMIT 100) r;

-- personal_audit(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT at, action, actor = :person_id AS own, left(detail::text, 2000) AS detail, trace
    FROM audit WHERE subject = :person_id OR actor = :person_id ORDER BY n OFFSET :after LIMIT 100) r;

-- personal_audit_erase(erase_step) erased_section
SELECT 'audit' AS section, 0::bigint AS erased, count(*) AS kept,
    (local_date(max(at)) + interval '1 year' * coalesce(:years, 0))::date AS until
FROM audit WHERE subject = :person_id OR actor = :person_id;
