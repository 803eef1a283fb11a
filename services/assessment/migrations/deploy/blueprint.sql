-- Deploy assessment:blueprint to pg
--
-- Rules are data: blueprints and policies are versions that never change, and forms are made from them before anybody
-- starts.
BEGIN;

SET LOCAL search_path = assessment;

CREATE TABLE blueprint (
    blueprint_id uuid PRIMARY KEY,
    code         text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    bank_id      uuid NOT NULL REFERENCES bank,
    items        integer NOT NULL CHECK (items BETWEEN 1 AND 200),
    note         text,
    digest       bytea NOT NULL, -- of the draft as it was sent: tells a repeat from another draft under the same id
    created_by   uuid NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (code, version)
);

CREATE TABLE blueprint_quota (
    blueprint_id uuid NOT NULL REFERENCES blueprint,
    place        integer NOT NULL,
    skill_group  text NOT NULL,
    items        integer NOT NULL CHECK (items > 0),
    level        smallint,
    pool         text,
    position     text,
    PRIMARY KEY (blueprint_id, place)
);

CREATE TABLE blueprint_enemy (
    blueprint_id uuid NOT NULL REFERENCES blueprint,
    a            text COLLATE "C" NOT NULL,
    b            text COLLATE "C" NOT NULL,
    CHECK (a < b),
    PRIMARY KEY (blueprint_id, a, b)
);

CREATE TABLE policy (
    policy_id            uuid PRIMARY KEY,
    programme_id         uuid NOT NULL REFERENCES programme,
    version              bigint NOT NULL,
    blueprint_id         uuid NOT NULL REFERENCES blueprint,
    items                integer NOT NULL CHECK (items BETWEEN 1 AND 200),
    pass_percent         smallint NOT NULL CHECK (pass_percent BETWEEN 1 AND 100),
    minutes              integer NOT NULL CHECK (minutes BETWEEN 1 AND 600),
    grace_seconds        integer NOT NULL CHECK (grace_seconds BETWEEN 0 AND 600),
    max_attempts         integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
    retake_wait_seconds  bigint NOT NULL CHECK (retake_wait_seconds >= 0),
    opens_at             timestamptz,
    closes_at            timestamptz,
    early_seconds        integer NOT NULL CHECK (early_seconds BETWEEN 0 AND 3600),
    forms                integer NOT NULL CHECK (forms BETWEEN 1 AND 500), -- to be made; the bank may allow fewer
    max_exposure_percent smallint NOT NULL CHECK (max_exposure_percent BETWEEN 1 AND 100),
    show_result          text NOT NULL CHECK (show_result IN ('at_once', 'after_window', 'never')),
    show_answers         text NOT NULL CHECK (show_answers IN ('at_once', 'after_window', 'never')),
    show_explanations    text NOT NULL CHECK (show_explanations IN ('at_once', 'after_window', 'never')),
    appeal_days          integer NOT NULL CHECK (appeal_days BETWEEN 0 AND 365),
    note                 text,
    digest               bytea NOT NULL, -- as of a blueprint
    created_by           uuid NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now(),
    UNIQUE (programme_id, version),
    CHECK (closes_at > opens_at)
);

CREATE TABLE policy_group (
    policy_id   uuid NOT NULL REFERENCES policy,
    skill_group text NOT NULL,
    percent     smallint NOT NULL CHECK (percent BETWEEN 1 AND 100),
    PRIMARY KEY (policy_id, skill_group)
);

-- A form: item versions in the order assembled, the items of a situation side by side. It never changes; retired: not
-- handed out any more. Attempts that have it keep it.
CREATE TABLE form (
    form_id    uuid PRIMARY KEY,
    policy_id  uuid NOT NULL REFERENCES policy,
    items      uuid[] NOT NULL,
    difficulty real NOT NULL, -- mean expected share of right answers, percent
    retired_at timestamptz,
    made_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX form_policy ON form (policy_id);

-- Item versions that were found wrong after they were used, and how they count since; see change "grading". Nobody but the
-- owner may read it.
CREATE TABLE item_correction (
    version_id uuid PRIMARY KEY REFERENCES item_version,
    mode       text NOT NULL CHECK (mode IN ('count', 'credit', 'exclude')),
    key        text -- instead of the item's own
);

-- The keys of a form in the order of its items, laid beside each other so that grading an attempt reads one row. Nobody
-- but the owner may read it. mode: count, credit (all points to everyone), exclude (counts for nobody).
CREATE TABLE form_key (
    form_id    uuid PRIMARY KEY REFERENCES form,
    types      text[] NOT NULL,
    groups     text[] NOT NULL,
    keys       text[] NOT NULL,
    partials   boolean[] NOT NULL,
    tolerances text[] NOT NULL,
    matches    text[] NOT NULL,
    modes      text[] NOT NULL
) WITH (toast_tuple_target = 8128); -- read for each attempt graded: not compressed

-- The forms of a policy that may be taken, in the order in which they are.
CREATE TABLE form_pool (
    policy_id uuid PRIMARY KEY REFERENCES policy,
    ready     uuid[] NOT NULL CHECK (cardinality(ready) >= 1)
);

-- Whose turn it is: how many forms of a policy were taken in each lane. A lane goes round all of them, the next lane an
-- eighth of them ahead; several lanes, since starts that count in the same row wait for each other's commit.
CREATE TABLE form_turn (
    policy_id uuid NOT NULL REFERENCES policy,
    lane      integer NOT NULL,
    taken     bigint NOT NULL,
    PRIMARY KEY (policy_id, lane)
) WITH (fillfactor = 10);

-- The item versions that a form may be made of. The text of a situation is no item of its own; once it is out of use,
-- its items are, too.
CREATE VIEW item_drawn AS
SELECT v.version_id, v.bank_id, v.code, v.skill_group, v.level, v.pool, v.positions, v.situation, v.difficulty
  FROM item_version v
 WHERE v.state = 'live' AND v.type <> 'situation'
   AND (v.situation IS NULL OR EXISTS (SELECT FROM item_version s
                                        WHERE s.bank_id = v.bank_id AND s.code = v.situation
                                          AND s.type = 'situation' AND s.state = 'live'));

-- How many attempts took a form, as far as they are counted: up to the id in counted_to. What came after it is counted
-- when somebody asks. So that answer takes no longer the more attempts there are, and a start writes nothing for it.
CREATE TABLE form_taken (
    form_id uuid PRIMARY KEY REFERENCES form,
    n       bigint NOT NULL
);

CREATE TABLE counted_to (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    attempt_id uuid NOT NULL
);
INSERT INTO counted_to (attempt_id) VALUES ('00000000-0000-0000-0000-000000000000');

-- How often items of a bank went in or out of use, and up to where the forms of a policy were compared with that.
-- Counted where the change is made and committed with it, so that no change is overlooked, whatever the clock does;
-- apart from form_pool, so that an editor never makes a start wait.
CREATE TABLE bank_change (
    bank_id uuid PRIMARY KEY REFERENCES bank,
    changes bigint NOT NULL
);

CREATE TABLE form_check (
    policy_id uuid PRIMARY KEY REFERENCES policy,
    changes   bigint NOT NULL
);

CREATE FUNCTION count_bank_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = assessment, pg_temp AS $$
BEGIN
    INSERT INTO bank_change AS b (bank_id, changes)
    SELECT c.bank_id, count(*) FROM changed c WHERE c.state IN ('live', 'retired') GROUP BY c.bank_id ORDER BY c.bank_id
    ON CONFLICT (bank_id) DO UPDATE SET changes = b.changes + EXCLUDED.changes;
    RETURN NULL;
END $$;
CREATE TRIGGER bank_changed AFTER UPDATE ON item_version
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_bank_changes();

-- Copies the keys of new forms from the bank, in the order of the items. Keys that are laid already are never laid
-- again: what a correction changed in them must stay. A correction and this wait for each other, so that it finds every
-- form that has the item, or this finds the corrected key.
CREATE FUNCTION lay_keys(form_ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = assessment, pg_temp AS $$
DECLARE
    asked integer := (SELECT count(DISTINCT f) FROM unnest(form_ids) f);
    laid integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('assessment.form_key', 0));
    IF EXISTS (SELECT FROM form_key k WHERE k.form_id = ANY (form_ids)) THEN
        RAISE EXCEPTION 'STATE:form_id';
    END IF;
    INSERT INTO form_key (form_id, types, groups, keys, partials, tolerances, matches, modes)
    SELECT f.form_id, array_agg(v.type ORDER BY i.place), array_agg(v.skill_group ORDER BY i.place),
           array_agg(coalesce(c.key, k.key) ORDER BY i.place), array_agg(k.partial ORDER BY i.place),
           array_agg(k.tolerance ORDER BY i.place), array_agg(k.match ORDER BY i.place),
           array_agg(coalesce(c.mode, 'count') ORDER BY i.place)
      FROM form f
     CROSS JOIN LATERAL unnest(f.items) WITH ORDINALITY AS i (version_id, place)
      JOIN item_version v ON v.version_id = i.version_id
      JOIN item_key k ON k.version_id = i.version_id
      LEFT JOIN item_correction c ON c.version_id = i.version_id
     WHERE f.form_id = ANY (form_ids)
     GROUP BY f.form_id, f.items
    HAVING count(*) = cardinality(f.items);
    GET DIAGNOSTICS laid = ROW_COUNT;
    IF laid <> asked THEN -- a form that is not there, or an item without a key
        RAISE EXCEPTION 'INTERNAL:lay_keys';
    END IF;
END $$;
REVOKE ALL ON FUNCTION lay_keys(uuid[]), count_bank_changes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lay_keys(uuid[]) TO hocvu_assessment;

GRANT SELECT, INSERT ON blueprint, blueprint_quota, blueprint_enemy, policy, policy_group, form TO hocvu_assessment;
GRANT UPDATE (retired_at) ON form TO hocvu_assessment;
GRANT SELECT, INSERT, UPDATE (ready) ON form_pool TO hocvu_assessment;
GRANT SELECT, INSERT, UPDATE (taken) ON form_turn TO hocvu_assessment;

GRANT SELECT ON item_drawn, bank_change TO hocvu_assessment;
GRANT SELECT, INSERT, UPDATE (changes) ON form_check TO hocvu_assessment;
GRANT SELECT, INSERT, UPDATE (n) ON form_taken TO hocvu_assessment;
GRANT SELECT, UPDATE (attempt_id) ON counted_to TO hocvu_assessment;

COMMIT;
