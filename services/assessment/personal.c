/* personal.c - what this service keeps about a person: attempts with their answers and results, appeals. */
#include "service.h"
#include "sql.h"

extern const struct personal assessment_personal[];
const struct personal assessment_personal[] = {
    {"attempts", &SQL_personal_attempts, &SQL_personal_attempts_erase},
    {"answers", &SQL_personal_answers, NULL},
    {"appeals", &SQL_personal_appeals, &SQL_personal_appeals_erase},
    {NULL, NULL, NULL},
};
