/*
 * sync.h - what the files of this service share: receivers as their files describe them, what an answer means, how long
 * to wait, one HTTP call.
 */
#ifndef SYNC_H
#define SYNC_H

#include "buf.h"
#include "rows.h"
#include "seal.h"
#include "service.h"
#include <stdatomic.h>

/* What goes out; bits of target.kinds, names in `kind` of a body. */
enum kind {
    UNIT_CHANGED,
    TENURES_CHANGED,
    PERSON_LINKED,
    PERSON_MERGED,
    CERTIFICATE_ISSUED,
    CERTIFICATE_REVOKED,
    PERSON_RESTRICTED, /* these two go to everybody who is told of persons */
    PERSON_ERASED,
    N_KINDS
};
#define ABOUT_PERSONS (((1u << N_KINDS) - 1) & ~(1u << UNIT_CHANGED))
extern const char *const kind_names[N_KINDS];

/* A receiver: etc/local/sync/<name>.conf. */
struct target {
    char name[33];
    const char *receiver, *key_id, *kinds_text, *ca_file, *paused_text, *numbers_text;
    struct conf_secret key;
    int64_t at_once, connect_ms, total_ms;
    /* Derived. */
    unsigned kinds; /* bits of enum kind */
    bool paused;
    bool numbers; /* is told personal numbers */
    /* Of the sender's thread. */
    unsigned failures; /* in a row */
    /* For /metrics. */
    _Atomic uint64_t n_sent, n_failed, n_dead, waiting, late, dead;
};
enum { TARGETS_MOST = 16, AT_ONCE_MOST = 32, KEY_LEAST = 16 };

struct sync_conf {
    const char *target_dir;
    int64_t patience_hours, keep_sent_days, keep_dead_days;
    int64_t retry_ms, hold_ms; /* first waits, then doubled */
    struct conf_secret box_key;
    /* Derived by sync_check. */
    bool has_box;
    unsigned char box_secret[SEAL_KEY_BYTES];
    char box_id[SEAL_KEY_ID + 1];
    /* Derived by sync_check; owned. The sender's counters in it change. */
    struct target *targets;
    size_t n_targets;
};

extern const struct conf_row sync_conf_rows[], target_rows[];
/* Reads the receivers' files. Faults on stderr, -1. */
int sync_check(void *conf);
/* The rows of a receiver's file. */
void sync_help(void);
/* Frees what sync_check made. */
void sync_release(void *conf);
const struct target *target_find(const struct sync_conf *conf, struct span name);

/* The job: sends what is due, until nothing is. Ticks: forgets what ended long ago; counts for /metrics. */
int items_send(struct ctx *ctx);
int items_forget(struct ctx *ctx);
int items_count(struct ctx *ctx);
void sync_metrics(const void *conf, struct buf *out);

/* --- judge.c: pure --- */

enum outcome {
    SENT,  /* it has it */
    AGAIN, /* not now: it is down, busy, or does not know us */
    DEAD,  /* it will never take this item */
};
/* `status` of an answer, 0: none came; `names_item`: its body holds the item's id. */
enum outcome judge(int status, bool names_item);
/* Milliseconds before the next time: doubled with each failure (from 1) up to `most_ms`, of which a random part between
 * half and whole; `random` 0 to 2^32 - 1. What the receiver asks for with Retry-After is the least. */
uint64_t wait_ms(uint64_t first_ms, uint64_t most_ms, unsigned failures, uint64_t asked_ms, uint32_t random);
/* What is kept of a receiver's own words: its JSON member "error", printable ASCII, digits as '#'. "" without. */
void answer_words(struct span body, char *ret_words, size_t room);
/* "sha256=" and hex of HMAC-SHA256 of the body with the key's bytes. */
enum { SIGNATURE_TEXT = 7 + 64 + 1 };
void sign_body(struct span key, struct span body, char ret_text[SIGNATURE_TEXT]);

/*
 * The body with the digits of the number in the place of its mark, malloced, with a NUL; NULL with *ret_why set. A body
 * without a mark is copied. The box that was used first counts, so that the body stays the same.
 */
char *number_fill(const struct sync_conf *conf, const struct item_taken *item, size_t *ret_n, const char **ret_why);

/* --- call.c: one HTTP call (libcurl) --- */

/* An item on its way. */
struct flight {
    struct flight *next;
    struct target *target;
    uint64_t sequence;
    uint32_t tries;
    char item_id[37];
    char *body; /* owned */
    size_t n_body;
    void *easy;    /* CURL */
    void *headers; /* curl_slist */
    struct buf reply;
    int64_t begun_us; /* mono_us */
    /* When it is over. */
    bool over;
    bool ours;  /* it never left: the fault is not the receiver's */
    int status; /* 0: no answer */
    uint64_t asked_ms;
    uint32_t took_ms;
    char trouble[160]; /* "" when it was taken */
};
/*
 * A flight ready to be added to a multi handle, or NULL: out of memory. One whose number cannot be opened is over
 * already.
 */
struct flight *flight_new(struct target *target, const struct sync_conf *conf, const struct item_taken *item);
/* libcurl is through with it: reads status, times and words. `code` is its CURLcode. */
void flight_land(struct flight *flight, int code);
enum outcome flight_outcome(const struct flight *flight);
void flight_free(struct flight *flight);

#endif
