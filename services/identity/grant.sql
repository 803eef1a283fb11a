-- Grants: handed on, taken away with what hangs on them, and what they come to in a token.

-- grants_lock()
-- Whoever changes grants is alone until the commit; what is looked at after this is the newest.
SELECT pg_advisory_xact_lock(hashtext('identity.grants'));

-- role_give(grant_step) accepted
-- Made out of one of the caller's own grants. A token holds 32 units, one of them the tenure's.
WITH wanted AS (
    SELECT :bit::integer AS bit, coalesce(:valid_from, today()) AS valid_from
), known AS (
    SELECT granted_by = :ctx_subject AND person_id = :person_id AND role = :role AND unit_id = :unit_id
        AND reason = :reason AND valid_from = coalesce(:valid_from, valid_from)
        AND (:valid_to IS NULL OR valid_to = :valid_to) AND gives = coalesce(:gives, gives) AS same
    FROM role_grant WHERE grant_id = :grant_id
), target AS (
    SELECT unit_id FROM unit_now WHERE unit_id = :unit_id AND path && :ctx_scope
), holder AS (
    SELECT person_id FROM person WHERE person_id = :person_id AND merged_into IS NULL
), parent AS (
    SELECT p.* FROM wanted w, grant_parent(:ctx_subject, w.bit, :gives::integer, :usual::integer, :unit_id, w.valid_from,
        :valid_to) p
), alive AS (
    SELECT unit_id, role, parent_grant_id, daterange(valid_from, valid_to) AS days FROM role_grant
    WHERE person_id = :person_id AND revoked_at IS NULL AND (valid_to IS NULL OR valid_to > today())
), verdict AS (
    SELECT CASE
        WHEN EXISTS (SELECT FROM known WHERE NOT coalesce(same, false)) THEN 'CONFLICT:grant_id'
        WHEN EXISTS (SELECT FROM known) THEN NULL
        WHEN NOT EXISTS (SELECT FROM target) THEN 'FORBIDDEN:unit_id'
        WHEN NOT EXISTS (SELECT FROM holder) THEN 'NOT_FOUND:person_id'
        WHEN w.valid_from < today() THEN 'INVALID:valid_from'
        WHEN :valid_to <= w.valid_from THEN 'INVALID:valid_to'
        WHEN NOT EXISTS (SELECT FROM parent) THEN 'FORBIDDEN:role'
        WHEN (SELECT fault FROM parent) IS NOT NULL THEN (SELECT fault FROM parent)
        WHEN EXISTS (SELECT FROM alive a, parent p WHERE a.unit_id = :unit_id AND a.role = :role
            AND a.parent_grant_id = p.parent_id AND a.days && daterange(w.valid_from, p.valid_to)) THEN 'STATE:role'
        WHEN (SELECT count(DISTINCT unit_id) FROM alive WHERE unit_id <> :unit_id) >= 31 THEN 'STATE:unit_id'
        WHEN duty_clash(:person_id, w.bit, :unit_id, w.valid_from, (SELECT valid_to FROM parent)) IS NOT NULL
            THEN 'DUTIES:role'
    END AS fault
    FROM wanted w
), put AS (
    INSERT INTO role_grant (grant_id, parent_grant_id, person_id, role, bit, gives, unit_id, valid_from, valid_to,
        granted_by, reason)
    SELECT :grant_id, p.parent_id, :person_id, :role, w.bit, p.gives, :unit_id, w.valid_from, p.valid_to, :ctx_subject,
        :reason
    FROM wanted w, parent p, verdict v
    WHERE v.fault IS NULL AND NOT EXISTS (SELECT FROM known)
    RETURNING *
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_strip_nulls(jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true, 'grant_id', grant_id, 'valid_from', valid_from, 'valid_to', valid_to, 'gives', gives)), :ctx_trace
    FROM put
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'role_granted', :ctx_subject, person_id, jsonb_strip_nulls(jsonb_build_object('grant', grant_id, 'role', role,
        'unit', unit_id, 'parent', parent_grant_id, 'gives', gives, 'from', valid_from, 'to', valid_to,
        'reason', reason)), :ctx_trace
    FROM put
)
SELECT true AS ok, fault FROM verdict;

-- role_take(role_revocation) roles_revoked
-- Whoever could give a grant may take it away, unless his own hangs on it, and so may everybody it was handed down from.
-- What hangs on it goes with it. The root is handed over instead: another operator of the whole nation takes its place,
-- and what hung on it hangs on his or her grant; the last one stays. Whoever loses something needs a new token.
WITH named AS (
    SELECT * FROM role_grant
    WHERE CASE WHEN :grant_id IS NOT NULL THEN grant_id = :grant_id
        ELSE person_id = :person_id AND role = :role AND unit_id = :unit_id END
), mine AS MATERIALIZED (
    SELECT m.grant_id, m.unit_id, m.gives FROM role_grant m
    WHERE m.person_id = :ctx_subject AND m.revoked_at IS NULL
        AND NOT EXISTS (SELECT FROM grant_chain(m.grant_id, today()) c WHERE c.why IS NOT NULL)
), reached AS MATERIALIZED (
    SELECT n.* FROM named n
    WHERE EXISTS (SELECT FROM mine m WHERE m.gives & n.bit <> 0 AND n.gives & ~m.gives = 0
            AND unit_within(n.unit_id, m.unit_id, today())
            AND (n.parent_grant_id IS NULL OR m.grant_id = n.grant_id
                 OR m.grant_id NOT IN (SELECT b.grant_id FROM grants_below(n.grant_id) b)))
        OR EXISTS (SELECT FROM mine m, grants_below(m.grant_id) b
                   WHERE b.grant_id = n.grant_id AND m.grant_id <> n.grant_id)
), chosen AS MATERIALIZED (
    SELECT * FROM reached WHERE revoked_at IS NULL
), root AS MATERIALIZED (
    SELECT * FROM chosen WHERE parent_grant_id IS NULL
), heir AS MATERIALIZED (
    SELECT h.grant_id FROM role_grant h, root r
    WHERE h.role = r.role AND h.unit_id = r.unit_id AND h.gives & r.gives = r.gives AND h.revoked_at IS NULL
        AND h.person_id <> r.person_id AND h.valid_to IS NULL AND h.valid_from <= today()
        AND h.grant_id NOT IN (SELECT grant_id FROM chosen)
        AND NOT EXISTS (SELECT FROM grant_chain(h.grant_id, today()) c WHERE c.why IS NOT NULL)
    ORDER BY h.granted_at, h.grant_id LIMIT 1
), verdict AS (
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM named) THEN 'NOT_FOUND:grant_id'
        WHEN NOT EXISTS (SELECT FROM reached) THEN 'FORBIDDEN:role'
        WHEN EXISTS (SELECT FROM root) AND NOT EXISTS (SELECT FROM heir) THEN 'STATE:role'
    END AS fault
), doomed AS MATERIALIZED (
    SELECT DISTINCT ON (b.grant_id) b.grant_id, c.grant_id AS top
    FROM verdict v, chosen c, grants_below(c.grant_id) b
    WHERE v.fault IS NULL AND (c.parent_grant_id IS NOT NULL OR b.grant_id = c.grant_id)
    ORDER BY b.grant_id, b.grant_id <> c.grant_id
), taken AS (
    UPDATE role_grant g SET revoked_at = now(), revoked_by = :ctx_subject, revoke_reason = :reason,
        revoked_with = nullif(d.top, g.grant_id)
    FROM doomed d WHERE g.grant_id = d.grant_id AND g.revoked_at IS NULL
    RETURNING g.*
), rehung AS (
    UPDATE role_grant g SET parent_grant_id = CASE WHEN g.grant_id = h.grant_id THEN NULL ELSE h.grant_id END
    FROM heir h, verdict v
    WHERE v.fault IS NULL AND (g.grant_id = h.grant_id OR g.parent_grant_id IN (SELECT grant_id FROM root))
        AND g.grant_id NOT IN (SELECT grant_id FROM doomed)
    RETURNING g.grant_id
), stale AS (
    INSERT INTO stale_token (person_id, reason) SELECT DISTINCT person_id, 'role_taken' FROM taken
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_strip_nulls(jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', false, 'grant_id', grant_id, 'valid_from', valid_from, 'valid_to', valid_to, 'gives', gives)), :ctx_trace
    FROM taken ORDER BY grant_id
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'role_taken', :ctx_subject, t.person_id, jsonb_strip_nulls(jsonb_build_object('grant', t.grant_id,
        'role', t.role, 'unit', t.unit_id, 'reason', t.revoke_reason,
        'with', (SELECT jsonb_agg(w.grant_id ORDER BY w.grant_id) FROM taken w WHERE w.revoked_with = t.grant_id),
        'heir', CASE WHEN t.parent_grant_id IS NULL THEN (SELECT grant_id FROM heir) END)), :ctx_trace
    FROM taken t WHERE t.revoked_with IS NULL
)
SELECT CASE WHEN EXISTS (SELECT FROM chosen) THEN (SELECT count(*) FROM taken)
    ELSE (SELECT count(*) FROM role_grant g WHERE g.revoked_at IS NOT NULL
          AND (g.grant_id IN (SELECT grant_id FROM reached) OR g.revoked_with IN (SELECT grant_id FROM reached)))
    END AS revoked, fault
FROM verdict;

-- grants_judge(role_step) place BULK
-- Which rows ask for roles that the giver cannot give, or that one person may not have together; nothing is written. All
-- roles of a row must be here.
WITH row AS MATERIALIZED (
    SELECT person_id, bit::integer, unit_id, place, usual::integer, coalesce(giver, :ctx_subject) AS giver
    FROM unnest(:person_id, :bit, :unit_id, :place, :usual, :giver) AS r (person_id, bit, unit_id, place, usual, giver)
), judged AS MATERIALIZED (
    SELECT k.*, p.parent_id, p.fault
    FROM (SELECT DISTINCT giver, bit, usual, unit_id FROM row) k
    LEFT JOIN LATERAL grant_parent(k.giver, k.bit, NULL, k.usual, k.unit_id, today(), NULL) p ON true
)
SELECT place, why FROM (
    SELECT row.place, CASE
        WHEN j.parent_id IS NULL THEN 'FORBIDDEN:role'
        WHEN j.fault IS NOT NULL THEN j.fault
        WHEN duties_against(row.bit) <> 0 AND duty_clash(row.person_id, row.bit, row.unit_id, today(), NULL) IS NOT NULL
            THEN 'DUTIES:role'
        WHEN duties_against(row.bit) <> 0 AND EXISTS (SELECT FROM row o
            WHERE o.place = row.place AND o.bit & duties_against(row.bit) <> 0
            AND (unit_within(o.unit_id, row.unit_id, today()) OR unit_within(row.unit_id, o.unit_id, today())))
            THEN 'DUTIES:role'
        -- One more unit than a token has room for.
        WHEN (SELECT count(DISTINCT u.unit_id) > 31 AND NOT bool_or(u.had AND u.unit_id = row.unit_id) FROM (
                SELECT g.unit_id, true AS had FROM role_grant g
                WHERE g.person_id = row.person_id AND g.revoked_at IS NULL AND (g.valid_to IS NULL OR g.valid_to > today())
                UNION ALL
                SELECT t.unit_id, true FROM tenure t
                WHERE t.person_id = row.person_id AND (t.valid_to IS NULL OR t.valid_to > today())
                UNION ALL
                SELECT o.unit_id, false FROM row o WHERE o.place = row.place) u) THEN 'LIMIT:role'
        END AS why
    FROM row JOIN judged j USING (giver, bit, usual, unit_id)) v
WHERE why IS NOT NULL
ORDER BY place;

-- grants_put(role_step) place BULK
-- Roles that are not held yet, each out of a grant of the giver's and told; the result names the rows they came from,
-- with a reason where the giver cannot give it.
WITH row AS MATERIALIZED (
    SELECT person_id, role, bit::integer, unit_id, reason, place, usual::integer, coalesce(giver, :ctx_subject) AS giver
    FROM unnest(:person_id, :role, :bit, :unit_id, :reason, :place, :usual, :giver)
        AS r (person_id, role, bit, unit_id, reason, place, usual, giver)
), judged AS MATERIALIZED (
    SELECT k.*, p.parent_id, p.gives, p.valid_to,
        CASE WHEN p.parent_id IS NULL THEN 'FORBIDDEN:role' ELSE p.fault END AS why
    FROM (SELECT DISTINCT giver, bit, usual, unit_id FROM row) k
    LEFT JOIN LATERAL grant_parent(k.giver, k.bit, NULL, k.usual, k.unit_id, today(), NULL) p ON true
), fresh AS (
    SELECT DISTINCT ON (r.person_id, r.bit, r.unit_id) r.*, j.parent_id, j.gives, j.valid_to, j.why
    FROM row r JOIN judged j USING (giver, bit, usual, unit_id)
    WHERE NOT EXISTS (SELECT FROM role_grant g WHERE g.person_id = r.person_id AND g.bit = r.bit AND g.unit_id = r.unit_id
        AND g.revoked_at IS NULL AND g.valid_from <= today() AND (g.valid_to IS NULL OR g.valid_to > today()))
    ORDER BY r.person_id, r.bit, r.unit_id, r.place
), put AS (
    INSERT INTO role_grant (parent_grant_id, person_id, role, bit, gives, unit_id, valid_to, granted_by, reason)
    SELECT parent_id, person_id, role, bit, gives, unit_id, valid_to, giver, reason FROM fresh WHERE why IS NULL
    RETURNING *
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_strip_nulls(jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true, 'grant_id', grant_id, 'valid_from', valid_from, 'valid_to', valid_to, 'gives', gives)), :ctx_trace
    FROM put
), noted AS (
    INSERT INTO audit (action, actor, detail, trace)
    SELECT 'roles_granted', granted_by, jsonb_build_object('grants', jsonb_agg(jsonb_build_object(
        'person', person_id, 'role', role, 'unit', unit_id, 'grant', grant_id))), :ctx_trace
    FROM put GROUP BY granted_by
)
SELECT place, why FROM fresh;

-- root_put(role_step)
-- The root of a tree of grants, made out of nobody's.
WITH put AS (
    INSERT INTO role_grant (person_id, role, bit, gives, unit_id, reason)
    VALUES (:person_id, :role, :bit::integer, :usual::integer, :unit_id, :reason)
    RETURNING *
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true, 'grant_id', grant_id, 'valid_from', valid_from, 'gives', gives), :ctx_trace
    FROM put
)
INSERT INTO audit (action, actor, subject, detail, trace)
SELECT 'roles_granted', :ctx_subject, person_id, jsonb_build_object('grants', jsonb_build_array(jsonb_build_object(
    'person', person_id, 'role', role, 'unit', unit_id, 'grant', grant_id))), :ctx_trace
FROM put;

-- grants_end(leaver) BULK
-- Somebody leaves: what he or she holds is over on that day, and what was handed on out of it. The root lasts, because the
-- nation's grants hang on it, but gives nothing to whoever has no tenure.
WITH gone AS (
    SELECT b.grant_id, min(r.day) AS day
    FROM unnest(:person_id, :day) AS r (person_id, day)
    JOIN role_grant g ON g.person_id = r.person_id AND g.revoked_at IS NULL AND g.parent_grant_id IS NOT NULL
    CROSS JOIN LATERAL grants_below(g.grant_id) b
    GROUP BY b.grant_id
), cut AS (
    UPDATE role_grant g SET valid_to = greatest(g.valid_from, gone.day)
    FROM gone
    WHERE g.grant_id = gone.grant_id AND g.revoked_at IS NULL
        AND (g.valid_to IS NULL OR g.valid_to > greatest(g.valid_from, gone.day))
    RETURNING g.*
), stale AS (
    INSERT INTO stale_token (person_id, reason) SELECT DISTINCT person_id, 'left' FROM cut WHERE valid_to <= today()
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', valid_to > today(), 'grant_id', grant_id, 'valid_from', valid_from, 'valid_to', valid_to, 'gives', gives),
        :ctx_trace
    FROM cut ORDER BY grant_id
)
INSERT INTO audit (action, actor, subject, detail, trace)
SELECT 'role_ended', :ctx_subject, person_id, jsonb_build_object('grant', grant_id, 'role', role, 'unit', unit_id,
    'to', valid_to), :ctx_trace
FROM cut ORDER BY grant_id;

-- rights_of(grants_of) right_row
SELECT unit_id, ends, roles FROM rights_held(:person_id, :learner, :national);

-- my_grants() grant_shown
SELECT DISTINCT ON (g.bit, u.code) g.role, g.unit_id, u.name AS unit_name
FROM role_grant g JOIN unit_now u USING (unit_id)
WHERE g.person_id = :ctx_subject AND g.revoked_at IS NULL
    AND NOT EXISTS (SELECT FROM grant_chain(g.grant_id, today()) c WHERE c.why IS NOT NULL)
ORDER BY g.bit, u.code
LIMIT 31;

-- first_state(person_key) first_state
-- Operators are those who can be one now: their grant holds, and they have a tenure.
WITH operator AS MATERIALIZED (
    SELECT g.person_id FROM role_grant g
    WHERE g.role = 'national_operator' AND g.revoked_at IS NULL
        AND NOT EXISTS (SELECT FROM grant_chain(g.grant_id, today()) c WHERE c.why IS NOT NULL)
        AND EXISTS (SELECT FROM tenure t WHERE t.person_id = g.person_id AND t.valid_from <= today()
            AND (t.valid_to IS NULL OR t.valid_to > today()))
)
SELECT
    (SELECT count(*) FROM operator) AS operators,
    EXISTS (SELECT FROM operator o WHERE o.person_id = p.person_id) AS already,
    p.person_id,
    EXISTS (SELECT FROM tenure t WHERE t.person_id = p.person_id AND t.kind = 'principal' AND t.valid_to IS NULL) AS working,
    u.unit_id AS root_id
FROM (VALUES (1)) one (n)
LEFT JOIN person p ON p.national_hash IN (:national_hash, :hash_before)
LEFT JOIN unit_now u ON u.parent_id IS NULL;
