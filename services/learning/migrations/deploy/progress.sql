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
-- For a person's archive alone. Of this one column, so that all rows of a person share a key: 8 bytes a row, not 50. By time
-- alone everybody's rows of the same hours would be read. What it takes of a sign of life: BENCH=beats.
CREATE INDEX evidence_person ON learning.evidence (person_id);

-- What one sign of life counts: the time since the last one, but no more than the longest gap. NULL before: nothing.
CREATE FUNCTION learning.gained_us(beat_at timestamptz, gap_seconds bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (least(greatest(date_part('epoch', now() - beat_at), 0), gap_seconds) * 1000000)::bigint
$$;

-- The service writes evidence and may not read it. For a person's archive it may ask for that person's, a hundred rows at a time,
-- from a place on; what the person did under an id that was found to be the same one is his or hers.
CREATE FUNCTION learning.evidence_of(which uuid, skip bigint)
RETURNS TABLE (lesson_id uuid, at timestamptz, what text, counted_us bigint, calls integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = learning, pg_catalog, pg_temp
AS $$
    SELECT e.lesson_id, e.at, e.what, e.counted_us, e.calls FROM evidence e
     WHERE e.person_id = ANY (ARRAY(SELECT which UNION ALL SELECT a.person_id FROM alias a WHERE a.same_as = which))
     ORDER BY e.at, e.person_id, e.lesson_id, e.what, e.counted_us, e.calls
    OFFSET skip LIMIT 100
$$;
-- How much of it there is, and until when.
CREATE FUNCTION learning.evidence_sum(which uuid) RETURNS TABLE (signs bigint, last_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = learning, pg_catalog, pg_temp
AS $$
    SELECT count(*), max(e.at) FROM evidence e
     WHERE e.person_id = ANY (ARRAY(SELECT which UNION ALL SELECT a.person_id FROM alias a WHERE a.same_as = which))
$$;
REVOKE ALL ON FUNCTION learning.evidence_of(uuid, bigint), learning.evidence_sum(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION learning.evidence_of(uuid, bigint), learning.evidence_sum(uuid) TO hocvu_learning;

GRANT SELECT, INSERT ON learning.progress TO hocvu_learning;
GRANT UPDATE (beat_at, studied_us, beats, completed_at) ON learning.progress TO hocvu_learning;
GRANT INSERT ON learning.evidence TO hocvu_learning;

COMMIT;
