/* personal.c - what this service keeps about a person; what becomes of the rest of it, archive.c does when all others
 * are done. */
#include "service.h"
#include "sql.h"

extern const struct personal identity_personal[];
const struct personal identity_personal[] = {
    {"person", &SQL_personal_person, NULL},
    {"tenures", &SQL_personal_tenures, &SQL_personal_tenures_erase},
    {"accounts", &SQL_personal_accounts, NULL},
    {"sessions", &SQL_personal_sessions, NULL},
    {"grants", &SQL_personal_grants, &SQL_personal_grants_erase},
    {"links", &SQL_personal_links, NULL},
    {"requests", &SQL_personal_requests, NULL},
    {"accesses", &SQL_personal_accesses, NULL},
    {"audit", &SQL_personal_audit, &SQL_personal_audit_erase},
    {NULL, NULL, NULL},
};
