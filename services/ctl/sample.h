/*
 * sample.h - the sample nation as its files say it: units, officials, framework, programme with lessons, items, policy.
 *
 * Files are read once and never changed; what the demonstration learns while it runs is kept elsewhere.
 */
#ifndef CTL_SAMPLE_H
#define CTL_SAMPLE_H

#include "arena.h"
#include "rows.h"

/* Index of no unit. */
#define NO_UNIT UINT32_MAX

struct sample_unit {
    struct span code, name;
    uint32_t parent; /* index, NO_UNIT for the nation; always smaller than the unit's own index */
};

struct sample_official {
    struct span national_id; /* only for the provider's form; never printed */
    struct span full_name, position, roles;
    uint32_t unit;
    bool leader;
};

enum sample_type {
    TYPE_SINGLE_CHOICE,
    TYPE_MULTIPLE_CHOICE,
    TYPE_TRUE_FALSE,
    TYPE_MATCHING,
    TYPE_ORDERING,
    TYPE_NUMERIC,
    TYPE_SHORT_TEXT,
    TYPE_SITUATION,
    SAMPLE_TYPES
};
extern const char *const sample_type_names[SAMPLE_TYPES];

enum { SAMPLE_OPTIONS = 6, SAMPLE_TARGETS = 5 /* columns of the item files */ };

/* An item with what it takes to answer it. The service checks items; here only what answers are made from is read. */
struct sample_item {
    enum sample_type type;
    struct span code, skill_group, situation, stem, key, match;
    struct span option[SAMPLE_OPTIONS], target[SAMPLE_TARGETS];
    uint8_t n_options, n_targets;
    bool partial;
    /* The key: numbers of options from 1, of ordering in the right order; of matching all options with their targets.
     */
    uint8_t n_right, right[SAMPLE_OPTIONS], right_target[SAMPLE_OPTIONS];
    double number, tolerance; /* of numeric; the tolerance as a difference, also when it is given as a share */
};

/* A file as it is. */
struct sample_file {
    const char *name; /* within the directory */
    struct span text;
};

struct sample {
    struct arena arena;
    const char *dir;
    struct sample_file units_csv, roster_csv;
    struct sample_unit *units;
    struct sample_official *officials; /* in the roster's order */
    uint32_t n_units, n_officials;
    struct sample_framework framework;
    struct sample_programme programme;
    struct sample_policy policy;
    struct sample_file *lessons; /* the text of each lesson of the programme */
    struct sample_file *banks;   /* the items, a file for each group of the framework */
    struct sample_item *items;   /* of all files, sorted by stem */
    uint32_t n_items;
};

/* Reads the directory; it must outlive the sample. Prints what is wrong on standard error and returns -1. */
MUST_CHECK int sample_read(struct sample *sample, const char *dir);
/* Only units and roster. */
MUST_CHECK int sample_read_people(struct sample *sample, const char *dir);
/* Accepts a sample that could not be read, and a zeroed one. */
void sample_release(struct sample *sample);

/* Index of the unit with this code, or NO_UNIT. */
uint32_t sample_unit_find(const struct sample *sample, struct span code);
/* Is the unit `top` or below it? */
bool sample_unit_within(const struct sample *sample, uint32_t unit, uint32_t top);
/*
 * Does the official hold the role? Then *ret_unit (may be NULL) is the top of its subtree. Roles stand in the roster as
 * words with an optional place and ; between them: `unit_head` is for the official's own unit, `editor@VN` for that
 * one.
 */
bool sample_has_role(const struct sample *sample, const struct sample_official *official, const char *role,
                     uint32_t *ret_unit);
/* The first official of the roster with the role; NULL when there is none. */
const struct sample_official *sample_role_find(const struct sample *sample, const char *role, uint32_t *ret_unit);
/* The item with this question, or NULL. */
const struct sample_item *sample_item_find(const struct sample *sample, struct span stem);
/* The situation with this code, or NULL; and how many items belong to it. */
const struct sample_item *sample_situation_find(const struct sample *sample, struct span code);
uint32_t sample_situation_items(const struct sample *sample, struct span code);

#endif
