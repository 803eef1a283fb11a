/*
 * decree.h - a decree while it is judged: its steps tried on the tree in memory, and what they leave to be written.
 * Only decree.c and decree_job.c speak to the database.
 */
#ifndef IDENTITY_DECREE_H
#define IDENTITY_DECREE_H

#include "identity.h"
#include "tree.h"

enum { DECREE_MOST_STEPS = 500, DECREE_MOST_PARTS = 20, DECREE_HASH_BYTES = 32 };

/* A unit that ends, and where its people go. */
struct decree_leaving {
    uint32_t step;                       /* index */
    const struct tree_unit *unit, *into; /* into NULL: closed, nobody may be left */
};

struct decree_work {
    struct arena *arena;
    const struct decree *req;
    struct tree tree;                 /* as it is stored, then as the steps leave it */
    struct decree_step_report *steps; /* one for each of the request's */
    struct unit_change_row *changes;
    uint32_t n_changes, most_changes;
    struct decree_leaving leaving[DECREE_MOST_STEPS];
    uint32_t n_leaving;
    bool refused; /* a step was: nothing is to be written */
    bool full;    /* the arena is */
};

/*
 * Tries all steps of work->req on work->tree, which is reset and knows the caller's tops. Fills steps, changes and
 * leaving; `refused` says whether all of them can be done. -1: the arena is full.
 */
MUST_CHECK int decree_try(struct decree_work *work);
/* Refuses a closing because people are left. */
void decree_refuse_people(struct decree_work *work, uint32_t step, uint32_t people);

/*
 * decree.c: judges the decree under the lock of import_begin and, unless it is refused, writes all of it; the caller
 * commits or not. `waited`: it is stored already, a job carries it out, and a refusal is kept too. Otherwise one that
 * moves very many people is stored for the job only. row->state says what became of it. 0 or fail().
 */
MUST_CHECK int decree_carry_out(struct ctx *ctx, const struct decree *req, bool waited, struct decree_new *row,
                                struct decree_report *ret_reply);
/* Puts it into log and audit. 0 or fail(). */
MUST_CHECK int decree_note(struct ctx *ctx, const struct decree_new *row);

/* Of what was sent, by which a repeat is told from another decree under the same id: BLAKE2b of the spans, one by one.
 */
void decree_hash(const struct span *spans, uint32_t n, unsigned char ret_hash[DECREE_HASH_BYTES]);

#endif
