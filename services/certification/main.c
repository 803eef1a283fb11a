/*
 * certification - issues a certificate to everyone who passed, once, signed, and tells anyone who asks whether it
 * holds.
 *
 * Answers:   every METHOD in proto/certification.def
 * Announces: certificate_issued, certificate_revoked
 * Follows:   assessment.attempt_graded, attempt_voided (who passed, and who has not after all);
 * content.programme_published (what); identity.org_changed, people_changed, person_merged (whose name, and who may
 * revoke) Keeps: schema "certification"; nothing in memory between calls Refuses:   a second certificate in force for
 * the same person and programme version, a document that is not the registered one to the byte, a revocation outside
 * the officer's subtree, to delete anything
 *
 * Configuration: certification --help
 */
#include "certification.h"
#include "org.h"
#include "sql.h"

#define PROTO_BIND "certification.def"
#include "bind.h"

static const struct follow follows[] = {
    FOLLOW_MANY(attempt_graded),    FOLLOW(attempt_voided),
    FOLLOW(programme_published),    FOLLOW(org_changed),
    FOLLOW(people_changed),         FOLLOW(person_merged),
    FOLLOW(reporting_audit_headed), FOLLOW(person_restricted),
    FOLLOW(person_erased),          FOLLOW_END,
};

static const struct tick ticks[] = {
    /* Up to 256 each quarter of a second: 1,000 certificates a second, made and signed in a tenth of it. */
    {"certificates_issue", 250, certificates_issue},
    {"org_today", 60000, org_today},
    TICK_END,
};

static const struct limits limits = {
    .workers = 2,             /* everything here is a look-up by a unique key */
    .in_flight = 256,         /* about 50 ms of look-ups; the public verifies in bursts, not by the thousand */
    .deadline_ms = 5000,      /* nobody waits longer for a look-up */
    .arena_bytes = 16u << 20, /* 256 certificates of 16 KiB as declared, twice: made, and as PostgreSQL's arrays */
};

extern const struct personal certification_personal[];

static const struct service certification = {
    .name = "certification",
    .number = SERVICE_certification,
    .doc = "Certificates: issued once, signed, verified in public.",
    .bindings = bindings,
    .follows = follows,
    .ticks = ticks,
    .limits = &limits,
    .sql = service_sql,
    .audit = true,
    .personal = certification_personal,
    .org = true,
    .conf = certification_conf_rows,
    .conf_size = sizeof(struct certification_conf),
    .check = certification_check,
};

int main(int argc, char **argv)
{
    return service_run(&certification, argc, argv);
}
