/*
 * assemble.h - forms from items: a pure function, the same for the same job. FORMS.md says by which rules.
 */
#ifndef ASSESSMENT_ASSEMBLE_H
#define ASSESSMENT_ASSEMBLE_H

#include "arena.h"
#include "rows.h"

enum { ASSEMBLE_ITEMS = 200, ASSEMBLE_QUOTAS = 64, ASSEMBLE_FORMS = 500, ASSEMBLE_SEED = 32, ASSEMBLE_WORDS = 129 };

struct assemble_form {
    uint32_t *items;   /* indexes into the job's items, those of a situation side by side */
    double difficulty; /* mean of its items, percent */
};

struct assemble_job {
    const struct drawn_item *items; /* all is borrowed */
    uint32_t n_items;
    const struct quota *quotas;
    uint32_t n_quotas; /* 64 and 200 items at most */
    const struct enemy *enemies;
    uint32_t n_enemies;
    uint32_t forms; /* to make, 500 at most */
    /* Forms that stay beside them: none is made again, their mean difficulty is aimed at. */
    const struct assemble_form *kept;
    uint32_t n_kept;
    uint32_t later; /* forms that will be made by other jobs: the bound of exposure is for all together */
    uint8_t max_exposure_percent;
    uint8_t seed[ASSEMBLE_SEED];
};

struct assembled {
    struct assemble_form *forms;    /* no two of the same items, nor one of the items of a form that stays */
    uint32_t n_forms;               /* fewer than asked for when the bank has no more that differ */
    uint32_t n_items;               /* of each */
    double mean, spread;            /* of the forms' difficulty: mean, and the greatest distance from it */
    uint32_t most_used;             /* forms that the most exposed item is in, those that stay included */
    char shortfall[ASSEMBLE_WORDS]; /* after ERR_SHORTFALL: which quota, and what is there */
};

/*
 * Makes forms in the arena. Returns 0 with one form at least; ERR_SHORTFALL with ret->shortfall filled when the bank
 * cannot fill the quotas, enemies leave no choice or the bound of exposure cannot be met (ret->forms then has what
 * could be made within it); ERR_TOO_LARGE when the arena is full.
 */
MUST_CHECK int assemble(const struct assemble_job *job, struct arena *arena, struct assembled *ret);

#endif
