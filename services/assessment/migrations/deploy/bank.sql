-- Deploy assessment:bank to pg
--
-- Item banks. An item is a code within a bank; its versions go from draft to review to live to retired, and a version
-- that was live once never changes. Keys stand apart: the service writes them and cannot read them.
BEGIN;

SET LOCAL search_path = assessment;

-- What content announced. Published versions never change.
CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    code         text NOT NULL,
    version      bigint NOT NULL,
    title_vi     text NOT NULL,
    title_en     text NOT NULL
);

CREATE TABLE framework (
    framework_id uuid PRIMARY KEY,
    code         text NOT NULL,
    label        text NOT NULL,
    groups       text[] NOT NULL -- codes, in order
);

CREATE TABLE bank (
    bank_id      uuid PRIMARY KEY,
    code         text COLLATE "C" NOT NULL UNIQUE,
    title_vi     text NOT NULL,
    title_en     text NOT NULL,
    framework_id uuid NOT NULL REFERENCES framework,
    created_by   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now()
);

-- Which step leads from which state to which, and the sentence for the log.
CREATE TABLE item_step (
    verb       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    sentence   text NOT NULL,
    PRIMARY KEY (verb, from_state)
);
INSERT INTO item_step (verb, from_state, to_state, sentence) VALUES
    ('submit', 'draft', 'review', 'An editor hands a finished item to the reviewers.'),
    ('return', 'review', 'draft', 'A reviewer sends it back with a comment.'),
    ('approve', 'review', 'live', 'A reviewer who did not write it puts it in use.'),
    ('supersede', 'live', 'retired', 'A newer version of the item went live.'),
    ('retire', 'live', 'retired', 'A reviewer takes it out of use.');

CREATE TABLE item_version (
    version_id   uuid PRIMARY KEY,
    bank_id      uuid NOT NULL REFERENCES bank,
    code         text COLLATE "C" NOT NULL,
    version      bigint NOT NULL CHECK (version >= 1),
    state        text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'review', 'live', 'retired')),
    type         text NOT NULL CHECK (type IN ('single_choice', 'multiple_choice', 'true_false', 'matching', 'ordering',
                                               'numeric', 'short_text', 'situation')),
    skill_group  text NOT NULL,
    level        smallint NOT NULL CHECK (level BETWEEN 1 AND 8),
    pool         text NOT NULL DEFAULT 'main',
    positions    text[] NOT NULL DEFAULT '{}', -- job positions; empty: all
    situation    text COLLATE "C",             -- code of the situation it belongs to
    situation_id uuid REFERENCES item_version, -- version of it, fixed when this version goes live
    stem         text NOT NULL,
    choices      text[] NOT NULL DEFAULT '{}', -- choice n is named by the number n in keys and responses
    targets      text[] NOT NULL DEFAULT '{}',
    difficulty   smallint NOT NULL DEFAULT 50 CHECK (difficulty BETWEEN 1 AND 99),
    source       text,
    author_id    uuid NOT NULL,
    reviewer_id  uuid,
    comment      text,
    digest       bytea NOT NULL, -- keyed hash of all that an author wrote, key included: tells a change unread
    created_at   timestamptz NOT NULL DEFAULT now(),
    live_at      timestamptz,
    retired_at   timestamptz,
    UNIQUE (bank_id, code, version),
    CHECK (reviewer_id <> author_id),
    CHECK (state IN ('draft', 'review') OR (live_at IS NOT NULL AND reviewer_id IS NOT NULL)),
    CHECK (type <> 'situation' OR situation IS NULL),
    CHECK (cardinality(choices) <= 10 AND cardinality(targets) <= 10)
);
CREATE UNIQUE INDEX item_live ON item_version (bank_id, code) WHERE state = 'live';
CREATE UNIQUE INDEX item_open ON item_version (bank_id, code) WHERE state IN ('draft', 'review');

-- What would give the answer away. Nobody but the owner may read it; see change "grading" for who does.
CREATE TABLE item_key (
    version_id  uuid PRIMARY KEY REFERENCES item_version,
    key         text NOT NULL,
    partial     boolean NOT NULL DEFAULT false,
    tolerance   text,
    match       text,
    explanation text NOT NULL DEFAULT ''
);

-- Who moved an item version when.
CREATE TABLE item_log (
    log_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id uuid NOT NULL REFERENCES item_version,
    verb       text NOT NULL,
    actor_id   uuid NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    comment    text
);
CREATE INDEX item_log_version ON item_log (version_id, log_id);

-- Who looked at keys. Written by the function that shows them.
CREATE TABLE key_access (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    person_id uuid NOT NULL,
    purpose   text NOT NULL,
    versions  uuid[] NOT NULL
);

-- The last word on item versions, whoever asks: only the steps of the table above; what was handed in stays as it is.
CREATE FUNCTION item_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = assessment, pg_temp AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT EXISTS (SELECT FROM item_step s
                                              WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    IF OLD.state = 'review' AND NEW.state = 'live'
       AND EXISTS (SELECT FROM item_log l WHERE l.version_id = NEW.version_id AND l.verb = 'write'
                                            AND l.actor_id = NEW.reviewer_id) THEN
        RAISE EXCEPTION 'SAME_PERSON:version_id';
    END IF;
    IF OLD.state <> 'draft'
       AND (NEW.type, NEW.skill_group, NEW.level, NEW.pool, NEW.positions, NEW.situation, NEW.stem, NEW.choices,
            NEW.targets, NEW.difficulty, NEW.source, NEW.author_id, NEW.digest)
           IS DISTINCT FROM
           (OLD.type, OLD.skill_group, OLD.level, OLD.pool, OLD.positions, OLD.situation, OLD.stem, OLD.choices,
            OLD.targets, OLD.difficulty, OLD.source, OLD.author_id, OLD.digest) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    IF OLD.state IN ('live', 'retired') AND (NEW.situation_id, NEW.reviewer_id, NEW.live_at)
                                            IS DISTINCT FROM (OLD.situation_id, OLD.reviewer_id, OLD.live_at) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER item_guard BEFORE UPDATE ON item_version FOR EACH ROW EXECUTE FUNCTION item_guard();

CREATE FUNCTION key_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = assessment, pg_temp AS $$
BEGIN
    IF (SELECT state FROM item_version WHERE version_id = NEW.version_id FOR SHARE) IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER key_guard BEFORE INSERT OR UPDATE ON item_key FOR EACH ROW EXECUTE FUNCTION key_guard();

-- Keys for those who write and review items. Who asked, for what and for which versions is recorded in the same call,
-- so nobody sees a key without leaving a trace.
CREATE FUNCTION items_with_keys(asker uuid, purpose text, asked uuid[])
RETURNS TABLE (version_id uuid, key text, partial boolean, tolerance text, match text, explanation text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = assessment, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF cardinality(asked) > 0 THEN
        INSERT INTO key_access (person_id, purpose, versions) VALUES (asker, items_with_keys.purpose, asked);
    END IF;
    RETURN QUERY SELECT k.version_id, k.key, k.partial, k.tolerance, k.match, k.explanation
                   FROM item_key k WHERE k.version_id = ANY (asked);
END $$;
REVOKE ALL ON FUNCTION items_with_keys(uuid, text, uuid[]), item_guard(), key_guard() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION items_with_keys(uuid, text, uuid[]) TO hocvu_assessment;

GRANT SELECT, INSERT ON programme, framework, bank, item_log TO hocvu_assessment;
GRANT SELECT ON item_step TO hocvu_assessment;
-- A version begins as a draft without a reviewer; the service cannot write it otherwise.
GRANT SELECT, INSERT (version_id, bank_id, code, version, type, skill_group, level, pool, positions, situation, stem,
                      choices, targets, difficulty, source, author_id, digest)
    ON item_version TO hocvu_assessment;
GRANT UPDATE (state, type, skill_group, level, pool, positions, situation, situation_id, stem, choices, targets,
              difficulty, source, author_id, reviewer_id, comment, digest, live_at, retired_at)
    ON item_version TO hocvu_assessment;
-- The key can be written, and a draft's written again; the version it belongs to is all that can be read.
GRANT INSERT, SELECT (version_id), UPDATE (key, partial, tolerance, match, explanation) ON item_key TO hocvu_assessment;
GRANT SELECT ON key_access TO hocvu_assessment;

COMMIT;
