-- Deploy learning:progress to pg
BEGIN;

-- One row per learner and lesson. No column that a beat writes is indexed and pages keep room, so a beat rewrites the
-- row in its page.
CREATE TABLE learning.progress (
    person_id uuid NOT NULL,
    lesson_id uuid NOT NULL REFERENCES learning.lesson,
    opened_at timestamptz NOT NULL DEFAULT now(),
    beat_at timestamptz,                  -- last sign of life; NULL: the learner is not at this lesson now
    studied_us bigint NOT NULL DEFAULT 0 CHECK (studied_us >= 0),
    beats bigint NOT NULL DEFAULT 0,
    completed_at timestamptz,
    PRIMARY KEY (person_id, lesson_id),
    CHECK (completed_at IS NULL OR beat_at IS NULL)
) WITH (fillfactor = 70);

-- Every sign of life that was taken in, and what it counted. Append only.
CREATE TABLE learning.evidence (
    person_id uuid NOT NULL,
    lesson_id uuid NOT NULL,
    at timestamptz NOT NULL,
    what text NOT NULL CHECK (what IN ('open', 'beat', 'complete')),
    counted_us bigint NOT NULL,
    calls integer NOT NULL                -- beats that arrived at the same moment; more than one or two is no person
);
CREATE INDEX evidence_at ON learning.evidence USING brin (at);

-- What one sign of life counts: the time since the last one, but no more than the longest gap. NULL before: nothing.
CREATE FUNCTION learning.gained_us(beat_at timestamptz, gap_seconds bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (least(greatest(date_part('epoch', now() - beat_at), 0), gap_seconds) * 1000000)::bigint
$$;

GRANT SELECT, INSERT ON learning.progress TO hocvu_learning;
GRANT UPDATE (beat_at, studied_us, beats, completed_at) ON learning.progress TO hocvu_learning;
GRANT INSERT ON learning.evidence TO hocvu_learning;

COMMIT;
