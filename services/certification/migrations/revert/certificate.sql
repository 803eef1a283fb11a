-- Revert certification:certificate from pg
BEGIN;

DROP TABLE certification.revocation, certification.certificate, certification.signing_key, certification.certificate_due,
    certification.programme;

COMMIT;
