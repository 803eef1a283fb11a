-- personal.sql - what this service keeps about a person; see common/personal.h.

-- personal_certificates(person_data_query) person_datum
SELECT row_to_json(r)::text AS line FROM (SELECT c.number, c.programme_id, c.edition, c.holder, c.issuer, c.issued_at, c.document, v.revoked_at,
        v.reason AS revoke_reason
    FROM certificate c LEFT JOIN revocation v USING (certificate_id) WHERE c.person_id = :person_id
    ORDER BY c.issued_at, c.certificate_id OFFSET :after LIMIT 100) r;

-- personal_certificates_erase(erase_step) erased_section
SELECT 'certificates' AS section, 0::bigint AS erased, count(*) AS kept,
    (max(issued_at) + interval '1 year' * coalesce(:years, 0))::date AS until FROM certificate WHERE person_id = :person_id;
