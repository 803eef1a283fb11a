/* personal.c - what this service keeps about a person: enrolments, measured study and its evidence. */
#include "service.h"
#include "sql.h"

extern const struct personal learning_personal[];
const struct personal learning_personal[] = {
    {"enrolments", &SQL_personal_enrolments, &SQL_personal_enrolments_erase},
    {"lessons", &SQL_personal_lessons, &SQL_personal_lessons_erase},
    {"evidence", &SQL_personal_evidence, &SQL_personal_evidence_erase},
    {NULL, NULL, NULL},
};
