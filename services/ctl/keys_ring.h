/*
 * keys_ring.h - DIR/ring: every key of personal numbers that was ever used, by its id. With it, boxes of any backup can
 * be opened.
 */
#ifndef CTL_KEYS_RING_H
#define CTL_KEYS_RING_H

#include "keys.h"
#include "seal.h"

enum { RING_MOST = 64 };

struct ring_key {
    char id[SEAL_KEY_ID + 1];
    unsigned char key[KEY]; /* of a box: its secret half */
};

struct ring {
    struct ring_key hash[RING_MOST], box[RING_MOST];
    uint32_t n_hash, n_box;
};

/* Reads DIR/ring, after the present keys of DIR were put there. 0 or -1. Release it in any case: it holds secrets. */
MUST_CHECK int ring_open(struct ring *ring, const char *dir);
void ring_release(struct ring *ring);
/* NULL: the ring lacks it. */
const struct ring_key *ring_hash(const struct ring *ring, struct span id);
const struct ring_key *ring_box(const struct ring *ring, struct span id);

/* Makes a new key in the ring and puts it in the place of the present one. 0 or -1. */
MUST_CHECK int ring_new_hash(const char *dir);
MUST_CHECK int ring_new_box(const char *dir);
/* The key of the hashes before the present one is used no more. 0 or -1. */
MUST_CHECK int ring_finish(const char *dir);

/* Digits in a row of a backup or of the database, and whether its hash is that of the digits. */
enum ring_verdict { RING_READABLE, RING_NO_BOX_KEY, RING_NO_HASH_KEY, RING_DAMAGED };
enum ring_verdict ring_read(const struct ring *ring, const struct sealed_row *row, char ret_digits[NATIONAL_DIGITS]);

#endif
