-- Revert certification:certificate from pg
BEGIN;

DROP FUNCTION certification.is_settled(uuid, uuid);
DROP TABLE certification.revocation, certification.certificate, certification.signing_key,
    certification.certificate_due, certification.passed_attempt, certification.programme;

COMMIT;
