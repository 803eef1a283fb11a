/*
 * assemble_set.h - a form in the making: units that were taken and the quotas that their items fill. Inside assemble.
 *
 * A unit is what is taken as a whole: a situation with its items, or a single item. Whether a set of items fits the
 * quotas is a matching: taking an item may move others to another of their quotas, but never out of the form.
 */
#ifndef ASSESSMENT_ASSEMBLE_SET_H
#define ASSESSMENT_ASSEMBLE_SET_H

#include "assemble.h"

struct unit {
    uint32_t first, n;                 /* its items in assembly.members, by code */
    uint32_t enemies_first, n_enemies; /* units that exclude it, in assembly.foes */
    uint64_t key;                      /* random; the sum over a form's units tells equal forms */
    uint32_t kept, used;               /* forms that stay, and forms in all, that have it */
    bool fits;                         /* every item belongs to a quota */
    bool torn;                         /* two of its own items are enemies */
};

struct assembly {
    const struct assemble_job *job;
    uint64_t *quotas; /* of each item: those it may fill, a bit each */
    uint32_t *unit_of, *members, *foes;
    struct unit *units;
    uint32_t n_units;
    uint32_t most;    /* forms that a unit may be in */
    bool ignore_foes; /* to find out what is in the way */
    /* The form in the making. */
    uint32_t item[ASSEMBLE_ITEMS];
    uint8_t quota[ASSEMBLE_ITEMS]; /* that the item fills */
    uint32_t n;
    uint16_t left[ASSEMBLE_QUOTAS]; /* still to fill */
    uint32_t n_left;
    uint64_t tight; /* quotas that no further item can get into: full, and so are all to which their items could move */
    bool *taken;    /* of each unit */
    uint16_t *blocked; /* of each unit: how many of its enemies are taken */
};

/* Sorts items into units and finds their quotas and enemies. 0, or -1 when the arena is full. */
MUST_CHECK int assembly_init(struct assembly *a, const struct assemble_job *job, struct arena *arena);
void assembly_clear(struct assembly *a);
/* Puts an item into the form if the quotas allow it, whatever its unit. */
bool assembly_place(struct assembly *a, uint32_t item);
/* Takes a unit if its items fit, no enemy of it is in the form and its exposure allows it. */
bool assembly_take(struct assembly *a, uint32_t unit);
void assembly_drop(struct assembly *a, uint32_t unit);
/* Puts `in` into the place of `out`; both are single items of the same quotas, and `in` has no enemy besides `out`. */
void assembly_swap(struct assembly *a, uint32_t slot, uint32_t in);
bool assembly_enemies(const struct assembly *a, uint32_t left, uint32_t right);

#endif
