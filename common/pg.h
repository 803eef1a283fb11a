/*
 * pg.h - PostgreSQL behind declared messages: named statements, prepared on connecting and compared with the
 * descriptors, parameters taken from message fields by name, rows put into messages by column name.
 *
 * Statements stand in services/<name>/<concern>.sql, each below a line that declares it:
 *
 *     -- lesson_open(lesson_step) lesson_progress
 *     UPDATE ... WHERE lesson_id = :lesson_id AND person_id = :ctx_subject RETURNING ...;
 *
 * The build turns it into `struct stmt SQL_lesson_open` (sql.h of the service). `-- name(in) out` names the message
 * that gives the parameters and the one that takes a row; either may be left out: `-- purge()`. Message names come from
 * proto/ or from the service's own rows.def. A parameter is :field of the in message, or one of
 *   :ctx_subject uuid, the caller; :ctx_session uuid; :ctx_scope uuid[], tops of the subtrees in which the caller may
 * use this method; :ctx_roles int, the caller's role bits; :ctx_trace text. An absent optional field is NULL. Types:
 * BOOL bool, U8 smallint, U16 integer, U32 U64 I64 bigint, STR text, BIN bytea, UUID uuid, TIME timestamptz, DATE date;
 * a result column must have exactly that type, and every required field of the out message needs a column (lists
 * excepted).
 *
 * Two words may follow: BATCH: every :field, :ctx_subject and :ctx_session is an array with one element per call of the
 * batch (NULL where the call has none), to be unnested WITH ORDINALITY; the result has a column `ord` bigint that says
 * which call a row answers. BULK: every :field is an array over the rows handed to pg_bulk; :ctx_ parameters stay
 * single.
 *
 * A third word, COPY, declares rows that pg_copy_row sends instead of a statement: a table and its columns, each the
 * name of a field of the in message and of its type (text fields may also go into a jsonb column):
 *
 *     -- person_copy(person_new) COPY
 *     person (person_id, full_name, birth_date);
 *
 * A result column `fault` text, when not NULL, turns the row into an error: 'STATE:attempt_id' is ERR_STATE about that
 * field. So a statement can say why it changed nothing.
 */
#ifndef COMMON_PG_H
#define COMMON_PG_H

#include "buf.h"
#include "codec.h"

struct ctx;
struct batch;
struct pg; /* one connection; used by one thread */

enum stmt_kind { STMT_ONE, STMT_BATCH, STMT_BULK, STMT_COPY };
enum { STMT_MAX_PARAMS = 32, STMT_MAX_COLUMNS = 40 };

struct stmt {
    const char *name;
    const char *text; /* as written, with :names */
    const struct msg *in, *out;
    enum stmt_kind kind;
    /* Filled before threads start: by stmt_parse from the text, by the first connection from PostgreSQL's description.
     */
    char *prepared; /* with $1... */
    uint8_t n_params;
    uint8_t n_columns;
    bool described;
    int16_t params[STMT_MAX_PARAMS];   /* >= 0: index into in->fields; < 0: a ctx_ parameter */
    int16_t columns[STMT_MAX_COLUMNS]; /* >= 0: index into out->fields (COPY: in->fields); < 0: ord or fault */
    uint64_t json;                     /* of COPY: bits of the columns that are jsonb */
};

/* Runs a statement that gives one row at most. No row is ERR_NOT_FOUND, unless `ret_row` is NULL. 0 or fail(). */
MUST_CHECK int pg_call(struct ctx *ctx, const struct stmt *stmt, const void *in, void *ret_row);
/*
 * Runs a statement that gives rows. `ret_rows` is the address of a pointer to the out message's struct: it gets an
 * array of *ret_n in the arena. More than `most` rows is ERR_INTERNAL, so statements carry their LIMIT. 0 or fail().
 */
MUST_CHECK int pg_list(struct ctx *ctx, const struct stmt *stmt, const void *in, uint32_t most, void *ret_rows,
                       uint32_t *ret_n);
/*
 * Runs a BATCH statement for all calls of the batch; calls without a row get ERR_NOT_FOUND. 0 or fail() for all.
 * ERR_BUSY (deadlock) and ERR_CONFLICT (a unique violation, when another process was faster) have changed nothing:
 * outside of pg_begin the same statement can be run again at once, from the same handler call.
 */
MUST_CHECK int pg_batch(struct ctx *ctx, struct batch *batch, const struct stmt *stmt, const void *in, void *ret_rows);
/* Runs a BULK statement over n rows of the in message; result as pg_list. 0 or fail(). */
MUST_CHECK int pg_bulk(struct ctx *ctx, const struct stmt *stmt, const void *in, size_t n, uint32_t most,
                       void *ret_rows, uint32_t *ret_n);
/*
 * Rows by COPY, which costs PostgreSQL about half of what inserting them costs:
 *
 *     struct pg_copy copy;
 *     int code = pg_copy_begin(ctx, &SQL_person_copy, &copy);
 *     for (i = 0; !code && i < n; i++)
 *         code = pg_copy_row(ctx, &copy, &persons[i]);
 *     code = pg_copy_end(ctx, &copy, code);
 *
 * Between begin and end the connection takes nothing else. pg_copy_end must be called whatever happened: with a code
 * that is not 0 it calls the rows off and returns that code. 0 or fail(); in a transaction of pg_begin a failure leaves
 * only its end to be done.
 */
struct pg_copy {
    const struct stmt *stmt; /* NULL: it has not begun */
    struct buf rows;         /* not sent yet; heap, given back by pg_copy_end */
};
MUST_CHECK int pg_copy_begin(struct ctx *ctx, const struct stmt *stmt, struct pg_copy *ret_copy);
MUST_CHECK int pg_copy_row(struct ctx *ctx, struct pg_copy *copy, const void *row);
MUST_CHECK int pg_copy_end(struct ctx *ctx, struct pg_copy *copy, int code);
/*
 * For handlers that need several statements in one transaction. Every return path of the handler is safe: a transaction
 * left open is rolled back when the handler returns, so commit is the only call that keeps anything. In events and
 * ticks the transaction is open already and these must not be called.
 */
MUST_CHECK int pg_begin(struct ctx *ctx);
MUST_CHECK int pg_commit(struct ctx *ctx);

#endif
