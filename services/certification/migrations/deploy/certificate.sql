-- Deploy certification:certificate to pg
--
-- The register. What is issued stays: the service may add certificates, revocations and keys, and neither change nor
-- remove one.
BEGIN;

SET LOCAL search_path = certification;

CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    code         text NOT NULL,
    version      bigint NOT NULL,
    title_vi     text NOT NULL,
    title_en     text NOT NULL
);

-- Every attempt that was passed once, and whether its newest result still is a pass: results are corrected and attempts
-- voided after the certificate.
CREATE TABLE passed_attempt (
    attempt_id     uuid PRIMARY KEY,
    person_id      uuid NOT NULL,
    programme_id   uuid NOT NULL,
    result_version integer NOT NULL,
    passed         boolean NOT NULL,
    passed_at      timestamptz NOT NULL,
    voided         boolean NOT NULL DEFAULT false,
    CHECK (NOT (voided AND passed))
);
CREATE INDEX passed_attempt_person ON passed_attempt (person_id, programme_id);

-- Who has passed and holds no certificate yet; emptied as certificates are issued. A person or a programme that is not
-- known yet waits here.
CREATE TABLE certificate_due (
    person_id    uuid NOT NULL,
    programme_id uuid NOT NULL,
    attempt_id   uuid NOT NULL,
    passed_at    timestamptz NOT NULL,
    PRIMARY KEY (person_id, programme_id)
);

CREATE INDEX certificate_due_order ON certificate_due (passed_at);

-- Every key that ever signed; documents of an old key go on to be verified with it.
CREATE TABLE signing_key (
    kid        text PRIMARY KEY,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    first_used timestamptz NOT NULL DEFAULT now()
);

-- A person has one in force for a programme version at most. `edition` counts those of one person and programme version:
-- another follows only one that was revoked because its result did not stand. The key lets no two processes issue the same
-- edition.
CREATE TABLE certificate (
    person_id      uuid NOT NULL,
    programme_id   uuid NOT NULL REFERENCES programme,
    edition        integer NOT NULL CHECK (edition >= 1),
    certificate_id uuid NOT NULL UNIQUE,
    number         text NOT NULL UNIQUE,
    attempt_id     uuid NOT NULL,
    holder         text NOT NULL,
    issuer         text NOT NULL,
    issued_at      timestamptz NOT NULL,
    kid            text NOT NULL REFERENCES signing_key,
    document       text NOT NULL,
    PRIMARY KEY (person_id, programme_id, edition)
);

-- A document is looked up by itself.
CREATE INDEX certificate_document ON certificate USING hash (document);

CREATE TABLE revocation (
    certificate_id uuid PRIMARY KEY REFERENCES certificate (certificate_id),
    revoked_at     timestamptz NOT NULL,
    reason         text NOT NULL,
    cause          text NOT NULL CHECK (cause IN ('officer', 'result_corrected', 'attempt_voided')),
    revoked_by     uuid, -- the officer
    CHECK ((cause = 'officer') = (revoked_by IS NOT NULL))
);

-- Is there nothing more to be earned, also by whom the person was on record besides? So it is with a certificate in force, and with one that an officer revoked.
CREATE FUNCTION is_settled(person uuid, programme uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM certificate c LEFT JOIN revocation r USING (certificate_id)
                    WHERE c.person_id = ANY (ARRAY(SELECT person UNION ALL
                                                   SELECT a.person_id FROM alias a WHERE a.same_as = person))
                      AND c.programme_id = programme
                      AND (r.certificate_id IS NULL OR r.cause = 'officer'))
$$;

GRANT SELECT, INSERT ON programme, signing_key, certificate, revocation, passed_attempt TO hocvu_certification;
GRANT UPDATE (person_id, result_version, passed, passed_at, voided) ON passed_attempt TO hocvu_certification;
-- UPDATE only to lock the rows that are being worked on.
GRANT SELECT, INSERT, DELETE, UPDATE (attempt_id) ON certificate_due TO hocvu_certification;

COMMIT;
