-- Deploy reporting:progress to pg
BEGIN;

SET LOCAL search_path = reporting, hocvu;

-- Published programme versions; a version never changes.
CREATE TABLE programme (
    programme_id uuid PRIMARY KEY,
    code         text NOT NULL,
    version      bigint NOT NULL,
    title_vi     text NOT NULL,
    title_en     text NOT NULL
);

-- What a person has reached in a programme version. Its columns come from different producers, whose events arrive in
-- any order, so each may be there without the others.
CREATE TABLE progress (
    person_id    uuid NOT NULL,
    programme_id uuid NOT NULL,
    assigned_at  timestamptz,
    due_date     date,
    completed_at timestamptz,
    passed_at    timestamptz,
    attempts     integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    certificate_id uuid, -- the newest
    certified_at timestamptz,
    revoked_at   timestamptz,
    PRIMARY KEY (person_id, programme_id)
) WITH (fillfactor = 80);

-- Every attempt that was passed once, and whether its newest result still is a pass: progress.passed_at is the earliest
-- moment among those that are.
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

-- Who counts, and as what, by the facts before a moment: the one place of this rule, for roll-ups and snapshots. Only
-- the assigned count; a certificate counts while it is valid. Written so that the planner can inline it.
CREATE FUNCTION standing(programme uuid, before timestamptz)
RETURNS TABLE (person_id uuid, completed boolean, passed boolean, certified boolean)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT g.person_id,
           (g.completed_at < before) IS TRUE,
           (g.passed_at < before) IS TRUE,
           (g.certified_at < before) IS TRUE AND (g.revoked_at < before) IS NOT TRUE
    FROM reporting.progress g
    WHERE g.programme_id = programme AND g.assigned_at < before
$$;

GRANT SELECT, INSERT ON programme TO hocvu_reporting;
GRANT SELECT, INSERT ON progress TO hocvu_reporting;
GRANT UPDATE (assigned_at, due_date, completed_at, passed_at, attempts, certificate_id, certified_at, revoked_at)
    ON progress TO hocvu_reporting;
GRANT SELECT, INSERT ON passed_attempt TO hocvu_reporting;
GRANT UPDATE (person_id, result_version, passed, passed_at, voided) ON passed_attempt TO hocvu_reporting;
GRANT EXECUTE ON FUNCTION standing(uuid, timestamptz) TO hocvu_reporting;

COMMIT;
