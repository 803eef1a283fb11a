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

CREATE TABLE certificate (
    person_id      uuid NOT NULL,
    programme_id   uuid NOT NULL REFERENCES programme,
    certificate_id uuid NOT NULL UNIQUE,
    number         text NOT NULL UNIQUE,
    attempt_id     uuid NOT NULL,
    holder         text NOT NULL,
    issuer         text NOT NULL,
    issued_at      timestamptz NOT NULL,
    kid            text NOT NULL REFERENCES signing_key,
    document       text NOT NULL,
    PRIMARY KEY (person_id, programme_id)
);

-- A document is looked up by itself.
CREATE INDEX certificate_document ON certificate USING hash (document);

CREATE TABLE revocation (
    certificate_id uuid PRIMARY KEY REFERENCES certificate (certificate_id),
    revoked_at     timestamptz NOT NULL,
    reason         text NOT NULL,
    revoked_by     uuid NOT NULL
);

GRANT SELECT, INSERT ON programme, signing_key, certificate, revocation TO hocvu_certification;
-- UPDATE only to lock the rows that are being worked on.
GRANT SELECT, INSERT, DELETE, UPDATE (attempt_id) ON certificate_due TO hocvu_certification;

COMMIT;
