/* harness.c - a database per test, copied from the migrated template; handlers called as the skeleton calls them. */
#include "harness.h"
#include "access_sql.h"
#include "audit_sql.h"
#include "calendar_sql.h"
#include "cache.h"
#include "events_sql.h"
#include "org_sql.h"
#include "pg_conn.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdarg.h>
#include <unistd.h>

enum { ARENA = 64 << 20, STATEMENT_MS = 20000 };

struct harness_private {
    struct pg pg;
    struct pg_conf conf;
    struct stmt *const *sql[8];
    PGconn *owner; /* superuser, in the test's database */
    char name[64]; /* of the database */
    char database[512];
};

static const char *socket_dir(void)
{
    const char *dir = getenv("HOCVU_TEST_PG");
    cr_assert(dir, "HOCVU_TEST_PG is not set: run tests through tests/run");
    return dir;
}

static PGconn *connect_owner(const char *database)
{
    char conninfo[512];
    snprintf(conninfo, sizeof(conninfo), "host=%s dbname=%s user=postgres", socket_dir(), database);
    PGconn *conn = PQconnectdb(conninfo);
    cr_assert(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return conn;
}

static void owner_run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    cr_assert(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

static void make_database(struct harness_private *p)
{
    char sql[256];
    unsigned char random[6];
    char hex[13];
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
    snprintf(p->name, sizeof(p->name), "t_%s", hex);
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE hocvu_template STRATEGY file_copy", p->name);
    PGconn *conn = connect_owner("postgres");
    /* As files, and not through PostgreSQL's log, it costs half: there are a thousand tests. */
    owner_run(conn, sql);
    PQfinish(conn);
}

struct harness *harness_open(const char *service, struct stmt *const *sql, bool org, const void *conf)
{
    struct harness *h = calloc(1, sizeof(*h));
    struct harness_private *p = calloc(1, sizeof(*p));
    size_t n = 0;
    cr_assert(h && p && sodium_init() >= 0);
    make_database(p);
    p->owner = connect_owner(p->name);
    char path[128];
    snprintf(path, sizeof(path), "SET search_path = %s, hocvu", service);
    owner_run(p->owner, path);
    p->sql[n++] = events_sql;
    p->sql[n++] = access_sql;
    if (!strcmp(service, "identity") || !strcmp(service, "sync"))
        p->sql[n++] = calendar_sql;
    p->sql[n++] = audit_sql;
    if (org)
        p->sql[n++] = org_sql;
    if (sql)
        p->sql[n++] = sql;
    for (size_t i = 0; i < n; i++) {
        for (struct stmt *const *stmt = p->sql[i]; *stmt; stmt++)
            cr_assert(stmt_parse(*stmt) == 0, "statement %s", (*stmt)->name);
    }
    snprintf(p->database, sizeof(p->database), "host=%s dbname=%s user=hocvu_%s", socket_dir(), p->name, service);
    p->conf =
        (struct pg_conf){.database = p->database, .application = "test", .statement_ms = STATEMENT_MS, .sql = p->sql};
    pg_init(&p->pg, &p->conf);
    cr_assert(pg_ensure(&p->pg) == PG_READY, "the service's statements do not fit its schema");
    const char *redis = getenv("HOCVU_TEST_REDIS");
    cache_configure(redis ? redis : "");
    arena_init(&h->arena, ARENA);
    h->private = p;
    h->head = (struct call_header){.trace = SPAN("0123456789abcdef0123456789abcdef"), .grants = h->grants};
    h->ctx = (struct ctx){.head = &h->head, .arena = &h->arena, .pg = &p->pg, .conf = conf};
    return h;
}

void harness_close(struct harness *h)
{
    char sql[128];
    struct harness_private *p = h->private;
    pg_release(&p->pg);
    PQfinish(p->owner);
    snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", p->name);
    PGconn *conn = connect_owner("postgres");
    owner_run(conn, sql);
    PQfinish(conn);
    for (size_t i = 0; p->sql[i]; i++) {
        for (struct stmt *const *stmt = p->sql[i]; *stmt; stmt++) {
            free((*stmt)->prepared);
            (*stmt)->prepared = NULL;
        }
    }
    arena_release(&h->arena);
    free(p);
    free(h);
}

void harness_as(struct harness *h, struct uuid person, uint32_t roles, struct uuid unit)
{
    h->head.n_grants = 0;
    h->ctx.n_scope = 0;
    PUT_FIELD(&h->head, call_header, subject, person);
    PUT_FIELD(&h->head, call_header, session_id, person);
    harness_also(h, roles, unit);
}

void harness_also(struct harness *h, uint32_t roles, struct uuid unit)
{
    cr_assert(h->head.n_grants < sizeof(h->grants) / sizeof(h->grants[0]));
    h->grants[h->head.n_grants++] = (struct grant){.unit_id = unit, .roles = roles};
    h->ctx.scope[h->ctx.n_scope++] = unit;
}

void harness_sql(struct harness *h, const char *format, ...)
{
    char sql[16384];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    cr_assert(n >= 0 && n < (int)sizeof(sql));
    owner_run(h->private->owner, sql);
}

const char *harness_get(struct harness *h, const char *format, ...)
{
    char sql[16384];
    va_list args;
    struct span text = {"", 0};
    va_start(args, format);
    int n = vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    cr_assert(n >= 0 && n < (int)sizeof(sql));
    PGresult *result = PQexec(h->private->owner, sql);
    cr_assert(PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", sql, PQresultErrorMessage(result));
    if (PQntuples(result) > 0)
        cr_assert(!arena_span(&h->arena, (struct span){PQgetvalue(result, 0, 0), (uint32_t)PQgetlength(result, 0, 0)},
                              &text));
    PQclear(result);
    return text.p;
}

bool harness_allowed(struct harness *h, const char *sql)
{
    PGresult *result = PQexec(h->private->pg.conn, sql);
    ExecStatusType status = PQresultStatus(result);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool allowed = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    cr_assert(allowed || (state && !strcmp(state, "42501")), "%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
    return allowed;
}

static int in_transaction(struct harness *h, int code)
{
    if (!code)
        code = pg_commit(&h->ctx);
    pg_settle(&h->private->pg);
    return code;
}

int harness_event(struct harness *h, int (*apply)(struct ctx *, const void *), const void *event)
{
    int code = pg_begin(&h->ctx);
    return in_transaction(h, code ? code : apply(&h->ctx, event));
}

int harness_events_of(struct harness *h, int (*apply)(struct ctx *, const struct batch *, const void *), size_t n,
                      const void *events)
{
    struct call_header *heads = calloc(n, sizeof(*heads));
    const struct call_header **pointers = calloc(n, sizeof(*pointers));
    cr_assert(heads && pointers);
    for (size_t i = 0; i < n; i++) {
        const char *trace = arena_printf(&h->arena, "t%zu", i + 1);
        cr_assert(trace);
        heads[i].trace = S(trace);
        pointers[i] = &heads[i];
    }
    struct batch batch = {.n = n, .head = pointers};
    struct ctx ctx = h->ctx;
    ctx.head = pointers[0];
    int code = pg_begin(&ctx);
    if (!code)
        code = apply(&ctx, &batch, events);
    h->ctx.fault = ctx.fault;
    free(heads);
    free(pointers);
    return in_transaction(h, code);
}

int harness_tick(struct harness *h, int (*run)(struct ctx *))
{
    int code = pg_begin(&h->ctx);
    return in_transaction(h, code ? code : run(&h->ctx));
}

int harness_batch(struct harness *h, int (*call)(struct ctx *, struct batch *, const void *, void *), size_t n,
                  const struct uuid *callers, const void *reqs, void *ret_replies, struct fault *ret_faults)
{
    struct call_header *heads = calloc(n, sizeof(*heads));
    const struct call_header **pointers = calloc(n, sizeof(*pointers));
    cr_assert(heads && pointers);
    memset(ret_faults, 0, n * sizeof(*ret_faults));
    for (size_t i = 0; i < n; i++) {
        heads[i] = h->head;
        if (callers)
            PUT_FIELD(&heads[i], call_header, subject, callers[i]);
        pointers[i] = &heads[i];
    }
    struct batch batch = {.n = n, .head = pointers, .fault = ret_faults};
    int code = call(&h->ctx, &batch, reqs, ret_replies);
    pg_settle(&h->private->pg);
    free(heads);
    free(pointers);
    return code;
}

int harness_events(struct harness *h, const char *event)
{
    return (int)strtol(harness_get(h, "SELECT count(*) FROM outbox WHERE event = '%s'", event), NULL, 10);
}

struct uuid U(uint32_t n) {
    struct uuid uuid = {{0}};
    for (int i = 0; i < 4; i++)
        uuid.b[15 - i] = (uint8_t)(n >> (8 * i));
    return uuid;
}

struct span
S(const char *text) {
    return (struct span){text, (uint32_t)strlen(text)};
}
