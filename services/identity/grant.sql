-- Roles: given, taken away, and the first operator.

-- role_give(role_step) accepted
-- The scope is what role_rule() left of it: subtrees in which the caller holds what he gives. A token holds 32 units, one
-- of them the tenure's.
WITH target AS (
    SELECT unit_id FROM unit_now WHERE unit_id = :unit_id AND path && :ctx_scope
), holder AS (
    SELECT person_id FROM person WHERE person_id = :person_id
), held AS (
    SELECT DISTINCT unit_id FROM role_grant WHERE person_id = :person_id AND revoked_at IS NULL AND unit_id <> :unit_id
), put AS (
    INSERT INTO role_grant (person_id, role, bit, unit_id, granted_by, reason)
    SELECT holder.person_id, :role, :bit, target.unit_id, :ctx_subject, :reason
    FROM target, holder
    WHERE (SELECT count(*) FROM held) < 31
    ON CONFLICT (person_id, role, unit_id) WHERE revoked_at IS NULL DO NOTHING
    RETURNING person_id, role, unit_id
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true), :ctx_trace
    FROM put
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'role_granted', :ctx_subject, person_id, jsonb_build_object('role', role, 'unit', unit_id,
        'reason', :reason), :ctx_trace
    FROM put
)
SELECT true AS ok, CASE
    WHEN NOT EXISTS (SELECT FROM target) THEN 'FORBIDDEN:role'
    WHEN NOT EXISTS (SELECT FROM holder) THEN 'NOT_FOUND:person_id'
    WHEN (SELECT count(*) FROM held) >= 31 THEN 'STATE:unit_id'
END AS fault;

-- role_take(role_step) accepted
-- Ends the person's sessions too: their tokens still say what no longer holds. Taking away what is taken away changes
-- nothing; the last national operator stays.
WITH target AS (
    SELECT unit_id FROM unit_now WHERE unit_id = :unit_id AND path && :ctx_scope
), known AS (
    SELECT g.grant_id, g.revoked_at IS NULL AS active FROM role_grant g JOIN target USING (unit_id)
    WHERE g.person_id = :person_id AND g.role = :role
), operators AS MATERIALIZED (
    -- Locked, so that two operators who take the role from each other at once do not both succeed.
    SELECT grant_id FROM role_grant WHERE :role = 'national_operator' AND role = 'national_operator' AND revoked_at IS NULL
    ORDER BY grant_id FOR UPDATE
), last AS (
    SELECT FROM known
    WHERE active AND :role = 'national_operator'
        AND (SELECT count(*) FROM operators o WHERE o.grant_id <> known.grant_id) = 0
), taken AS (
    UPDATE role_grant g SET revoked_at = now(), revoked_by = :ctx_subject, revoke_reason = :reason
    FROM known k
    WHERE g.grant_id = k.grant_id AND g.revoked_at IS NULL AND NOT EXISTS (SELECT FROM last)
    RETURNING g.person_id, g.role, g.unit_id
), ended AS (
    UPDATE session s SET revoked_at = now(), revoke_reason = 'role_taken'
    FROM taken t WHERE s.person_id = t.person_id AND s.revoked_at IS NULL
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', false), :ctx_trace
    FROM taken
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'role_taken', :ctx_subject, person_id, jsonb_build_object('role', role, 'unit', unit_id,
        'reason', :reason), :ctx_trace
    FROM taken
)
SELECT true AS ok, CASE
    WHEN NOT EXISTS (SELECT FROM target) THEN 'FORBIDDEN:role'
    WHEN NOT EXISTS (SELECT FROM known) THEN 'NOT_FOUND:person_id'
    WHEN EXISTS (SELECT FROM last) THEN 'STATE:role'
END AS fault;

-- grants_put(role_step) place BULK
-- Roles that are not held yet, each told; the result names the rows they came from.
WITH row AS (
    SELECT person_id, role, bit::integer, unit_id, reason, place
    FROM unnest(:person_id, :role, :bit, :unit_id, :reason, :place)
        AS r (person_id, role, bit, unit_id, reason, place)
), put AS (
    INSERT INTO role_grant (person_id, role, bit, unit_id, granted_by, reason)
    SELECT person_id, role, bit, unit_id, :ctx_subject, reason FROM row
    ON CONFLICT (person_id, role, unit_id) WHERE revoked_at IS NULL DO NOTHING
    RETURNING person_id, role, unit_id
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'role_changed', jsonb_build_object('person_id', person_id, 'role', role, 'unit_id', unit_id,
        'granted', true), :ctx_trace
    FROM put
), noted AS (
    INSERT INTO audit (action, actor, detail, trace)
    SELECT 'roles_granted', :ctx_subject, jsonb_build_object('grants', jsonb_agg(jsonb_build_object(
        'person', person_id, 'role', role, 'unit', unit_id))), :ctx_trace
    FROM put HAVING count(*) > 0
)
SELECT row.place FROM row JOIN put USING (person_id, role, unit_id);

-- grants_of(grants_of) grant
-- Roles by unit. The tenure comes first, because a token holds 32 units.
SELECT held.unit_id, (bit_or(held.bit) | max(CASE WHEN u.unit_id IS NOT NULL AND u.parent_id IS NULL THEN :national ELSE 0 END))::bigint AS roles
FROM (
    SELECT unit_id, :learner AS bit, 0 AS rank FROM tenure
    WHERE person_id = :person_id AND valid_from <= today() AND (valid_to IS NULL OR valid_to > today())
    UNION ALL
    SELECT unit_id, bit, 1 FROM role_grant WHERE person_id = :person_id AND revoked_at IS NULL
) held
LEFT JOIN unit_now u ON u.unit_id = held.unit_id
GROUP BY held.unit_id
ORDER BY min(held.rank), held.unit_id
LIMIT 32;

-- first_state(person_key) first_state
SELECT
    (SELECT count(*) FROM role_grant WHERE role = 'national_operator' AND revoked_at IS NULL) AS operators,
    EXISTS (SELECT FROM role_grant g WHERE g.person_id = p.person_id AND g.role = 'national_operator'
        AND g.revoked_at IS NULL) AS already,
    p.person_id,
    EXISTS (SELECT FROM tenure t WHERE t.person_id = p.person_id AND t.kind = 'principal' AND t.valid_to IS NULL) AS working,
    u.unit_id AS root_id
FROM (VALUES (1)) one (n)
LEFT JOIN person p ON p.national_hash = :national_hash
LEFT JOIN unit_now u ON u.parent_id IS NULL;
