/*
 * item_store.h - storing checked items as drafts: what item_put does with one and an import with thousands.
 *
 * All that changes a bank runs behind the bank's lock, so what was compared is still so when it is written.
 */
#ifndef ASSESSMENT_ITEM_STORE_H
#define ASSESSMENT_ITEM_STORE_H

#include "assessment.h"
#include "item_check.h"
#include "rows.h"

enum { BANK_GROUPS = 64 /* as framework_fact bounds them */ };

enum item_outcome { OUTCOME_UNCHANGED, OUTCOME_CREATED, OUTCOME_CHANGED, OUTCOME_REFUSED };

/* One item on its way into a bank. */
struct item_entry {
    struct item_row row;
    enum item_outcome outcome;
    struct item_fault fault; /* when refused */
};

/* Makes an entry of what an author wrote; a fault makes it a refused one. Returns 0, or fail(). */
MUST_CHECK int item_entry(struct ctx *ctx, struct uuid bank_id, const struct item_source *source,
                          struct item_entry *ret_entry);

/* Begins a transaction behind the bank's lock. Returns 0, or fail(): NOT_FOUND, FORBIDDEN. */
MUST_CHECK int bank_change(struct ctx *ctx, struct uuid bank_id);

/*
 * Compares entries that are not refused with what the bank has: sets outcome, version and, except for new versions,
 * version_id; refuses what does not fit. The text of a live version makes a new draft when its situation has been
 * replaced, that of a retired one when `revive` is set. Returns 0 or fail().
 */
MUST_CHECK int items_compare(struct ctx *ctx, struct uuid bank_id, bool revive, struct item_entry *entries, uint32_t n);

/* Writes those that were created or changed. Returns 0 or fail(). */
MUST_CHECK int items_write(struct ctx *ctx, const struct item_entry *entries, uint32_t n);

/* The source form of a stored version: lists unpacked. Returns 0 or fail(). */
MUST_CHECK int item_unpack(struct ctx *ctx, const struct item_full *full, struct item_source *ret_source);

/* NULL or one of the four states? Otherwise fails with INVALID about `state`. */
MUST_CHECK int item_state_check(struct ctx *ctx, const struct span *state);

#endif
