-- register.sql - what the register says, to the holder, to the public, and to the officer who revokes.

-- my_certificates() certificate_row
SELECT c.number, c.programme_id, p.title_vi AS programme_vi, c.issued_at, r.certificate_id IS NOT NULL AS revoked
  FROM certificate c
  JOIN programme p USING (programme_id)
  LEFT JOIN revocation r USING (certificate_id)
 WHERE c.person_id = ANY (ARRAY(SELECT :ctx_subject UNION ALL SELECT a.person_id FROM alias a WHERE a.same_as = :ctx_subject))
 ORDER BY c.issued_at DESC, c.certificate_id DESC LIMIT 200;

-- my_document(certificate_query) file
SELECT 'application/vc+jwt' AS media_type, number || '.jwt' AS name, convert_to(document, 'UTF8') AS content
  FROM certificate WHERE number = :number AND same_as(person_id) = :ctx_subject;

-- certificate_status(certificate_query) certificate_status
SELECT c.number, CASE WHEN r.certificate_id IS NULL THEN 'valid' ELSE 'revoked' END AS status, c.holder,
       p.title_vi AS programme_vi, p.title_en AS programme_en, c.issuer, c.issued_at, r.revoked_at, r.reason
  FROM certificate c
  JOIN programme p USING (programme_id)
  LEFT JOIN revocation r USING (certificate_id)
 WHERE c.number = :number;

-- document_registered(certificate_document) registered
SELECT c.number, k.public_key FROM certificate c JOIN signing_key k USING (kid) WHERE c.document = :document;

-- certificate_revoke(certificate_revocation) certificate_query
-- Revoking again changes nothing; the first reason stays.
WITH wanted AS (
    SELECT c.certificate_id, c.number, c.person_id, c.programme_id, c.attempt_id,
           unit_path_last_known(k.unit_id) && :ctx_scope AS visible
      FROM certificate c
      LEFT JOIN LATERAL person_last_known(same_as(c.person_id)) k ON true
     WHERE c.number = :number
), made AS (
    INSERT INTO revocation (certificate_id, revoked_at, reason, cause, revoked_by)
    SELECT certificate_id, now(), :reason, 'officer', :ctx_subject FROM wanted WHERE visible
    ON CONFLICT DO NOTHING
    RETURNING certificate_id, revoked_at
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'certificate_revoked',
           jsonb_build_object('certificate_id', w.certificate_id, 'number', w.number, 'person_id', w.person_id,
                              'programme_id', w.programme_id, 'attempt_id', w.attempt_id, 'at', m.revoked_at),
           :ctx_trace
      FROM made m JOIN wanted w USING (certificate_id)
)
SELECT number, CASE WHEN visible IS NOT TRUE THEN 'FORBIDDEN:number' END AS fault FROM wanted;

-- certificate_keys() public_key
SELECT kid, 'OKP' AS kty, 'Ed25519' AS crv, translate(rtrim(encode(public_key, 'base64'), '='), '+/', '-_') AS x
  FROM signing_key ORDER BY first_used DESC, kid LIMIT 16;
