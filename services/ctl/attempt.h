/*
 * attempt.h - what `hocvu attempt verify` (attempt.c) and its checks (attempt_check.c) share.
 *
 * A check finds faults with check_fault, or leaves in `note` what its line says when it has found none.
 */
#ifndef CTL_ATTEMPT_H
#define CTL_ATTEMPT_H

#include "codec.h"

#define DOSSIER_FORMAT "hocvu-dossier-1"

struct verification {
    struct arena *arena;
    struct dossier dossier;
    const struct attempt_paper *paper; /* of the dossier: the one, as its message says */
    const struct policy *policy;       /* likewise */
    int faults;
    bool is_note; /* the line is worth a look, and no fault */
    char note[160];
};

/* Prints a line and counts it. */
void check_fault(struct verification *v, const char *what, const char *format, ...) PRINTF(3, 4);

void check_shape(struct verification *v);     /* one attempt, one policy, every position once */
void check_first(struct verification *v);     /* the link before the first receipt */
void check_order(struct verification *v);     /* items and choices stand as the seed lays them */
void check_chain(struct verification *v);     /* every link */
void check_head(struct verification *v);      /* the chain's end is the one that the attempt names */
void check_revisions(struct verification *v); /* no revision twice, nothing outside of the time allowed */
void check_shown(struct verification *v);     /* the answer beside each item is the one that counts */
void check_results(struct verification *v);   /* versions, points, pass mark */
void check_about(struct verification *v);     /* facts and appeals are of this attempt */

#endif
