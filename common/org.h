/*
 * org.h - a service's own copy of the organisation: units and tenures, learned from identity's events.
 *
 * A service that wants the copy says so in its first migration (SELECT hocvu.make_org('<schema>', 'hocvu_<service>'))
 * and in its main (.org = true), follows org_changed and people_changed, and calls the two functions below from its
 * handlers. Its schema then has
 *
 *   unit_version(unit_id, parent_id, code, kind, name, valid_from, valid_to)
 *                                                          every version ever told
 *   unit(unit_id, parent_id, code, kind, name, path uuid[]) as of today; path from the root to itself
 *   tenure(tenure_id, person_id, full_name, unit_id, position, leader, kind, position_code, valid_from, valid_to)
 *   person(person_id, full_name, unit_id, leader)          as of today, by the principal tenure
 *   unit_as_of(date), person_as_of(date)                   the same for any day
 *   person_last_known(uuid), unit_path_last_known(uuid)    today, or as last known
 *   alias(person_id, same_as), same_as(uuid)               persons who were on record twice; the one who counts
 *   restriction(person_id, erased), is_restricted(uuid)    persons whose data may only be kept; erased: for ever
 *
 * A caller's subtree is tested in SQL with `unit.path && :ctx_scope`.
 */
#ifndef COMMON_ORG_H
#define COMMON_ORG_H

#include "service.h"

/* Take in one event; applying it again changes nothing. For on_event_org_changed and on_event_people_changed. */
MUST_CHECK int org_apply_unit(struct ctx *ctx, const struct unit_fact *event);
MUST_CHECK int org_apply_people(struct ctx *ctx, const struct person_facts *event);

/*
 * Two persons are one. Tenures follow by people_changed; the service moves what it keeps about the one who is gone, and
 * asks same_as() about persons of whom others tell it later.
 */
MUST_CHECK int org_apply_merge(struct ctx *ctx, const struct person_union *event);

/*
 * Somebody's data may be kept and not used otherwise, or may again; somebody was erased: his or her name goes here too.
 * For on_event_person_restricted and on_event_person_erased of a service whose lists show people to officers, or that
 * tells others of them; whoever keeps the copy follows the second. `*ret_news` (may be NULL): it was not known before.
 */
MUST_CHECK int org_apply_restricted(struct ctx *ctx, const struct restriction_fact *event, bool *ret_news);
MUST_CHECK int org_apply_erased(struct ctx *ctx, const struct erasure_fact *event, bool *ret_news);

/* Tick that makes versions current when their day comes: {"org_today", 60000, org_today}. */
int org_today(struct ctx *ctx);

#endif
