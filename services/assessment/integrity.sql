-- integrity.sql - finding facts in the background, and showing them. Nothing here can see a key.

-- integrity_take(slice_bounds) examined
-- Moves the cursor over our own outbox and gives the attempts graded for the first time in the part it passed. A
-- corrected result is not examined again: what was observed was observed. Who finds the cursor held does nothing.
WITH cursor AS (
    SELECT seq FROM integrity_cursor FOR UPDATE SKIP LOCKED
), page AS MATERIALIZED (
    SELECT o.seq, o.event, o.body
      FROM cursor c
     CROSS JOIN LATERAL (SELECT * FROM outbox WHERE outbox.seq > c.seq ORDER BY outbox.seq LIMIT :events) o
), moved AS (
    UPDATE integrity_cursor SET seq = (SELECT max(seq) FROM page) WHERE EXISTS (SELECT FROM page)
), graded AS MATERIALIZED (
    SELECT DISTINCT (body ->> 'attempt_id')::uuid AS attempt_id FROM page
     WHERE event = 'attempt_graded' AND (body ->> 'result_version')::integer = 1
)
SELECT a.attempt_id, a.form_id, a.started_at, a.devices::bigint AS devices, a.answers
  FROM graded g JOIN attempt a USING (attempt_id)
 WHERE a.attempt_id >= (SELECT attempt_id FROM graded ORDER BY attempt_id LIMIT 1)
   AND a.attempt_id <= (SELECT attempt_id FROM graded ORDER BY attempt_id DESC LIMIT 1)
 ORDER BY a.attempt_id LIMIT 1000;

-- integrity_texts(form_ref) form_text BULK
SELECT f.form_id, s.place::integer AS position,
       (char_length(i.stem) + char_length(array_to_string(i.choices, ''))
        + char_length(array_to_string(i.targets, '')))::bigint AS chars
  FROM form f
 CROSS JOIN LATERAL unnest(f.items) WITH ORDINALITY AS s (version_id, place)
  JOIN item_version i USING (version_id)
 WHERE f.form_id = ANY (:form_id) AND s.place <= 200
 ORDER BY f.form_id, s.place;

-- integrity_log(log_ref) answer_moment BULK
-- In the order of the chains, at most so many entries of each.
SELECT e.attempt_id, e.position, e.saved_at, e.response = '' AS blank
  FROM unnest(:attempt_id, :entries) AS c (attempt_id, entries)
  JOIN answer e ON e.attempt_id = c.attempt_id AND e.seq <= c.entries
 WHERE e.attempt_id >= (SELECT x FROM unnest(:attempt_id) x ORDER BY x LIMIT 1)
   AND e.attempt_id <= (SELECT x FROM unnest(:attempt_id) x ORDER BY x DESC LIMIT 1)
 ORDER BY e.attempt_id, e.seq;

-- integrity_keep(fact_row) BULK
INSERT INTO integrity_fact (attempt_id, kind, position, other_attempt_id, figure, bound)
SELECT attempt_id, kind, coalesce(position, 0), coalesce(other_attempt_id, '00000000-0000-0000-0000-000000000000'),
       figure, bound
  FROM unnest(:attempt_id, :kind, :position, :other_attempt_id, :figure, :bound)
       AS f (attempt_id, kind, position, other_attempt_id, figure, bound)
ON CONFLICT DO NOTHING;

-- integrity_lay(pair_search) BULK
-- Lays the wrong answers of these attempts beside those of the day. Of who is in no unit nothing is compared. Only what
-- was answered counts as the same: two who left an item empty have nothing in common.
INSERT INTO integrity_run (attempt_id, person_id, unit_id, policy_id, form_id, started_at, ended_at, graded_at, items,
                           wrong)
SELECT a.attempt_id, a.person_id, k.unit_id, a.policy_id, a.form_id, a.started_at, a.ended_at, r.graded_at, w.items,
       w.wrong
  FROM unnest(:attempt_id) AS c (attempt_id)
  JOIN attempt a USING (attempt_id)
  JOIN result r ON r.attempt_id = a.attempt_id AND r.version = 1
  JOIN form f ON f.form_id = a.form_id
 CROSS JOIN LATERAL person_last_known(a.person_id) k
 CROSS JOIN LATERAL (
       SELECT array_agg(f.items[e.position]) AS items,
              array_agg(hashtextextended(f.items[e.position]::text || e.response, 0)) AS wrong
         FROM (SELECT DISTINCT ON (position) position, response FROM answer
                WHERE answer.attempt_id = a.attempt_id
                ORDER BY position, revision DESC) e
        WHERE e.response <> '' AND r.scores[e.position] = 0) w
 WHERE a.ended_at IS NOT NULL AND w.wrong IS NOT NULL
   AND a.attempt_id >= (SELECT x FROM unnest(:attempt_id) x ORDER BY x LIMIT 1)
   AND a.attempt_id <= (SELECT x FROM unnest(:attempt_id) x ORDER BY x DESC LIMIT 1)
   AND r.attempt_id >= (SELECT x FROM unnest(:attempt_id) x ORDER BY x LIMIT 1)
   AND r.attempt_id <= (SELECT x FROM unnest(:attempt_id) x ORDER BY x DESC LIMIT 1)
ON CONFLICT DO NOTHING;

-- integrity_compare(pair_search) BULK
-- With whoever of the same unit sat under the same policy at an overlapping time and was graded within a day: the 300
-- who began last before this one ended. Shares are of the wrong answers to items that both had. Both get the fact; one
-- that has 300 of them gets no more, or it would outgrow what a dossier holds: those who began last are compared with
-- everybody. The day is asked for in a form that no index serves: the room is what narrows.
WITH fresh AS MATERIALIZED (
    SELECT n.*, c.least, c.percent
      FROM unnest(:attempt_id, :least, :percent) AS c (attempt_id, least, percent)
      JOIN integrity_run n USING (attempt_id)
     WHERE cardinality(n.wrong) >= c.least
), pair AS (
    SELECT n.attempt_id, o.attempt_id AS other_id, s.same, n.least
      FROM fresh n
     CROSS JOIN LATERAL (
           SELECT r.* FROM integrity_run r
            WHERE r.unit_id = n.unit_id AND r.policy_id = n.policy_id AND r.started_at < n.ended_at
              AND r.ended_at > n.started_at AND r.person_id <> n.person_id
              AND abs(extract(epoch FROM r.graded_at - n.graded_at)) <= 86400
            ORDER BY r.started_at DESC LIMIT 300) o
      JOIN form fn ON fn.form_id = n.form_id
      JOIN form fo ON fo.form_id = o.form_id
     CROSS JOIN LATERAL (SELECT count(*) AS same FROM unnest(n.wrong) w WHERE w = ANY (o.wrong)) s
     CROSS JOIN LATERAL (SELECT count(*) AS wrong FROM unnest(n.items) i WHERE i = ANY (fo.items)) mine
     CROSS JOIN LATERAL (SELECT count(*) AS wrong FROM unnest(o.items) i WHERE i = ANY (fn.items)) theirs
     WHERE cardinality(o.wrong) >= n.least AND o.wrong && n.wrong AND s.same >= n.least
       AND s.same * 100 >= n.percent * greatest(mine.wrong, theirs.wrong)
), told AS MATERIALIZED (
    SELECT attempt_id, other_id, same, least FROM pair
    UNION
    SELECT other_id, attempt_id, same, least FROM pair
), enough AS MATERIALIZED (
    SELECT f.attempt_id FROM integrity_fact f
     WHERE f.attempt_id IN (SELECT attempt_id FROM told) AND f.kind = 'same_wrong'
     GROUP BY f.attempt_id HAVING count(*) >= 300
)
INSERT INTO integrity_fact (attempt_id, kind, other_attempt_id, figure, bound)
SELECT attempt_id, 'same_wrong', other_id, same, least
  FROM told WHERE attempt_id NOT IN (SELECT attempt_id FROM enough)
ON CONFLICT DO NOTHING;

-- integrity_forget(pair_search) BULK
-- What was graded a day before everything of this slice is compared with nothing any more.
DELETE FROM integrity_run
 WHERE attempt_id IN (
       SELECT attempt_id FROM integrity_run
        WHERE graded_at < (SELECT min(graded_at) FROM integrity_run WHERE attempt_id = ANY (:attempt_id))
                          - interval '25 hours'
        ORDER BY graded_at LIMIT 1000);

-- attempt_facts(attempt_ref) fact_row
SELECT attempt_id, kind, nullif(position, 0) AS position,
       nullif(other_attempt_id, '00000000-0000-0000-0000-000000000000') AS other_attempt_id, figure, bound, found_at
  FROM integrity_fact WHERE attempt_id = :attempt_id
 ORDER BY kind, position, other_attempt_id LIMIT 1000;
