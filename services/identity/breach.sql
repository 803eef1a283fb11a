-- Breaches of personal data.

-- breach_open(breach_draft) breach_row
WITH known AS (
    SELECT * FROM breach WHERE breach_id = :breach_id
), made AS (
    INSERT INTO breach (breach_id, found_at, words, notice_due)
    SELECT :breach_id, :found_at, :words, legal_due('breach', 'answer', :found_at) WHERE NOT EXISTS (SELECT FROM known)
    RETURNING *
), noted AS (
    INSERT INTO audit (action, detail) SELECT 'breach_opened', jsonb_build_object('breach', breach_id) FROM made
)
SELECT breach_id, found_at, words, notice_due, told_at, coalesce(told_at, now()) > notice_due AS late,
    CASE WHEN words <> :words OR found_at <> :found_at THEN 'CONFLICT:breach_id' END AS fault
FROM (SELECT * FROM made UNION ALL SELECT * FROM known) b;

-- breach_told(breach_ref) breach_row
-- The first time counts.
WITH told AS (
    UPDATE breach SET told_at = now() WHERE breach_id = :breach_id AND told_at IS NULL RETURNING *
), noted AS (
    INSERT INTO audit (action, detail) SELECT 'breach_told', jsonb_build_object('breach', breach_id) FROM told
)
SELECT breach_id, found_at, words, notice_due, told_at, told_at > notice_due AS late FROM told
UNION ALL
SELECT breach_id, found_at, words, notice_due, told_at, told_at > notice_due AS late FROM breach
WHERE breach_id = :breach_id AND told_at IS NOT NULL;

-- breaches() breach_row
SELECT breach_id, found_at, words, notice_due, told_at, coalesce(told_at, now()) > notice_due AS late
FROM breach ORDER BY told_at IS NOT NULL, notice_due, breach_id LIMIT 100;
