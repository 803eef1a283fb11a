-- issue.sql - from "has passed" to a certificate, exactly once.

-- certificates_due() due_row
-- Those whose person and programme are known; who passed and has left since has passed. Whose data may only be kept waits for
-- the end of that. Rows that another process works on are passed over.
SELECT d.person_id, d.programme_id, d.attempt_id, k.full_name AS holder, p.code, p.version, p.title_vi, p.title_en,
       date_trunc('second', now()) AS issued_at, to_char(now() AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YY') AS year
  FROM certificate_due d
  JOIN programme p ON p.programme_id = d.programme_id
 CROSS JOIN LATERAL person_last_known(d.person_id) k
 WHERE NOT is_restricted(d.person_id)
 ORDER BY d.passed_at LIMIT 256 FOR UPDATE OF d SKIP LOCKED;

-- signing_key_keep(key_row)
INSERT INTO signing_key (kid, public_key) VALUES (:kid, :public_key) ON CONFLICT DO NOTHING;

-- certificates_store(signed_row) BULK
-- A number that is taken already leaves its row due; the next run draws another.
WITH made AS (
    INSERT INTO certificate (certificate_id, number, person_id, programme_id, attempt_id, holder, issuer, issued_at,
                             kid, document, edition)
    SELECT r.*, 1 + (SELECT count(*) FROM certificate c
                      WHERE c.person_id = r.person_id AND c.programme_id = r.programme_id)
      FROM unnest(:certificate_id, :number, :person_id, :programme_id, :attempt_id, :holder, :issuer, :issued_at,
                  :kid, :document)
           AS r (certificate_id, number, person_id, programme_id, attempt_id, holder, issuer, issued_at, kid, document)
     WHERE NOT is_settled(r.person_id, r.programme_id)
    ON CONFLICT DO NOTHING
    RETURNING certificate_id, number, person_id, programme_id, attempt_id, issued_at
), done AS (
    DELETE FROM certificate_due d USING unnest(:person_id, :programme_id) AS r (person_id, programme_id)
     WHERE (d.person_id, d.programme_id) = (r.person_id, r.programme_id)
       AND ((d.person_id, d.programme_id) IN (SELECT person_id, programme_id FROM made)
            OR is_settled(d.person_id, d.programme_id))
)
INSERT INTO outbox (event, body, trace)
SELECT 'certificate_issued',
       jsonb_build_object('certificate_id', certificate_id, 'number', number, 'person_id', person_id,
                          'programme_id', programme_id, 'attempt_id', attempt_id, 'at', issued_at), :ctx_trace
  FROM made;
