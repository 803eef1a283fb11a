/*
 * assessment - lets learners sit attempts, keeps every answer, grades, tells the world.
 *
 * Answers:   every METHOD in proto/assessment.def
 * Announces: attempt_started, attempt_graded
 * Follows:   content.item_published, item_bank_published, programme_published (what can be asked);
 *            learning.programme_completed (who may be asked)
 * Keeps:     schema "assessment"; nothing in memory between calls
 * Refuses:   a start without completion, beside a running attempt, beyond the policy's attempts or before its waiting
 *            time; an answer after the deadline or the end; to show a key to anyone, this process included
 *
 * Configuration: assessment --help
 */
#include "assessment.h"
#include "sql.h"

#define PROTO_BIND "assessment.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(item_published),
    FOLLOW(item_bank_published),
    FOLLOW(programme_published),
    FOLLOW(programme_completed),
    FOLLOW_END,
};

static const struct tick ticks[] = {
    /* Every second a slice of 500, which takes about 100 ms of one connection: a learner whose time is over waits a
     * second for the result, and 100,000 attempts that end in the same minute are graded within four. */
    {"attempts_close_due", 1000, attempts_close_due},
    TICK_END,
};

static const struct limits limits = {
    .workers = 3,        /* two batches of saves fill two cores; one more, so that a start need not wait for them */
    .in_flight = 2048,   /* four full batches of saves for each worker that runs them: about 50 ms of work */
    .deadline_ms = 5000, /* a learner's patience; the answer is kept by the page and sent again */
    .arena_bytes = 12u << 20, /* 256 answers of 8 KiB as declared, their arrays for PostgreSQL, and replies */
};

static const struct service assessment = {
    .name = "assessment",
    .number = SERVICE_assessment,
    .doc = "Attempts, answers, grades.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .limits = &limits,
    .sql = service_sql,
    .conf = assessment_conf_rows,
    .conf_size = sizeof(struct assessment_conf),
    .check = assessment_check,
};

int main(int argc, char **argv)
{
    return service_run(&assessment, argc, argv);
}
