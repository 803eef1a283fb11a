-- Which person an account at an identity provider is.

-- person_find(person_key) person_found
SELECT p.person_id, p.full_name, EXISTS (
        SELECT FROM tenure t WHERE t.person_id = p.person_id AND t.valid_from <= today()
            AND (t.valid_to IS NULL OR t.valid_to > today())) AS working
FROM person p WHERE p.national_hash = :national_hash;

-- account_link(account_claim) account_linked
-- Links the account when it is new. One account is one person and one person has one account at a provider: anything else
-- is for people to look at.
WITH known AS (
    SELECT person_id, subject FROM person_link
    WHERE provider = :provider AND (subject = :subject OR person_id = :person_id)
), linked AS (
    INSERT INTO person_link (person_id, provider, subject)
    SELECT :person_id, :provider, :subject WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT DO NOTHING
    RETURNING person_id, provider, linked_at
), told AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'person_linked', jsonb_build_object('person_id', person_id, 'linked_at', linked_at, 'provider', provider),
        :ctx_trace
    FROM linked
), noted AS (
    INSERT INTO audit (action, actor, subject, detail, trace)
    SELECT 'account_linked', person_id, person_id, jsonb_build_object('provider', provider), :ctx_trace FROM linked
)
SELECT :person_id AS account_id, CASE
    WHEN EXISTS (SELECT FROM known WHERE person_id <> :person_id OR subject <> :subject) THEN 'NOT_ON_ROSTER:subject'
END AS fault;
