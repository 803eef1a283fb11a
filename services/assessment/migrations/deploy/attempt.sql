-- Deploy assessment:attempt to pg
--
-- Attempts, answers and results are partitioned by quarter of the attempt's id (UUIDv7, made by the server): what belongs
-- together lies in partitions of one name, and old ones can be detached. Not by month: PostgreSQL locks and opens every
-- partition for each statement that changes attempts, which costs 4 to 9 us for one, shared by the answers of a batch.
BEGIN;

SET LOCAL search_path = assessment, hocvu;

-- What counts when a person starts an attempt of a programme: one row, led by the person, so that a start looks at it and
-- at nothing that grows. Made by whatever event is heard first.
CREATE TABLE standing (
    person_id          uuid NOT NULL,
    programme_id       uuid NOT NULL,
    extra_time_percent smallint NOT NULL DEFAULT 0 CHECK (extra_time_percent BETWEEN 0 AND 200),
    completed_at       timestamptz,                -- of the lessons; before, nobody starts
    taken              integer NOT NULL DEFAULT 0, -- attempts begun
    given_back         integer NOT NULL DEFAULT 0, -- attempts that an officer allowed besides
    request_id         uuid,                       -- that began the newest
    requests           uuid[] NOT NULL DEFAULT '{}', -- that began one; repeated late, none begins another
    attempt_id         uuid,                       -- the newest
    running            boolean NOT NULL DEFAULT false,
    ended_at           timestamptz,                -- of the newest
    forms              uuid[] NOT NULL DEFAULT '{}', -- already seen
    PRIMARY KEY (person_id, programme_id)
) WITH (fillfactor = 70);

-- The states of an attempt, the steps between them, and the sentence for the log.
CREATE TABLE attempt_step (
    verb       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    sentence   text NOT NULL,
    PRIMARY KEY (verb, from_state)
);
INSERT INTO attempt_step (verb, from_state, to_state, sentence) VALUES
    ('open', 'created', 'running', 'The window opened: the clock of a form in hand started.'),
    ('submit', 'running', 'submitted', 'The learner handed in.'),
    ('time_out', 'running', 'timed_out', 'The deadline and its grace passed: the server handed in.'),
    ('submit_grade', 'running', 'graded', 'The learner handed in, and it was graded in the same moment.'),
    ('time_out_grade', 'running', 'graded', 'The deadline handed in, and it was graded in the same moment.'),
    ('grade', 'submitted', 'graded', 'What was handed in was graded.'),
    ('grade', 'timed_out', 'graded', 'What the deadline handed in was graded.'),
    ('void', 'created', 'voided', 'An officer voided it before it began.'),
    ('void', 'running', 'voided', 'An officer voided it while it ran.'),
    ('void', 'submitted', 'voided', 'An officer voided it before it was graded.'),
    ('void', 'timed_out', 'voided', 'An officer voided it before it was graded.'),
    ('void', 'graded', 'voided', 'An officer voided its result.');

-- Each answer saved changes its attempt's row (head, answers, revision), so the row is narrow and none of these columns is indexed.
CREATE TABLE attempt (
    attempt_id     uuid NOT NULL,
    person_id      uuid NOT NULL,
    programme_id   uuid NOT NULL,
    policy_id      uuid NOT NULL,
    form_id        uuid NOT NULL,
    number         integer NOT NULL,
    items          integer NOT NULL,
    state          text NOT NULL,
    seed           bigint NOT NULL,        -- of the order of items and choices
    started_at     timestamptz NOT NULL,   -- in the future while it is created
    deadline       timestamptz NOT NULL,   -- as the learner sees it
    closes_at      timestamptz NOT NULL,   -- deadline and grace
    session_id     uuid,                   -- of the device that used it last
    devices        integer NOT NULL DEFAULT 0, -- how often that changed
    answers        bigint NOT NULL DEFAULT 0,  -- receipts given
    head           bytea NOT NULL,         -- of their chain
    revision       bigint NOT NULL DEFAULT 0,  -- the highest of them: what is above repeats none
    ended_at       timestamptz,
    ended_by       text CHECK (ended_by IN ('submitted', 'timed_out')),
    result_version integer,                -- of the result that counts
    voided_by      uuid,
    void_reason    text,
    PRIMARY KEY (attempt_id),
    CHECK (state IN ('created', 'running', 'submitted', 'timed_out', 'graded', 'voided')),
    CHECK ((state IN ('created', 'running')) = (ended_at IS NULL))
) PARTITION BY RANGE (attempt_id);
CREATE INDEX attempt_person ON attempt (person_id, attempt_id);
CREATE INDEX attempt_open ON attempt (closes_at) WHERE ended_at IS NULL;

-- Every answer ever acknowledged; the highest revision of a position counts. Without a foreign key: the statement that
-- writes it holds its attempt's row.
CREATE TABLE answer (
    attempt_id uuid NOT NULL,
    saved_at   timestamptz NOT NULL,
    revision   bigint NOT NULL,
    seq        bigint NOT NULL, -- place in the chain
    position   integer NOT NULL,
    response   text NOT NULL,
    link       bytea NOT NULL,
    PRIMARY KEY (attempt_id, position, revision)
) PARTITION BY RANGE (attempt_id);

-- Every version of every result; attempt.result_version says which one counts. Points are hundredths.
CREATE TABLE result (
    attempt_id uuid NOT NULL,
    version    integer NOT NULL,
    rule       integer NOT NULL, -- version of the grading rule
    "right"    integer NOT NULL,
    items      integer NOT NULL,
    score      bigint NOT NULL,
    max_score  bigint NOT NULL,
    passed     boolean NOT NULL,
    scores     smallint[] NOT NULL, -- of each position; NULL where an item counts for nobody
    groups     jsonb NOT NULL,      -- [{"skill_group", "score", "max_score"}], in the order of codes
    cause      text NOT NULL,
    graded_at  timestamptz NOT NULL,
    PRIMARY KEY (attempt_id, version)
) PARTITION BY RANGE (attempt_id);

-- Only the steps of the table above. Saving an answer does not name the column, so it does not pay for this.
CREATE FUNCTION attempt_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = assessment, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM attempt_step s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
        RAISE EXCEPTION 'STATE:attempt_id';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER attempt_guard BEFORE UPDATE OF state ON attempt
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION attempt_guard();

-- The smallest UUIDv7 of a moment: the border between two partitions.
CREATE FUNCTION uuid_border(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Makes the partitions of the quarter that a day lies in, UTC; does nothing when they are there. Tables are made by themselves
-- and attached: made as partitions, they would wait for whoever reads attempts, a backup for one, and every answer would
-- wait behind them.
CREATE FUNCTION make_period(day date) RETURNS void LANGUAGE plpgsql SET search_path = assessment, hocvu, pg_temp AS $$
DECLARE
    first timestamptz := date_trunc('quarter', day::timestamp) AT TIME ZONE 'UTC';
    next timestamptz := (date_trunc('quarter', day::timestamp) + interval '3 months') AT TIME ZONE 'UTC';
    suffix text := to_char(day, 'YYYY"q"Q');
    parent text;
BEGIN
    IF to_regclass('assessment.attempt_' || suffix) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE attempt_%s (LIKE attempt INCLUDING DEFAULTS INCLUDING CONSTRAINTS) '
                   'WITH (fillfactor = 60)', suffix);
    EXECUTE format('CREATE TABLE answer_%s (LIKE answer INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', suffix);
    EXECUTE format('CREATE TABLE result_%s (LIKE result INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', suffix);
    FOREACH parent IN ARRAY '{attempt,answer,result}'::text[] LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, parent || '_' || suffix, uuid_border(first), uuid_border(next));
    END LOOP;
END $$;

-- For the service's hourly tick: this quarter and, a month ahead, the next.
CREATE FUNCTION make_periods_ahead() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = assessment, hocvu, pg_temp AS $$
    SELECT make_period((now() AT TIME ZONE 'UTC' + n * interval '1 month')::date) FROM generate_series(0, 1) n
$$;
REVOKE ALL ON FUNCTION make_period(date), make_periods_ahead() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION make_periods_ahead() TO hocvu_assessment;

-- Everything before the installation's first quarter, so that an id with an odd time finds a place, and a start under a
-- clock that was set back.
DO $$
DECLARE
    border uuid := uuid_border(date_trunc('quarter', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC');
BEGIN
    EXECUTE format('CREATE TABLE attempt_before PARTITION OF attempt FOR VALUES FROM (MINVALUE) TO (%L) WITH (fillfactor = 60)', border);
    EXECUTE format('CREATE TABLE answer_before PARTITION OF answer FOR VALUES FROM (MINVALUE) TO (%L)', border);
    EXECUTE format('CREATE TABLE result_before PARTITION OF result FOR VALUES FROM (MINVALUE) TO (%L)', border);
END $$;
SELECT make_periods_ahead();

GRANT SELECT, INSERT, UPDATE ON standing TO hocvu_assessment;
GRANT SELECT ON attempt_step, result TO hocvu_assessment;
GRANT SELECT, INSERT ON answer TO hocvu_assessment;
-- An attempt begins without a result and without an end; the service cannot write it otherwise. Ends and results are
-- written by functions of the owner (change "grading").
GRANT SELECT, INSERT (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, started_at,
                      deadline, closes_at, session_id, head)
    ON attempt TO hocvu_assessment;
GRANT UPDATE (session_id, devices, answers, head, revision) ON attempt TO hocvu_assessment;

COMMIT;
