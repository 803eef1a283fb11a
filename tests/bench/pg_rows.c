/*
 * pg_rows.c - limit (b) of BENCH=answers: the same rows written by bare set-based statements, nothing else: two
 * connections, 256 rows a statement, synchronous_commit as the server has it.
 *
 *     pg_rows CONNINFO TABLE TOKENS_FILE SECONDS     prints rows per second
 */
#include "codec.h"
#include "service.h"
#include <libpq-fe.h>
#include <pthread.h>

enum { ROWS = 256, CONNECTIONS = 2, ATTEMPTS_MAX = 65536 };

static char (*attempts)[UUID_TEXT];
static size_t n_attempts;
static const char *conninfo, *table;
static int64_t until_us;

struct writer {
    pthread_t thread;
    unsigned number;
    uint64_t rows;
};

/* Text arrays of one batch; the positions and attempts of a batch differ, the revision grows from batch to batch. */
static void fill(struct buf *ids, struct buf *positions, struct buf *revisions, struct buf *responses, size_t from,
                 uint64_t revision)
{
    struct buf *all[] = {ids, positions, revisions, responses};
    for (int i = 0; i < 4; i++) {
        buf_clear(all[i]);
        buf_add_char(all[i], '{');
    }
    for (size_t i = 0; i < ROWS; i++) {
        const char *comma = i ? "," : "";
        buf_printf(ids, "%s%s", comma, attempts[(from + i) % n_attempts]);
        buf_printf(positions, "%s%zu", comma, 1 + i % 40);
        buf_printf(revisions, "%s%llu", comma, (unsigned long long)revision);
        buf_printf(responses, "%s%zu", comma, 1 + i % 4);
    }
    for (int i = 0; i < 4; i++) {
        buf_add_char(all[i], '}');
        buf_add_char(all[i], '\0');
    }
}

static void *write_rows(void *arg)
{
    struct writer *w = arg;
    char sql[512];
    struct buf buf[4];
    PGconn *conn = PQconnectdb(conninfo);
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO %s (attempt_id, position, revision, response, saved_at) SELECT a, p, r, s, now() FROM "
        "unnest($1::uuid[], $2::int[], $3::bigint[], $4::text[]) AS t (a, p, r, s) ON CONFLICT (attempt_id, position, "
        "revision) DO UPDATE SET response = excluded.response",
        table);
    for (int i = 0; i < 4; i++)
        buf_init(&buf[i], 1 << 20);
    PGresult *made = PQprepare(conn, "w", sql, 4, NULL);
    if (PQresultStatus(made) != PGRES_COMMAND_OK)
        fprintf(stderr, "%s", PQerrorMessage(conn));
    PQclear(made);
    for (uint64_t batch = 0; now_us() < until_us; batch++) {
        fill(&buf[0], &buf[1], &buf[2], &buf[3], (size_t)batch * ROWS + w->number * ROWS * 7919,
             batch * CONNECTIONS + w->number + 1);
        const char *values[] = {buf[0].p, buf[1].p, buf[2].p, buf[3].p};
        PGresult *result = PQexecPrepared(conn, "w", 4, values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            fprintf(stderr, "%s", PQerrorMessage(conn));
            until_us = 0;
        } else {
            w->rows += ROWS;
        }
        PQclear(result);
    }
    for (int i = 0; i < 4; i++)
        buf_release(&buf[i]);
    PQfinish(conn);
    return NULL;
}

int main(int argc, char **argv)
{
    struct writer writers[CONNECTIONS] = {{0}};
    char line[8192];
    if (argc != 5)
        return 2;
    conninfo = argv[1];
    table = argv[2];
    FILE *file = fopen(argv[3], "re");
    attempts = calloc(ATTEMPTS_MAX, sizeof(*attempts));
    while (file && attempts && n_attempts < ATTEMPTS_MAX && fgets(line, sizeof(line), file)) {
        const char *id = strchr(line, ' ');
        if (id && strlen(id + 1) >= UUID_TEXT - 1)
            memcpy(attempts[n_attempts++], id + 1, UUID_TEXT - 1);
    }
    if (!n_attempts) {
        fprintf(stderr, "pg_rows: no attempts in %s\n", argv[3]);
        return 1;
    }
    fclose(file);
    int64_t begun = now_us();
    until_us = begun + strtol(argv[4], NULL, 10) * 1000000;
    uint64_t rows = 0;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        writers[i].number = i;
        pthread_create(&writers[i].thread, NULL, write_rows, &writers[i]);
    }
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        pthread_join(writers[i].thread, NULL);
        rows += writers[i].rows;
    }
    printf("%.0f\n", (double)rows / ((double)(now_us() - begun) / 1e6));
    free(attempts);
    return rows ? 0 : 1;
}
