/*
 * paper.h - the paper of an attempt: the items of its form in the order that the attempt's seed gives.
 *
 * An item's position is its place in the form, from 1: answers, scores and facts name it so. What the seed decides is
 * the order in which items and choices are shown, and it is a pure function of form and seed: whoever has both sees
 * what the learner saw. Items of a situation are a block; blocks are shuffled, the items of a block keep the order of
 * the form; then, in the order shown, the choices of each item, then its targets.
 *
 * Shuffling is Fisher-Yates from the last place down: place i (from 0) changes with place x mod (i + 1), where x are
 * successive 32-bit little-endian numbers of libsodium's randombytes_buf_deterministic (ChaCha20) under the seed as 8
 * bytes little-endian followed by 24 zero bytes.
 */
#ifndef ASSESSMENT_PAPER_H
#define ASSESSMENT_PAPER_H

#include "service.h"

enum { PAPER_ITEMS_MAX = 200 };

/* The items of a form in the order of a seed, in the arena, without answers. 0 or fail(). */
MUST_CHECK int paper_lay(struct ctx *ctx, const struct uuid *form_id, int64_t seed, struct item_shown **ret_items,
                         uint32_t *ret_n);

#endif
