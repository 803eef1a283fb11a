-- Deploy assessment:grading to pg
--
-- The only readers of keys that grade, and the only way an attempt ends. All functions belong to the owner of the
-- tables; the service may call those granted at the end and cannot do any of their work by a statement of its own.
-- GRADING.md tells the rules in words.
--
-- Order of locks, the same everywhere: keys (an advisory lock: grading shares it, a correction has it alone),
-- attempts in the order of their ids, standings.
BEGIN;

SET LOCAL search_path = assessment, hocvu;

-- --- Rule 1: points of a response, 0 to 100, by type of item. What is malformed scores 0 and is never an error. ---

-- "1,3": numbers 1 to 10, none twice, blanks around them. NULL when it is something else.
CREATE FUNCTION numbers_of(list text) RETURNS integer[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    numbers integer[];
    seen integer := 0;
    n integer;
BEGIN
    IF list IS NULL OR list !~ '^ *(10|[1-9]) *(, *(10|[1-9]) *){0,9}$' THEN
        RETURN NULL;
    END IF;
    numbers := string_to_array(list, ',')::integer[];
    FOREACH n IN ARRAY numbers LOOP -- a loop: a query would cost five times as much, for each item of each attempt
        IF seen & (1 << n) <> 0 THEN
            RETURN NULL;
        END IF;
        seen := seen | (1 << n);
    END LOOP;
    RETURN numbers;
END $$;

-- "1-2,2-1": the right side of each left side 1 to 10, NULL where it has none. NULL when it is something else, or
-- gives a left side twice.
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

-- Two steps forward for each right choice, one back for each chosen. Texts are compared, not numbers: most items of
-- most attempts are graded here, and this takes less than half of the time.
CREATE FUNCTION score_choices_1(key text, partial boolean, response text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    wanted text := ',' || key || ',';
    chosen text := ',';
    choice text;
    hits integer := 0;
    n_wanted integer := cardinality(string_to_array(key, ','));
    n integer := 0;
BEGIN
    IF key IS NULL OR response IS NULL THEN
        RETURN 0;
    END IF;
    FOREACH choice IN ARRAY string_to_array(response, ',') LOOP
        choice := btrim(choice);
        IF choice <> ALL ('{1,2,3,4,5,6,7,8,9,10}') OR strpos(chosen, ',' || choice || ',') > 0 THEN
            RETURN 0;
        END IF;
        chosen := chosen || choice || ',';
        hits := hits + (strpos(wanted, ',' || choice || ',') > 0)::integer;
        n := n + 1;
    END LOOP;
    IF hits = n_wanted AND hits = n THEN
        RETURN 100;
    END IF;
    RETURN CASE WHEN partial THEN (200 * greatest(0, 2 * hits - n) + n_wanted) / (2 * n_wanted) ELSE 0 END; -- rounded
END $$;

-- Of pairs and of places: how many of those of the key are right. A response with more than the key has is malformed.
CREATE FUNCTION score_places_1(wanted integer[], placed integer[], partial boolean) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    places integer := cardinality(array_remove(wanted, NULL));
    hits integer := 0;
BEGIN
    IF places IS NULL OR places = 0 OR placed IS NULL THEN
        RETURN 0;
    END IF;
    FOR i IN 1 .. greatest(cardinality(wanted), cardinality(placed)) LOOP
        IF wanted[i] IS NULL AND placed[i] IS NOT NULL THEN
            RETURN 0;
        END IF;
        hits := hits + coalesce(wanted[i] = placed[i], false)::integer;
    END LOOP;
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

CREATE FUNCTION score_by_rule_1(type text, key text, partial boolean, tolerance text, match text, response text)
RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
           WHEN response IS NULL OR response = '' THEN 0
           WHEN type IN ('single_choice', 'true_false') THEN CASE WHEN btrim(response) = key THEN 100 ELSE 0 END
           WHEN type = 'multiple_choice' THEN assessment.score_choices_1(key, partial, response)
           WHEN type = 'matching' THEN assessment.score_places_1(assessment.pairs_of(key),
                                                                 assessment.pairs_of(response), partial)
           WHEN type = 'ordering' THEN assessment.score_places_1(assessment.numbers_of(key),
                                                                 assessment.numbers_of(response), partial)
           WHEN type = 'numeric' THEN assessment.score_number_1(key, tolerance, response)
           WHEN type = 'short_text' THEN assessment.score_text_1(key, match, response)
           ELSE 0 END::smallint
$$;

-- The rule for a whole form: points of each position, NULL for an item that counts for nobody. Of several responses
-- to one position the last one given here counts, so they come in the order of their revisions; no response is a
-- wrong one. What is written as the key is (whose form is canonical), and a wrong single choice, is told here: a
-- call costs more.
CREATE FUNCTION score_form_1(types text[], keys text[], partials boolean[], tolerances text[], matches text[],
                             modes text[], positions integer[], responses text[])
RETURNS smallint[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    scores smallint[] := array_fill(0::smallint, ARRAY[cardinality(types)]);
    p integer;
BEGIN
    FOR i IN 1 .. coalesce(cardinality(positions), 0) LOOP
        p := positions[i];
        IF responses[i] = keys[p] AND types[p] <> 'short_text' THEN
            scores[p] := 100;
        ELSIF types[p] = 'single_choice' AND octet_length(responses[i]) = 1 THEN
            scores[p] := 0;
        ELSE
            scores[p] := assessment.score_by_rule_1(types[p], keys[p], partials[p], tolerances[p], matches[p],
                                                    responses[i]);
        END IF;
    END LOOP;
    IF 'count' <> ANY (modes) THEN
        FOR i IN 1 .. cardinality(modes) LOOP
            scores[i] := CASE modes[i] WHEN 'count' THEN scores[i] WHEN 'credit' THEN 100 END;
        END LOOP;
    END IF;
    RETURN scores;
END $$;

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
-- One SELECT without settings: the planner writes it into the statement that calls it, as lookups for each attempt.
CREATE FUNCTION score_attempt(which uuid, form uuid, policy uuid)
RETURNS TABLE (scores smallint[], "right" integer, score bigint, max_score bigint, passed boolean, groups jsonb)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT i.scores, g.n_right, g.score, g.max_score,
           g.max_score > 0 AND g.score * 100 >= p.pass_percent * g.max_score AND g.groups_passed, g.groups
      FROM assessment.form_key k
      JOIN assessment.policy p ON p.policy_id = score_attempt.policy
     CROSS JOIN LATERAL (SELECT jsonb_object_agg(skill_group, percent) AS marks FROM assessment.policy_group
                          WHERE policy_group.policy_id = score_attempt.policy OFFSET 0) m
     CROSS JOIN LATERAL (SELECT array_agg(position) AS positions, array_agg(response) AS responses
                           FROM (SELECT position, response FROM assessment.answer
                                  WHERE answer.attempt_id = which AND position <= cardinality(k.types)
                                  ORDER BY position, revision) o) n
     CROSS JOIN LATERAL (SELECT assessment.score_form_1(k.types, k.keys, k.partials, k.tolerances, k.matches, k.modes,
                                                        n.positions, n.responses) AS scores OFFSET 0) i
     CROSS JOIN LATERAL (
           SELECT sum(e.n_right)::integer AS n_right, sum(e.score)::bigint AS score,
                  sum(e.max_score)::bigint AS max_score,
                  bool_and(m.marks IS NULL
                           OR e.score * 100 >= coalesce((m.marks ->> e.skill_group)::integer, 0) * e.max_score)
                      AS groups_passed,
                  jsonb_agg(jsonb_build_object('skill_group', e.skill_group, 'score', e.score,
                                               'max_score', e.max_score) ORDER BY e.skill_group) AS groups
             FROM (SELECT u.skill_group, coalesce(sum(u.score), 0) AS score, 100 * count(u.score) AS max_score,
                          count(*) FILTER (WHERE u.score = 100) AS n_right
                     FROM unnest(k.groups, i.scores) AS u (skill_group, score)
                    GROUP BY u.skill_group) e) g
     WHERE k.form_id = form
$$;

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

-- Ends and grades those of the attempts that can end, and gives the result of all. `how`: submit (the learner hands
-- in; what the clock has ended already is the clock's) or clock (only what it has ended; and, not asked for, 100 of
-- those that wait for a grade: of forms that have their keys by now, so that those of others hold up nobody). `event`:
-- the fact to be announced, of those that were graded just now.
--
-- Saving an answer updates the attempt's row. FOR NO KEY UPDATE waits for it, and what follows are statements of
-- their own with newer snapshots: an acknowledged answer is counted. A save that waits for us finds the attempt
-- ended when we commit.
CREATE FUNCTION end_attempts(asked uuid[], how text)
RETURNS TABLE (attempt_id uuid, person_id uuid, programme_id uuid, policy_id uuid, number integer, items integer,
               state text, ended_by text, ended_at timestamptz, answers bigint, head bytea, void_reason text,
               version integer, rule integer, "right" integer, score bigint, max_score bigint, passed boolean,
               groups jsonb, graded_at timestamptz, event jsonb)
LANGUAGE plpgsql SECURITY DEFINER ROWS 100
SET search_path = assessment, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_memoize = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off
SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
    lo uuid;
    hi uuid;
    due uuid[];     -- those that end now, or have ended and wait to be graded
    waiting uuid[]; -- of these: created, although their time has come
    n_graded bigint := 0;
BEGIN
    PERFORM share_keys();
    IF how = 'clock' THEN
        asked := asked || ARRAY(SELECT a.attempt_id FROM attempt a
                                 WHERE a.state IN ('submitted', 'timed_out') AND a.attempt_id <> ALL (asked)
                                   AND EXISTS (SELECT FROM form_key k WHERE k.form_id = a.form_id)
                                 ORDER BY a.ended_at LIMIT 100 FOR NO KEY UPDATE OF a SKIP LOCKED);
    END IF;
    lo := (SELECT x FROM unnest(asked) x ORDER BY x LIMIT 1);
    hi := (SELECT x FROM unnest(asked) x ORDER BY x DESC LIMIT 1);
    SELECT array_agg(l.attempt_id), array_agg(l.attempt_id) FILTER (WHERE l.state = 'created') INTO due, waiting
      FROM (SELECT a.attempt_id, a.state FROM attempt a
             WHERE a.attempt_id = ANY (asked) AND a.attempt_id >= lo AND a.attempt_id <= hi
               AND (a.state IN ('submitted', 'timed_out')
                    -- What runs has begun, whatever a clock that was set back says.
                    OR (a.state = 'running' OR a.state = 'created' AND a.started_at <= now())
                       AND (how = 'submit' OR a.closes_at <= now()))
             ORDER BY a.attempt_id FOR NO KEY UPDATE) l;
    IF waiting IS NOT NULL THEN
        UPDATE attempt SET state = 'running' WHERE attempt_id = ANY (waiting) AND attempt_id >= lo AND attempt_id <= hi;
    END IF;
    IF due IS NOT NULL THEN
        RETURN QUERY
        WITH ended AS (
            UPDATE attempt a
               SET state = 'graded', result_version = 1,
                   ended_by = coalesce(a.ended_by,
                                       CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END),
                   ended_at = coalesce(a.ended_at, greatest(a.started_at, least(a.closes_at, now())))
             WHERE a.attempt_id = ANY (due) AND a.attempt_id >= lo AND a.attempt_id <= hi
               AND EXISTS (SELECT FROM form_key k WHERE k.form_id = a.form_id)
            RETURNING a.*
        ), made AS MATERIALIZED ( -- from each attempt to what belongs to it, never one set with another
            SELECT e.attempt_id, e.person_id, e.programme_id, e.policy_id, e.number, e.items, e.state, e.ended_by,
                   e.ended_at, e.answers, e.head, e.void_reason, s.scores, s."right", s.score, s.max_score, s.passed,
                   s.groups
              FROM ended e CROSS JOIN LATERAL score_attempt(e.attempt_id, e.form_id, e.policy_id) s
        ), stored AS (
            INSERT INTO result (attempt_id, version, rule, "right", items, score, max_score, passed, scores, groups,
                                cause, graded_at)
            SELECT attempt_id, 1, 1, "right", cardinality(scores), score, max_score, passed, scores, groups,
                   'lần chấm đầu / first grading', now()
              FROM made
        ), stood AS (
            UPDATE standing t SET running = false, ended_at = e.ended_at
              FROM made e
             WHERE t.person_id = e.person_id AND t.programme_id = e.programme_id AND t.attempt_id = e.attempt_id
        )
        SELECT e.attempt_id, e.person_id, e.programme_id, e.policy_id, e.number, e.items, e.state, e.ended_by,
               e.ended_at, e.answers, e.head, e.void_reason, 1, 1, e."right", e.score, e.max_score, e.passed, e.groups,
               now(), grade_fact(e.attempt_id, e.person_id, e.programme_id, e.policy_id, e.number, e."right",
                                 cardinality(e.scores), e.passed, now(), e.score, e.max_score, 1)
          FROM made e;
        GET DIAGNOSTICS n_graded = ROW_COUNT;
        IF n_graded < cardinality(due) THEN -- forms without keys: they end, and are graded once the keys are there
            WITH ended AS (
                UPDATE attempt a
                   SET state = CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END,
                       ended_by = CASE WHEN a.closes_at <= now() THEN 'timed_out' ELSE 'submitted' END,
                       ended_at = greatest(a.started_at, least(a.closes_at, now()))
                 WHERE a.attempt_id = ANY (due) AND a.attempt_id >= lo AND a.attempt_id <= hi AND a.state = 'running'
                RETURNING a.*
            )
            UPDATE standing t SET running = false, ended_at = e.ended_at
              FROM ended e
             WHERE t.person_id = e.person_id AND t.programme_id = e.programme_id AND t.attempt_id = e.attempt_id;
        END IF;
    END IF;
    IF n_graded = cardinality(asked) THEN
        RETURN;
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

-- Forms in hand whose window has opened, at most `most` of them. Those that another transaction holds are found by
-- the next call. The indexes are empty but for attempts that wait.
CREATE INDEX attempt_created ON attempt (started_at) WHERE state = 'created';
CREATE INDEX attempt_ungraded ON attempt (ended_at) WHERE state IN ('submitted', 'timed_out');

CREATE FUNCTION open_attempts(most integer) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = assessment, pg_temp SET enable_seqscan = off AS $$
    UPDATE attempt SET state = 'running'
     WHERE attempt_id IN (SELECT attempt_id FROM attempt WHERE state = 'created' AND started_at <= now()
                           ORDER BY started_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED)
$$;

-- An officer's last word on attempts: they count no more, and with give_back the person may sit one more. Announces
-- attempt_voided. Who may do that to whom is asked by the statements that call it. Gives those that were voided just
-- now.
CREATE FUNCTION void_attempts(asked uuid[], by uuid, reason text, give_back boolean, trace text DEFAULT NULL)
RETURNS TABLE (attempt_id uuid, person_id uuid, programme_id uuid, event jsonb)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = assessment, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM attempt a WHERE a.attempt_id = ANY (asked) ORDER BY a.attempt_id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH voided AS (
        UPDATE attempt a
           SET state = 'voided', ended_at = coalesce(a.ended_at, now()), voided_by = by, void_reason = reason
         WHERE a.attempt_id = ANY (asked) AND a.state <> 'voided'
        RETURNING a.*
    ), stood AS (
        UPDATE standing t
           SET given_back = t.given_back + give_back::integer,
               running = t.running AND t.attempt_id <> v.attempt_id,
               ended_at = CASE WHEN t.running AND t.attempt_id = v.attempt_id THEN now() ELSE t.ended_at END
          FROM voided v
         WHERE t.person_id = v.person_id AND t.programme_id = v.programme_id
    ), told AS (
        INSERT INTO outbox (event, body, trace)
        SELECT 'attempt_voided',
               jsonb_build_object('attempt_id', v.attempt_id, 'person_id', v.person_id, 'programme_id', v.programme_id,
                                  'reason', reason, 'at', now()), trace
          FROM voided v
        RETURNING outbox.body
    )
    SELECT v.attempt_id, v.person_id, v.programme_id, t.body
      FROM voided v JOIN told t ON (t.body ->> 'attempt_id')::uuid = v.attempt_id;
END $$;

-- The items of a graded attempt to the person who sat it, as far as its policy shows them.
CREATE FUNCTION review_attempt(asked uuid, asker uuid)
RETURNS TABLE ("position" integer, response text, score smallint, explanation text)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = assessment, pg_temp AS $$
    SELECT i.place::integer, CASE WHEN p.answers_shown THEN n.response END,
           CASE WHEN p.answers_shown THEN r.scores[i.place] END,
           CASE WHEN p.explanations_shown THEN nullif(k.explanation, '') END
      FROM attempt a
      JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version
      JOIN form f USING (form_id)
      JOIN (SELECT policy_id,
                   show_answers = 'at_once' OR show_answers = 'after_window' AND coalesce(closes_at <= now(), true)
                       AS answers_shown,
                   show_explanations = 'at_once'
                   OR show_explanations = 'after_window' AND coalesce(closes_at <= now(), true) AS explanations_shown
              FROM policy) p ON p.policy_id = a.policy_id
     CROSS JOIN LATERAL unnest(f.items) WITH ORDINALITY AS i (version_id, place)
      LEFT JOIN item_key k ON k.version_id = i.version_id
      LEFT JOIN LATERAL (SELECT response FROM answer WHERE answer.attempt_id = asked AND answer.position = i.place
                          ORDER BY revision DESC LIMIT 1) n ON true
     WHERE a.attempt_id = asked AND (a.person_id = asker OR same_as(a.person_id) = asker) AND a.state = 'graded'
       AND (p.answers_shown OR p.explanations_shown)
     ORDER BY i.place
$$;

-- --- Corrections. ---

-- Orders to grade again. `forms` had the item when it was corrected; `after` is how far the slices are.
CREATE TABLE regrade (
    regrade_id uuid PRIMARY KEY,
    version_id uuid NOT NULL REFERENCES item_version,
    mode       text NOT NULL CHECK (mode IN ('credit', 'exclude', 'key')),
    key        text,
    reason     text NOT NULL,
    ordered_by uuid NOT NULL,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    forms      uuid[] NOT NULL,
    after      uuid NOT NULL,
    until      uuid NOT NULL,
    seen       bigint NOT NULL DEFAULT 0,
    changed    bigint NOT NULL DEFAULT 0,
    done_at    timestamptz,
    CHECK ((mode = 'key') = (key IS NOT NULL))
);
CREATE INDEX regrade_running ON regrade (ordered_at) WHERE done_at IS NULL;
CREATE INDEX regrade_newest ON regrade (ordered_at DESC);

-- Corrects an item for every form that has it and for those to come, and orders the regrade. A later correction of
-- the same item takes the place of an earlier one. NULL, or the fault. The key is checked by the caller, who knows
-- the choices.
--
-- Attempts that begin later than the order are graded by the new keys anyway; an hour more, and whatever is stored
-- already, for a clock that was set back. The forms' attempts begin after the forms were made, a day less for the same
-- reason.
CREATE FUNCTION correct_item(order_id uuid, which uuid, how text, new_key text, why text, officer uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = assessment, pg_temp AS $$
DECLARE
    item item_version := (SELECT v FROM item_version v WHERE v.version_id = which);
    known regrade;
    having_it uuid[];
    first_made timestamptz;
BEGIN
    IF item.version_id IS NULL THEN
        RETURN 'NOT_FOUND:version_id';
    ELSIF item.author_id = officer THEN
        RETURN 'SAME_PERSON:version_id';
    ELSIF item.state NOT IN ('live', 'retired') OR item.type = 'situation' THEN
        RETURN 'STATE:version_id';
    ELSIF how NOT IN ('credit', 'exclude', 'key') THEN
        RETURN 'INVALID:mode';
    ELSIF (how = 'key') <> (new_key IS NOT NULL) THEN
        RETURN 'INVALID:key';
    END IF;
    PERFORM hold_keys();
    SELECT * INTO known FROM regrade WHERE regrade_id = order_id;
    IF FOUND THEN
        RETURN CASE WHEN (known.version_id, known.mode, known.key, known.reason, known.ordered_by)
                         IS DISTINCT FROM (which, how, new_key, why, officer) THEN 'CONFLICT:regrade_id' END;
    END IF;
    SELECT coalesce(array_agg(form_id), '{}'), coalesce(min(made_at), now()) INTO having_it, first_made
      FROM form WHERE which = ANY (items);
    INSERT INTO item_correction AS c (version_id, mode, key)
    VALUES (which, CASE how WHEN 'key' THEN 'count' ELSE how END, new_key)
    ON CONFLICT (version_id) DO UPDATE SET mode = excluded.mode, key = excluded.key;
    UPDATE form_key k
       SET modes[array_position(f.items, which)] = CASE how WHEN 'key' THEN 'count' ELSE how END,
           keys[array_position(f.items, which)] = coalesce(new_key, k.keys[array_position(f.items, which)])
      FROM form f
     WHERE f.form_id = k.form_id AND f.form_id = ANY (having_it);
    INSERT INTO regrade (regrade_id, version_id, mode, key, reason, ordered_by, forms, after, until)
    VALUES (order_id, which, how, new_key, why, officer, having_it,
            uuid_border(first_made - interval '1 day'),
            greatest(uuid_border(now() + interval '1 hour'),
                     (SELECT a.attempt_id FROM attempt a ORDER BY a.attempt_id DESC LIMIT 1)));
    RETURN NULL;
END $$;

-- One slice of the oldest regrade that runs: looks at 5,000 attempts at most, grades at most `most` of them again,
-- and gives the facts to be announced. An attempt gets a new version of its result when anything in it differs.
CREATE FUNCTION regrade_slice(most integer) RETURNS SETOF jsonb LANGUAGE plpgsql SECURITY DEFINER ROWS 100
SET search_path = assessment, pg_temp SET enable_seqscan = off AS $$
DECLARE
    job regrade;
    asked uuid[];
    last_seen uuid;
    n_seen bigint;
    n_changed bigint;
BEGIN
    SELECT * INTO job FROM regrade WHERE done_at IS NULL ORDER BY ordered_at LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM share_keys();
    SELECT array_agg(w.attempt_id ORDER BY w.attempt_id) FILTER (WHERE w.hit AND w.n_hits <= most), count(*),
           (array_agg(w.attempt_id ORDER BY w.attempt_id DESC) FILTER (WHERE w.n_hits <= most))[1]
      INTO asked, n_seen, last_seen
      FROM (SELECT v.attempt_id, v.hit, count(*) FILTER (WHERE v.hit) OVER (ORDER BY v.attempt_id) AS n_hits
              FROM (SELECT a.attempt_id, a.state = 'graded' AND a.form_id = ANY (job.forms) AS hit
                      FROM attempt a WHERE a.attempt_id > job.after AND a.attempt_id <= job.until
                     ORDER BY a.attempt_id LIMIT 5000) v) w;
    PERFORM FROM attempt a WHERE a.attempt_id = ANY (asked) ORDER BY a.attempt_id FOR NO KEY UPDATE;
    RETURN QUERY
    WITH differs AS MATERIALIZED (
        SELECT a.attempt_id, s.*, r.version + 1 AS version, cardinality(s.scores) AS items
          FROM attempt a
          JOIN result r ON r.attempt_id = a.attempt_id AND r.version = a.result_version
         CROSS JOIN LATERAL score_attempt(a.attempt_id, a.form_id, a.policy_id) s
         WHERE a.attempt_id = ANY (asked) AND a.state = 'graded'
           AND (s.scores, s.passed, s.max_score) IS DISTINCT FROM (r.scores, r.passed, r.max_score)
    ), made AS (
        INSERT INTO result (attempt_id, version, rule, "right", items, score, max_score, passed, scores, groups, cause,
                            graded_at)
        SELECT d.attempt_id, d.version, 1, d."right", d.items, d.score, d.max_score, d.passed, d.scores, d.groups,
               job.reason, now()
          FROM differs d
    ), moved AS (
        UPDATE attempt a SET result_version = d.version FROM differs d WHERE a.attempt_id = d.attempt_id
        RETURNING a.*
    )
    SELECT grade_fact(m.attempt_id, m.person_id, m.programme_id, m.policy_id, m.number, d."right", d.items, d.passed,
                      now(), d.score, d.max_score, d.version)
      FROM moved m JOIN differs d USING (attempt_id);
    GET DIAGNOSTICS n_changed = ROW_COUNT;
    UPDATE regrade
       SET seen = seen + coalesce(cardinality(asked), 0), changed = changed + n_changed,
           after = coalesce(last_seen, after),
           done_at = CASE WHEN n_seen < 5000 AND coalesce(cardinality(asked), 0) < most THEN now() END
     WHERE regrade_id = job.regrade_id;
END $$;

REVOKE ALL ON FUNCTION numbers_of(text), pairs_of(text), decimal_of(text), text_form(text, text),
    score_choices_1(text, boolean, text), score_places_1(integer[], integer[], boolean),
    score_number_1(text, text, text),
    score_text_1(text, text, text), score_by_rule_1(text, text, boolean, text, text, text),
    score_form_1(text[], text[], boolean[], text[], text[], text[], integer[], text[]), share_keys(), hold_keys(),
    score_attempt(uuid, uuid, uuid),
    grade_fact(uuid, uuid, uuid, uuid, integer, integer, integer, boolean, timestamptz, bigint, bigint, integer),
    end_attempts(uuid[], text), open_attempts(integer), void_attempts(uuid[], uuid, text, boolean, text),
    review_attempt(uuid, uuid), correct_item(uuid, uuid, text, text, text, uuid), regrade_slice(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_attempts(uuid[], text), open_attempts(integer),
    void_attempts(uuid[], uuid, text, boolean, text), review_attempt(uuid, uuid),
    correct_item(uuid, uuid, text, text, text, uuid), regrade_slice(integer) TO hocvu_assessment;
-- All of an order but the key.
GRANT SELECT (regrade_id, version_id, mode, reason, ordered_by, ordered_at, seen, changed, done_at)
    ON regrade TO hocvu_assessment;

COMMIT;
