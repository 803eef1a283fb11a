/*
 * reporting - how far each unit has come, now and as frozen at a cut-off.
 *
 * Answers:   every METHOD of proto/reporting.def
 * Announces: snapshot_frozen
 * Follows:   identity.org_changed, people_changed, person_merged (the tree, who works where), decree_applied (what
 * became of which unit); content.programme_published (titles); learning.learner_assigned, programme_completed;
 * assessment.attempt_graded, attempt_voided; certification.certificate_issued, certificate_revoked (what each person
 * has reached); <service>_audit_headed of all others (their audits' heads, kept here) Keeps:     schema "reporting"
 * (migrations/); nothing in memory between calls Refuses:   a unit outside the caller's subtree (FORBIDDEN), a cut-off
 * that has not come (INVALID), a second final report of a period (CONFLICT), a report of more than 5000 units
 * (TOO_LARGE)
 *
 * Configuration: reporting --help
 */
#include "org.h"
#include "rollup.h"
#include "sql.h"

#define PROTO_BIND "reporting.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(org_changed),
    FOLLOW(people_changed),
    FOLLOW(person_merged),
    FOLLOW(decree_applied),
    FOLLOW(person_erased),
    FOLLOW(programme_published),
    FOLLOW(learner_assigned),
    FOLLOW(programme_completed),
    FOLLOW_MANY(attempt_graded),
    FOLLOW(attempt_voided),
    FOLLOW(certificate_issued),
    FOLLOW(certificate_revoked),
    FOLLOW(identity_audit_headed),
    FOLLOW(content_audit_headed),
    FOLLOW(learning_audit_headed),
    FOLLOW(assessment_audit_headed),
    FOLLOW(certification_audit_headed),
    FOLLOW(sync_audit_headed),
    FOLLOW_END,
};

static const struct tick ticks[] = {
    {"org_today", 60000, org_today},     /* tenures and units that begin today count from the first minute */
    {"rollup_renew", 200, rollup_renew}, /* what a person waits before a roll-up shows a fact */
    {"rollup_sweep", 10000,
     rollup_sweep}, /* 100 ms a time: a province's 3,400 units are gone through in some minutes */
    TICK_END,
};

static const struct limits limits = {
    .workers = 3,        /* a roll-up takes milliseconds; two freezes at once leave a worker for it */
    .in_flight = 64,     /* officers, not learners, ask here */
    .deadline_ms = 5000, /* a report of 3,400 units and 100,000 people is frozen in a fraction of it */
    .arena_bytes =
        24u << 20, /* 5,000 rows at their bounds: rows 2 MB, parameters 3 MB, CSV 3.2 MB, reply 0.6 MB; doubled */
};

extern const struct personal reporting_personal[];

static const struct service reporting = {
    .name = "reporting",
    .number = SERVICE_reporting,
    .doc = "Counts who was assigned, completed, passed and was certified, per unit; freezes reports.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = reporting_personal,
    .org = true,
};

int main(int argc, char **argv)
{
    return service_run(&reporting, argc, argv);
}
