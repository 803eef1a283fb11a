-- Drafts: a version of a code and, for a framework, its skill groups.

-- Every change of a version runs behind the lock of its code, so each sees what the one before it did.
-- code_lock(code_key)
SELECT pg_advisory_xact_lock(hashtextextended('content ' || :kind || ' ' || :code, 0));

-- version_lock(version_ref)
SELECT pg_advisory_xact_lock(hashtextextended('content ' || v.kind || ' ' || v.code, 0))
FROM version v WHERE v.version_id = :version_id;

-- version_draft(version_new) accepted
WITH given AS (
    SELECT normalize(:title_vi, NFC) AS title_vi, normalize(:title_en, NFC) AS title_en,
           normalize(:label, NFC) AS label, normalize(:source, NFC) AS source
), known AS (
    SELECT (v.kind, v.code, v.title_vi, v.title_en, v.author_id) = (:kind, :code, g.title_vi, g.title_en, :ctx_subject)
           AND (v.framework_id, v.label, v.source) IS NOT DISTINCT FROM (:framework_id, g.label, g.source) AS same
    FROM version v, given g WHERE v.version_id = :version_id
), verdict AS (
    SELECT CASE
        WHEN EXISTS (SELECT FROM known WHERE NOT same) THEN 'CONFLICT:version_id'
        WHEN EXISTS (SELECT FROM known) THEN NULL
        WHEN :code !~ '^[A-Za-z0-9._-]+$' THEN 'INVALID:code'
        WHEN :framework_id IS NOT NULL
             AND NOT EXISTS (SELECT FROM version f WHERE f.version_id = :framework_id AND f.kind = 'framework')
            THEN 'NOT_FOUND:framework_id'
        END AS fault
), made AS (
    INSERT INTO version (version_id, kind, code, version, title_vi, title_en, framework_id, label, source, author_id)
    SELECT :version_id, :kind, :code,
           (SELECT coalesce(max(v.version), 0) + 1 FROM version v WHERE v.kind = :kind AND v.code = :code),
           g.title_vi, g.title_en, :framework_id, g.label, g.source, :ctx_subject
    FROM given g, verdict WHERE verdict.fault IS NULL AND NOT EXISTS (SELECT FROM known)
)
SELECT true AS ok, fault FROM verdict;

-- The groups of a framework are written once; a repeat must bring the same.
-- groups_draft(group_row) accepted BULK
WITH given AS (
    SELECT g.version_id, g.position, g.code, g.label, normalize(g.title_vi, NFC) AS title_vi,
           normalize(g.title_en, NFC) AS title_en
    FROM unnest(:version_id, :position, :code, :label, :title_vi, :title_en)
         AS g (version_id, position, code, label, title_vi, title_en)
), known AS (
    SELECT f.version_id, f.position, f.code, f.label, f.title_vi, f.title_en
    FROM framework_group f WHERE f.version_id = (:version_id)[1]
), verdict AS (
    SELECT CASE
        WHEN (SELECT count(*) <> count(DISTINCT code) FROM given) THEN 'INVALID:groups'
        WHEN EXISTS (SELECT FROM given WHERE code !~ '^[A-Za-z0-9._-]+$') THEN 'INVALID:groups'
        WHEN EXISTS (SELECT FROM known)
             AND (EXISTS (TABLE given EXCEPT TABLE known) OR EXISTS (TABLE known EXCEPT TABLE given))
            THEN 'CONFLICT:version_id'
        END AS fault
), made AS (
    INSERT INTO framework_group (version_id, position, code, label, title_vi, title_en)
    SELECT g.version_id, g.position, g.code, g.label, g.title_vi, g.title_en
    FROM given g, verdict WHERE verdict.fault IS NULL AND NOT EXISTS (SELECT FROM known)
)
SELECT true AS ok, fault FROM verdict;

-- version_find(version_ref) version_state
SELECT version_id, kind, code, version, state, title_vi, title_en, author_id, reviewer_id, published_at, comment
FROM version WHERE version_id = :version_id;
