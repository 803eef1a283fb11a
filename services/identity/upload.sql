-- Files on their way in. Whoever began an upload goes on with it; for anybody else it does not exist.

-- upload_open(upload_open) upload_state
-- At most eight that wait for an import at once.
WITH known AS (
    SELECT * FROM upload WHERE upload_id = :upload_id
), put AS (
    INSERT INTO upload (upload_id, owner, name, size, sha256)
    SELECT :upload_id, :ctx_subject, :name, :bytes, :sha256
    WHERE NOT EXISTS (SELECT FROM known) AND (SELECT count(*) FROM upload WHERE owner = :ctx_subject) < 8
    ON CONFLICT DO NOTHING
    RETURNING received
)
SELECT :upload_id AS upload_id, :name AS name, :bytes AS bytes,
    coalesce((SELECT received FROM put), (SELECT received FROM known), 0) AS received,
    CASE
        WHEN EXISTS (SELECT FROM known WHERE owner IS DISTINCT FROM :ctx_subject OR name <> :name OR size <> :bytes
                     OR sha256 IS DISTINCT FROM :sha256) THEN 'CONFLICT:upload_id'
        WHEN NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM put) THEN 'TOO_MANY:upload_id'
    END AS fault;

-- upload_part(upload_part) upload_state
-- The next part, or one that is there already. Locked first, so that of two at once one is the second.
WITH held AS MATERIALIZED (
    SELECT * FROM upload WHERE upload_id = :upload_id AND owner = :ctx_subject FOR UPDATE
), known AS (
    SELECT p.bytes = :bytes AS same FROM upload_part p WHERE p.upload_id = :upload_id AND p.at = :offset
), put AS (
    INSERT INTO upload_part (upload_id, at, bytes)
    SELECT upload_id, :offset, :bytes FROM held
    WHERE received = :offset AND :offset + octet_length(:bytes) <= size
    RETURNING upload_id
), moved AS (
    UPDATE upload u SET received = u.received + octet_length(:bytes) FROM put WHERE u.upload_id = put.upload_id
    RETURNING u.received
)
SELECT h.upload_id, h.name, h.size AS bytes, coalesce((SELECT received FROM moved), h.received) AS received, CASE
        WHEN EXISTS (SELECT FROM known WHERE same) OR EXISTS (SELECT FROM put) THEN NULL
        WHEN :offset + octet_length(:bytes) > h.size THEN 'INVALID:bytes'
        ELSE 'CONFLICT:offset'
    END AS fault
FROM held h;

-- upload_get(upload_ref) upload_state
SELECT upload_id, name, size AS bytes, received FROM upload WHERE upload_id = :upload_id AND owner = :ctx_subject;

-- upload_bytes(part_ref) part_bytes
SELECT bytes FROM upload_part WHERE upload_id = :upload_id AND at = :at;

-- upload_hash(upload_ref) file_hash
SELECT sha256 FROM upload WHERE upload_id = :upload_id;

-- upload_drop(upload_ref)
DELETE FROM upload WHERE upload_id = :upload_id;

-- uploads_prune()
-- Files that nobody imported within a day.
DELETE FROM upload u
WHERE u.created < now() - interval '1 day' AND NOT EXISTS (
    SELECT FROM import_job j WHERE j.upload_id = u.upload_id AND j.state IN ('queued', 'reading', 'comparing', 'writing'));
