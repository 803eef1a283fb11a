/*
 * item_check.h - what makes an item well-formed, for each of the eight types; the form in which it is stored.
 *
 * ITEMS.md gives the rules in words. An item comes as its author wrote it (item_source), from JSON or from a row of a
 * file, and leaves as `struct item`: texts in NFC with plain line ends, defaults filled in, the key parsed.
 */
#ifndef ASSESSMENT_ITEM_CHECK_H
#define ASSESSMENT_ITEM_CHECK_H

#include "arena.h"
#include "proto.h"

enum item_type {
    ITEM_SINGLE_CHOICE,
    ITEM_MULTIPLE_CHOICE,
    ITEM_TRUE_FALSE,
    ITEM_MATCHING,
    ITEM_ORDERING,
    ITEM_NUMERIC,
    ITEM_SHORT_TEXT,
    ITEM_SITUATION,
    ITEM_TYPES
};

enum { ITEM_CHOICES = 10, ITEM_POSITIONS = 20, ITEM_FORMS = 20, ITEM_DIGEST = 32 };

/*
 * A key. Of choices: n numbers in left[], and for matching the number of the target in right[]. Of the other types the
 * canonical text.
 */
struct item_key {
    uint8_t n;
    uint8_t left[ITEM_CHOICES], right[ITEM_CHOICES];
    struct span text;
};

/* Everything an author says about an item. Spans that are absent are empty; all live in the arena or the source. */
struct item {
    enum item_type type;
    struct span code, skill_group, pool, situation, stem, tolerance, match, explanation, source;
    uint8_t level, difficulty, n_choices, n_targets, n_positions;
    bool partial;
    struct span choices[ITEM_CHOICES], targets[ITEM_CHOICES]; /* choice n stands at n - 1 */
    struct span positions[ITEM_POSITIONS];                    /* in order, each once */
    struct item_key key;
};

/* What is wrong with an item. The sentences are constants. */
struct item_fault {
    int code;
    const char *field; /* of item_source */
    uint8_t number;    /* of the choice or target, where it is about one; otherwise 0 */
    const char *vi, *en;
};

/* Checks and completes an item. Returns 0, or the fault's code with `ret_fault` filled (INVALID, MISSING, TOO_LARGE).
 */
MUST_CHECK int item_check(struct arena *arena, const struct item_source *source, struct item *ret_item,
                          struct item_fault *ret_fault);

const char *item_type_name(enum item_type type);

/* Is it made of plain letters, digits, dots, underscores and hyphens, beginning with a letter or digit? */
bool item_code_valid(struct span code);

/* --- item_key.c --- */

/* Reads the key of an item whose type, choices and targets are known. False: it is not well-formed for them. */
MUST_CHECK bool item_key_parse(struct arena *arena, const struct item *item, struct span text,
                               struct item_key *ret_key);
/* The canonical text of a key. Returns 0, or -1 when the arena is full. */
MUST_CHECK int item_key_text(struct arena *arena, const struct item *item, struct span *ret_text);
/* A decimal number, comma or dot, as its canonical text: no plus, no needless zeros, a dot. False: it is none. */
MUST_CHECK bool item_number(struct arena *arena, struct span text, struct span *ret_text);

/* --- item_seal.c --- */

/*
 * Puts choices (and the targets of matching) into their stored order and translates the key. The order is
 * pseudo-random, depends on the service's key and the texts alone, and so says nothing about right and wrong, and is
 * the same for the same item however its author had ordered it.
 */
void item_arrange(const uint8_t key[32], struct item *item);
/* Keyed hash over everything an author says. Items that are arranged and say the same have the same. */
MUST_CHECK int item_digest(struct arena *arena, const uint8_t key[32], const struct item *item,
                           uint8_t ret_digest[ITEM_DIGEST]);

#endif
