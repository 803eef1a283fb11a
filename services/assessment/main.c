/*
 * assessment - keeps item banks, makes forms ahead, lets learners sit attempts, keeps every answer they give, grades.
 *
 * Answers:   every METHOD in proto/assessment.def
 * Announces: attempts_started, attempt_graded, attempt_voided, appeal_decided
 * Follows:   what `follows` below names
 * Keeps:     schema "assessment" (migrations/); forms that were read, in memory
 *
 * Refuses a blueprint that the bank cannot fill (SHORTFALL), a start before lessons are done (STATE) or beyond the
 * policy (ATTEMPTS, TOO_SOON, NOT_OPEN, CLOSED), an answer that comes too late (TIME_OVER, STATE). Defers starts beyond
 * what it can serve (admission.c).
 *
 * Configuration: assessment --help
 */
#include "assessment.h"
#include "org.h"
#include "sql.h"

#define PROTO_BIND "assessment.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(framework_published), FOLLOW(programme_published),
    FOLLOW(learner_assigned),    FOLLOW(programme_completed),
    FOLLOW(org_changed),         FOLLOW(people_changed),
    FOLLOW(person_merged),       FOLLOW(person_restricted),
    FOLLOW(person_erased),       FOLLOW_END,
};

/* Each works on a slice that takes 100 ms of one connection at most; nobody waits for them. */
static const struct tick ticks[] = {
    {"attempts_open_due", 1000, attempts_open_due},
    {"attempts_close_due", 1000, attempts_close_due}, /* a learner whose time is over waits a second for the result */
    {"regrades_go_on", 500, regrades_go_on},
    {"integrity_examine", 1000, integrity_examine}, /* 128 attempts a look */
    {"attempt_key_keep", 60000, attempt_key_keep},
    {"forms_renew", 5000, forms_renew},
    {"org_today", 60000, org_today},
    {"periods_ahead", 3600000, periods_ahead}, /* a quarter is made a month ahead: a day's failure does not matter */
    TICK_END,
};

/* Running attempts come before everything else. */
static const uint16_t first[] = {M_answer_save, M_attempt_submit, 0};

static const struct limits limits = {
    .workers = 4,        /* one kept for each method of `first`, two for the rest */
    .in_flight = 16384,  /* a whole synchronised start waits in memory, 1 kB each, and is answered within a second */
    .deadline_ms = 5000, /* a learner's patience; the answer is kept by the page and sent again */
    .arena_bytes = 64u << 20, /* a file of 20,000 items: cells, rows, the arrays of the statement took 56 MiB */
};

extern const struct personal assessment_personal[];

static const struct service assessment = {
    .name = "assessment",
    .number = SERVICE_assessment,
    .doc = "Item banks, forms, attempts, answers, grades, appeals.",
    .bindings = bindings,
    .first = first,
    .follows = follows,
    .ticks = ticks,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = assessment_personal,
    .by_index = true,
    .org = true,
    .conf = assessment_conf_rows,
    .conf_size = sizeof(struct assessment_conf),
    .check = assessment_check,
};

int main(int argc, char **argv)
{
    return service_run(&assessment, argc, argv);
}
