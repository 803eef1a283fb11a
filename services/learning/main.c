/*
 * learning - assigns programmes to people, measures their study, says when they have completed it.
 *
 * Answers:   every METHOD in proto/learning.def
 * Announces: learner_assigned (again when someone's extra time changes), lesson_completed, programme_completed
 * Follows:   content's programme_published; identity's org_changed, people_changed, person_merged: who comes under an
 * assignment later is enrolled too Keeps:     schema "learning" (migrations/), with a copy of the organisation and of
 * published programmes Refuses:   a unit outside the caller's subtree (FORBIDDEN), a lesson before its turn (ORDER), a
 * completion for which the server has not measured the time (EVIDENCE)
 *
 * Configuration: learning --help
 */
#include "learning.h"

#define PROTO_BIND "learning.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(org_changed),   FOLLOW(people_changed),      FOLLOW(person_merged),
    FOLLOW(person_erased), FOLLOW(programme_published), FOLLOW_END,
};

static const struct tick ticks[] = {
    {"walk", 1000, learning_walk},
    TICK_END,
};

static const struct limits limits = {
    .workers = 3,            /* two runs of beats at once, and one for everything else */
    .in_flight = 2048,       /* eight full batches of beats; beyond: busy at once, the next beat counts the time */
    .deadline_ms = 5000,     /* as the gateway waits */
    .arena_bytes = 8u << 20, /* 256 beats, or an assignment of 2,000 listed people */
};

extern const struct personal learning_personal[];

static const struct service learning = {
    .name = "learning",
    .number = SERVICE_learning,
    .doc = "Assignments, enrolments, measured progress.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = learning_personal,
    .org = true,
    .conf = learning_conf_rows,
    .conf_size = sizeof(struct learning_conf),
};

int main(int argc, char **argv)
{
    return service_run(&learning, argc, argv);
}
