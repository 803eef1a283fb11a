-- Deploy reporting:rollup to pg
BEGIN;

SET LOCAL search_path = reporting, hocvu;

-- The people whose principal tenure today is directly in a unit, counted per programme version. Always counted anew
-- from progress and person, never incremented. Without a row: nobody is assigned.
CREATE TABLE rollup (
    programme_id      uuid NOT NULL,
    unit_id           uuid NOT NULL,
    assigned          integer NOT NULL,
    completed         integer NOT NULL,
    passed            integer NOT NULL,
    certified         integer NOT NULL,
    leaders_assigned  integer NOT NULL,
    leaders_completed integer NOT NULL,
    leaders_passed    integer NOT NULL,
    leaders_certified integer NOT NULL,
    PRIMARY KEY (programme_id, unit_id)
) WITH (fillfactor = 50);
CREATE INDEX rollup_unit ON rollup (unit_id);

-- Roll-up rows that must be counted anew. A mark is written in the transaction that changes what is counted.
CREATE TABLE stale (
    mark_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    programme_id uuid NOT NULL,
    unit_id      uuid NOT NULL,
    UNIQUE (programme_id, unit_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- How far the drift detector has come: a ring over all units in order of their ids.
CREATE TABLE sweep (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    after uuid NOT NULL
);
INSERT INTO sweep (after) VALUES ('00000000-0000-0000-0000-000000000000');

-- The marks are set by triggers, so that no way of changing a fact or a person's place can forget them: events, the day
-- on which a tenure begins, a repair by hand.
--
-- A pair that is marked already needs no second mark, unless it is being counted at this moment. So whoever marks holds
-- this lock shared until it commits, and whoever counts holds it alone: what is counted has no mark behind it that was
-- left out. Counting only tries, and marking waits for no more than one slice.
CREATE FUNCTION marking() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(hashtextextended('reporting.rollup', 0))
$$;
CREATE FUNCTION counting() RETURNS boolean LANGUAGE sql AS $$
    SELECT pg_try_advisory_xact_lock(hashtextextended('reporting.rollup', 0))
$$;

CREATE FUNCTION progress_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reporting.marking();
    INSERT INTO reporting.stale (programme_id, unit_id)
    SELECT NEW.programme_id, w.unit_id FROM reporting.person w WHERE w.person_id = NEW.person_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER progress_new AFTER INSERT ON progress
    FOR EACH ROW EXECUTE FUNCTION progress_mark();
CREATE TRIGGER progress_changed AFTER UPDATE ON progress FOR EACH ROW
    WHEN ((OLD.assigned_at, OLD.completed_at, OLD.passed_at, OLD.certified_at, OLD.revoked_at)
          IS DISTINCT FROM (NEW.assigned_at, NEW.completed_at, NEW.passed_at, NEW.certified_at, NEW.revoked_at))
    EXECUTE FUNCTION progress_mark();

CREATE FUNCTION person_mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM reporting.marking();
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO reporting.stale (programme_id, unit_id)
        SELECT g.programme_id, OLD.unit_id FROM reporting.progress g WHERE g.person_id = OLD.person_id
        ON CONFLICT DO NOTHING;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO reporting.stale (programme_id, unit_id)
        SELECT g.programme_id, NEW.unit_id FROM reporting.progress g WHERE g.person_id = NEW.person_id
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER person_came_or_went AFTER INSERT OR DELETE ON person
    FOR EACH ROW EXECUTE FUNCTION person_mark();
CREATE TRIGGER person_moved AFTER UPDATE ON person FOR EACH ROW
    WHEN ((OLD.unit_id, OLD.leader) IS DISTINCT FROM (NEW.unit_id, NEW.leader))
    EXECUTE FUNCTION person_mark();

GRANT SELECT, INSERT ON rollup TO hocvu_reporting;
GRANT UPDATE (assigned, completed, passed, certified,
              leaders_assigned, leaders_completed, leaders_passed, leaders_certified) ON rollup TO hocvu_reporting;
GRANT SELECT, INSERT, DELETE ON stale TO hocvu_reporting;
GRANT SELECT ON sweep TO hocvu_reporting;
GRANT UPDATE (after) ON sweep TO hocvu_reporting;
GRANT EXECUTE ON FUNCTION marking(), counting(), progress_mark(), person_mark() TO hocvu_reporting;

COMMIT;
