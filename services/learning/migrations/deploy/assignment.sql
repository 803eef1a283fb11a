-- Deploy learning:assignment to pg
BEGIN;

-- Append only. In force from assigned_at to the end of due_date: who joins a covered unit in that time is enrolled too.
CREATE TABLE learning.assignment (
    assignment_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES learning.programme,
    unit_id uuid NOT NULL,
    due_date date NOT NULL,
    people uuid[],                        -- sorted; NULL: everyone of the subtree, also those who join later
    extra_time_percent smallint CHECK (extra_time_percent BETWEEN 0 AND 200),
    assigned_by uuid NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    covered bigint NOT NULL,
    enrolled bigint NOT NULL,
    CHECK (extra_time_percent IS NULL OR people IS NOT NULL)
);
CREATE INDEX assignment_unit ON learning.assignment (unit_id) WHERE people IS NULL;

-- The first assignment counts; the extra time is the last one that a list of people gave.
CREATE TABLE learning.enrolment (
    person_id uuid NOT NULL,
    programme_id uuid NOT NULL REFERENCES learning.programme,
    assignment_id uuid NOT NULL REFERENCES learning.assignment,
    due_date date NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    extra_time_percent smallint CHECK (extra_time_percent BETWEEN 0 AND 200),
    PRIMARY KEY (person_id, programme_id)
);

-- Who is covered by an assignment in force and not yet enrolled. Insert in order of assigned_at: the first one counts.
CREATE VIEW learning.joiner AS
SELECT p.person_id, a.programme_id, a.assignment_id, a.due_date, a.assigned_at
FROM learning.person p
JOIN learning.unit u ON u.unit_id = p.unit_id
JOIN learning.assignment a ON a.unit_id = ANY (u.path)
WHERE a.people IS NULL AND a.due_date >= hocvu.today()
  AND NOT EXISTS (SELECT FROM learning.enrolment e
                  WHERE (e.person_id, e.programme_id) = (p.person_id, a.programme_id));

-- The walk over all people that enrols who is covered and was not enrolled at once: the people of a large assignment,
-- those whom a change of the tree brought under one, those whose tenure begins today. `after` is where it stands; NULL:
-- it is through for this day.
CREATE TABLE learning.walk (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    day date NOT NULL,
    after uuid
);
INSERT INTO learning.walk (day, after) VALUES (hocvu.today(), NULL);

GRANT SELECT, INSERT ON learning.assignment TO hocvu_learning;
GRANT SELECT, INSERT ON learning.enrolment TO hocvu_learning;
GRANT UPDATE (completed_at, extra_time_percent) ON learning.enrolment TO hocvu_learning;
GRANT SELECT ON learning.joiner TO hocvu_learning;
GRANT SELECT ON learning.walk TO hocvu_learning;
GRANT UPDATE (day, after) ON learning.walk TO hocvu_learning;

COMMIT;
