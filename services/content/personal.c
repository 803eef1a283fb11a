/* personal.c - what this service keeps about a person: what he or she wrote, reviewed and published. */
#include "service.h"
#include "sql.h"

extern const struct personal content_personal[];
const struct personal content_personal[] = {
    {"steps", &SQL_personal_steps, NULL},
    {NULL, NULL, NULL},
};
