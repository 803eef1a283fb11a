/*
 * roster.h - an import of a roster while the job works on it.
 *
 *   roster_job.c    takes what was asked for, leads it through its phases, says how far it is
 *   roster_read.c   phase 1: the file's rows, judged one by one, into the spool
 *   roster_judge.c  what the columns of a roster may say
 *   roster_spool.c  the good rows in a file of their own; which numbers there have been
 *   roster_tenures.c  the same for a file that names tenures, with kinds and days
 *   roster_write.c  phase 2: the spool's rows compared with what is stored and written, slice by slice
 *   roster_leave.c  between them, for a complete file: who is not in it
 *   roster_report.c what callers see: state, faults as a file
 *
 * Memory is bounded whatever the file is: a row, a slice of rows, and eight bytes for each number.
 */
#ifndef IDENTITY_ROSTER_H
#define IDENTITY_ROSTER_H

#include "identity.h"
#include "row_judge.h"

enum {
    NATIONAL_ID,
    FULL_NAME,
    BIRTH_DATE,
    UNIT_CODE,
    POSITION,
    LEADER,
    ROLES,
    POSITION_CODE, /* from here on: of a roster that names tenures */
    KIND,
    VALID_FROM,
    VALID_TO,
    HOME_UNIT,
    ROSTER_COLUMNS
};
extern const struct table_column roster_columns[ROSTER_COLUMNS];

enum {
    ROSTER_SLICE = 20000,   /* rows of one transaction */
    TENURES_SLICE = 400,    /* where rows name tenures: of each, all that the person has is in memory */
    ROSTER_ROLES = 8,       /* of one row */
    ROSTER_FAULTS = 100000, /* kept of one import; all are counted */
};

/*
 * How an import's connections work. Plans of its statements are made once, maybe while tables are empty, and used when
 * they hold millions: by index, whatever the statistics say. And no slice waits for the disk: what a crash takes away
 * is the end of what was committed, slices and what is noted of them alike, and the import goes on there. Its own end
 * does wait (ROSTER_LASTING).
 */
#define ROSTER_WAYS      "SET enable_seqscan = off; SET enable_memoize = off; SET synchronous_commit = off"
#define ROSTER_WAYS_OVER "RESET enable_seqscan; RESET enable_memoize; RESET synchronous_commit"
#define ROSTER_LASTING   "SET LOCAL synchronous_commit = on"

struct roster_role {
    uint32_t bit;
    struct uuid unit_id;
};

enum roster_kind { KIND_PRINCIPAL, KIND_CONCURRENT, KIND_SECONDMENT };

/* What a row says beyond who works where now, in a file with one of those columns. */
struct roster_days {
    uint8_t kind; /* enum roster_kind */
    bool has_from, has_to, has_home;
    int32_t from, to; /* `from` is today's day when nothing is said */
    struct uuid home; /* unit from which somebody is seconded */
};

/* A row that reads well. */
struct roster_row {
    uint32_t row;  /* from 0, counting every row of the file */
    uint32_t line; /* in the file */
    int32_t birth_date;
    bool leader;
    uint32_t n_roles;
    struct uuid unit_id;
    bool has_before; /* keys are being changed: the hash by the key before */
    unsigned char hash[SEAL_HASH_BYTES], before[SEAL_HASH_BYTES], box[SEAL_BOX_BYTES];
    struct span full_name, position, position_code;
    struct roster_days days;
    struct roster_role roles[ROSTER_ROLES];
};

/* --- roster_spool.c --- */

/* A file without a name: read from the beginning after it was written to its end. */
struct spool {
    int fd;
    bool tenures; /* rows have days, and several may be of one number */
    char *buffer;
    size_t n, at;    /* bytes in the buffer; of them read */
    uint64_t offset; /* in the file, of the buffer's begin */
    bool failed;     /* it could not be written */
};

/* -1: there is no place for it in the directory. */
MUST_CHECK int spool_open(struct spool *spool, const char *dir);
/* A file without a name in the directory, for whatever needs one. -1: no place. The caller closes it. */
MUST_CHECK int spool_file(const char *dir);
/* Accepts a zeroed one. */
void spool_close(struct spool *spool);
/* Where the row begins; look at spool->failed at the end. */
uint64_t spool_add(struct spool *spool, const struct roster_row *row);
/* Everything is written; reading begins. -1: it could not be written. */
MUST_CHECK int spool_rewind(struct spool *spool);
/* The next row's number; false at the end. */
bool spool_peek(struct spool *spool, uint32_t *ret_row);
/* The next row, texts in the arena. -1: there is none, or the arena is full. */
MUST_CHECK int spool_next(struct spool *spool, struct arena *arena, struct roster_row *ret_row);

/* Which numbers there have been: eight bytes each. */
struct number_set {
    struct number_place *places;
    uint32_t n, room;
};
/* Accepts a zeroed one. */
void number_set_release(struct number_set *set);
/*
 * Adds the row that spool_add will write next. Its line when the number is new, otherwise the line that has it already;
 * 0: memory is out. Where rows have days (spool->tenures) a line that has the number already is one with the same
 * first day and kind, and the same unit unless it is the principal one; or (`*ret_other`) with another name or birth
 * date.
 */
MUST_CHECK uint32_t number_set_add(struct number_set *set, struct spool *spool, const struct roster_row *row,
                                   bool *ret_other);

/* --- roster_job.c --- */

struct roster {
    const struct import_task *task;
    const struct identity_conf *conf;
    const struct seal_keys *keys; /* as they are when the import begins; a change of keys waits for its lock */
    struct call_header head;      /* the caller's, for what is written in his or her name */
    struct arena units_arena;
    struct unit_code *units;         /* in order of their codes */
    const struct unit_code **by_ids; /* the same in order of their ids */
    uint32_t n_units;
    /* Reading. */
    struct row_judge judge;
    struct arena row_arena;  /* of the present row */
    struct arena step_arena; /* of the statements between rows */
    struct spool spool;
    struct number_set numbers;
    struct sealer sealer;
    bool tenures;                    /* the file has a column of those behind ROLES */
    bool utf8_seen;                  /* a letter beyond ASCII, rightly written: the file is UTF-8 */
    struct import_fault_row *faults; /* not stored yet; texts in faults_arena */
    struct arena faults_arena;
    uint32_t n_faults;
    uint64_t next_fault;
    int64_t told_us; /* mono_us: when the state was told last */
    struct ctx *ctx;
    int code;                /* what ended the reading */
    _Atomic bool lost;       /* the caller may not import there any more */
    _Atomic bool stop;       /* the caller wants it to stop */
    struct import_step step; /* as told */
};

/* Tells how far the import is, at most twice a second unless `now`. Sets r->stop. 0 or fail(). */
MUST_CHECK int roster_tell(struct ctx *ctx, struct roster *r, bool now);
/*
 * Looks again whether the caller may import where he or she might when the import began; before each slice. Sets
 * r->lost and r->stop when not. 0 or fail().
 */
MUST_CHECK int roster_allowed(struct ctx *ctx, struct roster *r);
/* The sentence about the whole, and how it ends; constants or in an arena that outlives the import. */
void roster_end(struct roster *r, const char *state, const char *vi, const char *en);

/* roster_read.c: faults go where this file keeps them. */
void roster_read_begin(struct roster *r);
/* 0, fail(), or r->step.state says that it is over. */
MUST_CHECK int roster_read(struct ctx *ctx, struct roster *r);
/* Stores the faults that wait. 0 or fail(). */
MUST_CHECK int roster_keep_faults(struct ctx *ctx, struct roster *r);
/* roster_judge.c: judges what the cells of judge->cells say, into `into`; judge->refused says what came of it. */
void roster_judge(struct roster *r, struct roster_row *into);
/* --- roster_write.c --- */

enum roster_refused {
    TAKEN,
    OUTSIDE,
    SAME_PERSON_TWICE,
    ROLE_BEYOND,
    ROLE_DUTIES,
    ROLE_UNITS,
    UNIT_THEN,
    POSITION_UNKNOWN,
    TWO_PRINCIPAL,
    NO_PRINCIPAL,
    HOME_OTHER,
    DAYS_WRONG,
    TENURES_TOO_MANY,
    TENURE_UNITS,
};

/* What is to be written of one slice. */
struct roster_changes {
    struct roster_row *rows;
    const struct roster_seen **seen;
    struct uuid *person_ids;
    bool *created, *changed;
    uint8_t *why; /* enum roster_refused: why a row is not taken */
    uint32_t n;
    const struct roster_row **fresh; /* of people who are new */
    struct person_new *persons;
    struct person_edit *edits;
    struct person_fact *begun, *tenures; /* of new people; of others */
    struct role_step *roles;
    struct tenure_row *stated; /* of a file that names tenures, those of a person next to each other */
    struct leaver *leavers;    /* and who works nowhere from a day on */
    uint32_t n_fresh, n_persons, n_edits, n_begun, n_tenures, n_roles, n_stated, n_leavers;
};

/* A new person with the row's name and number: its id. */
struct uuid roster_add_person(const struct roster *r, struct roster_changes *c, uint32_t i);
/* Notes an edit where name or birth date differ. */
void roster_edit_person(struct roster_changes *c, uint32_t i, bool *ret_renamed, bool *ret_reborn);
/* Adds the roles of row i, judged together with those of row `with`. */
void roster_add_roles(struct roster_changes *c, uint32_t i, uint32_t with);
/* Refuses rows for their roles. Nobody else changes grants until the end of the transaction. 0 or fail(). */
MUST_CHECK int roster_judge_grants(struct ctx *ctx, struct roster_changes *c);

/* roster_tenures.c: decides about rows that name tenures; c->seen is there. 0 or fail(). */
MUST_CHECK int roster_tenures(struct ctx *ctx, const struct roster *r, struct roster_changes *c);
/* Writes them. 0 or fail(). */
MUST_CHECK int roster_write_tenures(struct ctx *ctx, const struct roster_changes *c);

/* roster_write.c: all slices. 0, fail(), or it is over. */
MUST_CHECK int roster_write(struct ctx *ctx, struct roster *r);
/* What is stored about n rows; ret_seen[i] is NULL for a number that is new. 0 or fail(). */
MUST_CHECK int roster_look(struct ctx *ctx, const struct roster_row *rows, uint32_t n,
                           const struct roster_seen **ret_seen);
/* Loads the rows of the next slice, in the arena. 0 or fail(). `ret_n` 0: there is none. */
MUST_CHECK int roster_load(struct ctx *ctx, struct roster *r, uint32_t *ret_slice, struct roster_row **ret_rows,
                           uint32_t *ret_n);
/* Does this person work in a unit that is somebody else's? One that is no longer in the tree is nobody's. */
bool roster_outside(const struct roster *r, const struct roster_seen *seen);
/* roster_leave.c: whom the file does not name; refuses the import when they are too many. Then ends their tenures. */
MUST_CHECK int roster_absent(struct ctx *ctx, struct roster *r);
MUST_CHECK int roster_leave(struct ctx *ctx, struct roster *r);

#endif
