/*
 * sync - tells systems of other owners what has changed here: https, JSON, signed, once, in order, within the time by
 * law.
 *
 * Answers:   every METHOD of proto/sync.def, all for the operator's command line
 * Announces: sync_audit_headed
 * Follows:   identity.org_changed, people_changed, person_linked, person_merged, person_restricted, person_erased,
 * calendar_changed (when time by law ends); certification.certificate_issued, certificate_revoked Keeps:     schema
 * "sync": items on their way and for some weeks after; nothing in memory but calls under way Refuses:   a receiver
 * without https or with a short key, to change the body of an item, to forget one that has not ended
 *
 * Configuration: sync --help, and one file for each receiver in target_dir
 */
#include "org.h"
#include "sync.h"
#include "sql.h"

#define PROTO_BIND "sync.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW(org_changed),         FOLLOW(people_changed),
    FOLLOW(person_linked),       FOLLOW(certificate_issued),
    FOLLOW(certificate_revoked), FOLLOW(person_merged),
    FOLLOW(calendar_changed),    FOLLOW(person_restricted),
    FOLLOW(person_erased),       FOLLOW_END,
};

static const struct tick ticks[] = {
    {"org_today", 60000, org_today},
    {"items_count", 10000, items_count},   /* what /metrics says is at most so old */
    {"items_forget", 60000, items_forget}, /* 2,000 a minute: 2.9 million a day */
    TICK_END,
};

static const struct job jobs[] = {
    /* Looks twice a second when there was nothing to do. 16 receivers, 32 items of 256 KiB: one receiver's at a time.
     */
    {"items_send", 500, 48u << 20, items_send},
    JOB_END,
};

static const struct limits limits = {
    .workers = 2, /* one operator; the second while the first counts */
    .in_flight = 16,
    .deadline_ms = 5000,
    .arena_bytes = 8u << 20, /* a list of 100 items, an item's body; four of it for a page of events */
};

extern const struct personal sync_personal[];

static const struct service sync_service = {
    .name = "sync",
    .number = SERVICE_sync,
    .doc = "Tells systems of other owners what has changed here.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .jobs = jobs,
    .limits = &limits,
    .sql = service_sql,
    .org = true,
    .audit = true,
    .personal = sync_personal,
    .calendar = true,
    .conf = sync_conf_rows,
    .conf_size = sizeof(struct sync_conf),
    .check = sync_check,
    .release = sync_release,
    .help = sync_help,
    .metrics = sync_metrics,
};

int main(int argc, char **argv)
{
    return service_run(&sync_service, argc, argv);
}
