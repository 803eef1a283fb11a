-- Revert certification:certificate from pg
BEGIN;

DROP FUNCTION certification.is_settled(uuid, uuid);
DROP FUNCTION certification.unit_path_last_known(uuid);
DROP FUNCTION certification.person_last_known(uuid);
DROP TABLE certification.revocation, certification.certificate, certification.signing_key,
    certification.certificate_due, certification.passed_attempt, certification.programme;

COMMIT;
