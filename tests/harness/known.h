/* known.h - units and people as identity announces them, applied as a service's follower does. */
#ifndef TESTS_KNOWN_H
#define TESTS_KNOWN_H

#include "harness.h"
#include "org.h"
#include <criterion/criterion.h>

enum { KNOWN_FROM = 18262 }; /* 2020-01-01 */

/* Parent 0: none. */
static inline void know_unit(struct harness *h, uint32_t unit, uint32_t parent, const char *code)
{
    struct unit_fact fact = {
        .unit_id = U(unit), .code = S(code), .kind = SPAN("unit"), .name = S(code), .valid_from = KNOWN_FROM};
    if (parent)
        PUT_FIELD(&fact, unit_fact, parent_id, U(parent));
    cr_assert_eq(harness_event(h, follow_org_changed, &fact), 0);
}

/* A tenure from 2020 on, or ended at `valid_to` when that is not 0. */
static inline void know_person(struct harness *h, uint32_t person, const char *name, uint32_t unit, int32_t valid_to)
{
    struct person_fact fact = {.person_id = U(person),
                               .tenure_id = U(1000000 + person),
                               .full_name = S(name),
                               .unit_id = U(unit),
                               .position = SPAN("Chuyên viên"),
                               .kind = SPAN("principal"),
                               .valid_from = KNOWN_FROM};
    if (valid_to)
        PUT_FIELD(&fact, person_fact, valid_to, valid_to);
    cr_assert_eq(harness_event(h, follow_people_changed, &(struct person_facts){.people = &fact, .n_people = 1}), 0);
}

#endif
