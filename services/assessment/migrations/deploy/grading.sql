-- Deploy assessment:grading to pg
--
-- The only readers of keys that grade, and the only way an attempt ends. All functions belong to the owner of the tables;
-- the service may call those granted at the end and cannot do any of their work by a statement of its own. GRADING.md
-- tells the rules in words.
--
-- Order of locks, the same everywhere: keys (an advisory lock: grading shares it, a correction has it alone), attempts in
-- the order of their ids, standings.
BEGIN;

SET LOCAL search_path = assessment, hocvu;

-- --- Rule 1: points of a response, 0 to 100, by type of item. Whatever is malformed scores 0 and is never an error. ---

-- "1,3": numbers 1 to 10, none twice, blanks around them. NULL when it is something else.
CREATE FUNCTION numbers_of(list text) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    numbers integer[];
BEGIN
    IF list IS NULL OR list !~ '^ *(10|[1-9]) *(, *(10|[1-9]) *){0,9}$' THEN
        RETURN NULL;
    END IF;
    numbers := string_to_array(list, ',')::integer[];
    IF (SELECT count(DISTINCT n) FROM unnest(numbers) n) < cardinality(numbers) THEN
        RETURN NULL;
    END IF;
    RETURN numbers;
END $$;

-- "1-2,2-1": the right side of each left side 1 to 10, NULL where it has none. NULL when it is something else, or gives a
-- left side twice.
CREATE FUNCTION pairs_of(list text) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    pairs integer[] := array_fill(NULL::integer, '{10}');
    pair text;
    lhs integer;
BEGIN
    IF list IS NULL OR list !~ '^ *(10|[1-9]) *- *(10|[1-9]) *(, *(10|[1-9]) *- *(10|[1-9]) *){0,9}$' THEN
        RETURN NULL;
    END IF;
    FOREACH pair IN ARRAY string_to_array(list, ',') LOOP
        lhs := split_part(pair, '-', 1)::integer;
        IF pairs[lhs] IS NOT NULL THEN
            RETURN NULL;
        END IF;
        pairs[lhs] := split_part(pair, '-', 2)::integer;
    END LOOP;
    RETURN pairs;
END $$;

-- "3.14" or "3,14", with a sign or without, at most 15 digits before and after. NULL when it is something else.
CREATE FUNCTION decimal_of(response text) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN btrim(response, E' \t\r\n\u00a0') ~ '^[+-]?[0-9]{1,15}([.,][0-9]{1,15})?$'
                THEN translate(response, E', \t\r\n\u00a0', '.')::numeric END
$$;

-- A short text as it is compared: NFC, blanks collapsed and trimmed; without case, without tone marks, as `match` says.
-- Tone marks are the five of Vietnamese (huyền, sắc, hỏi, ngã, nặng); the letters ă â đ ê ô ơ ư keep their own marks.
CREATE FUNCTION text_form(given text, match text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    form text := btrim(regexp_replace(normalize(given, NFC), '[[:space:]\u00a0]+', ' ', 'g'));
BEGIN
    IF match IN ('case', 'case_tone') THEN
        form := lower(form);
    END IF;
    IF match IN ('tone', 'case_tone') THEN
        form := normalize(translate(normalize(form, NFD), E'\u0300\u0301\u0303\u0309\u0323', ''), NFC);
    END IF;
    RETURN form;
END $$;

CREATE FUNCTION score_choices_1(key text, partial boolean, response text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    wanted integer[] := numbers_of(key);
    chosen integer[] := numbers_of(response);
    hits integer;
BEGIN
    IF wanted IS NULL OR chosen IS NULL THEN
        RETURN 0;
    END IF;
    hits := (SELECT count(*) FROM unnest(chosen) c WHERE c = ANY (wanted));
    IF hits = cardinality(wanted) AND hits = cardinality(chosen) THEN
        RETURN 100;
    END IF;
    RETURN CASE WHEN partial
                THEN greatest(0, round(100.0 * (2 * hits - cardinality(chosen)) / cardinality(wanted)))::integer
                ELSE 0 END;
END $$;

-- Of pairs and of places: how many of those of the key are right. A response with more than the key has is malformed.
CREATE FUNCTION score_places_1(wanted integer[], placed integer[], partial boolean) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    places integer := cardinality(array_remove(wanted, NULL));
    hits integer;
BEGIN
    IF places IS NULL OR places = 0 OR placed IS NULL THEN
        RETURN 0;
    END IF;
    IF EXISTS (SELECT FROM unnest(wanted, placed) p (w, p) WHERE p.w IS NULL AND p.p IS NOT NULL) THEN
        RETURN 0;
    END IF;
    hits := (SELECT count(*) FROM unnest(wanted, placed) p (w, p) WHERE p.w = p.p);
    RETURN CASE WHEN hits = places THEN 100 WHEN partial THEN round(100.0 * hits / places)::integer ELSE 0 END;
END $$;

CREATE FUNCTION score_number_1(key text, tolerance text, response text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    wanted numeric := decimal_of(key);
    given numeric := decimal_of(response);
    allowed numeric := coalesce(decimal_of(rtrim(btrim(tolerance), '%')), 0);
BEGIN
    IF btrim(tolerance) LIKE '%\%' THEN
        allowed := abs(wanted) * allowed / 100;
    END IF;
    RETURN CASE WHEN abs(given - wanted) <= allowed THEN 100 ELSE 0 END;
END $$;

CREATE FUNCTION score_text_1(key text, match text, response text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    how text := coalesce(match, 'case');
    given text := text_form(response, how);
BEGIN
    RETURN CASE WHEN given <> '' AND EXISTS (SELECT FROM unnest(string_to_array(key, '|')) f
                                              WHERE text_form(f, how) = given) THEN 100 ELSE 0 END;
END $$;

-- No SET clause and one expression: the planner writes it into the statement that grades, so that the common types cost
-- a comparison and no call.
CREATE FUNCTION score_by_rule_1(type text, key text, partial boolean, tolerance text, match text, response text)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
           WHEN response IS NULL OR response = '' THEN 0
           WHEN type IN ('single_choice', 'true_false') THEN CASE WHEN btrim(response) = key THEN 100 ELSE 0 END
           WHEN type = 'multiple_choice' THEN assessment.score_choices_1(key, partial, response)
           WHEN type = 'matching' THEN assessment.score_places_1(assessment.pairs_of(key), assessment.pairs_of(response), partial)
           WHEN type = 'ordering' THEN assessment.score_places_1(assessment.numbers_of(key), assessment.numbers_of(response), partial)
           WHEN type = 'numeric' THEN assessment.score_number_1(key, tolerance, response)
           WHEN type = 'short_text' THEN assessment.score_text_1(key, match, response)
           ELSE 0 END::smallint
$$;

-- --- Results. ---

-- What is being graded is graded by the keys as they stand; a correction of a key waits until that has committed, and
-- what is graded after it sees the new key. So the regrade that follows finds every attempt graded by the old key.
CREATE FUNCTION share_keys() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock_shared(hashtextextended('assessment.form_key', 0))
$$;
CREATE FUNCTION hold_keys() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('assessment.form_key', 0))
$$;

-- Results by rule 1 of attempts whatever their state; no row for one whose form has no keys. The highest revision of a
-- position counts, no answer is a wrong answer. In `scores`, as in `groups`, an excluded item counts for nobody; a pass
-- mark is reached where there is nothing to reach, but nobody passes without a single item that counts.
--
-- The settings: the arrays are of any length, so a plan for "some" is as good as one for each, which costs milliseconds
-- to make; and one made while a table was small must not read a table that has grown. The bounds lo and hi name the
-- partitions, the others are not looked at.
CREATE FUNCTION score_attempts(asked uuid[])
RETURNS TABLE (attempt_id uuid, scores smallint[], "right" integer, score bigint, max_score bigint, passed boolean,
               groups jsonb)
LANGUAGE plpgsql STABLE ROWS 100
SET search_path = assessment, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    lo uuid := (SELECT x FROM unnest(asked) x ORDER BY x LIMIT 1);
    hi uuid := (SELECT x FROM unnest(asked) x ORDER BY x DESC LIMIT 1);
BEGIN
    RETURN QUERY
    SELECT a.attempt_id, i.scores, i.n_right, g.score, g.max_score,
           g.max_score > 0 AND g.score * 100 >= p.pass_percent * g.max_score AND g.groups_passed, g.groups
      FROM attempt a
      JOIN form_key k USING (form_id)
      JOIN (SELECT policy_id, pass_percent,
                   (SELECT jsonb_object_agg(m.skill_group, m.percent) FROM policy_group m
                     WHERE m.policy_id = policy.policy_id) AS marks
              FROM policy) p USING (policy_id)
     CROSS JOIN LATERAL (
           SELECT array_agg(s.score ORDER BY s.position) AS scores,
                  (count(*) FILTER (WHERE s.score = 100))::integer AS n_right
             FROM (SELECT k.position,
                          CASE k.mode WHEN 'count' THEN score_by_rule_1(k.type, k.key, k.partial, k.tolerance, k.match,
                                                                        n.response)
                                      WHEN 'credit' THEN 100::smallint END AS score
                     FROM unnest(k.types, k.keys, k.partials, k.tolerances, k.matches, k.modes)
                          WITH ORDINALITY AS k (type, key, partial, tolerance, match, mode, position)
                     LEFT JOIN (SELECT DISTINCT ON (position) position, response
                                  FROM answer WHERE answer.attempt_id = a.attempt_id
                                 ORDER BY position DESC, revision DESC) n USING (position)) s) i
     CROSS JOIN LATERAL (
           SELECT sum(e.score)::bigint AS score, sum(e.max_score)::bigint AS max_score,
                  bool_and(p.marks IS NULL
                           OR e.score * 100 >= coalesce((p.marks ->> e.skill_group)::integer, 0) * e.max_score)
                      AS groups_passed,
                  jsonb_agg(jsonb_build_object('skill_group', e.skill_group, 'score', e.score,
                                               'max_score', e.max_score) ORDER BY e.skill_group) AS groups
             FROM (SELECT u.skill_group, coalesce(sum(u.score), 0) AS score, 100 * count(u.score) AS max_score
                     FROM unnest(k.groups, i.scores) AS u (skill_group, score)
                    GROUP BY u.skill_group) e) g
     WHERE a.attempt_id = ANY (asked) AND a.attempt_id >= lo AND a.attempt_id <= hi;
END $$;

-- Body of the event attempt_graded.
CREATE FUNCTION grade_fact(attempt_id uuid, person_id uuid, programme_id uuid, policy_id uuid, number integer,
                           n_right integer, items integer, passed boolean, graded_at timestamptz, score bigint,
                           max_score bigint, version integer)
RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('attempt_id', attempt_id, 'person_id', person_id, 'programme_id', programme_id,
                              'policy_id', policy_id, 'number', number, 'right', n_right, 'items', items,
                              'passed', passed, 'graded_at', graded_at, 'score', score, 'max_score', max_score,
                              'result_version', version)
$$;

-- Ends and grades those of the attempts that can end, and gives the result of all. `how`: submit (the learner hands in;
-- what the clock has ended already is the clock's) or clock (only what it has ended). `event`: the fact to be announced,
-- of those that were graded just now.
--
-- Saving an answer updates the attempt's row. FOR NO KEY UPDATE waits for it, and what follows are statements of their own
-- with newer snapshots: an acknowledged answer is counted. A save that waits for us finds the attempt ended when we
-- commit.
CREATE FUNCTION end_attempts(asked uuid[], how text)
RETURNS TABLE (attempt_id uuid, person_id uuid, programme_id uuid, policy_id uuid, number integer, items integer,
               state text, ended_by text, ended_at timestamptz, answers bigint, head bytea, void_reason text,
               version integer, rule integer, "right" integer, score bigint, max_score bigint, passed boolean,
               groups jsonb, graded_at timestamptz, event jsonb)
LANGUAGE plpgsql SECURITY DEFINER ROWS 100
SET search_path = assessment, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    lo uuid := (SELECT x FROM unnest(asked) x ORDER BY x LIMIT 1);
    hi uuid := (SELECT x FROM unnest(asked) x ORDER BY x DESC LIMIT 1);
    due uuid[];     -- those that end now, or have ended and wait to be graded
    waiting uuid[]; -- of these: created, although their time has come
    n_graded bigint;
BEGIN
    PERFORM share_keys();
    SELECT array_agg(l.attempt_id), array_agg(l.attempt_id) FILTER (WHERE l.state = 'created') INTO due, waiting
      FROM (SELECT a.attempt_id, a.state FROM attempt a
             WHERE a.attempt_id = ANY (asked) AND a.attempt_id >= lo AND a.attempt_id <= hi
               AND (a.state IN ('submitted', 'timed_out')
                    OR a.state IN ('created', 'running') AND a.started_at <= now()
                       AND (how = 'submit' OR a.closes_at <= now()))
             ORDER BY a.attempt_id FOR NO KEY UPDATE) l;
    IF waiting IS NOT NULL THEN
        UPDATE attempt SET state = 'running' WHERE attempt_id = ANY (waiting) AND attempt_id >= lo AND attempt_id <= hi;
    END IF;
    IF due IS NOT NULL THEN
        RETURN QUERY
        WITH scored AS MATERIALIZED (
            SELECT * FROM score_attempts(due)
        ), ended AS (
            UPDATE attempt a
               SET state = 'graded', result_version = 1,
                   ended_by = coalesce(a.ended_by, CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END),
                   ended_at = coalesce(a.ended_at, least(a.closes_at, now()))
              FROM scored s
             WHERE a.attempt_id = s.attempt_id AND a.attempt_id >= lo AND a.attempt_id <= hi
            RETURNING a.*
        ), made AS (
            INSERT INTO result (attempt_id, version, rule, "right", items, score, max_score, passed, scores, groups,
                                cause, graded_at)
            SELECT s.attempt_id, 1, 1, s."right", cardinality(s.scores), s.score, s.max_score, s.passed, s.scores,
                   s.groups, 'lần chấm đầu / first grading', now()
              FROM scored s
            RETURNING *
        ), stood AS (
            UPDATE standing t SET running = false, ended_at = e.ended_at
              FROM ended e
             WHERE t.person_id = e.person_id AND t.programme_id = e.programme_id AND t.attempt_id = e.attempt_id
        )
        SELECT e.attempt_id, e.person_id, e.programme_id, e.policy_id, e.number, e.items, e.state, e.ended_by,
               e.ended_at, e.answers, e.head, e.void_reason, m.version, m.rule, m."right", m.score, m.max_score,
               m.passed, m.groups, m.graded_at, grade_fact(e.attempt_id, e.person_id, e.programme_id, e.policy_id, e.number, m."right",
                                            m.items, m.passed, m.graded_at, m.score, m.max_score, m.version)
          FROM ended e JOIN made m USING (attempt_id);
        GET DIAGNOSTICS n_graded = ROW_COUNT;
        IF n_graded < cardinality(due) THEN -- forms without keys: they end, and are graded once the keys are there
            WITH ended AS (
                UPDATE attempt a
                   SET state = CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END,
                       ended_by = CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END,
                       ended_at = least(a.closes_at, now())
                 WHERE a.attempt_id = ANY (due) AND a.attempt_id >= lo AND a.attempt_id <= hi AND a.state = 'running'
                RETURNING a.*
            )
            UPDATE standing t SET running = false, ended_at = e.ended_at
              FROM ended e
             WHERE t.person_id = e.person_id AND t.programme_id = e.programme_id AND t.attempt_id = e.attempt_id;
        END IF;
    END IF;
    RETURN QUERY
    SELECT a.attempt_id, a.person_id, a.programme_id, a.policy_id, a.number, a.items, a.state, a.ended_by, a.ended_at,
           a.answers, a.head, a.void_reason, r.version, r.rule, r."right", r.score, r.max_score, r.passed, r.groups,
           r.graded_at, NULL::jsonb
      FROM attempt a
      LEFT JOIN LATERAL (SELECT * FROM result WHERE result.attempt_id = a.attempt_id
                            AND result.version = a.result_version AND a.state = 'graded' LIMIT 1) r ON true
     WHERE a.attempt_id = ANY (asked) AND a.attempt_id >= lo AND a.attempt_id <= hi
       AND (due IS NULL OR a.attempt_id <> ALL (due) OR a.state <> 'graded');
END $$;

-- Ticks: at most `most` attempts a call. Those that another transaction holds are being saved to or handed in: the next
-- call finds them.
CREATE INDEX attempt_created ON attempt (started_at) WHERE state = 'created';
CREATE INDEX attempt_ungraded ON attempt (ended_at) WHERE state IN ('submitted', 'timed_out');

CREATE FUNCTION open_attempts(most integer) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = assessment, pg_temp SET enable_seqscan = off AS $$
    UPDATE attempt SET state = 'running'
     WHERE attempt_id IN (SELECT attempt_id FROM attempt WHERE state = 'created' AND started_at <= now()
                           ORDER BY started_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED)
$$;

CREATE FUNCTION attempts_due(most integer) RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER
SET search_path = assessment, pg_temp SET enable_seqscan = off AS $$
    (SELECT attempt_id FROM attempt WHERE state IN ('submitted', 'timed_out')
      ORDER BY ended_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED)
    UNION ALL
    (SELECT attempt_id FROM attempt WHERE ended_at IS NULL AND closes_at <= now()
      ORDER BY closes_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED)
    LIMIT most
$$;

COMMIT;
