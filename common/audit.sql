-- audit.sql - statements of the audit that every service has. Tables: hocvu.make_audit.

-- audit_note(audit_entry)
INSERT INTO audit (action, actor, subject, detail, trace)
VALUES (:action, :ctx_subject, :subject, CAST(:detail AS jsonb), :ctx_trace);

-- audit_advance(audit_slice) audit_count
SELECT audit_advance(:most) AS chained;

-- audit_head_due(audit_slice) audit_head
-- The end of the chain, when it has moved since the last head and that one is old.
SELECT current_schema()::text AS service, a.seq, a.hash, clock_timestamp() AS at
  FROM (SELECT seq, hash FROM audit WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1) a
 WHERE NOT EXISTS (SELECT FROM audit_head h WHERE h.seq >= a.seq OR h.at > clock_timestamp() - interval '1 second' * :most);

-- audit_head_put(audit_head)
WITH put AS (
    INSERT INTO audit_head (seq, hash, at, signature) VALUES (:seq, :hash, :at, :signature)
    ON CONFLICT DO NOTHING
    RETURNING seq, hash, at, signature
)
INSERT INTO outbox (event, body)
SELECT :service || '_audit_headed', jsonb_strip_nulls(jsonb_build_object('service', :service, 'seq', seq,
       'hash', translate(rtrim(encode(hash, 'base64'), '='), '+/', '-_'), 'at', at,
       'signature', translate(rtrim(replace(encode(signature, 'base64'), E'\n', ''), '='), '+/', '-_')))
  FROM put;

-- audit_witness_put(audit_head)
INSERT INTO audit_witness (service, seq, hash, at, signature) VALUES (:service, :seq, :hash, :at, :signature)
ON CONFLICT DO NOTHING;

-- audit_state() audit_state
SELECT coalesce((SELECT max(seq) FROM audit), 0) AS last,
       (SELECT least(count(*), 4294967295) FROM audit WHERE seq IS NULL AND at < clock_timestamp() - interval '1 minute') AS loose;

-- audit_rows(audit_slice) audit_row
SELECT seq, at, action, actor, subject, CASE WHEN octet_length(detail::text) <= 16384 THEN detail::text END AS detail,
       sha256(convert_to(detail::text, 'UTF8')) AS detail_hash, trace, hash
  FROM audit WHERE seq > :after ORDER BY seq LIMIT :most;

-- audit_heads(audit_slice) audit_head
SELECT current_schema()::text AS service, seq, hash, at, signature
  FROM audit_head WHERE seq > :after AND seq <= :until ORDER BY seq LIMIT :most;

-- audit_witnessed(audit_query) audit_head
SELECT service, seq, hash, at, signature
  FROM audit_witness WHERE service = :witness_of AND seq > :after ORDER BY seq, hash LIMIT :most;
