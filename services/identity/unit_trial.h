/*
 * unit_trial.h - rows of a file that are versions of units, tried together on the tree in memory: what both imports of
 * units share.
 */
#ifndef IDENTITY_UNIT_TRIAL_H
#define IDENTITY_UNIT_TRIAL_H

#include "import.h"
#include "tree.h"

/* Columns with which the table of every such file begins; refusals are about them. */
enum { UNIT_CODE, UNIT_PARENT, UNIT_KIND, UNIT_OTHERS };

/* A row that reads well. */
struct unit_row {
    struct table_row *row;
    struct tree_unit *unit;
    struct tree_version version;
    enum tree_change change;
    enum tree_fault fault; /* of the present trial */
    bool faulty;
};

struct unit_trial {
    struct table file;
    struct tree tree;
    struct unit_row *rows;
    uint32_t n;
};

/* Room for all rows of trial->file. -1: the arena is full. */
MUST_CHECK int unit_trial_init(struct unit_trial *trial);
/* A row that is not refused; its unit is found, or made. Parents are set when all rows are there. */
struct unit_row *unit_trial_add(struct unit_trial *trial, struct table_row *row, const struct tree_version *version);
/* Refuses rows until all that are left fit together; the tree is then as they leave it. 0 or an error's code. */
MUST_CHECK int unit_trial_settle(struct unit_trial *trial);
/* Rows that are new, and that differ. */
void unit_trial_count(const struct unit_trial *trial, uint32_t *ret_created, uint32_t *ret_changed);
/*
 * Tells which units of before have another name or another place from a day on because of the file; after units_write.
 * By `decree`, or NULL: by a file that names none. 0 or fail().
 */
MUST_CHECK int unit_trial_tell(struct ctx *ctx, const struct unit_trial *trial, const struct official_file *decree);

#endif
