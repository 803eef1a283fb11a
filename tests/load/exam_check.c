/*
 * exam_check.c - an independent look after a test of faults. It knows the clients' log of what was acknowledged
 * (exam_load --receipts) and the database, nothing of the service but the published rule of the chain (receipt.h).
 *
 *     exam_check CONNINFO RECEIPTS      prints what was acknowledged and what is missing; exit code 1 when anything is
 */
#include "codec.h"
#include "receipt.h"
#include <libpq-fe.h>
#include <sodium.h>

enum { LINE = 1024, FLUSH = 1 << 16 };

static const char tables[] =
    "SET client_min_messages = warning; SET search_path = assessment, hocvu;"
    "CREATE TEMP TABLE said_start (attempt_id uuid, person_id uuid, number int);"
    "CREATE TEMP TABLE said_answer (attempt_id uuid, position int, revision bigint, seq bigint, saved_us bigint, "
    "link text, response text);"
    "CREATE TEMP TABLE said_result (attempt_id uuid, version int, score bigint, answers bigint)";

static const struct {
    char kind;
    const char *copy;
} logs[] = {
    {'S', "COPY said_start FROM STDIN"},
    {'A', "COPY said_answer FROM STDIN"},
    {'R', "COPY said_result FROM STDIN"},
};

/* What the log says, counted. */
static const struct {
    const char *sentence, *sql;
} counts[] = {
    {"starts acknowledged", "SELECT count(DISTINCT attempt_id) FROM said_start"},
    {"answers acknowledged", "SELECT count(*) FROM said_answer"},
    {"of these, more than once", "SELECT count(*) - count(DISTINCT (attempt_id, position, revision)) FROM said_answer"},
    {"results acknowledged", "SELECT count(DISTINCT attempt_id) FROM said_result"},
    {"answers stored", "SELECT count(*) FROM answer"},
    {"attempts stored", "SELECT count(*) FROM attempt"},
    {"attempts ended and not graded yet", "SELECT count(*) FROM attempt WHERE state IN ('submitted', 'timed_out')"},
};

/* What must be nought. */
static const struct {
    const char *sentence, *sql;
} faults[] = {
    {"answers lost", "SELECT count(*) FROM said_answer s WHERE NOT EXISTS (SELECT FROM answer a WHERE a.attempt_id = "
                     "s.attempt_id AND a.position = s.position AND a.revision = s.revision)"},
    {"answers changed",
     "SELECT count(*) FROM said_answer s JOIN answer a USING (attempt_id, position, revision) WHERE a.response <> "
     "s.response OR a.seq <> s.seq OR encode(a.link, 'hex') <> s.link OR (extract(epoch FROM a.saved_at) * "
     "1000000)::bigint <> s.saved_us"},
    {"answers with two different receipts",
     "SELECT count(*) FROM (SELECT FROM said_answer GROUP BY attempt_id, position, "
     "revision HAVING count(DISTINCT (link, seq, saved_us)) > 1) d"},
    {"starts lost", "SELECT count(*) FROM said_start s WHERE NOT EXISTS (SELECT FROM attempt a WHERE a.attempt_id = "
                    "s.attempt_id AND a.person_id = s.person_id AND a.number = s.number)"},
    {"results lost", "SELECT count(*) FROM said_result s WHERE NOT EXISTS (SELECT FROM result r WHERE r.attempt_id = "
                     "s.attempt_id AND r.version = s.version)"},
    {"results changed",
     "SELECT count(*) FROM said_result s JOIN result r USING (attempt_id, version) JOIN attempt a USING "
     "(attempt_id) WHERE r.score <> s.score OR a.answers <> s.answers OR a.ended_at IS NULL"},
    {"attempts graded twice", "SELECT count(*) FROM (SELECT FROM result GROUP BY attempt_id HAVING count(*) <> 1 OR "
                              "max(version) <> 1) d"},
    {"grades without exactly one event", "SELECT count(*) FROM result r FULL JOIN (SELECT (body->>'attempt_id')::uuid "
                                         "AS attempt_id, count(*) AS n FROM outbox "
                                         "WHERE event = 'attempt_graded' GROUP BY 1) e USING (attempt_id) WHERE "
                                         "r.attempt_id IS NULL OR e.n IS DISTINCT FROM 1"},
    {"graded attempts without a result",
     "SELECT count(*) FROM attempt a LEFT JOIN result r ON r.attempt_id = a.attempt_id "
     "AND r.version = a.result_version WHERE (a.state = 'graded') <> (r.attempt_id IS "
     "NOT NULL)"},
    {"learners with more attempts than the policy allows",
     "SELECT count(*) FROM (SELECT a.person_id FROM attempt a JOIN policy p USING (policy_id) GROUP BY a.person_id, "
     "a.programme_id HAVING count(*) > max(p.max_attempts)) d"},
    {"learners with two open attempts", "SELECT count(*) FROM (SELECT FROM attempt WHERE ended_at IS NULL GROUP BY "
                                        "person_id, programme_id HAVING count(*) > 1) d"},
    {"learners whose standing does not agree with their attempts",
     "SELECT count(*) FROM standing s LEFT JOIN (SELECT person_id, programme_id, count(*) AS n, bool_or(ended_at IS "
     "NULL) AS "
     "open FROM attempt GROUP BY 1, 2) a USING (person_id, programme_id) WHERE s.taken <> coalesce(a.n, 0) OR "
     "s.running <> "
     "coalesce(a.open, false)"},
};

static int failed(PGconn *conn)
{
    fprintf(stderr, "exam_check: %s", PQerrorMessage(conn));
    return -1;
}

static int run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_COPY_IN ? 0 : failed(conn);
}

static int64_t ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    int64_t value =
        PQresultStatus(result) == PGRES_TUPLES_OK ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : failed(conn);
    PQclear(result);
    return value;
}

/* The lines of one kind become rows. */
static int load(PGconn *conn, const char *path, char kind, const char *copy)
{
    char line[LINE];
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        return -1;
    }
    int result = run(conn, copy);
    while (!result && fgets(line, sizeof(line), file)) {
        if (line[0] == kind && PQputCopyData(conn, line + 2, (int)strlen(line + 2)) != 1)
            result = failed(conn);
    }
    fclose(file);
    if (!result && PQputCopyEnd(conn, NULL) != 1)
        result = failed(conn);
    for (PGresult *r; (r = PQgetResult(conn)); PQclear(r)) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            result = failed(conn);
    }
    return result;
}

/* --- the chains, computed anew --- */

struct chain {
    char attempt[UUID_TEXT];
    uint8_t link[RECEIPT_LINK], head[RECEIPT_LINK];
    int64_t answers, seen;
    bool broken;
};

static struct span field(PGresult *row, int column)
{
    return (struct span){PQgetvalue(row, 0, column), (uint32_t)PQgetlength(row, 0, column)};
}

static int64_t number(PGresult *row, int column)
{
    return strtoll(PQgetvalue(row, 0, column), NULL, 10);
}

static bool read_link(PGresult *row, int column, uint8_t ret_link[RECEIPT_LINK])
{
    struct span hex = field(row, column);
    return !sodium_hex2bin(ret_link, RECEIPT_LINK, hex.p, hex.n, NULL, NULL, NULL) &&
           hex.n == 2 * (uint32_t)RECEIPT_LINK;
}

static bool chain_good(const struct chain *chain)
{
    return !chain->broken && chain->seen == chain->answers && !memcmp(chain->link, chain->head, RECEIPT_LINK);
}

static void chain_begin(struct chain *chain, PGresult *row)
{
    struct uuid attempt, person, form;
    *chain = (struct chain){.answers = number(row, 5)};
    snprintf(chain->attempt, sizeof(chain->attempt), "%s", PQgetvalue(row, 0, 0));
    if (uuid_parse(field(row, 0), &attempt) || uuid_parse(field(row, 1), &person) || uuid_parse(field(row, 2), &form) ||
        !read_link(row, 6, chain->head)) {
        chain->broken = true;
        return;
    }
    receipt_first(&attempt, &person, &form, number(row, 3), number(row, 4), chain->link);
}

static void chain_add(struct chain *chain, PGresult *row)
{
    uint8_t stored[RECEIPT_LINK];
    receipt_link(chain->link, (uint16_t)number(row, 8), (uint32_t)number(row, 9), number(row, 10), field(row, 11),
                 chain->link);
    chain->seen++;
    chain->broken |=
        number(row, 7) != chain->seen || !read_link(row, 12, stored) || memcmp(stored, chain->link, RECEIPT_LINK) != 0;
}

/* How many chains are broken; -1: the database did not say. */
static int64_t broken_chains(PGconn *conn)
{
    static const char sql[] =
        "SELECT a.attempt_id, a.person_id, a.form_id, a.seed, (extract(epoch FROM a.started_at) * 1000000)::bigint, "
        "a.answers, encode(a.head, 'hex'), n.seq, n.position, n.revision, (extract(epoch FROM n.saved_at) * "
        "1000000)::bigint, n.response, encode(n.link, 'hex') FROM attempt a LEFT JOIN answer n USING (attempt_id) "
        "ORDER BY "
        "a.attempt_id, n.seq";
    struct chain chain = {0};
    int64_t broken = 0, result = 0;
    if (!PQsendQuery(conn, sql) || !PQsetSingleRowMode(conn))
        return failed(conn);
    for (PGresult *row; (row = PQgetResult(conn)); PQclear(row)) {
        if (PQresultStatus(row) == PGRES_SINGLE_TUPLE) {
            if (strcmp(chain.attempt, PQgetvalue(row, 0, 0))) {
                broken += chain.attempt[0] && !chain_good(&chain);
                chain_begin(&chain, row);
            }
            if (!PQgetisnull(row, 0, 7))
                chain_add(&chain, row);
        } else if (PQresultStatus(row) != PGRES_TUPLES_OK) {
            result = failed(conn);
        }
    }
    broken += chain.attempt[0] && !chain_good(&chain);
    return result < 0 ? -1 : broken;
}

static bool report(const char *sentence, int64_t n)
{
    printf("  %8lld %s\n", (long long)n, sentence);
    return n != 0;
}

static int check(PGconn *conn, const char *path)
{
    bool bad = false;
    if (PQstatus(conn) != CONNECTION_OK || run(conn, tables) < 0)
        return failed(conn);
    for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        if (load(conn, path, logs[i].kind, logs[i].copy) < 0)
            return -1;
    }
    if (run(conn, "ANALYZE said_answer; ANALYZE said_start; ANALYZE said_result") < 0)
        return -1;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        report(counts[i].sentence, ask(conn, counts[i].sql));
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        bad |= report(faults[i].sentence, ask(conn, faults[i].sql));
    bad |= report("chains of receipts broken", broken_chains(conn));
    if (!ask(conn, "SELECT count(*) FROM said_answer")) {
        printf("  nothing was acknowledged, so nothing is proven\n");
        bad = true;
    }
    return bad ? -1 : 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || sodium_init() < 0) {
        fprintf(stderr, "usage: exam_check CONNINFO RECEIPTS\n");
        return 2;
    }
    PGconn *conn = PQconnectdb(argv[1]);
    int result = check(conn, argv[2]);
    PQfinish(conn);
    return result ? 1 : 0;
}
