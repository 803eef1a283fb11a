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
    struct tree_unit *parent;        /* NULL: the nation */
    struct span code, official_kind; /* empty in what tree_put is given: as before */
    struct span kind, name, name_en;
    const struct uuid *decree; /* that made it so; NULL: an import */
    bool differs;              /* from what is stored */
    const bool *faulty;        /* of the row that it comes from: the present trial found it at fault; NULL: stored */
};

struct tree_unit {
    struct uuid id;
    struct span code;               /* the first one */
    const struct unit_fact *stored; /* its versions in the database, by date */
    uint32_t n_stored;              /* 0: a new unit */
    uint32_t n_rows;                /* of the file that are about it */
    uint32_t step;                  /* of a decree that was the last to touch it, from 1; 0: none */
    struct tree_version *versions;  /* by date, none overlaps another */
    uint32_t n_versions, most_versions;
};

/* A code that a unit has or had. */
struct tree_code {
    struct span code;
    uint32_t unit; /* index */
};

struct tree {
    struct arena *arena;
    struct tree_unit *units;
    struct tree_code *codes;
    uint32_t n_units, n_codes;
    uint32_t *by_code, *by_id; /* open hash tables of indexes + 1, of codes and of units */
    uint32_t mask;
    unsigned char key[16];
    const struct uuid *tops; /* of the caller's subtrees */
    uint32_t n_tops;
};

/*
 * `stored` by unit and date, as unit_versions gives them; room for `more` new units and codes. -1: the arena is full.
 */
MUST_CHECK int tree_init(struct tree *tree, struct arena *arena, const struct unit_fact *stored, uint32_t n_stored,
                         uint32_t more, const struct uuid *tops, uint32_t n_tops);
/* The unit that has this code or ever had it; NULL: none. */
struct tree_unit *tree_find(const struct tree *tree, struct span code);
/* The same, made when there is none, and one row more is about it. Never more new units than `more`. */
struct tree_unit *tree_mention(struct tree *tree, struct span code);
/* After all mentions, and before each trial: the tree as it is stored. -1: the arena is full. */
MUST_CHECK int tree_reset(struct tree *tree);

enum tree_change { TREE_SAME, TREE_NEW, TREE_CHANGED, TREE_FULL };
/*
 * What `version` says holds from version->from on, until the unit's next version begins; version->to is not looked at.
 * Rows are put in order of their dates. TREE_FULL: the arena is.
 */
enum tree_change tree_put(const struct tree *tree, struct tree_unit *unit, const struct tree_version *version);

enum tree_fault { TREE_FINE, TREE_NO_PARENT, TREE_CYCLE, TREE_DEEP, TREE_KIND, TREE_OUTSIDE };
/* Is the version that begins on this day in order, for as long as it lasts, and the caller's to change? */
enum tree_fault tree_check(const struct tree *tree, struct tree_unit *unit, int32_t from);

/* Does that version lean on a row at fault: does the way up from it, at any time that it lasts, meet one? */
bool tree_leans(const struct tree_unit *unit, int32_t from);

/* The version in force on that day; NULL: none. */
struct tree_version *tree_version_on(const struct tree_unit *unit, int32_t day);
/* Puts a version among the unit's others, by its first day. NULL: the arena is full. */
struct tree_version *tree_insert(const struct tree *tree, struct tree_unit *unit, const struct tree_version *version);
/* Does the unit lie in the caller's subtrees, by what is stored? */
bool tree_owned(const struct tree *tree, const struct tree_unit *unit);

/*
 * --- Changes from a day on, one member at a time, as decrees make them. ---
 *
 * What a change says holds until the next version in which that member is another one than before the change: what was
 * decided for a later day stays decided, and decrees may be entered in another order than they were issued in.
 */
enum tree_member { TREE_NAME, TREE_PARENT, TREE_CODE };
/* Takes the members asked for from `like`, and its decree. -1: the arena is full. The unit is in force on that day. */
MUST_CHECK int tree_change_from(const struct tree *tree, struct tree_unit *unit, int32_t day, enum tree_member member,
                                const struct tree_version *like);
/* Gives all that lies below `unit` on that day or later to `into`; marks them with `step`. -1: the arena is full. */
MUST_CHECK int tree_give_children(const struct tree *tree, const struct tree_unit *unit, struct tree_unit *into,
                                  int32_t day, const struct uuid *decree, uint32_t step);
/* First unit that lies below this one on that day or later; NULL: none. */
const struct tree_unit *tree_first_child(const struct tree *tree, const struct tree_unit *unit, int32_t day);
enum tree_end { TREE_ENDED, TREE_ENDS_ON_FIRST_DAY, TREE_ENDS_LATER, TREE_CHANGES_LATER };
/* The unit is no more from that day on. It is in force on that day. */
enum tree_end tree_end(struct tree_unit *unit, int32_t day);
/* Another code for a unit; nobody ever had it. */
void tree_add_code(struct tree *tree, const struct tree_unit *unit, struct span code);
/* First unit that on this day lies deeper than TREE_MAX_DEPTH, or below one that is not there; NULL: none. */
struct tree_unit *tree_first_astray(const struct tree *tree, int32_t day);

/* Is this a kind that units can have? */
bool tree_kind_known(struct span kind);
/* New units, and versions that differ from what is stored; each unit's in order of date. -1: the arena is full. */
MUST_CHECK int tree_changes(const struct tree *tree, struct unit_fact **ret_units, uint32_t *ret_n_units,
                            struct unit_fact **ret_versions, uint32_t *ret_n_versions);

#endif
