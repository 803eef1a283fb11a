/*
 * pg_rows.c - limits on the database's side: the same rows as answers, starts and submits write, written by bare
 * set-based statements into tables of the same shape, nothing else. 256 rows a statement, one or two connections,
 * commits as durable as the server has them.
 *
 *     pg_rows answers|starts|submits CONNINFO PEOPLE_FILE SECONDS 1|2     prints rows (attempts) per second
 */
#include "codec.h"
#include "service.h"
#include <libpq-fe.h>
#include <pthread.h>

enum { ROWS = 256, CONNECTIONS = 2, PEOPLE_MAX = 1 << 17, COLUMNS = 4 };

struct work {
    const char *name, *tables, *statement;
    unsigned columns;
    /* Adds row i of batch `batch` to the columns' text arrays. */
    void (*row)(struct buf *columns, size_t person, uint64_t batch, size_t i);
};

static struct {
    char person[UUID_TEXT], attempt[UUID_TEXT];
} * people;
static size_t n_people;
static const char *conninfo;
static const struct work *work;
static unsigned connections;
static int64_t until_us;

struct writer {
    pthread_t thread;
    unsigned number;
    uint64_t rows;
};

#define LINK "'\\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'::bytea"

static void answer_row(struct buf *columns, size_t person, uint64_t batch, size_t i)
{
    buf_add_text(&columns[0], people[person].attempt);
    buf_printf(&columns[1], "%zu", 1 + i % 40);
    buf_printf(&columns[2], "%llu", (unsigned long long)batch + 1);
    buf_printf(&columns[3], "%zu", 1 + i % 4);
}

static void start_row(struct buf *columns, size_t person, uint64_t batch, size_t i)
{
    struct uuid attempt = uuid7();
    char text[UUID_TEXT];
    (void)batch;
    (void)i;
    uuid_format(&attempt, text);
    buf_add_text(&columns[0], text);
    buf_add_text(&columns[1], people[person].person);
}

static void result_row(struct buf *columns, size_t person, uint64_t batch, size_t i)
{
    buf_add_text(&columns[0], people[person].attempt);
    buf_printf(&columns[1], "%llu", (unsigned long long)((batch * ROWS + i) / n_people + 1));
}

static const struct work works[] = {
    {"answers", "CREATE TABLE bench.answer (LIKE assessment.answer INCLUDING ALL)",
     "INSERT INTO bench.answer (attempt_id, saved_at, revision, seq, position, response, link) "
     "SELECT a, now(), r, r, p, s, " LINK
     " FROM unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[]) AS t (a, p, r, s)",
     4, answer_row},
    {"starts",
     "CREATE TABLE bench.attempt (LIKE assessment.attempt INCLUDING ALL) WITH (fillfactor = 60);"
     "CREATE TABLE bench.standing (LIKE assessment.standing INCLUDING ALL) WITH (fillfactor = 70);"
     "INSERT INTO bench.standing SELECT * FROM assessment.standing; ANALYZE bench.standing",
     "WITH c AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS t (attempt_id, person_id)), took AS ("
     "UPDATE bench.standing s SET taken = s.taken + 1, running = true, request_id = c.attempt_id, "
     "attempt_id = c.attempt_id, forms = ARRAY[c.attempt_id] FROM c WHERE s.person_id = c.person_id "
     "RETURNING c.attempt_id, c.person_id, s.programme_id) "
     "INSERT INTO bench.attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, "
     "started_at, deadline, closes_at, session_id, head) SELECT attempt_id, person_id, programme_id, programme_id, "
     "programme_id, 1, 40, 'running', 12345, now(), now() + interval '1 hour', now() + interval '1 hour', "
     "person_id, " LINK " FROM took ORDER BY attempt_id",
     2, start_row},
    {"submits",
     "CREATE TABLE bench.attempt (LIKE assessment.attempt INCLUDING ALL) WITH (fillfactor = 60);"
     "INSERT INTO bench.attempt SELECT * FROM assessment.attempt; ANALYZE bench.attempt;"
     "CREATE TABLE bench.result (LIKE assessment.result INCLUDING ALL)",
     "WITH c AS (SELECT * FROM unnest($1::uuid[], $2::int[]) AS t (attempt_id, version)), ended AS ("
     "UPDATE bench.attempt a SET state = 'graded', ended_at = now(), ended_by = 'submitted', result_version = "
     "c.version "
     "FROM c WHERE a.attempt_id = c.attempt_id RETURNING c.*) "
     "INSERT INTO bench.result SELECT attempt_id, version, 1, 10, 40, 1000, 4000, false, array_fill(100::smallint, "
     "ARRAY[40]), '[{\"skill_group\": \"a\", \"score\": 100, \"max_score\": 700}, {\"skill_group\": \"b\", \"score\": "
     "100, "
     "\"max_score\": 700}, {\"skill_group\": \"c\", \"score\": 100, \"max_score\": 700}, {\"skill_group\": \"d\", "
     "\"score\": "
     "100, \"max_score\": 700}, {\"skill_group\": \"e\", \"score\": 100, \"max_score\": 600}, {\"skill_group\": \"g\", "
     "\"score\": 100, \"max_score\": 600}]', 'submitted', now() FROM ended ORDER BY attempt_id",
     2, result_row},
};

static int run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    int good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!good)
        fprintf(stderr, "pg_rows: %s", PQerrorMessage(conn));
    PQclear(result);
    return good ? 0 : -1;
}

/* Text arrays of one batch; its people differ. */
static void fill(struct buf *columns, unsigned writer, uint64_t batch)
{
    for (unsigned c = 0; c < work->columns; c++) {
        buf_clear(&columns[c]);
        buf_add_char(&columns[c], '{');
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (i) {
            for (unsigned c = 0; c < work->columns; c++)
                buf_add_char(&columns[c], ',');
        }
        uint64_t all = batch * connections + writer;
        work->row(columns, (all * ROWS + i) % n_people, all, i);
    }
    for (unsigned c = 0; c < work->columns; c++) {
        buf_add_char(&columns[c], '}');
        buf_add_char(&columns[c], '\0');
    }
}

static int write_batch(PGconn *conn, struct buf *columns)
{
    const char *values[COLUMNS];
    for (unsigned c = 0; c < work->columns; c++)
        values[c] = columns[c].p;
    PGresult *result = PQexecPrepared(conn, "w", (int)work->columns, values, NULL, NULL, 0);
    int good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!good)
        fprintf(stderr, "pg_rows: %s", PQerrorMessage(conn));
    PQclear(result);
    return good ? 0 : -1;
}

static void *write_rows(void *arg)
{
    struct writer *w = arg;
    struct buf columns[COLUMNS];
    PGconn *conn = PQconnectdb(conninfo);
    PQclear(PQprepare(conn, "w", work->statement, (int)work->columns, NULL));
    for (int i = 0; i < COLUMNS; i++)
        buf_init(&columns[i], 1 << 20);
    for (uint64_t batch = 0; mono_us() < until_us; batch++) {
        fill(columns, w->number, batch);
        if (write_batch(conn, columns) < 0)
            break;
        w->rows += ROWS;
    }
    for (int i = 0; i < COLUMNS; i++)
        buf_release(&columns[i]);
    PQfinish(conn);
    return NULL;
}

static void read_people(const char *path)
{
    char line[8192];
    FILE *file = fopen(path, "re");
    people = calloc(PEOPLE_MAX, sizeof(*people));
    while (file && people && n_people < PEOPLE_MAX && fgets(line, sizeof(line), file)) {
        const char *person = strchr(line, ' '), *attempt = person ? strchr(person + 1, ' ') : NULL;
        if (!attempt)
            continue;
        memcpy(people[n_people].person, person + 1, UUID_TEXT - 1);
        if (attempt[1] != '-')
            memcpy(people[n_people].attempt, attempt + 1, UUID_TEXT - 1);
        n_people++;
    }
    if (file)
        fclose(file);
}

static uint64_t write_all(void)
{
    struct writer writers[CONNECTIONS] = {{0}};
    uint64_t rows = 0;
    for (unsigned i = 0; i < connections; i++) {
        writers[i].number = i;
        pthread_create(&writers[i].thread, NULL, write_rows, &writers[i]);
    }
    for (unsigned i = 0; i < connections; i++) {
        pthread_join(writers[i].thread, NULL);
        rows += writers[i].rows;
    }
    return rows;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 6 && i < sizeof(works) / sizeof(works[0]); i++) {
        if (!strcmp(argv[1], works[i].name))
            work = &works[i];
    }
    if (!work)
        return 2;
    conninfo = argv[2];
    connections = argv[5][0] == '1' ? 1 : CONNECTIONS;
    read_people(argv[3]);
    if (n_people < ROWS) {
        fprintf(stderr, "pg_rows: too few people in %s\n", argv[3]);
        return 1;
    }
    PGconn *conn = PQconnectdb(conninfo);
    int result =
        run(conn, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench") ||
        run(conn, work->tables);
    int64_t begun = mono_us();
    until_us = begun + strtol(argv[4], NULL, 10) * 1000000;
    uint64_t rows = result ? 0 : write_all();
    printf("%.0f\n", (double)rows / ((double)(mono_us() - begun) / 1e6));
    run(conn, "DROP SCHEMA bench CASCADE");
    PQfinish(conn);
    free(people);
    return rows ? 0 : 1;
}
