-- Deploy identity:people to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- The personal number is found by a keyed hash and kept in a box that the service cannot open; beside each stands which
-- key made it, so that keys can be changed while the service runs. A person who was on record twice stays in both places:
-- merged_into names the one who counts, never one who is merged himself, and the number leads there.
CREATE TABLE person (
    person_id     uuid PRIMARY KEY,
    full_name     text NOT NULL CHECK (octet_length(full_name) BETWEEN 1 AND 120),
    birth_date    date,
    national_hash bytea NOT NULL UNIQUE CHECK (octet_length(national_hash) = 32),
    hash_key      text NOT NULL,
    national_box  bytea NOT NULL,
    box_key       text NOT NULL,
    merged_into   uuid REFERENCES person CHECK (merged_into <> person_id),
    created       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;

-- The catalogue of positions: what a job asks of whoever holds it, from a day. Frameworks and their groups are named by
-- their codes and compared with nothing, because identity follows nobody.
CREATE TABLE position (
    code       text COLLATE "C" NOT NULL CHECK (octet_length(code) BETWEEN 1 AND 32),
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to > valid_from),
    title_vi   text NOT NULL CHECK (octet_length(title_vi) BETWEEN 1 AND 120),
    title_en   text CHECK (octet_length(title_en) BETWEEN 1 AND 120),
    PRIMARY KEY (code, valid_from)
);
CREATE TABLE position_skill (
    code           text COLLATE "C" NOT NULL,
    valid_from     date NOT NULL,
    framework_code text COLLATE "C" NOT NULL,
    group_code     text COLLATE "C" NOT NULL,
    level          smallint NOT NULL CHECK (level BETWEEN 1 AND 8),
    PRIMARY KEY (code, valid_from, framework_code, group_code),
    FOREIGN KEY (code, valid_from) REFERENCES position
);

-- Where a person works. Several at once are possible; on each day one of them is the principal one. An interval without a
-- day (valid_to = valid_from) is an entry that was corrected or taken back.
CREATE TABLE tenure (
    tenure_id  uuid PRIMARY KEY,
    person_id  uuid NOT NULL, -- of person; unit_id of unit: looked at by the statement (tenures.sql)
    unit_id    uuid NOT NULL,
    position   text NOT NULL CHECK (octet_length(position) <= 120),
    leader     boolean NOT NULL,
    kind       text NOT NULL DEFAULT 'principal' CHECK (kind IN ('principal', 'concurrent', 'secondment')),
    position_code text,
    home_tenure_id uuid, -- of a secondment: where the person comes from and goes back to
    from_tenure uuid, -- the one that this one goes on with: moved by a decree, or of a person merged
    valid_from date NOT NULL,
    valid_to   date CHECK (valid_to >= valid_from),
    created    timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'secondment') = (home_tenure_id IS NOT NULL)),
    CHECK (kind <> 'secondment' OR valid_to IS NOT NULL)
);
CREATE INDEX tenure_person ON tenure (person_id);
CREATE INDEX tenure_beside ON tenure (person_id) WHERE kind <> 'principal';
-- Who worked in a unit on a day, without a look into the table.
CREATE INDEX tenure_unit ON tenure (unit_id, person_id) INCLUDE (kind, leader, valid_from, valid_to);

-- Place of a person in today's tree: of the principal tenure, or of the last one. Who works nowhere and never did, or
-- whose unit is gone, stands at the top: only who answers for the nation decides about him or her. Who is another person
-- stands where that one does.
CREATE FUNCTION person_path(which uuid) RETURNS uuid[] LANGUAGE sql STABLE
SET search_path = identity, hocvu, pg_catalog
AS $$
    SELECT coalesce(
        (SELECT u.path FROM (
            SELECT unit_id FROM tenure
            WHERE person_id = coalesce((SELECT merged_into FROM person WHERE person_id = which), which)
                AND kind = 'principal' AND (valid_to IS NULL OR valid_to > valid_from)
            ORDER BY valid_from <= today() AND (valid_to IS NULL OR valid_to > today()) DESC, valid_from DESC, tenure_id
            LIMIT 1) t
         JOIN unit_now u USING (unit_id)),
        (SELECT path FROM unit_now WHERE parent_id IS NULL LIMIT 1), '{}')
$$;

-- Changes of tenures by hand: repeating one gives the first result, another content under its id is refused.
CREATE TABLE tenure_step (
    change_id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person,
    content   bytea NOT NULL CHECK (octet_length(content) = 32),
    by_whom   uuid NOT NULL,
    reason    text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenure_step_person ON tenure_step (person_id);

GRANT SELECT, INSERT, UPDATE (full_name, birth_date, merged_into) ON person TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (position, leader, kind, position_code, valid_from, valid_to) ON tenure TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (valid_to, title_vi, title_en) ON position TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON position_skill TO hocvu_identity;
GRANT SELECT, INSERT ON tenure_step TO hocvu_identity;

COMMIT;
