/*
 * asof_ask.c - questions about subtrees as of random days, one at a time over the bus: a page of units, a page of
 * people, the headcount; besides, and not among all, the longest page of people that can be asked for. Beside each the
 * bare limit: as many rows of the same shape read by a plain key, prepared, on one connection.
 *
 *     asof_ask CONF CONNINFO SECONDS     prints `kind level n p50_ms p99_ms rows bare_p50_ms` for each, then `all ...`
 */
#include "bus.h"
#include "conf.h"
#include "service.h"
#include <inttypes.h>
#include <libpq-fe.h>
#include <zmq.h>

enum {
    KINDS = 4,
    LONGEST = 3, /* the kind */
    LONGEST_PAGE = 500,
    LEVELS = 3,
    MOST_TOPS = 50000,
    MOST_TIMES = 1 << 18,
    FIRST_DAY = 14610 /* 2010-01-01 */,
    DAYS = 6100
};

static const char *const kind_names[KINDS] = {"units", "people", "headcount", "longest"};
static const char *const level_names[LEVELS] = {"nation", "province", "below"};

struct top {
    struct uuid id;
    char code[33];
};

struct series {
    uint32_t *us, *bare_us;
    uint32_t n, n_bare, missing;
    uint64_t rows;
};

static struct ask_conf {
    struct bus_conf bus;
} conf;
static const struct conf_row conf_rows[] = {
    BUS_CONF_ROWS(struct ask_conf, bus),
    {NULL, CONF_INT, 0, 0, NULL, NULL, 0},
};

static struct top *tops[LEVELS];
static uint32_t n_tops[LEVELS];
static struct series series[KINDS][LEVELS];

static uint64_t state = 88172645463325252u;
static uint32_t below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % n;
}

static void die(const char *what)
{
    fprintf(stderr, "asof_ask: %s\n", what);
    exit(1);
}

static PGresult *rows_of(PGconn *db, const char *sql)
{
    PGresult *result = PQexec(db, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        die(PQerrorMessage(db));
    return result;
}

static void load_tops(PGconn *db)
{
    PGresult *r = rows_of(db, "SELECT v.unit_id, v.code, CASE WHEN v.kind = 'nation' THEN 0 WHEN v.kind IN ('province',"
                              " 'ministry') THEN 1 ELSE 2 END FROM identity.unit_version v WHERE v.valid_to IS NULL");
    for (int level = 0; level < LEVELS; level++) {
        tops[level] = calloc(MOST_TOPS, sizeof(struct top));
        if (!tops[level])
            die("out of memory");
    }
    for (int i = 0; i < PQntuples(r); i++) {
        int level = PQgetvalue(r, i, 2)[0] - '0';
        const char *id = PQgetvalue(r, i, 0);
        if (n_tops[level] == MOST_TOPS)
            continue;
        struct top *top = &tops[level][n_tops[level]++];
        if (uuid_parse((struct span){id, (uint32_t)strlen(id)}, &top->id))
            die("a unit has no id");
        snprintf(top->code, sizeof(top->code), "%s", PQgetvalue(r, i, 1));
    }
    PQclear(r);
    if (n_tops[0] != 1 || !n_tops[1] || !n_tops[2])
        die("the nation is not there");
}

/* Asks; the number of rows of the reply, -1: the unit was not there on that day. */
static int32_t ask(struct bus *bus, int kind, const struct top *top, int32_t day)
{
    int code;
    uint32_t rows;
    if (kind == 0) {
        struct unit_query in = {0};
        struct unit_list out = {0};
        PUT_FIELD(&in, unit_query, within, ((struct span){top->code, (uint32_t)strlen(top->code)}));
        PUT_FIELD(&in, unit_query, as_of, day);
        code = call_units(bus, &in, &out);
        rows = out.n_units;
    } else if (kind == 1 || kind == LONGEST) {
        struct people_query in = {.unit_id = top->id};
        struct people_list out = {0};
        PUT_FIELD(&in, people_query, as_of, day);
        if (kind == LONGEST)
            PUT_FIELD(&in, people_query, most, LONGEST_PAGE);
        code = call_people(bus, &in, &out);
        rows = out.n_people;
    } else {
        struct headcount_query in = {.unit_id = top->id};
        struct headcount_report out = {0};
        PUT_FIELD(&in, headcount_query, as_of, day);
        code = call_headcount(bus, &in, &out);
        rows = out.n_units + 1;
    }
    if (code == ERR_NOT_FOUND)
        return -1;
    if (code)
        die(err_find(code)->en);
    return (int32_t)rows;
}

static void bare(PGconn *db, int kind, uint32_t rows, uint32_t *ret_us)
{
    char from[16], to[16];
    uint32_t at = 1 + below(15000);
    snprintf(from, sizeof(from), "%u", at);
    snprintf(to, sizeof(to), "%u", at + rows);
    const char *values[] = {from, to};
    int64_t began = mono_us();
    PGresult *r = PQexecPrepared(db, kind_names[kind], 2, values, NULL, NULL, 1);
    *ret_us = (uint32_t)(mono_us() - began);
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        die(PQerrorMessage(db));
    PQclear(r);
}

static void measure(struct bus *bus, PGconn *db, int seconds)
{
    int64_t warm = mono_us() + 1000000, until = warm + (int64_t)seconds * 1000000;
    while (mono_us() < until) {
        uint32_t draw = below(100);
        int kind = (int)below(KINDS), level = draw < 10 ? 0 : draw < 40 ? 1 : 2;
        struct series *s = &series[kind][level];
        int64_t began = mono_us();
        int32_t rows = ask(bus, kind, &tops[level][below(n_tops[level])], FIRST_DAY + (int32_t)below(DAYS));
        uint32_t us = (uint32_t)(mono_us() - began);
        if (rows < 0)
            s->missing++;
        if (rows < 0 || began < warm || s->n == MOST_TIMES)
            continue;
        s->us[s->n] = us;
        bare(db, kind, (uint32_t)rows, &s->bare_us[s->n++]);
        s->rows += (uint32_t)rows;
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double at(uint32_t *us, uint32_t n, double share)
{
    return n ? us[(uint32_t)((n - 1) * share)] / 1000.0 : 0;
}

static void show(const char *kind, const char *level, struct series *s)
{
    qsort(s->us, s->n, sizeof(*s->us), by_value);
    qsort(s->bare_us, s->n, sizeof(*s->bare_us), by_value);
    printf("%s %s %u %.3f %.3f %.0f %.3f %.3f\n", kind, level, s->n, at(s->us, s->n, 0.5), at(s->us, s->n, 0.99),
           s->n ? (double)s->rows / s->n : 0, at(s->bare_us, s->n, 0.5), at(s->bare_us, s->n, 0.99));
}

static void show_all(void)
{
    struct series all = {.us = calloc((size_t)KINDS * LEVELS * MOST_TIMES, sizeof(uint32_t)),
                         .bare_us = calloc((size_t)KINDS * LEVELS * MOST_TIMES, sizeof(uint32_t))};
    if (!all.us || !all.bare_us)
        die("out of memory");
    for (int kind = 0; kind < KINDS; kind++) {
        for (int level = 0; level < LEVELS; level++) {
            struct series *s = &series[kind][level];
            show(kind_names[kind], level_names[level], s);
            if (kind == LONGEST)
                continue;
            memcpy(all.us + all.n, s->us, s->n * sizeof(uint32_t));
            memcpy(all.bare_us + all.n, s->bare_us, s->n * sizeof(uint32_t));
            all.n += s->n;
            all.rows += s->rows;
        }
    }
    show("all", "all", &all);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: asof_ask CONF CONNINFO SECONDS\n");
        return 2;
    }
    PGconn *db = PQconnectdb(argv[2]);
    if (PQstatus(db) != CONNECTION_OK)
        die(PQerrorMessage(db));
    if (conf_load(conf_rows, NULL, &conf, argv[1]) < 0)
        return 1;
    load_tops(db);
    static const char *const limits[KINDS] = {"SELECT * FROM public.bare_unit WHERE nr >= $1 AND nr < $2",
                                              "SELECT * FROM public.bare_person WHERE nr >= $1 AND nr < $2",
                                              "SELECT * FROM public.bare_count WHERE nr >= $1 AND nr < $2",
                                              "SELECT * FROM public.bare_person WHERE nr >= $1 AND nr < $2"};
    for (int kind = 0; kind < KINDS; kind++) {
        PQclear(PQprepare(db, kind_names[kind], limits[kind], 0, NULL));
        for (int level = 0; level < LEVELS; level++) {
            series[kind][level].us = calloc(MOST_TIMES, sizeof(uint32_t));
            series[kind][level].bare_us = calloc(MOST_TIMES, sizeof(uint32_t));
            if (!series[kind][level].us || !series[kind][level].bare_us)
                die("out of memory");
        }
    }
    void *zmq = zmq_ctx_new();
    struct bus *bus = zmq ? bus_new(zmq, &conf.bus, 5000) : NULL;
    if (!bus)
        die("out of memory");
    struct grant grant = {.unit_id = tops[0]->id, .roles = NATIONAL_OPERATOR | UNIT_HEAD | NATIONAL};
    bus_as(bus, tops[0]->id, &grant, 1);
    measure(bus, db, (int)strtol(argv[3], NULL, 10));
    show_all();
    bus_free(bus);
    zmq_ctx_term(zmq);
    PQfinish(db);
    return 0;
}
