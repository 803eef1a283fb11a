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
-- A page of people is up to five hundred entries, which wait in a list and are sorted in by a tick: a call that had to do it for
-- those before it would take a second.
CREATE INDEX access_people ON access_log USING gin (people) WITH (gin_pending_list_limit = 32768);
CREATE FUNCTION access_settle() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT gin_clean_pending_list('identity.access_people')
$$;
REVOKE ALL ON FUNCTION access_settle() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access_settle() TO hocvu_identity;

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
    ('learning', 'evidence', 5, 'Hồ sơ bồi dưỡng', '2026-01-01'),
    ('assessment', 'attempts', 5, 'Hồ sơ thi, kiểm tra', '2026-01-01'),
    ('assessment', 'appeals', 5, 'Hồ sơ thi, kiểm tra', '2026-01-01'),
    ('certification', 'certificates', 50, 'Sổ cấp chứng nhận', '2026-01-01'),
    ('reporting', 'progress', 5, 'Số liệu báo cáo', '2026-01-01'),
    ('sync', 'items', 1, 'Chứng cứ đã gửi, không còn nội dung', '2026-01-01');

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

-- A person's name in lists that others read: not while the data may only be kept.
CREATE FUNCTION shown_name(name text, restricted timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN restricted IS NULL THEN name ELSE '(hạn chế xử lý)' END
$$;

-- What identity erases when everybody else is done: names, birth date, number, accounts, sessions, archives, of the person and of
-- whoever was found to be the same one. The person stays as an id that names nobody, because grants, tenures and the audit
-- speak of it; the name is taken out of what was told before, and other services are told to do so as well. Nobody who
-- works, and nobody twice.
CREATE FUNCTION person_erase(which uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = identity, hocvu, pg_catalog, pg_temp
AS $$
DECLARE
    whom uuid[];
    one jsonb;
    n bigint := 0;
    part bigint;
BEGIN
    PERFORM FROM person WHERE person_id = which AND erased_at IS NULL FOR UPDATE;
    whom := ARRAY(SELECT person_id FROM person WHERE person_id = which OR merged_into = which ORDER BY person_id);
    IF NOT FOUND OR EXISTS (SELECT FROM tenure t WHERE t.person_id = ANY (whom) AND t.valid_from <= today()
                              AND (t.valid_to IS NULL OR t.valid_to > today())) THEN
        RETURN -1;
    END IF;
    -- Ended, and emptied, not removed at once: gateways ask which sessions have ended, and tokens live some minutes more.
    UPDATE session SET revoked_at = coalesce(revoked_at, now()), revoke_reason = coalesce(revoke_reason, 'erased'),
           family_hash = sha256(uuid_send(gen_random_uuid())), provider_sid = NULL, device = NULL, address = NULL,
           last_address = NULL
     WHERE person_id = ANY (whom);
    GET DIAGNOSTICS part = ROW_COUNT;
    n := n + part;
    DELETE FROM review_case c USING account a
     WHERE c.person_id = ANY (whom) OR (c.account_id = a.account_id AND a.person_id = ANY (whom));
    GET DIAGNOSTICS part = ROW_COUNT;
    n := n + part;
    DELETE FROM account WHERE person_id = ANY (whom);
    GET DIAGNOSTICS part = ROW_COUNT;
    n := n + part;
    DELETE FROM data_archive a USING data_request r WHERE r.request_id = a.request_id AND r.person_id = ANY (whom);
    UPDATE data_request SET words = '' WHERE person_id = ANY (whom);
    UPDATE person SET full_name = erased_name(), birth_date = NULL, national_hash = sha256(uuid_send(gen_random_uuid())),
           hash_key = '', national_box = '', box_key = '', erased_at = now()
     WHERE person_id = ANY (whom);
    FOR one IN SELECT jsonb_build_object('person_id', id) FROM unnest(whom) AS id LOOP
        UPDATE outbox SET body = jsonb_set(body, '{people}', (
            SELECT jsonb_agg(CASE WHEN f @> one THEN f || jsonb_build_object('full_name', erased_name()) ELSE f END ORDER BY nr)
              FROM jsonb_array_elements(body->'people') WITH ORDINALITY AS p (f, nr)))
         WHERE event = 'people_changed' AND body->'people' @> jsonb_build_array(one);
    END LOOP;
    INSERT INTO outbox (event, body)
    SELECT 'person_erased', jsonb_build_object('person_id', id, 'at', now()) FROM unnest(whom) AS id;
    INSERT INTO audit (action, subject) SELECT 'person_erased', id FROM unnest(whom) AS id;
    RETURN n;
END
$$;
REVOKE ALL ON FUNCTION person_erase(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION person_erase(uuid) TO hocvu_identity;

-- Breaches of personal data, and whether the authority was told in time.
CREATE TABLE breach (
    breach_id  uuid PRIMARY KEY,
    found_at   timestamptz NOT NULL,
    words      text NOT NULL CHECK (octet_length(words) BETWEEN 1 AND 2000),
    notice_due timestamptz NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now(),
    told_at    timestamptz
);
GRANT SELECT, INSERT, UPDATE (told_at) ON breach TO hocvu_identity;

GRANT SELECT ON legal_clock, retention TO hocvu_identity;
GRANT SELECT, INSERT, UPDATE (state, acknowledged_at, done_at, answer, missing) ON data_request TO hocvu_identity;
GRANT SELECT, INSERT ON data_request_step TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON data_archive TO hocvu_identity;

COMMIT;
