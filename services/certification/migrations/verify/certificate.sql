-- Verify certification:certificate on pg
BEGIN;

SELECT 1 / bool_and(has_table_privilege('hocvu_certification', t, 'SELECT')
                    AND has_table_privilege('hocvu_certification', t, 'INSERT')
                    AND NOT has_table_privilege('hocvu_certification', t, 'DELETE, TRUNCATE')
                    AND NOT has_any_column_privilege('hocvu_certification', t, 'UPDATE'))::int
FROM unnest('{certification.programme,certification.signing_key,certification.certificate,
               certification.revocation}'::text[]) t;
SELECT 1 / has_table_privilege('hocvu_certification', 'certification.certificate_due', 'DELETE')::int;
SELECT 1 / (NOT has_table_privilege('hocvu_certification', 'certification.passed_attempt', 'DELETE')
            AND NOT has_column_privilege('hocvu_certification', 'certification.passed_attempt', 'programme_id', 'UPDATE'))::int;

ROLLBACK;
