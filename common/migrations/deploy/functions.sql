-- Deploy hocvu:functions to pg
--
-- What every schema shares: time-ordered ids, Vietnam's date, and two functions that make the tables of the event
-- mechanism and of the organisation's copy in a service's schema, so that they are written once.

BEGIN;

CREATE SCHEMA hocvu;
GRANT USAGE ON SCHEMA hocvu TO PUBLIC;

-- UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits. Ids made by one statement share their millisecond.
CREATE FUNCTION hocvu.uuid7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
            52, 1), 53, 1), 'hex')::uuid
$$;

-- Without SET, so that the planner can write them into the statements that use them; all names are qualified instead.
CREATE FUNCTION hocvu.local_date(at timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT pg_catalog.timezone('Asia/Ho_Chi_Minh', at)::pg_catalog.date $$;

CREATE FUNCTION hocvu.today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT pg_catalog.timezone('Asia/Ho_Chi_Minh', pg_catalog.now())::pg_catalog.date $$;

-- Outbox, its number, and the cursors over other services' events.
CREATE FUNCTION hocvu.make_events(schema_name text, role_name text) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format($sql$
        CREATE TABLE %1$I.outbox (
            id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            seq     bigint UNIQUE,
            event   text NOT NULL,
            body    jsonb COMPRESSION lz4 NOT NULL,
            trace   text,
            made_at timestamptz NOT NULL DEFAULT now(),
            -- What is small enough even if all of it were written with escapes is not written out to be measured.
            CONSTRAINT outbox_body_size CHECK (pg_column_size(body) < 21000 OR octet_length(body::text) <= 131072)
        );
        CREATE INDEX outbox_fresh ON %1$I.outbox (id) WHERE seq IS NULL;
        CREATE TABLE %1$I.outbox_head (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            seq bigint NOT NULL
        );
        INSERT INTO %1$I.outbox_head (seq) VALUES (0);
        CREATE TABLE %1$I.follow_cursor (
            producer text PRIMARY KEY,
            seq      bigint NOT NULL,
            moved_at timestamptz NOT NULL DEFAULT now()
        );
        GRANT SELECT, INSERT ON %1$I.outbox TO %2$I;
        GRANT UPDATE (seq) ON %1$I.outbox TO %2$I;
        GRANT SELECT, UPDATE ON %1$I.outbox_head TO %2$I;
        GRANT SELECT, INSERT, UPDATE ON %1$I.follow_cursor TO %2$I;
    $sql$, schema_name, role_name);
END
$$;

-- The organisation as identity's events tell it: every version, and what holds today.
-- What stands in the place of an erased person's name.
CREATE FUNCTION hocvu.erased_name() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT '(đã xoá)' $$;

CREATE FUNCTION hocvu.make_org(schema_name text, role_name text) RETURNS void
LANGUAGE plpgsql
AS $make$
BEGIN
    EXECUTE format($sql$
        CREATE TABLE %1$I.unit_version (
            unit_id    uuid NOT NULL,
            valid_from date NOT NULL,
            valid_to   date,
            parent_id  uuid,
            code       text NOT NULL,
            kind       text NOT NULL,
            name       text NOT NULL,
            PRIMARY KEY (unit_id, valid_from)
        );
        CREATE TABLE %1$I.unit (
            unit_id   uuid PRIMARY KEY,
            parent_id uuid,
            code      text NOT NULL,
            kind      text NOT NULL,
            name      text NOT NULL,
            path      uuid[] NOT NULL
        );
        CREATE INDEX unit_parent ON %1$I.unit (parent_id);
        CREATE INDEX unit_path ON %1$I.unit USING gin (path);
        CREATE TABLE %1$I.tenure (
            tenure_id  uuid PRIMARY KEY,
            person_id  uuid NOT NULL,
            full_name  text NOT NULL,
            unit_id    uuid NOT NULL,
            position   text NOT NULL,
            leader     boolean NOT NULL,
            kind       text NOT NULL, -- principal, concurrent or secondment
            position_code text,
            valid_from date NOT NULL,
            valid_to   date
        );
        CREATE INDEX tenure_person ON %1$I.tenure (person_id, valid_from);
        CREATE TABLE %1$I.person (
            person_id uuid PRIMARY KEY,
            full_name text NOT NULL,
            unit_id   uuid NOT NULL,
            leader    boolean NOT NULL
        );
        CREATE INDEX person_unit ON %1$I.person (unit_id);
        -- Persons who were on record twice; same_as is never one of them.
        CREATE TABLE %1$I.alias (
            person_id uuid PRIMARY KEY,
            same_as   uuid NOT NULL CHECK (same_as <> person_id)
        );
        CREATE INDEX alias_same_as ON %1$I.alias (same_as);
        -- People whose data may be kept and not used otherwise; of who was erased that holds for ever.
        CREATE TABLE %1$I.restriction (
            person_id uuid PRIMARY KEY,
            erased    boolean NOT NULL DEFAULT false
        );
        CREATE TABLE %1$I.org_day (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            day date NOT NULL
        );
        INSERT INTO %1$I.org_day (day) VALUES (hocvu.today());
        GRANT SELECT, INSERT, UPDATE ON %1$I.unit_version, %1$I.tenure TO %2$I;
        GRANT SELECT, INSERT, UPDATE (same_as) ON %1$I.alias TO %2$I;
        GRANT SELECT, INSERT, UPDATE (erased), DELETE ON %1$I.restriction TO %2$I;
        GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.unit, %1$I.person TO %2$I;
        GRANT SELECT, UPDATE ON %1$I.org_day TO %2$I;

        CREATE FUNCTION %1$I.unit_as_of(day date)
        RETURNS TABLE (unit_id uuid, parent_id uuid, code text, kind text, name text, path uuid[])
        LANGUAGE sql STABLE SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            WITH RECURSIVE valid AS MATERIALIZED (
                SELECT v.* FROM unit_version v
                 WHERE v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day)
            ), tree AS (
                SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, ARRAY[v.unit_id] AS path
                  FROM valid v
                 WHERE v.parent_id IS NULL OR NOT EXISTS (SELECT FROM valid p WHERE p.unit_id = v.parent_id)
                UNION ALL
                SELECT v.unit_id, v.parent_id, v.code, v.kind, v.name, t.path || v.unit_id
                  FROM tree t JOIN valid v ON v.parent_id = t.unit_id
                 WHERE NOT v.unit_id = ANY (t.path)
            )
            SELECT * FROM tree
        $f$;

        CREATE FUNCTION %1$I.person_as_of(day date)
        RETURNS TABLE (person_id uuid, full_name text, unit_id uuid, leader boolean)
        LANGUAGE sql STABLE SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            SELECT DISTINCT ON (t.person_id) t.person_id, t.full_name, t.unit_id, t.leader FROM tenure t
             WHERE t.kind = 'principal' AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to > day)
             ORDER BY t.person_id, t.valid_from DESC, t.tenure_id
        $f$;

        -- Takes in that somebody is restricted, or is no more; true when that is news.
        CREATE FUNCTION %1$I.org_restrict(which uuid, restricted boolean) RETURNS boolean
        LANGUAGE plpgsql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
        BEGIN
            IF restricted THEN
                INSERT INTO restriction (person_id) VALUES (which) ON CONFLICT DO NOTHING;
            ELSE
                DELETE FROM restriction WHERE person_id = which AND NOT erased;
            END IF;
            RETURN FOUND;
        END
        $f$;

        -- Takes in that somebody was erased: the name goes, for good. True when that is news.
        CREATE FUNCTION %1$I.org_erase(which uuid) RETURNS boolean
        LANGUAGE plpgsql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
        DECLARE
            news boolean;
        BEGIN
            INSERT INTO restriction AS r (person_id, erased) VALUES (which, true)
            ON CONFLICT (person_id) DO UPDATE SET erased = true WHERE NOT r.erased;
            news := FOUND;
            UPDATE tenure SET full_name = erased_name() WHERE person_id = which AND full_name <> erased_name();
            UPDATE person SET full_name = erased_name() WHERE person_id = which AND full_name <> erased_name();
            RETURN news;
        END
        $f$;

        -- May somebody's data be shown to officers who browse? Without SET, as the two below.
        CREATE FUNCTION %1$I.is_restricted(which uuid) RETURNS boolean LANGUAGE sql STABLE AS $f$
            SELECT EXISTS (SELECT FROM %1$I.restriction r WHERE r.person_id = which)
        $f$;

        -- The person who counts: what is told of somebody who was on record twice is told of him or her.
        CREATE FUNCTION %1$I.same_as(which uuid) RETURNS uuid LANGUAGE sql STABLE AS $f$
            SELECT coalesce((SELECT a.same_as FROM %1$I.alias a WHERE a.person_id = which), which)
        $f$;

        -- A person as of today; who has left, as last known. Without SET, because all names are qualified: the planner writes
        -- these two into the statements that use them.
        CREATE FUNCTION %1$I.person_last_known(which uuid) RETURNS TABLE (full_name text, unit_id uuid)
        LANGUAGE sql STABLE ROWS 1 AS $f$
            SELECT full_name, unit_id FROM %1$I.tenure
             WHERE person_id = which AND kind = 'principal'
             ORDER BY valid_from <= hocvu.today() AND (valid_to IS NULL OR valid_to > hocvu.today()) DESC,
                      valid_from DESC, tenure_id
             LIMIT 1
        $f$;

        -- Path of a unit as of today; of one that has ended, as it last stood: what unit_as_of says, from the unit upward.
        CREATE FUNCTION %1$I.unit_path_last_known(which uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $f$
            SELECT coalesce((SELECT path FROM %1$I.unit WHERE unit_id = which), (
                WITH RECURSIVE last AS (
                    SELECT max(valid_to) - 1 AS day FROM %1$I.unit_version WHERE unit_id = which
                ), up AS (
                    SELECT v.parent_id, ARRAY[v.unit_id] AS path, l.day
                      FROM last l JOIN %1$I.unit_version v ON v.unit_id = which
                       AND v.valid_from <= l.day AND (v.valid_to IS NULL OR v.valid_to > l.day)
                    UNION ALL
                    SELECT v.parent_id, v.unit_id || up.path, up.day
                      FROM up JOIN %1$I.unit_version v ON v.unit_id = up.parent_id
                       AND v.valid_from <= up.day AND (v.valid_to IS NULL OR v.valid_to > up.day)
                     WHERE NOT v.unit_id = ANY (up.path)
                )
                SELECT path FROM up ORDER BY cardinality(path) DESC LIMIT 1))
        $f$;

        -- One unit as of today; when its place changed, the paths of all below it too.
        CREATE FUNCTION %1$I.org_refresh_unit(which uuid) RETURNS void
        LANGUAGE plpgsql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
        DECLARE
            v unit_version;
            above uuid[];
            old_path uuid[];
            new_path uuid[];
            below_id uuid;
        BEGIN
            SELECT * INTO v FROM unit_version u
             WHERE u.unit_id = which AND u.valid_from <= today() AND (u.valid_to IS NULL OR u.valid_to > today())
             ORDER BY u.valid_from DESC LIMIT 1;
            SELECT path INTO old_path FROM unit WHERE unit_id = which;
            IF v.unit_id IS NULL THEN
                DELETE FROM unit WHERE unit_id = which;
                -- What still hangs on it stands at the top until it is moved, as unit_as_of says too.
                FOR below_id IN SELECT u.unit_id FROM unit u WHERE u.parent_id = which LOOP
                    PERFORM org_refresh_unit(below_id);
                END LOOP;
                RETURN;
            END IF;
            SELECT path INTO above FROM unit WHERE unit_id = v.parent_id;
            new_path := coalesce(above, '{}') || which;
            INSERT INTO unit (unit_id, parent_id, code, kind, name, path)
            VALUES (which, v.parent_id, v.code, v.kind, v.name, new_path)
            ON CONFLICT (unit_id) DO UPDATE
               SET parent_id = excluded.parent_id, code = excluded.code, kind = excluded.kind, name = excluded.name,
                   path = excluded.path;
            IF old_path IS DISTINCT FROM new_path THEN
                WITH RECURSIVE below AS (
                    SELECT u.unit_id, new_path || u.unit_id AS path FROM unit u
                     WHERE u.parent_id = which AND NOT u.unit_id = ANY (new_path)
                    UNION ALL
                    SELECT u.unit_id, b.path || u.unit_id FROM below b JOIN unit u ON u.parent_id = b.unit_id
                     WHERE NOT u.unit_id = ANY (b.path)
                )
                UPDATE unit SET path = below.path FROM below
                 WHERE unit.unit_id = below.unit_id AND unit.path IS DISTINCT FROM below.path;
            END IF;
        END
        $f$;

        -- People as of today, as one set: on the first of a month many tenures begin at once.
        CREATE FUNCTION %1$I.org_refresh_people(which uuid[]) RETURNS void
        LANGUAGE sql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            WITH due AS MATERIALIZED (
                SELECT DISTINCT person_id FROM unnest(which) AS d (person_id)
            ), current AS MATERIALIZED (
                SELECT DISTINCT ON (t.person_id) t.person_id, t.full_name, t.unit_id, t.leader
                  FROM due JOIN tenure t USING (person_id)
                 WHERE t.kind = 'principal' AND t.valid_from <= today() AND (t.valid_to IS NULL OR t.valid_to > today())
                 ORDER BY t.person_id, t.valid_from DESC, t.tenure_id
            ), gone AS (
                DELETE FROM person p USING due
                 WHERE p.person_id = due.person_id AND NOT EXISTS (SELECT FROM current c WHERE c.person_id = p.person_id)
            )
            INSERT INTO person AS p (person_id, full_name, unit_id, leader) SELECT * FROM current ORDER BY person_id
            ON CONFLICT (person_id) DO UPDATE
               SET full_name = excluded.full_name, unit_id = excluded.unit_id, leader = excluded.leader
             WHERE (p.full_name, p.unit_id, p.leader) IS DISTINCT FROM (excluded.full_name, excluded.unit_id, excluded.leader)
        $f$;

        -- Whatever begins or ends between the last look and today.
        CREATE FUNCTION %1$I.org_refresh_due() RETURNS void
        LANGUAGE plpgsql SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
        DECLARE
            seen date;
            which uuid;
        BEGIN
            SELECT day INTO seen FROM org_day FOR UPDATE;
            IF seen >= today() THEN
                RETURN;
            END IF;
            FOR which IN SELECT DISTINCT u.unit_id FROM unit_version u
                          WHERE (u.valid_from > seen AND u.valid_from <= today())
                             OR (u.valid_to > seen AND u.valid_to <= today())
            LOOP
                PERFORM org_refresh_unit(which);
            END LOOP;
            PERFORM org_refresh_people(ARRAY(SELECT t.person_id FROM tenure t
                                              WHERE (t.valid_from > seen AND t.valid_from <= today())
                                                 OR (t.valid_to > seen AND t.valid_to <= today())));
            UPDATE org_day SET day = today();
        END
        $f$;
    $sql$, schema_name, role_name);
END
$make$;

REVOKE ALL ON FUNCTION hocvu.make_org(text, text), hocvu.make_events(text, text) FROM PUBLIC;

COMMIT;
