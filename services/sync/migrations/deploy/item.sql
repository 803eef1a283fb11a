-- Deploy sync:item to pg
--
-- What goes out. An item is one call to one receiver; its body is text, made once and the same at every try. The service
-- may not change bodies, and forgets only what was sent or given up long ago.
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
    made_at     timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL, -- the time by law runs from here
    numbered    boolean NOT NULL, -- the body has a mark in the place of the personal number
    since       timestamptz NOT NULL DEFAULT now(), -- patience is counted from here: made, or tried again by hand
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'sent', 'dead')),
    tries       integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    last_status integer,
    trouble     text,
    box         bytea, -- of the number as it was first sent: it stays the same at every try
    ended_at    timestamptz,
    CHECK ((state IN ('sent', 'dead')) = (ended_at IS NOT NULL))
);
CREATE INDEX item_next ON item (target, next_at, sequence) WHERE state = 'waiting';
-- Who goes first among those about the same.
CREATE INDEX item_open ON item (target, subject_id, sequence) WHERE state IN ('waiting', 'sending');
CREATE INDEX item_sending ON item (sequence) WHERE state = 'sending';
CREATE INDEX item_unsent ON item (target, changed_at) WHERE state <> 'sent';
-- All that was told of somebody.
CREATE INDEX item_subject ON item (subject_id, sequence);
CREATE INDEX item_unnumbered ON item (subject_id) WHERE state = 'waiting' AND next_at = 'infinity';
CREATE INDEX item_ended ON item (ended_at) WHERE state IN ('sent', 'dead');

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

-- One more item, with its body. One that needs a number waits until it has been brought. An item behind one that waits longer is not looked at before.
CREATE FUNCTION item_put(receiver text, about uuid, what text, changed timestamptz, number boolean, data json) RETURNS void
LANGUAGE sql SET search_path = sync, hocvu, pg_catalog
AS $$
    INSERT INTO person_number (person_id) SELECT about WHERE number ON CONFLICT DO NOTHING;
    WITH new AS MATERIALIZED (
        SELECT nextval('item_sequence') AS sequence, uuid7() AS item_id
    )
    INSERT INTO item (sequence, item_id, target, subject_id, kind, body, made_at, changed_at, numbered, next_at)
    SELECT sequence, item_id, receiver, about, what,
           json_strip_nulls(json_build_object('version', 1, 'item_id', item_id, 'sequence', sequence, 'kind', what,
                                              'made_at', utc_text(now()),
                                              'national_id', CASE WHEN number THEN '@national_id' END, 'data', data))::text,
           now(), changed, number,
           coalesce((SELECT max(i.next_at) FROM item i
                      WHERE i.target = receiver AND i.subject_id = about AND i.state IN ('waiting', 'sending')),
                    CASE WHEN number AND (SELECT box IS NULL FROM person_number WHERE person_id = about) THEN 'infinity'
                         ELSE now() END)
      FROM new
$$;

-- Removes what ended long ago, so many at a time.
CREATE FUNCTION items_forget(sent_before timestamptz, dead_before timestamptz, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = sync, pg_catalog
AS $$
    WITH old AS (
        SELECT sequence FROM item
         WHERE (state = 'sent' AND ended_at < sent_before) OR (state = 'dead' AND ended_at < dead_before)
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
GRANT SELECT, INSERT (person_id), UPDATE (box, brought_at) ON person_number TO hocvu_sync;
GRANT SELECT, INSERT, DELETE ON item_try TO hocvu_sync;
GRANT SELECT, INSERT, UPDATE ON target_state TO hocvu_sync;

COMMIT;
