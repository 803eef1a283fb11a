-- Deploy identity:links to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- Which account at which provider is which person: one each way.
CREATE TABLE person_link (
    person_id uuid NOT NULL REFERENCES person,
    provider  text NOT NULL CHECK (octet_length(provider) BETWEEN 1 AND 32),
    subject   text NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 255),
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, provider),
    UNIQUE (provider, subject)
);

GRANT SELECT, INSERT ON person_link TO hocvu_identity;

COMMIT;
