-- Deploy reporting:fates to pg
--
-- What decrees, official lists and files of units made of units, as identity told it. Frozen reports stay as they are; this says how to read them later.
BEGIN;

SET LOCAL search_path = reporting, hocvu;

CREATE TABLE unit_fate (
    seq            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- as told: the order of the steps, and of decrees of one day
    decree_id      uuid, -- NULL: a file of units, which names no decree
    number         text,
    effective_from date NOT NULL,
    op             text NOT NULL CHECK (op IN ('rename', 'move', 'merge', 'split', 'close', 'recode')),
    old_unit       uuid NOT NULL,
    new_unit       uuid CHECK ((new_unit IS NULL) = (op = 'close')),
    CHECK ((decree_id IS NULL) = (number IS NULL)),
    UNIQUE NULLS NOT DISTINCT (decree_id, effective_from, op, old_unit, new_unit)
);
CREATE INDEX unit_fate_old ON unit_fate (old_unit, effective_from);

GRANT SELECT, INSERT ON unit_fate TO hocvu_reporting;

COMMIT;
