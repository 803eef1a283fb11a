-- Two persons are one: certificates stay as they were issued and are both the one's who stays (is_settled); what was passed
-- and what is due is his or hers.

-- passed_unite(person_union)
UPDATE passed_attempt SET person_id = :keep WHERE person_id = :gone;

-- due_unite(person_union)
WITH gone AS (
    DELETE FROM certificate_due WHERE person_id = :gone RETURNING programme_id, attempt_id, passed_at
)
INSERT INTO certificate_due (person_id, programme_id, attempt_id, passed_at)
SELECT :keep, programme_id, attempt_id, passed_at FROM gone
ON CONFLICT DO NOTHING;

-- due_settle(person_union)
DELETE FROM certificate_due WHERE person_id = :keep AND is_settled(:keep, programme_id);
