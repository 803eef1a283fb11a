/* personal.c - what this service keeps about a person: what was reached in each programme. */
#include "service.h"
#include "sql.h"

extern const struct personal reporting_personal[];
const struct personal reporting_personal[] = {
    {"progress", &SQL_personal_progress, &SQL_personal_progress_erase},
    {NULL, NULL, NULL},
};
