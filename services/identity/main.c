/*
 * identity - who a person is, where he or she works, what he or she may do.
 *
 * Answers:   every METHOD in proto/identity.def
 * Announces: org_changed, people_changed, decree_applied, person_linked, person_merged, position_changed, role_changed
 * Follows:   <service>_record_read of the others: who looked at whose record
 * Keeps:     schema "identity" (migrations/); the provider's metadata and keys for a while, which may be lost
 * Refuses:   a login that brings a state twice, another browser's or another provider's (UNAUTHENTICATED), a number
 * that is not on the roster or whose name differs (NOT_ON_ROSTER), a role beyond what the caller may hand on
 * (FORBIDDEN), single rows of an import, with a sentence each
 *
 * Configuration: identity --help
 */
#include "account.h"
#include "archive.h"
#include "overdue.h"
#include "identity.h"
#include "pace.h"
#include "provider.h"
#include "session.h"

#define PROTO_BIND "identity.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(learning_record_read),
    FOLLOW(assessment_record_read),
    FOLLOW(certification_record_read),
    FOLLOW(reporting_record_read),
    FOLLOW_END,
};

static const struct tick ticks[] = {
    {"units_refresh", 60000, units_refresh},     /* versions whose day has come */
    {"headcount_fold", 2000, headcount_fold},    /* changes of tenures into counts by day */
    {"access_settle", 2000, access_settle},      /* who looked at whom, sorted in by person */
    {"logins_prune", 60000, logins_prune},       /* browsers that never came back */
    {"sessions_prune", 60000, sessions_prune},   /* sessions that ended long ago */
    {"accounts_take", 60000, accounts_take_due}, /* who logged in before the roster came */
    {"accounts_prune", 3600000, accounts_prune}, /* who never came onto one */
    {"pace_prune", 60000, pace_prune},           /* refused logins that count no more */
    {"uploads_prune", 600000, uploads_prune},    /* files that nobody imported */
    {"overdue_count", 10000, overdue_count},     /* what /metrics says is at most so old */
    {"archives_prune", 3600000, archives_prune}, /* a person's archive is there for a week */
    TICK_END,
};

static const struct job jobs[] = {
    {"privacy", 30000, 64u << 20, privacy_run},  /* archives, erasures; who did not answer is asked again */
    {"rosters", 1000, 64u << 20, rosters_run},   /* a slice of twenty thousand rows takes 25 MB */
    {"decrees", 60000, 128u << 20, decrees_run}, /* a tree of 100,000 versions takes 60 MB */
    JOB_END,
};

/* These wait for identity providers. */
static const uint16_t slow[] = {M_login_start, M_login_finish, M_session_end, M_provider_logout, M_provider_check, 0};

static const struct limits limits = {
    .workers = 12,            /* eight for what waits for a provider, up to 3.5 s; four for all else */
    .in_flight = 256,         /* logins are the slow calls: at 20 ms the last one waits under a second */
    .deadline_ms = 5000,      /* as the gateway waits */
    .arena_bytes = 64u << 20, /* a decree or a file on a tree of 60,000 versions takes 40 MB; all else under 5 */
};

extern const struct personal identity_personal[];

static const struct service identity = {
    .name = "identity",
    .number = SERVICE_identity,
    .doc = "Persons, national-ID links, organisation tree, roles, sessions.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .jobs = jobs,
    .slow = slow,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = identity_personal,
    .calendar = true,
    .conf = identity_rows,
    .conf_size = sizeof(struct identity_conf),
    .check = identity_check,
    .release = identity_release,
    .start = identity_start,
    .help = providers_help,
    .metrics = identity_metrics,
};

int main(int argc, char **argv)
{
    return service_run(&identity, argc, argv);
}
