/* form.h - what blueprints, policies and the renewal of forms share. */
#ifndef ASSESSMENT_FORM_H
#define ASSESSMENT_FORM_H

#include "assemble.h"
#include "service.h"

/* Live items of one bank that the service takes into account; beyond, it says so. */
enum { DRAWN_ITEMS = 10000 };

struct form_plan {
    struct quota *quotas;
    uint32_t n_quotas;
    struct enemy *enemies;
    uint32_t n_enemies;
};

/* The quotas and enemies of a stored blueprint, in the arena. 0 or fail(). */
MUST_CHECK int blueprint_plan(struct ctx *ctx, const struct uuid *blueprint_id, struct form_plan *ret_plan);
/* What forms of this bank may be made of, in the arena. 0 or fail(): TOO_LARGE beyond DRAWN_ITEMS. */
MUST_CHECK int bank_drawn(struct ctx *ctx, struct uuid bank_id, struct assemble_job *job);
/*
 * Assembles forms: the job has the items, how many forms to make and those that stay; plan and basis give it the rest.
 * 0 or fail(): SHORTFALL with the reason as its field. Then `ret_made` has the forms that could be made nevertheless.
 */
MUST_CHECK int forms_assemble(struct ctx *ctx, const struct form_plan *plan, const struct policy_basis *basis,
                              struct assemble_job *job, struct assembled *ret_made);
/* Stores forms and lays their keys. `ret_rows` has the made->n_forms rows for the pool. 0 or fail(). */
MUST_CHECK int forms_store(struct ctx *ctx, const struct uuid *policy_id, const struct drawn_item *items,
                           const struct assembled *made, struct form_row **ret_rows);
/* Hash of a draft as it was sent, in the arena: tells a repeated call from another one under the same id. */
MUST_CHECK int draft_digest(struct ctx *ctx, const struct msg *desc, const void *draft, struct span *ret_digest);

#endif
