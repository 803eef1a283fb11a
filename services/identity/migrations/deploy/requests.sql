-- Deploy identity:requests to pg
BEGIN;

SET LOCAL search_path = identity, hocvu;

SELECT hocvu.make_calendar('identity', 'hocvu_identity');

-- Who looked at whose record, as all services tell it.
CREATE TABLE access_log (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    actor   uuid NOT NULL,
    service text NOT NULL,
    method  text NOT NULL,
    reason  text,
    trace   text,
    people  uuid[] NOT NULL
);
CREATE INDEX access_people ON access_log USING gin (people);

-- Its own looks need no event.
CREATE OR REPLACE FUNCTION access_tell(fact jsonb) RETURNS void
LANGUAGE sql SET search_path = identity, hocvu, pg_catalog
AS $$
    INSERT INTO access_log (at, actor, service, method, reason, trace, people)
    SELECT (fact->>'at')::timestamptz, (fact->>'actor')::uuid, fact->>'service', fact->>'method', fact->>'reason',
           fact->>'trace', ARRAY(SELECT (p->>'person_id')::uuid FROM jsonb_array_elements(fact->'people') AS p)
$$;

GRANT SELECT, INSERT ON access_log TO hocvu_identity;

-- What the law gives for each step of a request; a younger row wins from its day on.
CREATE TABLE legal_clock (
    kind       text NOT NULL CHECK (kind IN ('access', 'rectify', 'restrict', 'erase', 'object', 'breach')),
    step       text NOT NULL CHECK (step IN ('acknowledge', 'answer')),
    amount     integer NOT NULL CHECK (amount BETWEEN 1 AND 1000),
    unit       text NOT NULL CHECK (unit IN ('working_day', 'day', 'hour')),
    basis      text NOT NULL,
    valid_from date NOT NULL,
    PRIMARY KEY (kind, step, valid_from)
);
-- Law 91/2025 and Decree 356/2025. Whether the days of an answer are working days is not said in what we have: a row.
INSERT INTO legal_clock (kind, step, amount, unit, basis, valid_from)
SELECT kind, 'acknowledge', 2, 'working_day', 'Luật 91/2025/QH15; Nghị định 356/2025/NĐ-CP', date '2026-01-01'
  FROM unnest(ARRAY['access', 'rectify', 'restrict', 'erase', 'object']) AS kind
UNION ALL
SELECT kind, 'answer', amount, unit, 'Luật 91/2025/QH15; Nghị định 356/2025/NĐ-CP', date '2026-01-01'
  FROM (VALUES ('access', 10, 'working_day'), ('rectify', 10, 'working_day'), ('restrict', 15, 'working_day'),
               ('erase', 20, 'working_day'), ('object', 15, 'working_day'), ('breach', 72, 'hour')) c (kind, amount, unit);

-- When a step begun at this moment is due; null: no clock runs for it.
CREATE FUNCTION legal_due(which_kind text, which_step text, at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = identity, hocvu, pg_catalog
AS $$
    SELECT CASE c.unit WHEN 'working_day' THEN working_days_after(at, c.amount)
                       WHEN 'day' THEN at + interval '1 day' * c.amount
                       ELSE at + interval '1 hour' * c.amount END
      FROM legal_clock c
     WHERE c.kind = which_kind AND c.step = which_step AND c.valid_from <= local_date(at)
     ORDER BY c.valid_from DESC LIMIT 1
$$;

-- How long what must be kept is kept, in years after its last use, and why. Sections are those of person_data.
CREATE TABLE retention (
    service    text NOT NULL,
    section    text NOT NULL,
    years      integer NOT NULL CHECK (years BETWEEN 0 AND 200),
    basis      text NOT NULL,
    valid_from date NOT NULL,
    PRIMARY KEY (service, section, valid_from)
);
INSERT INTO retention (service, section, years, basis, valid_from) VALUES
    ('identity', 'tenures', 70, 'Hồ sơ cán bộ: thời hạn lưu trữ do cơ quan quản lý quy định', '2026-01-01'),
    ('identity', 'grants', 5, 'Nhật ký phân quyền', '2026-01-01'),
    ('identity', 'audit', 1, 'Nhật ký hệ thống: ít nhất 12 tháng (Nghị định 85/2016/NĐ-CP)', '2026-01-01'),
    ('learning', 'enrolments', 5, 'Hồ sơ bồi dưỡng', '2026-01-01'),
    ('learning', 'lessons', 5, 'Hồ sơ bồi dưỡng', '2026-01-01'),
    ('assessment', 'attempts', 5, 'Hồ sơ thi, kiểm tra', '2026-01-01'),
    ('assessment', 'appeals', 5, 'Hồ sơ thi, kiểm tra', '2026-01-01'),
    ('certification', 'certificates', 50, 'Sổ cấp chứng nhận', '2026-01-01'),
    ('reporting', 'progress', 5, 'Số liệu báo cáo', '2026-01-01');

CREATE TABLE data_request (
    request_id      uuid PRIMARY KEY,
    person_id       uuid NOT NULL REFERENCES person,
    kind            text NOT NULL CHECK (kind IN ('access', 'rectify', 'restrict', 'erase', 'object')),
    words           text NOT NULL CHECK (octet_length(words) <= 2000),
    state           text NOT NULL DEFAULT 'received'
        CHECK (state IN ('received', 'acknowledged', 'working', 'done', 'refused', 'withdrawn')),
    received_at     timestamptz NOT NULL DEFAULT now(),
    acknowledge_due timestamptz NOT NULL,
    due             timestamptz NOT NULL,
    acknowledged_at timestamptz,
    done_at         timestamptz,
    answer          text,
    missing         text -- of an archive: services that did not answer in time
);
CREATE INDEX data_request_person ON data_request (person_id, received_at);
CREATE INDEX data_request_open ON data_request (due) WHERE state IN ('received', 'acknowledged', 'working');

CREATE TABLE data_request_step (
    step_id    uuid PRIMARY KEY,
    request_id uuid NOT NULL REFERENCES data_request,
    step       text NOT NULL,
    by_whom    uuid,
    answer     text,
    at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX data_request_steps ON data_request_step (request_id, at);

-- The archive of an access request, in parts; gone after a week.
CREATE TABLE data_archive (
    request_id uuid NOT NULL REFERENCES data_request,
    part       integer NOT NULL,
    bytes      bytea NOT NULL CHECK (octet_length(bytes) <= 1048576),
    made_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (request_id, part)
);
ALTER TABLE data_archive ALTER bytes SET STORAGE EXTERNAL;

ALTER TABLE person ADD restricted_at timestamptz, ADD erased_at timestamptz;
GRANT UPDATE (restricted_at) ON person TO hocvu_identity;

GRANT SELECT ON legal_clock, retention TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (state, acknowledged_at, done_at, answer, missing) ON data_request TO hocvu_identity;
GRANT SELECT, INSERT ON data_request_step TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON data_archive TO hocvu_identity;

COMMIT;
