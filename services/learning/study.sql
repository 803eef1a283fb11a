-- Study: opened, measured by beats, completed. Time is counted from the last sign of life that the server saw, so a
-- second device, a repeated call or a burst of them cannot count it twice.

-- The opening of lessons is one after another for each person, so that no two are open at once.
-- person_lock()
SELECT pg_advisory_xact_lock(hashtextextended('learning person ' || :ctx_subject, 0));

-- Opening a lesson leaves every other one: two programmes studied side by side do not earn the same minute twice.
-- lesson_open(study) lesson_progress
WITH place AS MATERIALIZED (
    SELECT l.lesson_id, l.min_seconds, g.beat_at, g.studied_us, g.completed_at, CASE
           WHEN e.person_id IS NULL THEN 'FORBIDDEN:lesson_id'
           WHEN EXISTS (SELECT FROM lesson b
                        LEFT JOIN progress d ON (d.person_id, d.lesson_id) = (:ctx_subject, b.lesson_id)
                        WHERE b.programme_id = l.programme_id AND b.position < l.position AND d.completed_at IS NULL)
               THEN 'ORDER:lesson_id'
           END AS fault
    FROM lesson l
    LEFT JOIN enrolment e ON (e.person_id, e.programme_id) = (:ctx_subject, l.programme_id)
    LEFT JOIN progress g ON (g.person_id, g.lesson_id) = (:ctx_subject, l.lesson_id)
    WHERE l.lesson_id = :lesson_id
), go AS (
    SELECT * FROM place WHERE fault IS NULL AND completed_at IS NULL
), left_behind AS (
    UPDATE progress p SET beat_at = NULL
    FROM go WHERE p.person_id = :ctx_subject AND p.lesson_id <> go.lesson_id AND p.beat_at IS NOT NULL
), opened AS (
    INSERT INTO progress AS p (person_id, lesson_id, beat_at)
    SELECT :ctx_subject, go.lesson_id, now() FROM go
    ON CONFLICT (person_id, lesson_id) DO UPDATE
    SET studied_us = p.studied_us + gained_us(p.beat_at, :gap_seconds), beat_at = greatest(p.beat_at, now())
    WHERE p.completed_at IS NULL
    RETURNING p.lesson_id, p.studied_us
), logged AS (
    INSERT INTO evidence (person_id, lesson_id, at, what, counted_us, calls)
    SELECT :ctx_subject, o.lesson_id, now(), 'open', o.studied_us - coalesce(go.studied_us, 0), 1
    FROM opened o JOIN go USING (lesson_id)
)
SELECT place.lesson_id, coalesce(o.studied_us, place.studied_us, 0) / 1000000 AS seconds, place.min_seconds,
       :beat_seconds AS beat_seconds, place.completed_at, place.fault
FROM place LEFT JOIN opened o USING (lesson_id);

-- Rows are locked in the order of their keys, because two batches run at once. Each row is written once, however many
-- beats of the batch are about it: `ords` says which calls it answers. A lesson that was left counts nothing (STATE:
-- open it again), and one that was never opened has no row (NOT_FOUND). No join looks for an answer by key: a plan made
-- without knowing the size of the batch would compare every call with every row.
-- lesson_beat(study) lesson_progress BATCH
WITH wanted AS (
    SELECT c.person_id, c.lesson_id, array_agg(c.ord) AS ords
    FROM unnest(:ctx_subject, :lesson_id) WITH ORDINALITY AS c (person_id, lesson_id, ord)
    GROUP BY c.person_id, c.lesson_id
), held AS MATERIALIZED (
    SELECT g.person_id, g.lesson_id, g.studied_us, g.beat_at, g.completed_at, w.ords
    FROM wanted w JOIN progress g USING (person_id, lesson_id)
    ORDER BY g.person_id, g.lesson_id FOR UPDATE OF g
), beat AS (
    UPDATE progress p
    SET studied_us = h.studied_us + gained_us(h.beat_at, (:gap_seconds)[1]), beat_at = greatest(h.beat_at, now()),
        beats = p.beats + 1
    FROM held h
    WHERE p.person_id = h.person_id AND p.lesson_id = h.lesson_id AND h.beat_at IS NOT NULL
    RETURNING p.person_id, p.lesson_id, p.studied_us, h.studied_us AS before_us, h.ords
), logged AS (
    INSERT INTO evidence (person_id, lesson_id, at, what, counted_us, calls)
    SELECT person_id, lesson_id, now(), 'beat', studied_us - before_us, cardinality(ords) FROM beat
), answer AS (
    SELECT ords, lesson_id, studied_us, NULL::timestamptz AS completed_at, NULL AS fault FROM beat
    UNION ALL
    SELECT ords, lesson_id, studied_us, completed_at, CASE WHEN completed_at IS NULL THEN 'STATE:lesson_id' END
    FROM held WHERE beat_at IS NULL
)
SELECT unnest(a.ords) AS ord, a.lesson_id, a.studied_us / 1000000 AS seconds, l.min_seconds,
       (:beat_seconds)[1] AS beat_seconds, a.completed_at, a.fault
FROM answer a JOIN lesson l USING (lesson_id);

-- lesson_complete(study) lesson_progress
WITH held AS MATERIALIZED (
    SELECT * FROM progress WHERE (person_id, lesson_id) = (:ctx_subject, :lesson_id) FOR UPDATE
), place AS MATERIALIZED (
    SELECT l.lesson_id, l.programme_id, l.min_seconds, h.completed_at,
           coalesce(h.studied_us, 0) AS before_us,
           coalesce(h.studied_us, 0) + gained_us(h.beat_at, :gap_seconds) AS studied_us,
           h.lesson_id IS NOT NULL AS opened, e.person_id IS NOT NULL AS enrolled
    FROM lesson l
    LEFT JOIN held h USING (lesson_id)
    LEFT JOIN enrolment e ON (e.person_id, e.programme_id) = (:ctx_subject, l.programme_id)
    WHERE l.lesson_id = :lesson_id
), verdict AS MATERIALIZED (
    SELECT *, CASE
        WHEN completed_at IS NOT NULL THEN NULL
        WHEN NOT enrolled THEN 'FORBIDDEN:lesson_id'
        WHEN NOT opened OR studied_us < min_seconds * 1000000 THEN 'EVIDENCE:lesson_id'
        END AS fault
    FROM place
), completed AS (
    UPDATE progress p
    SET studied_us = v.studied_us, beats = p.beats + 1, beat_at = NULL, completed_at = now()
    FROM verdict v
    WHERE (p.person_id, p.lesson_id) = (:ctx_subject, v.lesson_id) AND v.fault IS NULL AND v.completed_at IS NULL
    RETURNING p.person_id, v.programme_id, p.lesson_id, p.studied_us / 1000000 AS seconds, p.completed_at
), logged AS (
    INSERT INTO evidence (person_id, lesson_id, at, what, counted_us, calls)
    SELECT :ctx_subject, c.lesson_id, c.completed_at, 'complete', v.studied_us - v.before_us, 1
    FROM completed c JOIN verdict v USING (lesson_id)
), told_lesson AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'lesson_completed', to_jsonb(c), :ctx_trace FROM completed c
    RETURNING 1
), finished AS (
    UPDATE enrolment e SET completed_at = c.completed_at
    FROM completed c
    WHERE (e.person_id, e.programme_id) = (c.person_id, c.programme_id) AND e.completed_at IS NULL
      AND NOT EXISTS (SELECT FROM lesson l
                      LEFT JOIN progress g ON (g.person_id, g.lesson_id) = (:ctx_subject, l.lesson_id)
                      WHERE l.programme_id = c.programme_id AND l.lesson_id <> c.lesson_id
                        AND g.completed_at IS NULL)
    RETURNING e.person_id, e.programme_id, e.completed_at
), told_programme AS (
    INSERT INTO outbox (event, body, trace)
    SELECT 'programme_completed', to_jsonb(f), :ctx_trace FROM finished f WHERE (SELECT count(*) FROM told_lesson) > 0
)
SELECT v.lesson_id, coalesce(c.seconds, v.before_us / 1000000) AS seconds, v.min_seconds,
       :beat_seconds AS beat_seconds, coalesce(c.completed_at, v.completed_at) AS completed_at, v.fault
FROM verdict v LEFT JOIN completed c USING (lesson_id);
