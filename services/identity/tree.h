/*
 * tree.h - the organisation tree through all times, in memory, while an import judges its rows: what is stored, and
 * what the file would make of it. Everything lives in the arena.
 */
#ifndef IDENTITY_TREE_H
#define IDENTITY_TREE_H

#include "arena.h"
#include "proto.h"

enum { TREE_OPEN = INT32_MAX, TREE_MAX_DEPTH = 16 };

/* A unit between two days; `to` is the day after the last, TREE_OPEN while it lasts. */
struct tree_version {
    int32_t from, to;
    struct tree_unit *parent; /* NULL: the nation */
    struct span kind, name, name_en;
    bool differs;       /* from what is stored */
    const bool *faulty; /* of the row that it comes from: the present trial found it at fault; NULL: stored */
};

struct tree_unit {
    struct uuid id;
    struct span code;
    const struct unit_fact *stored; /* its versions in the database, by date */
    uint32_t n_stored;              /* 0: a new unit */
    uint32_t n_rows;                /* of the file that are about it */
    struct tree_version *versions;  /* by date, none overlaps another */
    uint32_t n_versions;
};

struct tree {
    struct arena *arena;
    struct tree_unit *units;
    uint32_t n_units, most_units;
    uint32_t *by_code, *by_id; /* open hash tables of indexes + 1 */
    uint32_t mask;
    unsigned char key[16];
    const struct uuid *tops; /* of the caller's subtrees */
    uint32_t n_tops;
};

/* `stored` in order of code and date, as unit_versions gives them; room for `more` new units. -1: the arena is full. */
MUST_CHECK int tree_init(struct tree *tree, struct arena *arena, const struct unit_fact *stored, uint32_t n_stored,
                         uint32_t more, const struct uuid *tops, uint32_t n_tops);
/* The unit with this code; NULL: none. */
struct tree_unit *tree_find(const struct tree *tree, struct span code);
/* The same, made when there is none, and one row more is about it. Never more new units than `more`. */
struct tree_unit *tree_mention(struct tree *tree, struct span code);
/* After all mentions, and before each trial: the tree as it is stored. -1: the arena is full. */
MUST_CHECK int tree_reset(struct tree *tree);

enum tree_change { TREE_SAME, TREE_NEW, TREE_CHANGED };
/*
 * What `version` says holds from version->from on, until the unit's next version begins; version->to is not looked at.
 * Rows are put in order of their dates.
 */
enum tree_change tree_put(struct tree_unit *unit, const struct tree_version *version);

enum tree_fault { TREE_FINE, TREE_NO_PARENT, TREE_CYCLE, TREE_DEEP, TREE_KIND, TREE_OUTSIDE };
/* Is the version that begins on this day in order, for as long as it lasts, and the caller's to change? */
enum tree_fault tree_check(const struct tree *tree, struct tree_unit *unit, int32_t from);

/* Does that version lean on a row at fault: does the way up from it, at any time that it lasts, meet one? */
bool tree_leans(const struct tree_unit *unit, int32_t from);

/* Is this a kind that units can have? */
bool tree_kind_known(struct span kind);
/* New units, and versions that differ from what is stored; each unit's in order of date. -1: the arena is full. */
MUST_CHECK int tree_changes(const struct tree *tree, struct unit_fact **ret_units, uint32_t *ret_n_units,
                            struct unit_fact **ret_versions, uint32_t *ret_n_versions);

#endif
