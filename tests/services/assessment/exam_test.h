/*
 * exam_test.h - an assessment database for what comes after an attempt: a nation with two provinces, learners in both,
 * a policy with two forms, and attempts written as they are stored, so that their times are the test's.
 */
#ifndef TESTS_ASSESSMENT_EXAM_TEST_H
#define TESTS_ASSESSMENT_EXAM_TEST_H

#include "assessment.h"
#include "known.h"
#include "outcome.h"
#include "sql.h"
#include <criterion/criterion.h>
#include <sodium.h>

enum {
    NATION = 900,
    PROVINCE,
    OFFICE,
    DESK,
    ELSEWHERE, /* DESK lies in OFFICE, OFFICE in PROVINCE */
    OFFICER = 920,
    OTHER_OFFICER,
    OUTSIDER,
    PROGRAMME = 1,
    BANK,
    BLUEPRINT,
    POLICY,
    FORM,
    OTHER_FORM,
    FRAMEWORK,
    LAN = 10,
    MINH,
    HOA,
    TAM,        /* LAN and MINH at the OFFICE, HOA ELSEWHERE, TAM at the DESK */
    ITEM = 200, /* and the seven after it */
    ATTEMPT = 1000,
    ITEMS = 5,
};

static struct assessment_conf exam_conf;

static inline void make_conf(void)
{
    uint8_t seed[32] = {7};
    exam_conf = (struct assessment_conf){.key = {1, 2, 3, 4},
                                         .fast_chars_per_second = 50,
                                         .burst_answers = 4,
                                         .burst_seconds = 10,
                                         .devices_most = 3,
                                         .same_wrong_least = 2,
                                         .same_wrong_percent = 80};
    crypto_sign_seed_keypair(exam_conf.sign_public, exam_conf.sign_secret, seed);
    jws_kid(exam_conf.sign_public, exam_conf.kid);
}

/* u(n) is U(n); save() stores an answer as the service does, at a time of the test's choice. */
static inline void make_functions(struct harness *h)
{
    harness_sql(h, "CREATE FUNCTION u(n integer) RETURNS uuid IMMUTABLE LANGUAGE sql AS "
                   "$$ SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid $$");
    harness_sql(
        h, "CREATE FUNCTION save(which integer, place integer, rev bigint, text text, at timestamptz) RETURNS void "
           "LANGUAGE sql AS $$ "
           "WITH moved AS (UPDATE attempt SET answers = answers + 1, head = sha256(head || int4send(place) || "
           "int8send(rev) || timestamptz_send(at) || convert_to(text, 'UTF8')) WHERE attempt_id = u(which) "
           "RETURNING answers, head) "
           "INSERT INTO answer (attempt_id, saved_at, revision, seq, position, response, link) "
           "SELECT u(which), at, rev, answers, place, text, head FROM moved $$");
}

/* Stems of 100 characters, four choices of 25: 200 characters, 4 seconds at 50 a second. */
static inline void make_forms(struct harness *h)
{
    harness_sql(h, "INSERT INTO programme VALUES (u(%d), 'KNS', 1, 'Kỹ năng số', 'Digital skills')", PROGRAMME);
    harness_sql(h, "INSERT INTO framework VALUES (u(%d), 'F', '1.0', '{a}')", FRAMEWORK);
    harness_sql(h,
                "INSERT INTO bank (bank_id, code, title_vi, title_en, framework_id, created_by) "
                "VALUES (u(%d), 'B', 'b', 'b', u(%d), u(%d))",
                BANK, FRAMEWORK, OFFICER);
    harness_sql(h,
                "INSERT INTO item_version (version_id, bank_id, code, version, state, type, skill_group, level, stem, "
                "choices, author_id, reviewer_id, live_at, digest) "
                "SELECT u(%d + n), u(%d), 'I' || n, 1, 'live', 'single_choice', 'a', 1, repeat('ơ', 100), "
                "ARRAY[repeat('a', 25), repeat('b', 25), repeat('c', 25), repeat('d', 25)], u(%d), u(%d), now(), '' "
                "FROM generate_series(0, 7) n",
                ITEM, BANK, OFFICER, OTHER_OFFICER);
    harness_sql(h,
                "INSERT INTO blueprint (blueprint_id, code, version, bank_id, items, created_by, digest) "
                "VALUES (u(%d), 'P', 1, u(%d), %d, u(%d), '')",
                BLUEPRINT, BANK, ITEMS, OFFICER);
    harness_sql(h,
                "INSERT INTO policy (policy_id, programme_id, version, blueprint_id, items, pass_percent, minutes, "
                "grace_seconds, max_attempts, retake_wait_seconds, early_seconds, forms, max_exposure_percent, "
                "show_result, show_answers, show_explanations, appeal_days, created_by, digest) "
                "VALUES (u(%d), u(%d), 1, u(%d), %d, 60, 30, 10, 2, 0, 0, 2, 100, 'at_once', 'never', 'never', 15, "
                "u(%d), '')",
                POLICY, PROGRAMME, BLUEPRINT, ITEMS, OFFICER);
    /* The second form has three items of the first, at other places. */
    harness_sql(h,
                "INSERT INTO form (form_id, policy_id, items, difficulty) VALUES "
                "(u(%d), u(%d), ARRAY[u(200), u(201), u(202), u(203), u(204)], 50), "
                "(u(%d), u(%d), ARRAY[u(207), u(202), u(206), u(201), u(200)], 50)",
                FORM, POLICY, OTHER_FORM, POLICY);
    harness_sql(h, "INSERT INTO form_pool (policy_id, ready) VALUES (u(%d), ARRAY[u(%d), u(%d)])", POLICY, FORM,
                OTHER_FORM);
}

static inline struct harness *open_exam(void)
{
    make_conf();
    struct harness *h = harness_open("assessment", service_sql, true, &exam_conf);
    make_functions(h);
    know_unit(h, NATION, 0, "U");
    know_unit(h, PROVINCE, NATION, "U");
    know_unit(h, OFFICE, PROVINCE, "U");
    know_unit(h, DESK, OFFICE, "U");
    know_unit(h, ELSEWHERE, NATION, "U");
    know_person(h, LAN, "Nguyễn Thị Lan", OFFICE, 0);
    know_person(h, MINH, "Trần Văn Minh", OFFICE, 0);
    know_person(h, HOA, "Lê Thị Hoa", ELSEWHERE, 0);
    know_person(h, TAM, "Phạm Văn Tám", DESK, 0);
    make_forms(h);
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(PROVINCE));
    return h;
}

/* A running attempt that began so many minutes ago. */
static inline void began(struct harness *h, uint32_t attempt, uint32_t person, uint32_t form, int minutes_ago)
{
    harness_sql(h,
                "INSERT INTO attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, "
                "seed, started_at, deadline, closes_at, session_id, head) "
                "SELECT a, p, u(%d), u(%d), f, 1, %d, 'running', 4711, t, t + interval '30 minutes', "
                "t + interval '30 minutes 10 seconds', u(%u), "
                "sha256('hocvu-attempt-1'::bytea || uuid_send(a) || uuid_send(p) || uuid_send(f) || "
                "int8send(4711) || timestamptz_send(t)) "
                "FROM (SELECT u(%u) AS a, u(%u) AS p, u(%u) AS f, now() - interval '%d minutes' AS t) x",
                PROGRAMME, POLICY, ITEMS, person, attempt, person, form, minutes_ago);
    harness_sql(h,
                "INSERT INTO standing (person_id, programme_id, completed_at, taken, running, attempt_id) "
                "VALUES (u(%u), u(%d), now(), 1, true, u(%u)) "
                "ON CONFLICT (person_id, programme_id) DO UPDATE SET taken = standing.taken + 1, running = true, "
                "attempt_id = excluded.attempt_id",
                person, PROGRAMME, attempt);
}

/* Back to the state before its time came, which no step of the service does. */
static inline void not_begun(struct harness *h, uint32_t attempt)
{
    harness_sql(h,
                "SET session_replication_role = replica; "
                "UPDATE attempt SET state = 'created' WHERE attempt_id = u(%u); "
                "SET session_replication_role = origin",
                attempt);
}

/* An answer saved so many seconds after the start. */
static inline void saved(struct harness *h, uint32_t attempt, int position, int revision, const char *response,
                         double seconds)
{
    harness_sql(h,
                "SELECT save(%u, %d, %d, '%s', started_at + interval '%f seconds') FROM attempt "
                "WHERE attempt_id = u(%u)",
                attempt, position, revision, response, seconds, attempt);
}

static inline void ended(struct harness *h, uint32_t attempt, int minutes_ago)
{
    harness_sql(h,
                "UPDATE attempt SET state = 'submitted', ended_by = 'submitted', "
                "ended_at = now() - interval '%d minutes' WHERE attempt_id = u(%u)",
                minutes_ago, attempt);
    harness_sql(h, "UPDATE standing SET running = false, ended_at = now() WHERE attempt_id = u(%u)", attempt);
}

/* Its result, with the points of each position, and the event, numbered by the relay. */
static inline void graded(struct harness *h, uint32_t attempt, const char *scores)
{
    harness_sql(h,
                "WITH r AS (INSERT INTO result (attempt_id, version, rule, \"right\", items, score, max_score, passed, "
                "scores, groups, cause, graded_at) "
                "SELECT attempt_id, 1, 1, 0, items, (SELECT sum(x) FROM unnest('%s'::smallint[]) x), 100 * items, "
                "(SELECT sum(x) FROM unnest('%s'::smallint[]) x) >= 60 * items, '%s', '[]', 'graded', ended_at "
                "FROM attempt WHERE attempt_id = u(%u)) "
                "UPDATE attempt SET state = 'graded', result_version = 1 WHERE attempt_id = u(%u)",
                scores, scores, scores, attempt, attempt);
    harness_sql(h,
                "INSERT INTO outbox (event, body, seq) SELECT 'attempt_graded', "
                "jsonb_build_object('attempt_id', u(%u), 'result_version', 1), "
                "coalesce(max(seq), 0) + 1 FROM outbox",
                attempt);
}

/* An attempt of 20 minutes that ended ten minutes ago, its five answers a minute apart, all as in `responses`. */
static inline void sat(struct harness *h, uint32_t attempt, uint32_t person, uint32_t form,
                       const char *const responses[ITEMS], const char *scores)
{
    began(h, attempt, person, form, 30);
    for (int i = 0; i < ITEMS; i++)
        saved(h, attempt, i + 1, 1, responses[i], 60.0 * (i + 1));
    ended(h, attempt, 10);
    graded(h, attempt, scores);
}

static const char *const usual_answers[ITEMS] = {"1", "2", "3", "4", "1"};

static inline void sat_usual(struct harness *h, uint32_t attempt, uint32_t person)
{
    sat(h, attempt, person, FORM, usual_answers, "{100,100,100,0,0}");
}

static inline void as_officer(struct harness *h)
{
    harness_as(h, U(OFFICER), EXAM_OFFICER, U(PROVINCE));
}

static inline void as_outsider(struct harness *h)
{
    harness_as(h, U(OUTSIDER), EXAM_OFFICER, U(ELSEWHERE));
}

static inline void as_learner(struct harness *h, uint32_t person)
{
    harness_as(h, U(person), LEARNER, U(NATION));
}

#endif
