-- announced.sql - what content and assessment announced.

-- programme_keep(programme)
INSERT INTO programme (programme_id, code, version, title_vi, title_en)
VALUES (:programme_id, :code, :version, :title_vi, :title_en)
ON CONFLICT DO NOTHING;

-- attempts_keep(grade_fact) BULK
-- Each attempt once. A first result that is no pass is nothing to remember. What was voided stays so.
INSERT INTO passed_attempt AS p (attempt_id, person_id, programme_id, result_version, passed, passed_at)
SELECT e.attempt_id, same_as(e.person_id), e.programme_id, e.version, e.passed, e.graded_at
  FROM unnest(:attempt_id, :person_id, :programme_id, :result_version, :passed, :graded_at)
       AS e (attempt_id, person_id, programme_id, version, passed, graded_at)
 WHERE e.passed OR e.version > 1 AND (SELECT true FROM passed_attempt k WHERE k.attempt_id = e.attempt_id)
ON CONFLICT (attempt_id) DO UPDATE
   SET result_version = excluded.result_version, passed = excluded.passed,
       passed_at = CASE WHEN p.passed THEN p.passed_at ELSE excluded.passed_at END
 WHERE p.result_version < excluded.result_version AND NOT p.voided;

-- attempt_void(void_fact)
UPDATE passed_attempt SET voided = true, passed = false WHERE attempt_id = :attempt_id;

-- due_drop(earned)
-- First of all, because it waits for who issues at this moment: the next statement then sees that certificate.
DELETE FROM certificate_due d
 WHERE d.person_id = same_as(:person_id) AND d.programme_id = :programme_id
   AND EXISTS (SELECT FROM passed_attempt p WHERE p.attempt_id = d.attempt_id AND NOT p.passed);

-- certificate_withdraw(earned)
-- The certificate in force whose attempt is no pass any more. The reason is public, so it says no more than needed.
WITH made AS (
    INSERT INTO revocation (certificate_id, revoked_at, reason, cause)
    SELECT c.certificate_id, now(),
           CASE :cause WHEN 'attempt_voided' THEN 'Bài làm đã bị hủy. / The attempt was voided.'
                       ELSE 'Kết quả đã được sửa. / The result was corrected.' END, :cause
      FROM certificate c JOIN passed_attempt p USING (attempt_id)
     WHERE c.person_id IN (:person_id, same_as(:person_id)) AND c.programme_id = :programme_id AND NOT p.passed
    ON CONFLICT DO NOTHING
    RETURNING certificate_id, revoked_at
)
INSERT INTO outbox (event, body, trace)
SELECT 'certificate_revoked',
       jsonb_build_object('certificate_id', c.certificate_id, 'number', c.number, 'person_id', c.person_id,
                          'programme_id', c.programme_id, 'attempt_id', c.attempt_id, 'at', m.revoked_at), :ctx_trace
  FROM made m JOIN certificate c USING (certificate_id);

-- due_keep(earned) BULK
-- The first of the attempts that stand as passed earns the certificate; the others earn nothing more.
INSERT INTO certificate_due (person_id, programme_id, attempt_id, passed_at)
SELECT w.person_id, w.programme_id, a.attempt_id, a.passed_at
  FROM (SELECT DISTINCT same_as(e.person_id) AS person_id, e.programme_id
          FROM unnest(:person_id, :programme_id) AS e (person_id, programme_id)) w
 CROSS JOIN LATERAL (SELECT attempt_id, passed_at FROM passed_attempt
                      WHERE person_id = w.person_id AND programme_id = w.programme_id AND passed
                      ORDER BY passed_at, attempt_id LIMIT 1) a
 WHERE NOT is_settled(w.person_id, w.programme_id)
   AND NOT EXISTS (SELECT FROM restriction WHERE restriction.person_id = w.person_id AND erased)
ON CONFLICT DO NOTHING;

-- due_forget(erasure_fact)
DELETE FROM certificate_due WHERE person_id = :person_id;
