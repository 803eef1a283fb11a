/*
 * identity.h - what the files of this service share: its configuration, above all.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "audit.h"
#include "refresh.h"
#include "rows.h"
#include "seal.h"
#include "service.h"
#include "sql.h"
#include "token.h"

struct providers;

struct identity_conf {
    /* identity providers */
    const char *provider_dir;
    struct providers *providers; /* provider.h; read by identity_check, kept to the end */
    /* sessions */
    int64_t pending_days;
    int64_t access_minutes, session_idle_minutes, session_max_hours;
    int64_t login_window_s, login_refused_account, login_refused_address;
    struct conf_secret token_sign_key, refresh_key;
    /* the organisation */
    int64_t decree_people_at_once;
    /* personal numbers */
    struct conf_secret national_hash_key, national_box_key;
    /* rosters */
    const char *spool_dir;
    int64_t roster_most_rows;
    /* made of the secrets by identity_check */
    unsigned char sign_key[TOKEN_SECRET_BYTES];
    unsigned char refresh_mac_key[REFRESH_KEY_BYTES];
    struct seal_keys keys_at_start; /* for seal_keys_now */
    const char *national_hash_key_before;
    struct held_keys *_Atomic keys_now; /* keys.c; NULL: those of the start */
};

/* settings.c */
extern const struct conf_row identity_rows[];
/* Reads the keys out of the secrets, compares rows with each other. Prints what is wrong and returns -1. */
int identity_check(void *conf);
/* Frees what identity_check made. */
void identity_release(void *conf);
/* Once, before threads: starts the libraries that want it. */
int identity_start(void *conf);
/* Identity's own lines of /metrics . */
void identity_metrics(const void *conf, struct buf *out);
const struct identity_conf *identity_conf(const struct ctx *ctx);

/*
 * keys.c: the keys of personal numbers as they are now. Taken once by whoever hashes and writes, so that hash and key
 * id fit each other; an import takes them after it has its lock. They live as long as the process.
 */
const struct seal_keys *seal_keys_now(const struct ctx *ctx);
/* The hashes by which a number is looked for (two while keys are being changed), in the arena. 0 or fail(). */
MUST_CHECK int person_key_make(struct ctx *ctx, struct span digits, struct person_key *ret_key);
/* Reads the key before the present one from its file, if there is one. Prints what is wrong and returns -1. */
MUST_CHECK int keys_read_before(const char *path, struct seal_keys *keys);

/* units.c: brings unit_now in line with the versions; a tick, because days come. 0 or fail(). */
int units_refresh(struct ctx *ctx);
/* units.c: the same after these versions were written, and the ways of all days. 0 or fail(). */
int units_settle(struct ctx *ctx, const struct unit_fact *versions, uint32_t n);

/* decree_job.c: a job. Carries out the decrees that move very many people. 0 or fail(). */
int decrees_run(struct ctx *ctx);

/* headcount.c: a tick. Folds what changed into the counts by day; questions are right before, too. 0 or fail(). */
int headcount_fold(struct ctx *ctx);
/* access.c: a tick. Sorts in what was looked at since. 0 or fail(). */
int access_settle(struct ctx *ctx);
/* upload.c: a tick. roster_job.c: the job that imports rosters. */
int uploads_prune(struct ctx *ctx);
int rosters_run(struct ctx *ctx);

/* login.c: a tick. */
int logins_prune(struct ctx *ctx);

/* BLAKE2b-256 of a random text that we gave out; 32 bytes in the arena. -1: the arena is full. */
MUST_CHECK int secret_hash(struct arena *arena, struct span text, struct span *ret_hash);
/* `n` random bytes as base64url, in the arena. -1: the arena is full. */
MUST_CHECK int secret_make(struct arena *arena, size_t n, struct span *ret_text);

#endif
