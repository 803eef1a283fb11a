-- bank.sql - item banks.

-- Banks are made one after the other, so that a repeat is seen as one.
-- banks_lock()
SELECT pg_advisory_xact_lock(hashtextextended('item banks', 0));

-- bank_make(bank_draft) accepted
WITH made AS (
    INSERT INTO bank (bank_id, code, title_vi, title_en, framework_id, created_by)
    SELECT :bank_id, :code, :title_vi, :title_en, f.framework_id, :ctx_subject
      FROM framework f WHERE f.framework_id = :framework_id
    ON CONFLICT DO NOTHING
    RETURNING bank_id
)
SELECT true AS ok, CASE
       WHEN EXISTS (SELECT FROM made) THEN NULL
       WHEN b.bank_id IS NOT NULL THEN CASE
            WHEN (b.code, b.title_vi, b.title_en, b.framework_id, b.created_by)
                 <> (:code, :title_vi, :title_en, :framework_id, :ctx_subject) THEN 'CONFLICT:bank_id' END
       WHEN NOT EXISTS (SELECT FROM framework WHERE framework_id = :framework_id) THEN 'NOT_FOUND:framework_id'
       ELSE 'CONFLICT:code'
       END AS fault
  FROM (SELECT 1) one LEFT JOIN bank b ON b.bank_id = :bank_id;

-- bank_of(bank_ref) bank
SELECT b.bank_id, b.code, b.title_vi, b.title_en, b.framework_id, n.draft, n.review, n.live, n.retired
  FROM bank b
 CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'draft') AS draft,
                            count(*) FILTER (WHERE state = 'review') AS review,
                            count(*) FILTER (WHERE state = 'live') AS live,
                            count(*) FILTER (WHERE state = 'retired') AS retired
                       FROM item_version i WHERE i.bank_id = b.bank_id) n
 WHERE b.bank_id = :bank_id;

-- banks() bank
SELECT b.bank_id, b.code, b.title_vi, b.title_en, b.framework_id, n.draft, n.review, n.live, n.retired
  FROM bank b
 CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'draft') AS draft,
                            count(*) FILTER (WHERE state = 'review') AS review,
                            count(*) FILTER (WHERE state = 'live') AS live,
                            count(*) FILTER (WHERE state = 'retired') AS retired
                       FROM item_version i WHERE i.bank_id = b.bank_id) n
 ORDER BY b.code LIMIT 200;

-- bank_code(bank_ref) bank_code
SELECT code FROM bank WHERE bank_id = :bank_id;
