/* pg_conn.c - connecting, preparing, comparing; and what a failure means. */
#include "pg_conn.h"
#include "service.h"
#include <ctype.h>
#include <poll.h>
#include <sodium.h>

/* Back-off after a failed connect: doubled from the first to the last, each time a random part of it. */
#define BACKOFF_FIRST_US INT64_C(50000)
#define BACKOFF_LAST_US  INT64_C(2000000)

enum { JSONB_OID = 3802 };

/* When a connection of this process was last made: then the others need not wait for their back-off. */
static _Atomic int64_t reached_us;

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Which parameter a :name means; INT16_MIN when none. */
static int param_index(const struct stmt *stmt, const char *name, size_t n)
{
    static const struct {
        const char *name;
        int16_t which;
    } special[] = {{"ctx_subject", CTX_SUBJECT},
                   {"ctx_session", CTX_SESSION},
                   {"ctx_scope", CTX_SCOPE},
                   {"ctx_roles", CTX_ROLES},
                   {"ctx_trace", CTX_TRACE}};
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
        if (strlen(special[i].name) == n && !memcmp(special[i].name, name, n))
            return special[i].which;
    }
    const struct field *field = stmt->in ? msg_field(stmt->in, name, n) : NULL;
    return field && field->type != T_LIST ? (int)(field - stmt->in->fields) : INT16_MIN;
}

/* Length of a quoted string, quoted name or comment that begins here; 0 when none does. */
static size_t skip_quoted(const char *p)
{
    if (*p == '\'' || *p == '"') {
        const char *end = strchr(p + 1, *p);
        return end ? (size_t)(end - p) + 1 : strlen(p);
    }
    if (p[0] == '-' && p[1] == '-')
        return strcspn(p, "\n");
    return 0;
}

/* What a COPY names is compared as a statement that reads it. */
static int copy_parse(struct stmt *stmt)
{
    struct buf out;
    const char *open = strchr(stmt->text, '('), *close = open ? strchr(open, ')') : NULL;
    buf_init(&out, 65536);
    if (close && stmt->in) {
        buf_add_text(&out, "SELECT ");
        buf_add(&out, open + 1, (size_t)(close - open) - 1);
        buf_add_text(&out, " FROM ");
        buf_add(&out, stmt->text, (size_t)(open - stmt->text));
        buf_add_char(&out, '\0');
    }
    if (!out.n || out.failed) {
        log_error(NO_TRACE, "statement %s: rows to copy are table (columns) of a message", stmt->name);
        buf_release(&out);
        return -1;
    }
    stmt->prepared = out.p; /* lives as long as the process */
    return 0;
}

int stmt_parse(struct stmt *stmt)
{
    struct buf out;
    if (stmt->prepared)
        return 0;
    if (stmt->kind == STMT_COPY)
        return copy_parse(stmt);
    buf_init(&out, 65536);
    for (const char *p = stmt->text; *p;) {
        size_t quoted = skip_quoted(p);
        if (quoted) {
            buf_add(&out, p, quoted);
            p += quoted;
        } else if (p[0] == ':' && p[1] == ':') {
            buf_add(&out, p, 2);
            p += 2;
        } else if (p[0] == ':' && islower((unsigned char)p[1])) {
            size_t n = 1;
            while (name_char(p[n]))
                n++;
            int which = param_index(stmt, p + 1, n - 1), place = 0;
            while (place < stmt->n_params && stmt->params[place] != which)
                place++;
            if (which == INT16_MIN || place == STMT_MAX_PARAMS) {
                log_error(NO_TRACE, "statement %s: no parameter %.*s", stmt->name, (int)n, p);
                buf_release(&out);
                return -1;
            }
            if (place == stmt->n_params)
                stmt->params[stmt->n_params++] = (int16_t)which;
            buf_printf(&out, "$%d", place + 1);
            p += n;
        } else {
            buf_add_char(&out, *p++);
        }
    }
    buf_add_char(&out, '\0');
    if (out.failed) {
        buf_release(&out);
        return -1;
    }
    stmt->prepared = out.p; /* lives as long as the process */
    return 0;
}

/* Compares a prepared statement's description with the descriptors; the first time, keeps where each column goes. */
static int compare(struct stmt *stmt, const PGresult *described)
{
    int16_t columns[STMT_MAX_COLUMNS];
    const struct msg *msg = stmt->kind == STMT_COPY ? stmt->in : stmt->out;
    int n = PQnfields(described);
    uint64_t seen = 0, json = 0;
    if (n > STMT_MAX_COLUMNS) {
        log_error(NO_TRACE, "statement %s: more than %d columns", stmt->name, STMT_MAX_COLUMNS);
        return -1;
    }
    for (int c = 0; c < n; c++) {
        const char *name = PQfname(described, c);
        Oid type = PQftype(described, c);
        const struct field *field = msg ? msg_field(msg, name, strlen(name)) : NULL;
        bool is_json = stmt->kind == STMT_COPY && field && field->type == T_STR && type == JSONB_OID;
        json |= (uint64_t)is_json << c;
        if (is_json) {
            columns[c] = (int16_t)(field - msg->fields);
        } else if (!strcmp(name, "fault") && type == 25) {
            columns[c] = COL_FAULT;
        } else if (!strcmp(name, "ord") && type == 20) {
            columns[c] = COL_ORD;
        } else if (field && field_oid(field) == type) {
            columns[c] = (int16_t)(field - msg->fields);
            seen |= UINT64_C(1) << field->number;
        } else if (msg) {
            log_error(NO_TRACE, "statement %s: column %s of type %u does not fit message %s", stmt->name, name, type,
                      msg->name);
            return -1;
        } else {
            columns[c] = COL_ORD; /* nobody takes the rows */
        }
    }
    for (size_t i = 0; stmt->kind != STMT_COPY && msg && i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        if (field->required && field->type != T_LIST && !(seen >> field->number & 1u)) {
            log_error(NO_TRACE, "statement %s: no column for %s.%s", stmt->name, msg->name, field->name);
            return -1;
        }
    }
    if (!stmt->described) { /* the first connection is made before threads start */
        memcpy(stmt->columns, columns, (size_t)n * sizeof(columns[0]));
        stmt->n_columns = (uint8_t)n;
        stmt->json = json;
        stmt->described = true;
    } else if (n != stmt->n_columns || memcmp(stmt->columns, columns, (size_t)n * sizeof(columns[0]))) {
        log_error(NO_TRACE, "statement %s: the database changed under this process; restart it", stmt->name);
        return -1;
    }
    return 0;
}

static enum pg_state prepare(struct pg *pg, struct stmt *stmt)
{
    Oid types[STMT_MAX_PARAMS];
    for (int i = 0; i < stmt->n_params; i++)
        types[i] = stmt_param_oid(stmt, i);
    PGresult *made = PQprepare(pg->conn, stmt->name, stmt->prepared, stmt->n_params, types);
    enum pg_state state = PG_READY;
    if (PQresultStatus(made) != PGRES_COMMAND_OK) {
        /* A server that goes down, is out of memory or has a full disk is away; only other errors mean drift. */
        int code = pg_error(NULL, pg->conn, made, NULL);
        bool away = code == ERR_UNAVAILABLE || code == ERR_BUSY || code == ERR_DEADLINE;
        state = away ? PG_AWAY : PG_DRIFT;
        log_seldom(LOG_ERROR, NO_TRACE, "statement %s cannot be prepared: %s", stmt->name, PQresultErrorMessage(made));
    }
    PQclear(made);
    if (state != PG_READY)
        return state;
    PGresult *described = PQdescribePrepared(pg->conn, stmt->name);
    if (PQresultStatus(described) != PGRES_COMMAND_OK)
        state = PG_AWAY;
    else if (compare(stmt, described) < 0)
        state = PG_DRIFT;
    PQclear(described);
    return state;
}

void pg_init(struct pg *pg, const struct pg_conf *conf)
{
    *pg = (struct pg){.conf = conf};
}

void pg_release(struct pg *pg)
{
    if (pg->conn)
        PQfinish(pg->conn);
    pg->conn = NULL;
}

static enum pg_state gone(struct pg *pg, enum pg_state state)
{
    int64_t wait = BACKOFF_FIRST_US << (pg->failures < 6 ? pg->failures : 6);
    if (wait > BACKOFF_LAST_US)
        wait = BACKOFF_LAST_US;
    wait = wait / 2 + (int64_t)randombytes_uniform((uint32_t)(wait / 2));
    pg->failures++;
    pg->failed_at_us = mono_us();
    pg->retry_at_us = pg->failed_at_us + wait;
    pg->in_transaction = false;
    pg_release(pg);
    return state;
}

/*
 * A server that went away while we were idle has closed the socket: seen here, before a user's call finds out. Its last
 * words may stand before the end, hence the loop.
 */
static bool alive(PGconn *conn)
{
    struct pollfd socket = {.fd = PQsocket(conn), .events = POLLIN};
    while (PQstatus(conn) == CONNECTION_OK && poll(&socket, 1, 0) > 0) {
        if (!PQconsumeInput(conn))
            return false;
    }
    return PQstatus(conn) == CONNECTION_OK;
}

/* What the server says besides results: notices, and why it closes a connection. */
static void on_notice(void *arg, const char *message)
{
    (void)arg;
    log_info(NO_TRACE, "PostgreSQL says: %s", message);
}

enum pg_state pg_ensure(struct pg *pg)
{
    if (pg->conn && alive(pg->conn))
        return PG_READY;
    pg_release(pg);
    pg->in_transaction = false;
    if (mono_us() < pg->retry_at_us && reached_us <= pg->failed_at_us)
        return PG_AWAY;
    char options[320];
    /*
     * Every statement is prepared and runs often: one plan for all, instead of planning again for each small batch; and
     * compiling a plan costs seconds where the statement costs milliseconds.
     */
    snprintf(options, sizeof(options),
             "-c statement_timeout=%u -c timezone=UTC -c plan_cache_mode=force_generic_plan "
             "-c jit=off %s",
             pg->conf->statement_ms, pg->conf->settings ? pg->conf->settings : "");
    const char *keys[] = {"dbname",          "password",        "application_name",
                          "connect_timeout", "options",         "gssencmode",
                          "sslmode",         "client_encoding", NULL};
    const char *values[] = {
        pg->conf->database, pg->conf->password, pg->conf->application, "3", options, "disable", "prefer", "UTF8", NULL};
    pg->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        log_seldom(LOG_WARN, NO_TRACE, "PostgreSQL cannot be reached: %s", PQerrorMessage(pg->conn));
        return gone(pg, PG_AWAY);
    }
    PQsetNoticeProcessor(pg->conn, on_notice, NULL);
    for (struct stmt *const *const *list = pg->conf->sql; *list; list++) {
        for (struct stmt *const *stmt = *list; *stmt; stmt++) {
            enum pg_state state = prepare(pg, *stmt);
            if (state != PG_READY)
                return gone(pg, state);
        }
    }
    /* From here on errors go without their DETAIL: it quotes rows, and people's data has no place in a log. */
    PQsetErrorVerbosity(pg->conn, PQERRORS_TERSE);
    if (pg->failures)
        log_info(NO_TRACE, "PostgreSQL is reached again after %u tries", pg->failures);
    pg->failures = 0;
    pg->reconnects++;
    reached_us = mono_us();
    return PG_READY;
}

void pg_settle(struct pg *pg)
{
    if (!pg->conn)
        return;
    if (pg->in_transaction && pg_simple(pg, "ROLLBACK")) {
        gone(pg, PG_AWAY);
        return;
    }
    pg->in_transaction = false;
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        log_seldom(LOG_WARN, NO_TRACE, "the connection to PostgreSQL broke");
        gone(pg, PG_AWAY);
    }
}

int pg_simple(struct pg *pg, const char *text)
{
    if (!pg->conn)
        return ERR_UNAVAILABLE;
    PGresult *result = PQexec(pg->conn, text);
    ExecStatusType status = PQresultStatus(result);
    int code = 0;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        code = pg_error(NULL, pg->conn, result, NULL);
    else if (!strcmp(text, "COMMIT") && !strcmp(PQcmdStatus(result), "ROLLBACK"))
        code = ERR_INTERNAL; /* an error inside the transaction was overlooked: nothing was kept */
    PQclear(result);
    return code;
}

int pg_fault_parse(struct arena *arena, struct span text, const char **ret_field)
{
    uint32_t n = 0;
    char lower[32];
    while (n < text.n && (isupper((unsigned char)text.p[n]) || text.p[n] == '_') && n < sizeof(lower)) {
        lower[n] = (char)tolower((unsigned char)text.p[n]);
        n++;
    }
    const struct err_row *row = n ? err_find_name(lower, n) : NULL;
    if (!row || (n < text.n && text.p[n] != ':'))
        return 0;
    struct span field = {"", 0};
    if (n < text.n && arena && arena_span(arena, (struct span){text.p + n + 1, text.n - n - 1}, &field) < 0)
        field = (struct span){"", 0};
    if (ret_field)
        *ret_field = field.p;
    return row->code;
}

int pg_error(struct arena *arena, PGconn *conn, const PGresult *result, const char **ret_field)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (ret_field)
        *ret_field = "database";
    if (PQstatus(conn) == CONNECTION_BAD || !state)
        return ERR_UNAVAILABLE;
    if (!strcmp(state, "P0001") && message) {
        int code = pg_fault_parse(arena, (struct span){message, (uint32_t)strlen(message)}, ret_field);
        if (code)
            return code;
    }
    static const struct {
        const char *prefix;
        int code;
    } map[] = {
        {"57014", ERR_DEADLINE}, {"57P", ERR_UNAVAILABLE}, {"53", ERR_UNAVAILABLE},    {"58", ERR_UNAVAILABLE},
        {"08", ERR_UNAVAILABLE}, {"40", ERR_BUSY},         {"25006", ERR_UNAVAILABLE}, {"55P03", ERR_BUSY},
        {"23505", ERR_CONFLICT}, {"23503", ERR_NOT_FOUND}, {"23514", ERR_INVALID},     {"22", ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (!strncmp(state, map[i].prefix, strlen(map[i].prefix)))
            return map[i].code;
    }
    return ERR_INTERNAL;
}
