-- Deploy assessment:grading to pg
--
-- The only way an attempt ends, and the only reader of keys. Both functions belong to the owner of the tables; the
-- service may call them and cannot do any of their work by a statement of its own.
BEGIN;

SET LOCAL search_path = assessment;

-- Rule 1: the option that the learner chose, put back into the bank's order, is the key. No answer is a wrong answer.
CREATE FUNCTION right_by_rule_1(key smallint, option_order text, response text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT response <> '' AND substr(option_order, response::integer, 1) = key::text
$$;

-- Ends those of the attempts that are running and gives the result of all that have ended. `event` is the fact to be
-- announced, for those that ended just now.
--
-- A save holds FOR KEY SHARE on its attempt from its check to its commit. FOR UPDATE waits for it, and what follows is
-- a statement of its own with a newer snapshot: an acknowledged answer is counted. A save that waits for us finds the
-- attempt ended when we commit.
CREATE FUNCTION grade_attempts(asked uuid[])
RETURNS TABLE (attempt_id uuid, person_id uuid, programme_id uuid, number integer, state text, "right" integer,
               items integer, passed boolean, graded_at timestamptz, event jsonb)
LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = assessment, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM attempt WHERE attempt_id = ANY (asked) AND state = 'running' ORDER BY attempt_id FOR UPDATE;
    RETURN QUERY
    WITH counted AS (
        SELECT a.attempt_id,
               count(*) FILTER (WHERE right_by_rule_1(k.key, s.option_order, n.response))::integer AS n_right
          FROM attempt a
          JOIN paper p ON p.attempt_id = a.attempt_id
         CROSS JOIN LATERAL unnest(p.items, p.orders) WITH ORDINALITY AS s (item_id, option_order, place)
          JOIN item_key k ON k.item_id = s.item_id
          LEFT JOIN LATERAL (SELECT response FROM answer
                              WHERE answer.attempt_id = a.attempt_id AND answer.position = s.place
                              ORDER BY revision DESC LIMIT 1) n ON true
         WHERE a.attempt_id = ANY (asked) AND a.state = 'running'
         GROUP BY a.attempt_id
    ), ended AS (
        UPDATE attempt a
           SET state = CASE WHEN a.deadline <= now() THEN 'timed_out' ELSE 'graded' END,
               "right" = c.n_right,
               passed = c.n_right * 100 >= p.pass_percent * a.items,
               grade_rule = 1,
               graded_at = now()
          FROM counted c, policy p
         WHERE a.attempt_id = c.attempt_id AND p.policy_id = a.policy_id
        RETURNING a.*
    )
    SELECT e.attempt_id, e.person_id, e.programme_id, e.number, e.state, e."right", e.items, e.passed, e.graded_at,
           jsonb_build_object('attempt_id', e.attempt_id, 'person_id', e.person_id, 'programme_id', e.programme_id,
                              'policy_id', e.policy_id, 'number', e.number, 'right', e."right", 'items', e.items,
                              'passed', e.passed, 'graded_at', e.graded_at)
      FROM ended e
    UNION ALL
    SELECT a.attempt_id, a.person_id, a.programme_id, a.number, a.state, a."right", a.items, a.passed, a.graded_at, NULL
      FROM attempt a WHERE a.attempt_id = ANY (asked) AND a.state <> 'running';
END
$$;

REVOKE ALL ON FUNCTION grade_attempts(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION grade_attempts(uuid[]) TO hocvu_assessment;

COMMIT;
