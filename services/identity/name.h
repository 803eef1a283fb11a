/* name.h - names of people held against each other: what counts as the same name, and in what two differ. Pure. */
#ifndef IDENTITY_NAME_H
#define IDENTITY_NAME_H

#include "types.h"

/*
 * In what two names differ, as bits; 0: they say the same. Composed or decomposed letters, capitals, runs of blanks,
 * kinds of apostrophe and the two places of a tone mark (hòa, hoà; thúy, thuý) do not count.
 */
enum name_difference {
    NAME_TONE = 1 << 0,  /* a tone mark: Hoà, Hoá */
    NAME_MARK = 1 << 1,  /* a letter's own mark: Dung, Đung; An, Ân */
    NAME_ORDER = 1 << 2, /* the same words in another order */
    NAME_IY = 1 << 3,    /* i for y: Lý, Lí */
    NAME_EXTRA = 1 << 4, /* a word more or less */
    NAME_SIGNS = 1 << 5, /* points, hyphens, apostrophes for blanks */
    NAME_OTHER = 1 << 6, /* other letters */
};

/* Bits of name_difference. A text that is not UTF-8 or has more than 240 letters and marks is NAME_OTHER. */
uint32_t name_compare(struct span a, struct span b);

/*
 * Is it a name at all: letters of any language with their marks, at least one, and what stands in names between them
 * (one kind of blank, hyphen, point, apostrophe)? Control, invisible and turning characters are not.
 */
bool name_valid(struct span name);

#endif
