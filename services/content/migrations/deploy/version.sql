-- Deploy content:version to pg
BEGIN;

-- Which step leads from which state to which; the guard below and the statement version_step both read it.
CREATE TABLE content.transition (
    verb text PRIMARY KEY,
    from_state text NOT NULL,
    to_state text NOT NULL,
    sentence text NOT NULL
);
INSERT INTO content.transition (verb, from_state, to_state, sentence) VALUES
    ('submit', 'draft', 'review', 'An editor hands a finished draft to the reviewers.'),
    ('return', 'review', 'draft', 'A reviewer sends it back with a comment.'),
    ('approve', 'review', 'published', 'A reviewer who wrote no part of it publishes it.'),
    ('supersede', 'published', 'superseded', 'A newer version of the same code was published.');

CREATE TABLE content.version (
    version_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('framework', 'programme')),
    code text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'review', 'published', 'superseded')),
    label text,
    source text,
    title_vi text NOT NULL,
    title_en text NOT NULL,
    framework_id uuid REFERENCES content.version,
    author_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    submitted_at timestamptz,
    reviewer_id uuid,
    published_at timestamptz,
    superseded_at timestamptz,
    comment text,
    UNIQUE (kind, code, version),
    CHECK (CASE kind WHEN 'framework' THEN framework_id IS NULL AND label IS NOT NULL AND source IS NOT NULL
           ELSE framework_id IS NOT NULL AND label IS NULL AND source IS NULL END),
    CHECK (state IN ('draft', 'review') OR (published_at IS NOT NULL AND reviewer_id IS NOT NULL)),
    CHECK (reviewer_id <> author_id),
    CHECK ((state = 'superseded') = (superseded_at IS NOT NULL))
);
CREATE UNIQUE INDEX version_published ON content.version (kind, code) WHERE state = 'published';

-- Who moved a version when; never changed. The last row tells a repeated call from a second one.
CREATE TABLE content.step (
    step_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version_id uuid NOT NULL REFERENCES content.version,
    verb text NOT NULL REFERENCES content.transition,
    actor_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    comment text
);
CREATE INDEX step_version ON content.step (version_id, step_id);

-- The last word on what may happen to a version, whoever asks: only the steps of the table above, and nothing but its
-- state ever changes.
CREATE FUNCTION content.version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'STATE:version_id';
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' THEN
            RAISE EXCEPTION 'STATE:version_id';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state <> OLD.state AND NOT EXISTS (SELECT FROM content.transition t
                                              WHERE t.from_state = OLD.state AND t.to_state = NEW.state) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    IF (NEW.version_id, NEW.kind, NEW.code, NEW.version, NEW.label, NEW.source, NEW.title_vi, NEW.title_en,
        NEW.framework_id, NEW.author_id, NEW.created_at)
       IS DISTINCT FROM
       (OLD.version_id, OLD.kind, OLD.code, OLD.version, OLD.label, OLD.source, OLD.title_vi, OLD.title_en,
        OLD.framework_id, OLD.author_id, OLD.created_at) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    IF OLD.state IN ('published', 'superseded')
       AND (NEW.submitted_at, NEW.reviewer_id, NEW.published_at, NEW.comment)
           IS DISTINCT FROM (OLD.submitted_at, OLD.reviewer_id, OLD.published_at, OLD.comment) THEN
        RAISE EXCEPTION 'STATE:version_id';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_guard BEFORE INSERT OR UPDATE OR DELETE ON content.version
    FOR EACH ROW EXECUTE FUNCTION content.version_guard();

GRANT SELECT ON content.transition TO hocvu_content;
GRANT SELECT, INSERT ON content.step TO hocvu_content;
GRANT SELECT, INSERT ON content.version TO hocvu_content;
GRANT UPDATE (state, submitted_at, reviewer_id, published_at, superseded_at, comment)
    ON content.version TO hocvu_content;

COMMIT;
