/*
 * tenure_plan.h - what a change does to the tenures of one person, worked out in memory; and whether what comes out has
 * exactly one principal tenure on each day of work. Pure.
 */
#ifndef IDENTITY_TENURE_PLAN_H
#define IDENTITY_TENURE_PLAN_H

#include "rows.h"

enum { TENURES_MOST = 200 };

struct tenure_plan {
    struct tenure_row rows[TENURES_MOST + 2]; /* stored ones first, then new ones */
    bool touched[TENURES_MOST + 2];
    uint32_t n;
};

/* A step that has been checked for what it must name; `unit` and `position` as they are to be stored. */
struct tenure_wish {
    struct uuid person_id;
    const struct tenure_step *step;
    const struct uuid *reopened_unit; /* of reopen: the unit that was looked at; of another one it is NOT_FOUND */
    int32_t unit_until;               /* of reopen: first day without that unit; INT32_MAX: it has no end */
    struct span position;             /* title from the catalogue when only its code was given */
};

/*
 * Changes plan->rows as the step says. 0, or an error with *ret_field: the tenure that it names is not there
 * (NOT_FOUND), not of that kind or over already (STATE), a day does not lie where it must (INVALID), something is not
 * said (MISSING).
 */
MUST_CHECK int tenure_plan_step(struct tenure_plan *plan, const struct tenure_wish *wish, const char **ret_field);

/* Two principal tenures on one day: "valid_from"; another one on a day without: "kind"; NULL: all is well. */
const char *tenure_plan_fault(const struct tenure_plan *plan);

/* The day from which on the person works nowhere, for ever. False: there is none. */
bool tenure_plan_end(const struct tenure_plan *plan, int32_t *ret_day);

/* The principal tenure in force on a day, NULL: none. */
struct tenure_row *tenure_plan_principal(struct tenure_plan *plan, int32_t day);

#endif
