/*
 * pg_conn.h - one PostgreSQL connection of one thread: opened, prepared, compared with the descriptors, reopened with
 * jittered back-off. Handlers use pg.h; this is for the skeleton's threads and the tests.
 */
#ifndef COMMON_PG_CONN_H
#define COMMON_PG_CONN_H

#include "pg.h"
#include <libpq-fe.h>

struct pg_conf {
    const char *database;           /* libpq conninfo without the password */
    const char *password;           /* NULL: none */
    const char *application;        /* shown in pg_stat_activity */
    uint32_t statement_ms;          /* statement_timeout */
    const char *settings;           /* more "-c name=value", NULL: none */
    struct stmt *const *const *sql; /* lists of statements to prepare; ends with NULL */
};

/* For pg_conf.settings: nested loops over indexes only, see struct service. */
#define PG_BY_INDEX                                                                                                    \
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off "                     \
    "-c enable_bitmapscan=off"

struct pg {
    PGconn *conn; /* NULL when not connected */
    const struct pg_conf *conf;
    bool in_transaction;
    uint32_t failures; /* connects that failed in a row */
    /* mono_us: when it failed last, and when to try again, unless another connection was made meanwhile. */
    int64_t failed_at_us, retry_at_us;
    uint64_t reconnects;
};

/* Turns the :names of all statements into $n. Once, before threads start. Prints what is wrong and returns -1. */
MUST_CHECK int stmt_parse(struct stmt *stmt);

void pg_init(struct pg *pg, const struct pg_conf *conf);
void pg_release(struct pg *pg);
enum pg_state { PG_READY, PG_AWAY, PG_DRIFT }; /* DRIFT: statements and descriptors do not agree; no use to go on */
/* Connects when needed and when the back-off allows it. Logs what is wrong. */
enum pg_state pg_ensure(struct pg *pg);
/* After a run: rolls back what was left open; drops the connection when it is broken. */
void pg_settle(struct pg *pg);
/* BEGIN, COMMIT, ROLLBACK, or another fixed text without parameters or rows. 0 or an error's code. */
MUST_CHECK int pg_simple(struct pg *pg, const char *text);

/* An error of errors.def for a failed result: the one place where SQLSTATE becomes a code. `ret_field` in the arena. */
int pg_error(struct arena *arena, PGconn *conn, const PGresult *result, const char **ret_field);
/* Splits 'NAME:field' as statements report it. 0 when it is not of that form. */
int pg_fault_parse(struct arena *arena, struct span text, const char **ret_field);

/* pg_bind.c: the parameter types, and the values in binary form. */
enum { CTX_SUBJECT = -1, CTX_SESSION = -2, CTX_SCOPE = -3, CTX_ROLES = -4, CTX_TRACE = -5 };
enum { COL_ORD = -1, COL_FAULT = -2 };
struct pg_values {
    int n;
    const char *value[STMT_MAX_PARAMS];
    int length[STMT_MAX_PARAMS];
    int format[STMT_MAX_PARAMS];
};
Oid stmt_param_oid(const struct stmt *stmt, int i);
Oid field_oid(const struct field *field);
/* Parameters of a call; for BATCH and BULK `in` has n messages. `heads` (BATCH only) has one header per message. */
MUST_CHECK int pg_bind(struct ctx *ctx, const struct stmt *stmt, const void *in, size_t n,
                       const struct call_header *const *heads, struct pg_values *ret_values);
/* Appends one field as it stands in binary rows: its length, or -1 for NULL, and its bytes. `json`: as jsonb. */
void pg_put_field(struct buf *buf, const struct field *field, const void *message, bool json);
/* Takes one row into a message. Strings are copied into the arena. */
MUST_CHECK int pg_take(struct ctx *ctx, const struct stmt *stmt, const PGresult *result, int row, void *ret_row);

#endif
