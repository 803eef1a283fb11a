-- Deploy hocvu:calendar to pg
--
-- hocvu.make_calendar(schema, role): working days as Vietnamese law counts them. Saturdays and Sundays are free unless a
-- row says that the day is worked in exchange; other days are worked unless a row says that they are free.

BEGIN;

CREATE FUNCTION hocvu.make_calendar(schema_name text, role_name text) RETURNS void
LANGUAGE plpgsql
AS $make$
BEGIN
    EXECUTE format($sql$
        CREATE TABLE %1$I.holiday (
            day   date PRIMARY KEY,
            name  text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 120),
            works boolean NOT NULL -- true: worked in exchange for another day
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON %1$I.holiday TO %2$I;

        CREATE FUNCTION %1$I.is_working(which date) RETURNS boolean
        LANGUAGE sql STABLE SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
            SELECT coalesce((SELECT works FROM holiday WHERE day = which), extract(isodow FROM which) < 6)
        $f$;

        -- The end (midnight in Vietnam) of the nth working day after the day of `at`, which does not count itself.
        CREATE FUNCTION %1$I.working_days_after(at timestamptz, n integer) RETURNS timestamptz
        LANGUAGE plpgsql STABLE STRICT SET search_path = %1$I, hocvu, pg_catalog
        AS $f$
        DECLARE
            day date := local_date(at);
            left_over integer := n;
        BEGIN
            IF n NOT BETWEEN 0 AND 1000 THEN
                RAISE 'from 0 to 1000 working days can be counted, not %%', n USING ERRCODE = '22023';
            END IF;
            WHILE left_over > 0 LOOP
                day := day + 1;
                IF is_working(day) THEN
                    left_over := left_over - 1;
                END IF;
            END LOOP;
            RETURN (day + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh';
        END
        $f$;
    $sql$, schema_name, role_name);
END
$make$;

REVOKE ALL ON FUNCTION hocvu.make_calendar(text, text) FROM PUBLIC;

COMMIT;
