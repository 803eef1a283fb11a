-- Deploy reporting:snapshot to pg
--
-- Frozen reports. The service may add them and read them; nobody may change or remove one.
BEGIN;

SET LOCAL search_path = reporting, hocvu;

CREATE TABLE snapshot (
    snapshot_id  uuid PRIMARY KEY,
    unit_id      uuid NOT NULL,
    path         uuid[] NOT NULL, -- of the unit at the cut-off; says who may read it when the unit is no more
    programme_id uuid NOT NULL,
    programme_vi text NOT NULL,
    period       text NOT NULL,
    cutoff_date  date NOT NULL,
    due_date     date,
    final        boolean NOT NULL,
    frozen_at    timestamptz NOT NULL DEFAULT now(),
    frozen_by    uuid NOT NULL,
    digest       bytea NOT NULL CHECK (octet_length(digest) = 32)
);
-- A period is closed once.
CREATE UNIQUE INDEX snapshot_final ON snapshot (unit_id, programme_id, period) WHERE final;

CREATE TABLE snapshot_row (
    snapshot_id       uuid NOT NULL REFERENCES snapshot,
    code              text COLLATE "C" NOT NULL,
    unit_id           uuid NOT NULL,
    parent_id         uuid,
    parent_code       text,
    name              text NOT NULL,
    assigned          bigint NOT NULL,
    completed         bigint NOT NULL,
    passed            bigint NOT NULL,
    certified         bigint NOT NULL,
    leaders_assigned  bigint NOT NULL,
    leaders_completed bigint NOT NULL,
    leaders_passed    bigint NOT NULL,
    leaders_certified bigint NOT NULL,
    PRIMARY KEY (snapshot_id, code, unit_id)
);

GRANT SELECT, INSERT ON snapshot, snapshot_row TO hocvu_reporting;

COMMIT;
