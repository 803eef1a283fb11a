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

struct sample_item {
    struct span code, skill_group, stem, option[4];
    uint8_t key; /* 1 to 4 */
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

bool span_equal(struct span a, struct span b);

#endif
