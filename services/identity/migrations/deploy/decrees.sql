-- Deploy identity:decrees to pg
--
-- The organisation changes by decree: what was decided, what became of which unit, and which tenures went along.
BEGIN;

SET LOCAL search_path = identity, hocvu;

CREATE TABLE decree (
    decree_id      uuid PRIMARY KEY,
    number         text NOT NULL,
    issued_on      date NOT NULL,
    issuer         text NOT NULL,
    title          text NOT NULL,
    effective_from date NOT NULL,
    entered_by     uuid, -- person
    entered_at     timestamptz NOT NULL DEFAULT now(),
    content_hash   bytea NOT NULL CHECK (octet_length(content_hash) = 32), -- of all that was sent: a repeat must be one
    content        bytea,  -- what is still to be carried out
    scope          uuid[], -- with whose subtrees
    state          text NOT NULL CHECK (state IN ('applied', 'waiting', 'refused')),
    units_changed  bigint NOT NULL DEFAULT 0,
    people_moved   bigint NOT NULL DEFAULT 0,
    CHECK ((state = 'waiting') = (content IS NOT NULL AND scope IS NOT NULL))
);
CREATE INDEX decree_newest ON decree (effective_from DESC, decree_id DESC);
CREATE INDEX decree_waiting ON decree (entered_at) WHERE state = 'waiting';
ALTER TABLE unit_version ADD FOREIGN KEY (decree_id) REFERENCES decree;

-- A step as it was told to whoever entered it.
CREATE TABLE decree_step (
    decree_id  uuid NOT NULL REFERENCES decree,
    nr         integer NOT NULL CHECK (nr BETWEEN 1 AND 500),
    op         text NOT NULL,
    code       text NOT NULL,
    refused    boolean NOT NULL,
    field      text,
    people     bigint NOT NULL,
    message_vi text NOT NULL,
    message_en text NOT NULL,
    PRIMARY KEY (decree_id, nr)
);

-- Who came from whom: a unit that was created has no old one, one that was closed no new one.
CREATE TABLE unit_change (
    decree_id uuid NOT NULL REFERENCES decree,
    nr        integer NOT NULL,
    op        text NOT NULL CHECK (op IN ('create', 'rename', 'move', 'merge', 'split', 'close', 'recode')),
    old_unit  uuid REFERENCES unit,
    new_unit  uuid REFERENCES unit,
    CHECK (num_nonnulls(old_unit, new_unit) > 0)
);
CREATE INDEX unit_change_decree ON unit_change (decree_id, nr);
CREATE INDEX unit_change_old ON unit_change (old_unit);
CREATE INDEX unit_change_new ON unit_change (new_unit);

-- Duties that exclude each other and that a decree brought together: told, not prevented.
CREATE TABLE decree_clash (
    decree_id      uuid NOT NULL REFERENCES decree,
    person_id      uuid NOT NULL,
    grant_id       uuid NOT NULL REFERENCES role_grant,
    other_grant_id uuid NOT NULL REFERENCES role_grant,
    since          date NOT NULL, -- first day of both
    PRIMARY KEY (decree_id, grant_id, other_grant_id)
);

-- How many tenures the decree that is being carried out has moved so far. A sequence, because everybody sees it at once, and
-- nothing else of a transaction before its end.
CREATE SEQUENCE decree_progress MINVALUE 0;
GRANT SELECT, UPDATE ON SEQUENCE decree_progress TO hocvu_identity;

GRANT SELECT, INSERT, UPDATE (content, scope, state, units_changed, people_moved) ON decree TO hocvu_identity;
GRANT SELECT, INSERT ON decree_step, unit_change, decree_clash TO hocvu_identity;

COMMIT;
