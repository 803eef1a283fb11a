/*
 * seed_exam.c - people for benchmarks and tests of faults: those who may start, those who sit, and those who have
 * answered everything. Writes their rows into assessment's schema as the database's owner, and for exam_load and wrk a
 * line `token person attempt` each. Tokens are signed with the installation's own key, as identity would; chains of
 * receipts are whole. The rules they stand on come from seed_rules.sql.
 *
 *     seed_exam --conninfo TEXT --key TOKEN_SIGN_KEY [--learners N --to FILE] [--running N --to FILE]
 *               [--answered N --to FILE]
 */
#include "codec.h"
#include "receipt.h"
#include "seed.h"
#include "service.h"
#include "sign_key.h"
#include <getopt.h>
#include <libpq-fe.h>
#include <sodium.h>

enum kind { LEARNERS, RUNNING, ANSWERED, KINDS };
enum {
    UNITS = 50,
    FORMS_MAX = 512,
    MINUTES = 600,
    GRACE_S = 60,
    FLUSH = 1 << 16,
    AGO_US = 1200000000,
    STEP_US = 25000000
};

struct group {
    enum kind kind;
    long n;
    const char *file;
};

struct seeded {
    struct uuid person, attempt, request;
    uint32_t unit, form, answers;
    int64_t seed;
    uint8_t head[RECEIPT_LINK];
};

struct seeding {
    PGconn *conn;
    struct buf out; /* of the COPY under way */
    int64_t now;    /* the server's */
    struct uuid form[FORMS_MAX];
    size_t n_forms;
    unsigned char key[TOKEN_SECRET_BYTES];
    struct arena arena;
};

/* --- the database --- */

static int run(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    int good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_COPY_IN;
    if (!good)
        fprintf(stderr, "seed_exam: %s", PQerrorMessage(conn));
    PQclear(result);
    return good ? 0 : -1;
}

static int copy_flush(struct seeding *s, size_t least)
{
    if (s->out.n < least)
        return 0;
    int good = PQputCopyData(s->conn, s->out.p, (int)s->out.n);
    buf_clear(&s->out);
    return good == 1 ? 0 : -1;
}

static int copy_end(struct seeding *s)
{
    if (copy_flush(s, 1) < 0 || PQputCopyEnd(s->conn, NULL) != 1)
        return -1;
    int result = 0;
    for (PGresult *r; (r = PQgetResult(s->conn)); PQclear(r)) {
        if (PQresultStatus(r) != PGRES_COMMAND_OK) {
            fprintf(stderr, "seed_exam: %s", PQerrorMessage(s->conn));
            result = -1;
        }
    }
    return result;
}

/* The server's clock and the forms of the policy. */
static int look(struct seeding *s)
{
    PGresult *result = PQexec(s->conn, "SELECT form_id, (extract(epoch FROM now()) * 1000000)::bigint FROM form_pool, "
                                       "unnest(ready) AS t (form_id)");
    s->n_forms = (size_t)PQntuples(result);
    if (!s->n_forms || s->n_forms > FORMS_MAX) {
        fprintf(stderr, "seed_exam: no forms; run seed_rules.sql first. %s", PQerrorMessage(s->conn));
        PQclear(result);
        return -1;
    }
    s->now = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    for (size_t i = 0; i < s->n_forms; i++) {
        const char *text = PQgetvalue(result, (int)i, 0);
        if (uuid_parse((struct span){text, (uint32_t)strlen(text)}, &s->form[i]))
            return -1;
    }
    PQclear(result);
    return 0;
}

/* --- rows --- */

static void add_uuid(struct buf *out, const struct uuid *uuid, char after)
{
    char text[UUID_TEXT];
    uuid_format(uuid, text);
    buf_add(out, text, UUID_TEXT - 1);
    buf_add_char(out, after);
}

static void add_time(struct buf *out, int64_t us, char after)
{
    char text[TIME_TEXT];
    time_format(us, text);
    buf_add_text(out, text);
    buf_add_char(out, after);
}

static void add_bytes(struct buf *out, const uint8_t *bytes, size_t n, char after)
{
    char hex[2 * RECEIPT_LINK + 1];
    sodium_bin2hex(hex, sizeof(hex), bytes, n);
    buf_printf(out, "\\\\x%s%c", hex, after);
}

static struct uuid unit_id(uint32_t number)
{
    struct uuid uuid = {{[6] = 0x70, [8] = 0x80, [9] = 0x03, [15] = (uint8_t)number}};
    return uuid;
}

static void person_row(struct buf *out, const struct seeded *p)
{
    struct uuid unit = unit_id(p->unit);
    add_uuid(out, &p->person, '\t');
    buf_add_text(out, "Nguyễn Văn Tải\t");
    add_uuid(out, &unit, '\t');
    buf_add_text(out, "f\n");
}

static void standing_row(const struct seeding *s, struct buf *out, const struct seeded *p, enum kind kind)
{
    add_uuid(out, &p->person, '\t');
    buf_add_text(out, SEED_PROGRAMME "\t");
    add_time(out, s->now - INT64_C(86400000000), '\t');
    if (kind == LEARNERS) {
        buf_add_text(out, "0\t\\N\t\\N\tf\t{}\n");
        return;
    }
    buf_add_text(out, "1\t");
    add_uuid(out, &p->request, '\t');
    add_uuid(out, &p->attempt, '\t');
    buf_add_text(out, "t\t{");
    add_uuid(out, &s->form[p->form], '}');
    buf_add_char(out, '\n');
}

static void attempt_row(const struct seeding *s, struct buf *out, const struct seeded *p)
{
    int64_t started = s->now - AGO_US, deadline = started + MINUTES * INT64_C(60000000);
    add_uuid(out, &p->attempt, '\t');
    add_uuid(out, &p->person, '\t');
    buf_add_text(out, SEED_PROGRAMME "\t00000000-0000-7000-8000-000000000005\t");
    add_uuid(out, &s->form[p->form], '\t');
    buf_printf(out, "1\t%d\trunning\t%lld\t", SEED_ITEMS, (long long)p->seed);
    add_time(out, started, '\t');
    add_time(out, deadline, '\t');
    add_time(out, deadline + GRACE_S * INT64_C(1000000), '\t');
    buf_printf(out, "%u\t%d\t", p->answers, p->answers > 0);
    add_bytes(out, p->head, RECEIPT_LINK, '\n');
}

/* Every position once, in order; `head` goes along. */
static void answer_rows(const struct seeding *s, struct buf *out, struct seeded *p)
{
    for (uint16_t position = 1; position <= SEED_ITEMS; position++) {
        int64_t saved = s->now - AGO_US + position * (int64_t)STEP_US;
        char response = (char)('1' + randombytes_uniform(4));
        receipt_link(p->head, position, 1, saved, (struct span){&response, 1}, p->head);
        p->answers++;
        add_uuid(out, &p->attempt, '\t');
        add_time(out, saved, '\t');
        buf_printf(out, "1\t%u\t%u\t%c\t", p->answers, position, response);
        add_bytes(out, p->head, RECEIPT_LINK, '\n');
    }
}

/* --- people --- */

static int write_token(struct seeding *s, FILE *file, const struct seeded *p, enum kind kind)
{
    struct grant grant = {.unit_id = unit_id(p->unit), .roles = LEARNER};
    uint64_t now = (uint64_t)(now_us() / 1000000);
    /* Valid before now, for clocks that are set back, and for the longest run. */
    struct access_claims claims = {
        .sub = p->person, .sid = uuid7(), .iat = now - 7200, .exp = now + 86000, .grants = &grant, .n_grants = 1};
    struct span token;
    char person[UUID_TEXT], attempt[UUID_TEXT] = "-";
    arena_clear(&s->arena);
    if (token_sign(s->key, &claims, &s->arena, &token))
        return -1;
    uuid_format(&p->person, person);
    if (kind != LEARNERS)
        uuid_format(&p->attempt, attempt);
    return fprintf(file, "%.*s %s %s\n", (int)token.n, token.p, person, attempt) > 0 ? 0 : -1;
}

static void make_person(const struct seeding *s, struct seeded *p)
{
    *p = (struct seeded){.person = uuid7(),
                         .attempt = uuid7(),
                         .request = uuid7(),
                         .unit = 1 + randombytes_uniform(UNITS),
                         .form = randombytes_uniform((uint32_t)s->n_forms)};
    randombytes_buf(&p->seed, sizeof(p->seed));
    receipt_first(&p->attempt, &p->person, &s->form[p->form], p->seed, s->now - AGO_US, p->head);
}

static const char *const copies[] = {
    "COPY person (person_id, full_name, unit_id, leader) FROM STDIN",
    "COPY standing (person_id, programme_id, completed_at, taken, request_id, attempt_id, running, forms) FROM STDIN",
    "COPY answer (attempt_id, saved_at, revision, seq, position, response, link) FROM STDIN",
    "COPY attempt (attempt_id, person_id, programme_id, policy_id, form_id, number, items, state, seed, started_at, "
    "deadline, closes_at, answers, revision, head) FROM STDIN",
};

/* One table's rows of a group. The attempt's row knows the head that its answers made, so it comes after them. */
static int copy_rows(struct seeding *s, struct seeded *people, const struct group *group, size_t table)
{
    if ((table == 2 && group->kind != ANSWERED) || (table == 3 && group->kind == LEARNERS))
        return 0;
    if (run(s->conn, copies[table]) < 0)
        return -1;
    for (long i = 0; i < group->n; i++) {
        if (table == 0)
            person_row(&s->out, &people[i]);
        else if (table == 1)
            standing_row(s, &s->out, &people[i], group->kind);
        else if (table == 2)
            answer_rows(s, &s->out, &people[i]);
        else
            attempt_row(s, &s->out, &people[i]);
        if (copy_flush(s, FLUSH) < 0)
            return -1;
    }
    return copy_end(s);
}

static int seed_group(struct seeding *s, const struct group *group)
{
    FILE *file = fopen(group->file, "we");
    struct seeded *people = calloc((size_t)group->n, sizeof(*people));
    int result = file && people ? 0 : -1;
    for (long i = 0; !result && i < group->n; i++) {
        make_person(s, &people[i]);
        result = write_token(s, file, &people[i], group->kind);
    }
    for (size_t table = 0; !result && table < sizeof(copies) / sizeof(copies[0]); table++)
        result = copy_rows(s, people, group, table);
    if (file && fclose(file))
        result = -1;
    if (result)
        fprintf(stderr, "seed_exam: %s could not be made\n", group->file);
    free(people);
    return result;
}

/* --- the command line --- */

static const struct option known[] = {
    {"conninfo", required_argument, NULL, 'c'},
    {"key", required_argument, NULL, 'k'},
    {"learners", required_argument, NULL, 'l'},
    {"running", required_argument, NULL, 'r'},
    {"answered", required_argument, NULL, 'a'},
    {"to", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

static int read_options(int argc, char **argv, const char **ret_conninfo, const char **ret_key, struct group *groups)
{
    int n = -1;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == 'c')
            *ret_conninfo = optarg;
        else if (option == 'k')
            *ret_key = optarg;
        else if (option == 't' && n >= 0)
            groups[n].file = optarg;
        else if (strchr("lra", option) && n + 1 < KINDS)
            groups[++n] = (struct group){option == 'l'   ? LEARNERS
                                         : option == 'r' ? RUNNING
                                                         : ANSWERED,
                                         strtol(optarg, NULL, 10), NULL};
        else
            return -1;
    }
    for (int i = 0; i <= n; i++) {
        if (groups[i].n <= 0 || !groups[i].file)
            return -1;
    }
    return n + 1;
}

int main(int argc, char **argv)
{
    static struct seeding seeding;
    struct group groups[KINDS];
    const char *conninfo = NULL, *key = NULL;
    int n = read_options(argc, argv, &conninfo, &key, groups);
    if (n <= 0 || !conninfo || !key || sodium_init() < 0 || sign_key_read(key, seeding.key) < 0) {
        fprintf(stderr, "usage: seed_exam --conninfo TEXT --key TOKEN_SIGN_KEY [--learners N --to FILE] "
                        "[--running N --to FILE] [--answered N --to FILE]\n");
        return 2;
    }
    arena_init(&seeding.arena, 1 << 20);
    buf_init(&seeding.out, 1 << 20);
    seeding.conn = PQconnectdb(conninfo);
    int result = run(seeding.conn, "BEGIN") < 0 || run(seeding.conn, "SET LOCAL search_path = assessment, hocvu") < 0 ||
                         look(&seeding) < 0
                     ? -1
                     : 0;
    for (int i = 0; !result && i < n; i++)
        result = seed_group(&seeding, &groups[i]);
    if (!result)
        result = run(seeding.conn, "COMMIT");
    PQfinish(seeding.conn);
    buf_release(&seeding.out);
    arena_release(&seeding.arena);
    return result ? 1 : 0;
}
