-- Deploy assessment:attempt to pg
BEGIN;

SET LOCAL search_path = assessment;

-- One row per attempt, kept narrow: every answer saved looks at it. What was laid before the learner stands in paper.
-- Programme and policy are not foreign keys: each start would lock the same two rows, which nobody can delete anyway.
CREATE TABLE attempt (
    attempt_id   uuid PRIMARY KEY,
    person_id    uuid NOT NULL,
    programme_id uuid NOT NULL,
    policy_id    uuid NOT NULL,
    number       integer NOT NULL CHECK (number BETWEEN 1 AND 100),
    items        integer NOT NULL CHECK (items BETWEEN 1 AND 200),
    state        text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'graded', 'timed_out')),
    seed         bigint NOT NULL,
    started_at   timestamptz NOT NULL,
    deadline     timestamptz NOT NULL,
    -- Set together when the attempt ends.
    "right"      integer CHECK ("right" BETWEEN 0 AND items),
    passed       boolean,
    grade_rule   smallint,
    graded_at    timestamptz,
    UNIQUE (person_id, programme_id, number),
    CHECK (num_nulls("right", passed, grade_rule, graded_at) = CASE state WHEN 'running' THEN 4 ELSE 0 END)
);

-- A person sits one attempt at a time, however many devices press start.
CREATE UNIQUE INDEX attempt_running ON attempt (person_id) WHERE state = 'running';
CREATE INDEX attempt_due ON attempt (deadline) WHERE state = 'running';

-- Items in the order of this attempt; orders[n] says which option of items[n] is shown first, second, third, fourth:
-- '3142' shows the third option first. One row, because a start must be one write however long the paper is.
CREATE TABLE paper (
    attempt_id uuid PRIMARY KEY REFERENCES attempt,
    items      uuid[] NOT NULL,
    orders     text[] NOT NULL,
    CHECK (cardinality(items) = cardinality(orders))
);

-- Every answer ever acknowledged; the highest revision of a position counts. Without a foreign key: the statement that
-- writes it holds a lock on its attempt, and a trigger per row would double the cost of a save.
CREATE TABLE answer (
    attempt_id uuid NOT NULL,
    revision   bigint NOT NULL,
    saved_at   timestamptz NOT NULL,
    position   integer NOT NULL,
    response   text NOT NULL,
    PRIMARY KEY (attempt_id, position, revision)
);

-- One of the 24 orders of four options.
CREATE FUNCTION option_order(seed bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('{1234,1243,1324,1342,1423,1432,2134,2143,2314,2341,2413,2431,
              3124,3142,3214,3241,3412,3421,4123,4132,4213,4231,4312,4321}'::text[])[1 + ((seed % 24) + 24) % 24]
$$;

-- Attempts that the policy in force still allows a person.
CREATE FUNCTION attempts_left(person uuid, programme uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT greatest(0, (SELECT max_attempts FROM policy WHERE programme_id = programme ORDER BY version DESC LIMIT 1)
                       - (SELECT count(*)::integer FROM attempt WHERE person_id = person AND programme_id = programme))
$$;

GRANT SELECT, INSERT ON paper, answer TO hocvu_assessment;
-- An attempt begins running and without a result; the service cannot write it otherwise.
GRANT SELECT, INSERT (attempt_id, person_id, programme_id, policy_id, number, items, seed, started_at, deadline)
    ON attempt TO hocvu_assessment;
-- PostgreSQL lets only a role that may update something lock a row. This column cannot change: a paper points to it.
GRANT UPDATE (attempt_id) ON attempt TO hocvu_assessment;

COMMIT;
