-- Deploy identity:rosters to pg
--
-- Files on their way in, and their imports. Parts of a file are rows, so that any process of the service can go on with
-- an upload and a restart loses none of it; they are deleted when the import is over.
BEGIN;

SET LOCAL search_path = identity, hocvu;

CREATE TABLE upload (
    upload_id uuid PRIMARY KEY,
    owner     uuid NOT NULL,
    name      text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 200),
    size      bigint NOT NULL CHECK (size > 0),
    received  bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND size),
    sha256    bytea CHECK (octet_length(sha256) = 32),
    created   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX upload_created ON upload (created);
CREATE INDEX upload_owner ON upload (owner);

CREATE TABLE upload_part (
    upload_id uuid NOT NULL REFERENCES upload ON DELETE CASCADE,
    at        bigint NOT NULL,
    bytes     bytea NOT NULL,
    PRIMARY KEY (upload_id, at)
);
-- Files are compressed already, or read once: packing them costs more than it saves.
ALTER TABLE upload_part ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- An import keeps where its caller was allowed to import when it began: units, 16 bytes each.
CREATE TABLE import_job (
    import_id      uuid PRIMARY KEY,
    upload_id      uuid NOT NULL,
    by_whom        uuid NOT NULL,
    scope          bytea NOT NULL CHECK (octet_length(scope) % 16 = 0),
    name           text NOT NULL,
    bytes          bigint NOT NULL,
    dry_run        boolean NOT NULL,
    complete_unit  uuid REFERENCES unit,
    remove_most    smallint NOT NULL CHECK (remove_most BETWEEN 0 AND 100),
    state          text NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'reading', 'comparing', 'writing', 'done', 'refused', 'stopped')),
    stop           boolean NOT NULL DEFAULT false,
    tries          integer NOT NULL DEFAULT 0,
    bytes_read     bigint NOT NULL DEFAULT 0,
    rows           bigint NOT NULL DEFAULT 0,
    refused        bigint NOT NULL DEFAULT 0, -- while reading; import_slice counts what is refused while comparing
    ended          bigint NOT NULL DEFAULT 0,
    faults         bigint NOT NULL DEFAULT 0,
    sentence_vi    text,
    sentence_en    text,
    sha256         bytea, -- of the file as it was read
    trace          text,  -- of the call that asked for it
    created        timestamptz NOT NULL DEFAULT now(),
    begun          timestamptz,
    over           timestamptz
);
CREATE INDEX import_job_open ON import_job (created) WHERE state IN ('queued', 'reading', 'comparing', 'writing');

-- A slice of the file's rows that has been written, in the transaction that wrote it: who goes on with an import leaves
-- these out.
CREATE TABLE import_slice (
    import_id uuid NOT NULL REFERENCES import_job,
    slice     bigint NOT NULL,
    rows      bigint NOT NULL,
    created   bigint NOT NULL,
    changed   bigint NOT NULL,
    unchanged bigint NOT NULL,
    refused   bigint NOT NULL,
    PRIMARY KEY (import_id, slice)
);

CREATE TABLE import_fault (
    import_id  uuid NOT NULL REFERENCES import_job,
    line       bigint NOT NULL,
    nr         bigint NOT NULL, -- in order of being found; from 2^32 on: found while comparing
    field      text NOT NULL,
    value      text, -- never a whole personal number
    message_vi text NOT NULL,
    message_en text NOT NULL,
    PRIMARY KEY (import_id, line, nr)
);

-- Whom a complete file names; lost in a crash, and then made again.
CREATE UNLOGGED TABLE roster_present (
    import_id uuid NOT NULL,
    person_id uuid NOT NULL
);

GRANT SELECT, INSERT, UPDATE (received), DELETE ON upload TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON upload_part TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (state, stop, tries, bytes_read, rows, refused, ended, faults, sentence_vi, sentence_en, sha256, begun, over)
    ON import_job TO hocvu_identity;
GRANT SELECT, INSERT ON import_slice TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON import_fault, roster_present TO hocvu_identity;

COMMIT;
