/*
 * nfc.h - text that people wrote, in one form: Unicode NFC, and compared without regard to case.
 */
#ifndef COMMON_NFC_H
#define COMMON_NFC_H

#include "arena.h"

/*
 * The text in NFC without blanks at its ends; in the arena, or the very bytes given when they need no change. -1: not
 * UTF-8, or the arena is full.
 */
MUST_CHECK int nfc(struct arena *arena, struct span text, struct span *ret_text);

/* Do two texts say the same name? NFC, case folded, runs of blanks count as one. False also when one is not UTF-8. */
bool nfc_same_name(struct arena *arena, struct span a, struct span b);

#endif
