-- Deploy sync:item to pg
--
-- What goes out. An item is one call to one receiver; its body is text, made once and the same at every try. The service
-- may not change bodies, and forgets only what was sent or given up long ago. One function empties the bodies about somebody
-- who was erased, so that only the evidence is left.
BEGIN;

SET LOCAL search_path = sync;

-- What changed before this moment and has not gone out is late: three working days have passed. The calendar may still be
-- corrected, so the end of an item's time is not stored with it.
CREATE FUNCTION late_before() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = sync, hocvu, pg_catalog
AS $$
    SELECT timezone('Asia/Ho_Chi_Minh', max(d) + interval '1 day')
      FROM generate_series((today() - 60)::timestamp, today(), interval '1 day') AS s (d)
     WHERE working_days_after(timezone('Asia/Ho_Chi_Minh', d), 3) <= now()
$$;

-- RFC 3339.
CREATE FUNCTION utc_text(at timestamptz) RETURNS text
LANGUAGE sql STABLE
AS $$ SELECT to_char(timezone('UTC', at), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE SEQUENCE item_sequence;

CREATE TABLE item (
    sequence    bigint PRIMARY KEY,
    item_id     uuid NOT NULL UNIQUE,
    target      text NOT NULL,
    subject_id  uuid NOT NULL, -- whom or what it is about; items about the same go out one after another
    kind        text NOT NULL,
    body        text NOT NULL,
    digest      bytea NOT NULL, -- SHA-256 of the body as it was made, which stays when the body is emptied
    made_at     timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL, -- the time by law runs from here
    numbered    boolean NOT NULL, -- the body has a mark in the place of the personal number
    since       timestamptz NOT NULL DEFAULT now(), -- patience is counted from here: made, or tried again by hand
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dead', 'dropped')), -- dropped: taken back, never to be sent
    tries       integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    last_status integer,
    trouble     text,
    box         bytea, -- of the number as it was first sent: it stays the same at every try
    ended_at    timestamptz,
    CHECK ((state IN ('sent', 'dead', 'dropped')) = (ended_at IS NOT NULL))
);
CREATE INDEX item_next ON item (target, next_at, sequence) WHERE state = 'waiting';
-- Who goes first among those about the same.
CREATE INDEX item_open ON item (target, subject_id, sequence) WHERE state IN ('waiting', 'sending');
CREATE INDEX item_sending ON item (sequence) WHERE state = 'sending';
CREATE INDEX item_unsent ON item (target, changed_at) WHERE state IN ('waiting', 'sending', 'dead');
-- All that was told of somebody.
CREATE INDEX item_subject ON item (subject_id, sequence);
CREATE INDEX item_unnumbered ON item (subject_id) WHERE state = 'waiting' AND next_at = 'infinity';
CREATE INDEX item_ended ON item (ended_at) WHERE state IN ('sent', 'dead', 'dropped');

-- The last times that an item was sent.
CREATE TABLE item_try (
    sequence bigint NOT NULL REFERENCES item ON DELETE CASCADE,
    number   integer NOT NULL,
    at       timestamptz NOT NULL DEFAULT now(),
    status   integer NOT NULL,
    took_ms  bigint NOT NULL,
    trouble  text,
    PRIMARY KEY (sequence, number)
);

-- How a receiver does. Nothing is sent to one that fails until `held_until`.
CREATE TABLE target_state (
    target     text PRIMARY KEY,
    last_sent  timestamptz,
    held_until timestamptz,
    trouble    text
);

-- People whose number some receiver wants, and the number in a box that this process can open; without one, nobody has
-- brought it yet.
CREATE TABLE person_number (
    person_id  uuid PRIMARY KEY,
    box        bytea CHECK (octet_length(box) = 84),
    brought_at timestamptz
);
CREATE INDEX person_number_wanted ON person_number (person_id) WHERE box IS NULL;

-- What is not told because the person's data may only be kept; it becomes items when that ends.
CREATE TABLE held (
    nr         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  uuid NOT NULL,
    target     text NOT NULL,
    kind       text NOT NULL,
    changed_at timestamptz NOT NULL,
    numbered   boolean NOT NULL,
    data       json NOT NULL
);
CREATE INDEX held_person ON held (person_id, nr);

-- What may be done with an item about somebody: waiting: it may go out; held: not now; dropped: never.
CREATE FUNCTION fate(about uuid, what text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN what IN ('person_restricted', 'person_erased') THEN 'waiting'
                ELSE coalesce((SELECT CASE WHEN r.erased THEN 'dropped' ELSE 'held' END
                                 FROM sync.restriction r WHERE r.person_id = about), 'waiting') END
$$;

-- One more item, with its body. One that needs a number waits until it has been brought. An item behind one that waits longer
-- is not looked at before. Of whom nothing may be told, it is held; of who was erased there is nothing to tell.
CREATE FUNCTION item_put(receiver text, about uuid, what text, changed timestamptz, number boolean, data json) RETURNS void
LANGUAGE plpgsql SET search_path = sync, hocvu, pg_catalog
AS $$
DECLARE
    allowed CONSTANT text := fate(about, what);
BEGIN
    IF allowed <> 'waiting' THEN
        INSERT INTO held (person_id, target, kind, changed_at, numbered, data)
        SELECT about, receiver, what, changed, number, data WHERE allowed = 'held';
        RETURN;
    END IF;
    INSERT INTO person_number (person_id) SELECT about WHERE number ON CONFLICT DO NOTHING;
    WITH new AS MATERIALIZED (
        SELECT nextval('item_sequence') AS sequence, uuid7() AS item_id
    ), made AS MATERIALIZED (
        SELECT new.*, json_strip_nulls(json_build_object(
                          'version', 1, 'item_id', item_id, 'sequence', sequence, 'kind', what, 'made_at', utc_text(now()),
                          'national_id', CASE WHEN number THEN '@national_id' END, 'data', data))::text AS body
          FROM new
    )
    INSERT INTO item (sequence, item_id, target, subject_id, kind, body, digest, made_at, changed_at, numbered, next_at)
    SELECT sequence, item_id, receiver, about, what, body, sha256(convert_to(body, 'UTF8')), now(), changed, number,
           coalesce((SELECT max(i.next_at) FROM item i
                      WHERE i.target = receiver AND i.subject_id = about AND i.state IN ('waiting', 'sending')),
                    CASE WHEN number AND (SELECT box IS NULL FROM person_number WHERE person_id = about) THEN 'infinity'
                         ELSE now() END)
      FROM made;
END
$$;

-- Takes back what waits about somebody who is restricted: it is held, and goes out as a new item when that ends.
CREATE FUNCTION person_hold(which uuid) RETURNS void
LANGUAGE sql SET search_path = sync, pg_catalog
AS $$
    WITH back AS (
        UPDATE item SET state = 'dropped', trouble = 'restricted', ended_at = now()
         WHERE subject_id = which AND state = 'waiting' AND fate(which, kind) <> 'waiting'
        RETURNING *
    )
    INSERT INTO held (person_id, target, kind, changed_at, numbered, data)
    SELECT subject_id, target, kind, changed_at, numbered, body::json -> 'data' FROM back
     WHERE fate(which, kind) = 'held' ORDER BY sequence
$$;

-- What was held becomes items, in its order. The time by law begins now: before, nothing was to be told.
CREATE FUNCTION person_release(which uuid) RETURNS void
LANGUAGE plpgsql SET search_path = sync, pg_catalog
AS $$
DECLARE
    one held;
BEGIN
    FOR one IN SELECT * FROM held WHERE person_id = which ORDER BY nr LOOP
        PERFORM item_put(one.target, one.person_id, one.kind, now(), one.numbered, one.data);
    END LOOP;
    DELETE FROM held WHERE person_id = which;
END
$$;

-- Somebody was erased: what waits is taken back; bodies, the number and what receivers said of them are emptied. Ids, times,
-- answers and the digest stay. An item that is just being sent has its body in memory and ends as ever.
CREATE FUNCTION person_forget(which uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = sync, pg_catalog, pg_temp
AS $$
DECLARE
    n bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM restriction WHERE person_id = which AND erased) THEN
        RETURN 0;
    END IF;
    DELETE FROM held WHERE person_id = which;
    DELETE FROM person_number WHERE person_id = which;
    UPDATE item_try t SET trouble = NULL FROM item i
     WHERE i.subject_id = which AND fate(which, i.kind) <> 'waiting' AND t.sequence = i.sequence AND t.trouble IS NOT NULL;
    UPDATE item
       SET body = json_build_object('version', 1, 'item_id', item_id, 'sequence', sequence, 'kind', kind,
                                    'made_at', utc_text(made_at), 'erased', true)::text,
           box = NULL, trouble = NULL,
           state = CASE state WHEN 'waiting' THEN 'dropped' ELSE state END,
           ended_at = CASE state WHEN 'waiting' THEN now() ELSE ended_at END
     WHERE subject_id = which AND fate(which, kind) <> 'waiting' AND body::json -> 'erased' IS NULL;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
REVOKE ALL ON FUNCTION person_forget(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION person_forget(uuid) TO hocvu_sync;

-- Removes what ended long ago, so many at a time.
CREATE FUNCTION items_forget(sent_before timestamptz, dead_before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = sync, pg_catalog
AS $$
    WITH old AS (
        SELECT sequence FROM item
         WHERE (state = 'sent' AND ended_at < sent_before) OR (state IN ('dead', 'dropped') AND ended_at < dead_before)
         ORDER BY ended_at LIMIT most
    ), gone AS (
        DELETE FROM item USING old WHERE item.sequence = old.sequence RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION items_forget(timestamptz, timestamptz, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION items_forget(timestamptz, timestamptz, integer) TO hocvu_sync;
GRANT USAGE ON SEQUENCE item_sequence TO hocvu_sync;
GRANT SELECT, INSERT ON item TO hocvu_sync;
GRANT UPDATE (state, since, tries, next_at, last_status, trouble, box, ended_at) ON item TO hocvu_sync;
GRANT SELECT, INSERT, DELETE ON held TO hocvu_sync;
GRANT SELECT, INSERT (person_id), UPDATE (box, brought_at) ON person_number TO hocvu_sync;
GRANT SELECT, INSERT, DELETE ON item_try TO hocvu_sync;
GRANT SELECT, INSERT, UPDATE ON target_state TO hocvu_sync;

COMMIT;
