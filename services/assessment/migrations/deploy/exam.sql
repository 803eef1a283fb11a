-- Deploy assessment:exam to pg
--
-- What stands beside attempts: integrity facts, appeals, the keys that signed. Nothing recorded here is changed, but an
-- appeal from open to its decision; nothing is removed, but what integrity_run keeps for a day.
BEGIN;

SET LOCAL search_path = assessment, hocvu;

-- Every key that ever signed heads and dossiers; those of an old key go on to be verified with it.
CREATE TABLE attempt_key (
    kid        text PRIMARY KEY,
    public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
    first_used timestamptz NOT NULL DEFAULT now()
);

-- How far graded attempts were examined: the number of the last event of our own outbox that was looked at. The relay
-- numbers committed rows only and without holes, so nothing that commits late is passed over, however late it is
-- graded; and grading pays nothing for it.
CREATE TABLE integrity_cursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    seq bigint NOT NULL
);
INSERT INTO integrity_cursor (seq) VALUES (0);

-- What was observed: figures, no verdict. `position` 0 and a zero other_attempt_id say "none", so that a fact is
-- recorded once.
CREATE TABLE integrity_fact (
    attempt_id       uuid NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('too_fast', 'burst', 'devices', 'same_wrong')),
    position         integer NOT NULL DEFAULT 0,
    other_attempt_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    figure           bigint NOT NULL,
    bound            bigint NOT NULL,
    found_at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (attempt_id, kind, position, other_attempt_id)
);

-- The wrong answers of attempts graded within a day, laid beside those of the same unit and policy for comparison.
CREATE TABLE integrity_run (
    attempt_id uuid PRIMARY KEY,
    person_id  uuid NOT NULL,
    unit_id    uuid NOT NULL,
    policy_id  uuid NOT NULL,
    form_id    uuid NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL,
    graded_at  timestamptz NOT NULL,
    items      uuid[] NOT NULL,  -- item versions answered wrongly, not left empty
    wrong      bigint[] NOT NULL -- hash of item version and response, for each of them
);
CREATE INDEX integrity_run_room ON integrity_run (unit_id, policy_id, started_at);
CREATE INDEX integrity_run_graded ON integrity_run (graded_at);

CREATE TABLE appeal (
    appeal_id  uuid PRIMARY KEY,
    attempt_id uuid NOT NULL,
    person_id  uuid NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'upheld', 'rejected')),
    reason     text NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT now(),
    remedy     text CHECK (remedy IN ('none', 'void')),
    decision   text,
    decided_by uuid CHECK (decided_by <> person_id),
    decided_at timestamptz,
    CHECK ((state = 'open') = (decision IS NULL)),
    CHECK ((state = 'open') = (decided_by IS NULL)),
    CHECK ((state = 'open') = (decided_at IS NULL)),
    CHECK ((state = 'upheld') = (remedy IS NOT NULL))
);
CREATE UNIQUE INDEX appeal_one_open ON appeal (attempt_id) WHERE state = 'open';
CREATE INDEX appeal_attempt ON appeal (attempt_id);
CREATE INDEX appeal_person ON appeal (person_id, opened_at);
CREATE INDEX appeal_order ON appeal (opened_at, appeal_id);

-- A decision is the last word.
CREATE FUNCTION appeal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'STATE:appeal_id';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER appeal_guard BEFORE UPDATE ON appeal FOR EACH ROW EXECUTE FUNCTION appeal_guard();

-- Does this person, or did before leaving, belong to one of these subtrees? Most are where they are today; lists ask
-- this of thousands, so that is looked at first.
CREATE FUNCTION person_within(which uuid, scope uuid[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    within boolean;
BEGIN
    SELECT u.path && scope INTO within FROM person p JOIN unit u USING (unit_id) WHERE p.person_id = which;
    IF within IS NULL THEN
        SELECT unit_path_last_known(k.unit_id) && scope INTO within FROM person_last_known(which) k;
    END IF;
    RETURN coalesce(within, false);
END $$;

-- Who was in a unit once, and what lay below it, for lists that have to find those who left; and the few attempts that
-- were voided.
CREATE INDEX tenure_unit ON tenure (unit_id);
CREATE INDEX unit_version_parent ON unit_version (parent_id);
CREATE INDEX attempt_voided ON attempt (attempt_id) WHERE state = 'voided';

GRANT SELECT, INSERT ON attempt_key, integrity_fact TO hocvu_assessment;
GRANT SELECT, UPDATE (seq) ON integrity_cursor TO hocvu_assessment;
GRANT SELECT, INSERT, DELETE ON integrity_run TO hocvu_assessment;
GRANT SELECT, INSERT (appeal_id, attempt_id, person_id, reason) ON appeal TO hocvu_assessment;
GRANT UPDATE (state, remedy, decision, decided_by, decided_at) ON appeal TO hocvu_assessment;

COMMIT;
