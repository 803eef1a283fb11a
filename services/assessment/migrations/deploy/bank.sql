-- Deploy assessment:bank to pg
--
-- What content and learning announced. All of it is written once and never changes: published versions are immutable.
BEGIN;

SET LOCAL search_path = assessment;

CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    code         text NOT NULL,
    version      bigint NOT NULL,
    title_vi     text NOT NULL,
    title_en     text NOT NULL
);

-- Who may be assessed: people who completed all lessons. Learning's events may come before or after content's.
CREATE TABLE completion (
    person_id    uuid NOT NULL,
    programme_id uuid NOT NULL,
    completed_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, programme_id)
);

-- A bank is here only when all its items are.
CREATE TABLE bank (
    bank_id uuid PRIMARY KEY,
    code    text NOT NULL,
    version bigint NOT NULL,
    items   bigint NOT NULL
);

CREATE TABLE item (
    item_id     uuid PRIMARY KEY,
    bank_id     uuid NOT NULL,
    code        text NOT NULL,
    skill_group text NOT NULL,
    level       smallint NOT NULL,
    stem        text NOT NULL,
    options     text[] NOT NULL CHECK (cardinality(options) = 4),
    UNIQUE (bank_id, code)
);

CREATE INDEX item_by_group ON item (bank_id, skill_group);

-- The key, and the explanation that would give it away. Nobody but the owner may read them: grading does, in a function
-- of the owner (see change "grading").
CREATE TABLE item_key (
    item_id     uuid PRIMARY KEY REFERENCES item,
    key         smallint NOT NULL CHECK (key BETWEEN 1 AND 4),
    explanation text NOT NULL
);

GRANT SELECT, INSERT ON programme, completion, bank, item TO hocvu_assessment;
GRANT INSERT ON item_key TO hocvu_assessment;

COMMIT;
