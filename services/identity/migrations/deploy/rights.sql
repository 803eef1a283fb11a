-- Deploy identity:rights to pg
--
-- Rights are handed down a tree: a grant is made out of a grant of whoever gives it, its parent, and reaches no further
-- than that one does. The tree of grants hangs on the root grant of the first operator.
BEGIN;

SET LOCAL search_path = identity, hocvu;

-- A role for a unit and everything below it, from a day and perhaps until one. Never deleted: taken away by revoked_at.
-- `bit` is the role's in roles.def, `gives` the bits of the roles that may be handed on.
CREATE TABLE role_grant (
    grant_id        uuid PRIMARY KEY DEFAULT hocvu.uuid7(),
    parent_grant_id uuid REFERENCES role_grant CHECK (parent_grant_id <> grant_id), -- null: the root
    person_id       uuid NOT NULL REFERENCES person,
    role            text NOT NULL,
    bit             integer NOT NULL CHECK (bit > 1 AND bit & (bit - 1) = 0),
    gives           integer NOT NULL DEFAULT 0 CHECK (gives >= 0 AND gives & 1 = 0),
    unit_id         uuid NOT NULL REFERENCES unit,
    valid_from      date NOT NULL DEFAULT hocvu.today(),
    valid_to        date CHECK (valid_to >= valid_from), -- day after the last; null: until it is taken away
    granted_by      uuid, -- person; null: made when the installation was empty
    granted_at      timestamptz NOT NULL DEFAULT now(),
    reason          text NOT NULL,
    revoked_at      timestamptz,
    revoked_by      uuid,
    revoke_reason   text,
    revoked_with    uuid REFERENCES role_grant, -- the grant that was taken away and took this one along
    CHECK ((revoked_at IS NULL) = (revoke_reason IS NULL))
);
CREATE INDEX role_grant_person ON role_grant (person_id) WHERE revoked_at IS NULL;
CREATE INDEX role_grant_parent ON role_grant (parent_grant_id);
CREATE INDEX role_grant_unit ON role_grant (unit_id) WHERE revoked_at IS NULL;
CREATE INDEX role_grant_role ON role_grant (role) WHERE revoked_at IS NULL;

-- Whose access tokens of before this moment say what no longer holds.
CREATE TABLE stale_token (
    person_id uuid NOT NULL REFERENCES person,
    at        timestamptz NOT NULL DEFAULT now(),
    reason    text NOT NULL
);
CREATE INDEX stale_token_at ON stale_token (at);
CREATE INDEX stale_token_person ON stale_token (person_id, at);

-- Does `unit` lie in the subtree of `top` on this day? Today's tree is at hand; another day's is walked upwards.
CREATE FUNCTION unit_within(unit uuid, top uuid, day date) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    at uuid := unit;
BEGIN
    IF day = hocvu.today() THEN
        RETURN EXISTS (SELECT FROM identity.unit_now u WHERE u.unit_id = unit AND u.path @> ARRAY[top]);
    END IF;
    FOR depth IN 1 .. 16 LOOP
        SELECT v.parent_id INTO at FROM identity.unit_version v
        WHERE v.unit_id = at AND v.valid_from <= day AND (v.valid_to IS NULL OR v.valid_to > day);
        IF NOT FOUND THEN
            RETURN false;
        ELSIF unit = top OR at = top THEN
            RETURN true;
        ELSIF at IS NULL THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN false;
END $$;

-- The grants from one up to the root, each with what is wrong with it on that day; null: nothing. A right holds when
-- every step of its chain does. Who hands a right on need not be in office any more, but his or her grant must be alive.
CREATE FUNCTION grant_chain(wanted uuid, day date)
RETURNS TABLE (step integer, grant_id uuid, person_id uuid, role text, role_bit integer, gives integer, unit_id uuid,
               valid_from date, valid_to date, why text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    g identity.role_grant;
    above identity.role_grant;
BEGIN
    SELECT * INTO g FROM identity.role_grant r WHERE r.grant_id = wanted;
    step := 0;
    WHILE g.grant_id IS NOT NULL AND step < 16 LOOP
        above := NULL;
        IF g.parent_grant_id IS NOT NULL THEN
            SELECT * INTO above FROM identity.role_grant r WHERE r.grant_id = g.parent_grant_id;
        END IF;
        grant_id := g.grant_id; person_id := g.person_id; role := g.role; role_bit := g.bit; gives := g.gives;
        unit_id := g.unit_id; valid_from := g.valid_from; valid_to := g.valid_to;
        why := CASE
            WHEN g.revoked_at IS NOT NULL AND hocvu.local_date(g.revoked_at) <= day THEN 'revoked'
            WHEN g.valid_from > day THEN 'not_begun'
            WHEN g.valid_to <= day THEN 'over'
            WHEN NOT identity.unit_within(g.unit_id, g.unit_id, day) THEN 'no_unit'
            WHEN above.grant_id IS NOT NULL AND NOT identity.unit_within(g.unit_id, above.unit_id, day) THEN 'outside'
            WHEN above.grant_id IS NOT NULL AND ((g.bit | g.gives) & ~above.gives) <> 0 THEN 'more'
        END;
        RETURN NEXT;
        step := step + 1;
        g := above;
    END LOOP;
END $$;

-- What a person may do today: roles by unit, with the first day on which some of it is over. A grant counts when its whole
-- chain up to the root does, and while the person has a tenure. The tenure comes first, because a token holds 32 units.
-- `learner_bit` is of everyone who has a tenure, `nation_bit` says that the unit is the whole nation. One SELECT, so that
-- the planner can put it into what asks.
CREATE FUNCTION rights_held(whose uuid, learner_bit bigint, nation_bit bigint)
RETURNS TABLE (unit_id uuid, ends date, roles bigint) LANGUAGE sql STABLE AS $$
    SELECT held.unit_id, min(held.ends), (bit_or(held.bit)
        | max(CASE WHEN u.unit_id IS NOT NULL AND u.parent_id IS NULL THEN nation_bit ELSE 0 END))::bigint
    FROM (
        SELECT t.unit_id, learner_bit AS bit, 0 AS rank, t.valid_to AS ends FROM identity.tenure t
        WHERE t.person_id = whose AND t.valid_from <= hocvu.today() AND (t.valid_to IS NULL OR t.valid_to > hocvu.today())
        UNION ALL
        SELECT g.unit_id, g.bit, 1, chain.ends
        FROM identity.role_grant g
        CROSS JOIN LATERAL (
            SELECT bool_and(c.why IS NULL) AS holds, min(c.valid_to) AS ends
            FROM identity.grant_chain(g.grant_id, hocvu.today()) c) chain
        WHERE g.person_id = whose AND g.revoked_at IS NULL AND chain.holds AND EXISTS (
            SELECT FROM identity.tenure t WHERE t.person_id = whose AND t.valid_from <= hocvu.today()
                AND (t.valid_to IS NULL OR t.valid_to > hocvu.today()))
    ) held
    LEFT JOIN LATERAL (SELECT n.unit_id, n.parent_id FROM identity.unit_now n WHERE n.unit_id = held.unit_id LIMIT 1) u ON true
    GROUP BY held.unit_id
    ORDER BY min(held.rank), held.unit_id
    LIMIT 32;
$$;

-- May this grant be made out of `parent` by its holder, now? Null, or what goes beyond the parent: 'FORBIDDEN:field'.
-- Everything that hands a right on asks here.
CREATE FUNCTION grant_fits(parent uuid, new_bit integer, new_gives integer, new_unit uuid, new_from date, new_to date)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    p identity.role_grant;
BEGIN
    SELECT * INTO p FROM identity.role_grant r WHERE r.grant_id = parent;
    RETURN CASE
        WHEN p.grant_id IS NULL OR EXISTS (SELECT FROM identity.grant_chain(parent, hocvu.today()) c
            WHERE c.why IS NOT NULL) THEN 'FORBIDDEN:role'
        WHEN NOT identity.unit_within(new_unit, p.unit_id, hocvu.today()) THEN 'FORBIDDEN:unit_id'
        WHEN p.gives & new_bit = 0 THEN 'FORBIDDEN:role'
        WHEN new_gives & ~p.gives <> 0 THEN 'FORBIDDEN:gives'
        WHEN new_from < p.valid_from THEN 'FORBIDDEN:valid_from'
        WHEN p.valid_to IS NOT NULL AND (new_to IS NULL OR new_to > p.valid_to OR new_from >= p.valid_to)
            THEN 'FORBIDDEN:valid_to'
        WHEN (SELECT count(*) FROM identity.grant_chain(parent, hocvu.today())) >= 8 THEN 'STATE:role'
    END;
END $$;

-- Out of which grant of `giver` this one is best made: that which lasts longest. When none will do, what is wrong with
-- the one that came closest. An end that is not said is the parent's own; `gives` that is not said is what is usual for
-- the role, as far as the parent gives it.
CREATE FUNCTION grant_parent(giver uuid, new_bit integer, new_gives integer, usual integer, new_unit uuid, new_from date,
                             new_to date)
RETURNS TABLE (parent_id uuid, gives integer, valid_to date, fault text) LANGUAGE sql STABLE AS $$
    SELECT p.grant_id, coalesce(new_gives, usual & p.gives), coalesce(new_to, p.valid_to), f.fault
    FROM identity.role_grant p
    CROSS JOIN LATERAL (SELECT identity.grant_fits(p.grant_id, new_bit, coalesce(new_gives, usual & p.gives), new_unit,
        new_from, coalesce(new_to, p.valid_to)) AS fault) f
    WHERE p.person_id = giver AND p.revoked_at IS NULL
    ORDER BY array_position(ARRAY['STATE:role', 'FORBIDDEN:valid_to', 'FORBIDDEN:valid_from', 'FORBIDDEN:gives',
        'FORBIDDEN:role', 'FORBIDDEN:unit_id'], f.fault) NULLS FIRST, p.valid_to DESC NULLS FIRST, p.grant_id
    LIMIT 1;
$$;

-- A grant and all that was made out of it.
CREATE FUNCTION grants_below(top uuid) RETURNS TABLE (grant_id uuid) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE below AS (
        SELECT top AS grant_id
        UNION
        SELECT r.grant_id FROM below b JOIN identity.role_grant r ON r.parent_grant_id = b.grant_id
    )
    SELECT b.grant_id FROM below b;
$$;

-- Roles that nobody may have beside these, over the same unit or one within the other: CONFLICT of roles.def.
CREATE FUNCTION duties_against(bits integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(bit_or(c.b), 0)
    FROM (VALUES (4, 8), (8, 4), (16, 256), (256, 16)) AS c (a, b) WHERE c.a & bits <> 0;
$$;

-- A grant that its holder has, or will have, and that excludes the one which is to be given; null: none. A grant counts
-- until it is taken away or over, whether or not what it hangs on still holds.
CREATE FUNCTION duty_clash(holder uuid, new_bit integer, new_unit uuid, new_from date, new_to date) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT g.grant_id FROM identity.role_grant g
    WHERE g.person_id = holder AND g.revoked_at IS NULL AND g.bit & identity.duties_against(new_bit) <> 0
        AND daterange(g.valid_from, g.valid_to) && daterange(new_from, new_to)
        AND (identity.unit_within(g.unit_id, new_unit, hocvu.today())
             OR identity.unit_within(new_unit, g.unit_id, hocvu.today()))
    LIMIT 1;
$$;

-- Whatever writes a grant, or makes it another person's: nobody ends up with duties that exclude each other. One after
-- the other, so that of two who write at once the second sees the first.
CREATE FUNCTION duties_apart() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF identity.duties_against(NEW.bit) <> 0 AND NEW.revoked_at IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('identity.grants'));
        IF identity.duty_clash(NEW.person_id, NEW.bit, NEW.unit_id, NEW.valid_from, NEW.valid_to) IS NOT NULL THEN
            RAISE EXCEPTION 'DUTIES:role';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER duties_apart AFTER INSERT OR UPDATE OF person_id ON role_grant
    FOR EACH ROW EXECUTE FUNCTION duties_apart();

GRANT SELECT, INSERT ON role_grant TO hocvu_identity;
GRANT UPDATE (parent_grant_id, valid_to, revoked_at, revoked_by, revoke_reason, revoked_with) ON role_grant
    TO hocvu_identity;
GRANT SELECT, INSERT, DELETE ON stale_token TO hocvu_identity;

COMMIT;
