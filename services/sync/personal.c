/* personal.c - what this service keeps about a person: what went out to other systems. */
#include "service.h"
#include "sql.h"

extern const struct personal sync_personal[];
const struct personal sync_personal[] = {
    {"items", &SQL_personal_items, &SQL_personal_items_erase},
    {"held", &SQL_personal_held, NULL},
    {NULL, NULL, NULL},
};
