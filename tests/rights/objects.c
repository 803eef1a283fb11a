/* objects.c - the rows of objects.def, and requests made of them. */
#include "objects.h"
#include <stdio.h>
#include <stdlib.h>

enum kind { SEED, COMMON, PLACED, FRESH, TEXT, PLACED_TEXT };

/* A field of a message, or of any message (`*`), and the statement that gives its value. */
static struct row {
    enum kind kind;
    const char *msg, *field, *sql;
    struct uuid id;
    struct span text;
} rows[] = {
#define SEED(name, sql)              {SEED, "", #name, sql, {{0}}, {0}},
#define COMMON(msg, field, sql)      {COMMON, msg, #field, sql, {{0}}, {0}},
#define PLACED(msg, field, sql)      {PLACED, msg, #field, sql, {{0}}, {0}},
#define FRESH(msg, field)            {FRESH, msg, #field, NULL, {{0}}, {0}},
#define TEXT(msg, field, sql)        {TEXT, msg, #field, sql, {{0}}, {0}},
#define PLACED_TEXT(msg, field, sql) {PLACED_TEXT, msg, #field, sql, {{0}}, {0}},
#define ALSO(msg, field)
#define EVERYWHERE(method)
#define SCOPED(method)
#define OWN(method)
#include "objects.def"
#undef SEED
#undef COMMON
#undef PLACED
#undef FRESH
#undef TEXT
#undef PLACED_TEXT
#undef ALSO
#undef EVERYWHERE
#undef SCOPED
#undef OWN
};

#define SEED(name, sql)
#define COMMON(msg, field, sql)
#define PLACED(msg, field, sql)
#define FRESH(msg, field)
#define TEXT(msg, field, sql)
#define PLACED_TEXT(msg, field, sql)
#define EVERYWHERE(method)
#define SCOPED(method)
#define OWN(method)
#define ALSO(msg, field) {#msg, #field},
static const struct also {
    const char *msg, *field;
} also[] = {
#include "objects.def"
    {NULL, NULL}};
#undef ALSO
#define ALSO(msg, field)
#undef EVERYWHERE
#undef SCOPED
#undef OWN
#define EVERYWHERE(method) {#method, REACH_EVERYWHERE},
#define SCOPED(method)     {#method, REACH_SCOPED},
#define OWN(method)        {#method, REACH_OWN},
static const struct said {
    const char *method;
    enum reach reach;
} said[] = {
#include "objects.def"
    {NULL, REACH_UNSAID}};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static int read_row(PGconn *conn, struct row *row)
{
    PGresult *result = PQexec(conn, row->sql);
    const char *params[2];
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1 && !PQgetisnull(result, 0, 0);
    if (good) {
        const char *value = PQgetvalue(result, 0, 0);
        row->text = (struct span){strdup(value), (uint32_t)strlen(value)};
        good = row->kind >= TEXT || uuid_parse(row->text, &row->id) == 0;
    }
    if (!good)
        fprintf(stderr, "objects.def: %s of %s: no row. %s\n", row->field, *row->msg ? row->msg : "the seed",
                PQresultErrorMessage(result));
    PQclear(result);
    if (good && row->kind == SEED) {
        params[0] = row->field;
        params[1] = row->text.p;
        result = PQexecParams(conn, "INSERT INTO pg_temp.seed VALUES ($1, $2::uuid)", 2, NULL, params, NULL, NULL, 0);
        good = PQresultStatus(result) == PGRES_COMMAND_OK;
        PQclear(result);
    }
    return good ? 0 : -1;
}

int objects_read(PGconn *conn)
{
    int faults = 0;
    PQclear(PQexec(conn, "CREATE TEMP TABLE seed (name text PRIMARY KEY, id uuid);"
                         "CREATE FUNCTION pg_temp.seed(wanted text) RETURNS uuid LANGUAGE sql STABLE AS"
                         " 'SELECT id FROM pg_temp.seed WHERE name = wanted'"));
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].sql)
            faults -= read_row(conn, &rows[i]);
    }
    return faults ? -1 : 0;
}

int objects_check(void)
{
    int bad = 0;
    for (const struct said *s = said; s->method; s++) {
        size_t i = 0;
        while (i < proto_n_methods && strcmp(proto_methods[i].name, s->method) != 0)
            i++;
        if (i < proto_n_methods)
            continue;
        printf("objects.def speaks of %s, which is no METHOD\n", s->method);
        bad++;
    }
    return bad;
}

struct uuid object_id(const char *name)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].kind == SEED && !strcmp(rows[i].field, name))
            return rows[i].id;
    }
    fprintf(stderr, "objects.def has no SEED(%s)\n", name);
    abort();
}

/* The row of exactly this message first, then that of any. */
static struct row *row_of(const struct msg *msg, const struct field *field, bool text)
{
    for (int any = 0; any < 2; any++) {
        for (size_t i = 0; i < ROWS; i++) {
            struct row *row = &rows[i];
            if (row->kind != SEED && (row->kind >= TEXT) == text && !strcmp(row->field, field->name) &&
                !strcmp(row->msg, any ? "*" : msg->name))
                return row;
        }
    }
    return NULL;
}

static bool choose_id(void *who, const struct msg *msg, const struct field *field, struct uuid *ret_id)
{
    struct row *row = row_of(msg, field, false);
    (void)who;
    if (!row) {
        fprintf(stderr, "objects.def does not say which object %s of %s names\n", field->name, msg->name);
        return false;
    }
    *ret_id = row->kind == FRESH ? uuid7() : row->id;
    return true;
}

static struct span choose_text(void *who, const struct msg *msg, const struct field *field)
{
    static char filler[4096];
    const struct row *row = row_of(msg, field, true);
    (void)who;
    memset(filler, 'x', sizeof(filler));
    return row ? row->text : (struct span){filler, (uint32_t)(field->min < 4096 ? field->min : 4096)};
}

static const struct any_values values = {.id = choose_id, .text = choose_text};

/* Is the optional field asked for? */
static bool is_also(const struct msg *msg, const struct field *field)
{
    for (const struct also *a = also; a->msg; a++) {
        if (!strcmp(a->msg, msg->name) && !strcmp(a->field, field->name))
            return true;
    }
    return false;
}

void *object_request(const struct method *method, struct arena *arena)
{
    const struct msg *msg = method->in;
    char *message = any_message(arena, msg, &values);
    for (uint8_t i = 0; message && i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        if (!is_also(msg, field))
            continue;
        if (!any_field(arena, msg, field, &values, message + field->offset, message + field->offset_n))
            return NULL;
        *(uint64_t *)(void *)message |= UINT64_C(1) << field->number;
    }
    return message;
}

/* Has the message an id, or a text, of something inside? */
static bool has_placed(const struct msg *msg)
{
    for (uint8_t i = 0; i < msg->n_fields; i++) {
        const struct field *field = &msg->fields[i];
        const struct row *row = NULL;
        if (!field->required && !is_also(msg, field))
            continue;
        if (field->type == T_LIST && (field->min > 0 || !field->required) && has_placed(field->sub))
            return true;
        if (field->type == T_UUID || field->type == T_STR)
            row = row_of(msg, field, field->type == T_STR);
        if (row && (row->kind == PLACED || row->kind == PLACED_TEXT))
            return true;
    }
    return false;
}

enum reach object_reach(const struct method *method)
{
    for (const struct said *s = said; s->method; s++) {
        if (!strcmp(s->method, method->name))
            return s->reach;
    }
    if (method->roles & NATIONAL)
        return REACH_WHOLE;
    return has_placed(method->in) ? REACH_PLACED : REACH_UNSAID;
}
