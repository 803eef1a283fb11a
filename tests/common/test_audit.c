/* test_audit.c - the audit of a service: written without waiting, chained by the tick; whatever is done to it shows. */
#include "audit.h"
#include "audit_verify.h"
#include "harness.h"
#include <criterion/criterion.h>
#include <sodium.h>

static struct harness *h;
static uint8_t sign_secret[JWS_SECRET], sign_public[JWS_PUBLIC];
static char said[8192];

static void open_harness(void)
{
    h = harness_open("learning", NULL, false, NULL);
    crypto_sign_keypair(sign_public, sign_secret);
}

static void close_harness(void)
{
    harness_close(h);
}

#define AUDIT_TEST(name) Test(audit, name, .init = open_harness, .fini = close_harness, .timeout = 60)

static int make_head(struct ctx *ctx)
{
    return audit_head_make(ctx, sign_secret, 0);
}

/* Five entries of every shape, chained, with a signed head. */
static void five(void)
{
    struct uuid subject = U(9);
    cr_assert_eq(audit_note(&h->ctx, "nobody", NULL, SPAN("{}")), 0);
    harness_as(h, U(1), LEARNER, U(2));
    cr_assert_eq(audit_note(&h->ctx, "granted", &subject, SPAN("{\"b\": 1.50, \"a\": \"Hồ \\\"Sơn\\\"\"}")), 0);
    harness_sql(h, "INSERT INTO audit (action, detail) SELECT 'long', jsonb_build_object('x', repeat('y', 20000))");
    cr_assert_eq(audit_note(&h->ctx, "taken", &subject, SPAN("{}")), 0);
    cr_assert_eq(audit_note(&h->ctx, "last", NULL, SPAN("{}")), 0);
    cr_assert_eq(harness_tick(h, audit_tick), 0);
    cr_assert_eq(harness_tick(h, make_head), 0);
}

static void say(void *arg, const char *sentence)
{
    size_t n = strlen(said);
    (void)arg;
    snprintf(said + n, sizeof(said) - n, "%s\n", sentence);
}

/* What `hocvu audit verify` would say; `kept`: heads that another service has. */
static uint64_t verify(uint16_t most, const struct audit_head *kept, size_t n_kept)
{
    struct audit_verify v = {.service = "learning", .public = sign_public, .say = say};
    struct audit_query query = {.most = most};
    struct audit_part part;
    said[0] = '\0';
    for (size_t i = 0; i < n_kept; i++)
        cr_assert_eq(audit_verify_keep(&v, &kept[i], "reporting"), 0);
    do {
        part = (struct audit_part){0};
        cr_assert_eq(on_audit_page(&h->ctx, &query, &part), 0);
        audit_verify_part(&v, &part);
        query.after = v.seq;
    } while (part.n_rows && v.seq < part.last);
    audit_verify_end(&v);
    uint64_t n = v.n_faults;
    audit_verify_release(&v);
    return n;
}

/* The head as it was announced. */
static struct audit_head announced(void)
{
    struct audit_head head;
    struct fault fault;
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE event = 'learning_audit_headed' ORDER BY id DESC");
    cr_assert_eq(msg_from_json(&msg_audit_head, &head, &h->arena, S(body), &fault), 0, "%s: %s", fault.field, body);
    return head;
}

static void expect_said(const char *words)
{
    cr_expect(strstr(said, words), "expected '%s' in: %s", words, said);
}

AUDIT_TEST(what_nobody_touched_is_whole)
{
    five();
    struct audit_head head = announced();
    cr_expect_eq(head.seq, 5);
    cr_expect(audit_head_signed_by(sign_public, &head));
    cr_expect_eq(verify(200, &head, 1), 0, "%s", said);
    cr_expect_eq(verify(2, &head, 1), 0, "%s", said);
    cr_expect_eq(verify(1, &head, 1), 0, "%s", said);
    cr_expect_str_eq(harness_get(h, "SELECT audit_broken()"), "");
    /* No head without news, and none for the same row twice. */
    cr_assert_eq(harness_tick(h, make_head), 0);
    cr_expect_eq(harness_events(h, "learning_audit_headed"), 1);
}

/* As if somebody had the rights of the tables' owner. */
static void tried(const char *sql, const char *words)
{
    struct audit_head head = announced();
    harness_sql(h, "BEGIN");
    harness_sql(h, "%s", sql);
    harness_sql(h, "COMMIT");
    cr_expect_gt(verify(200, &head, 1), 0, "nothing shows: %s", sql);
    expect_said(words);
}

AUDIT_TEST(audit_row_changed)
{
    five();
    tried("UPDATE audit SET detail = detail || '{\"b\": 2}' WHERE seq = 2", "row 2 was changed");
}

AUDIT_TEST(audit_every_column_of_a_row_counts)
{
    static const char *const changes[] = {
        "action = 'nothing'",
        "actor = NULL",
        "subject = gen_random_uuid()",
        "trace = ''",
        "trace = NULL",
        "detail = '{}'",
        "at = at + interval '1 microsecond'",
        "hash = sha256('')",
        "actor = subject, subject = actor",
    };
    five();
    struct audit_head head = announced();
    harness_sql(h, "CREATE TABLE before AS SELECT * FROM audit WHERE seq = 2");
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        harness_sql(h, "UPDATE audit SET %s WHERE seq = 2", changes[i]);
        cr_expect_gt(verify(200, &head, 1), 0, "%s", changes[i]);
        cr_expect_str_neq(harness_get(h, "SELECT audit_broken()"), "", "%s", changes[i]);
        harness_sql(
            h, "UPDATE audit a SET (action, actor, subject, trace, detail, at, hash) = (b.action, b.actor, b.subject,"
               " b.trace, b.detail, b.at, b.hash) FROM before b WHERE a.seq = 2");
        cr_assert_eq(verify(200, &head, 1), 0, "%s", said);
    }
}

AUDIT_TEST(audit_long_row_changed)
{
    five();
    tried("UPDATE audit SET detail = jsonb_build_object('x', repeat('z', 20000)) WHERE seq = 3", "row 3 was changed");
}

AUDIT_TEST(audit_row_removed)
{
    five();
    tried("DELETE FROM audit WHERE seq = 3", "rows 3 to 3 are missing");
}

AUDIT_TEST(audit_first_row_removed)
{
    five();
    tried("DELETE FROM audit WHERE seq = 1", "rows 1 to 1 are missing");
}

AUDIT_TEST(audit_row_removed_and_the_rest_renumbered)
{
    five();
    tried(
        "DELETE FROM audit WHERE seq = 3; UPDATE audit SET seq = seq - 1 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE"
        " seq = 5",
        "row 3 was changed, moved");
}

AUDIT_TEST(audit_rows_swapped)
{
    five();
    tried("UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 4; UPDATE audit SET seq = 4 "
          "WHERE"
          " seq = 99",
          "row 2 was changed, moved");
    expect_said("row 4 was changed, moved");
}

AUDIT_TEST(audit_contents_of_rows_swapped)
{
    five();
    tried("UPDATE audit a SET action = b.action, detail = b.detail FROM audit b WHERE a.seq + b.seq = 6 AND a.seq IN "
          "(2, 4)",
          "row 2 was changed");
}

AUDIT_TEST(audit_tail_cut)
{
    five();
    tried("DELETE FROM audit WHERE seq > 3", "the chain ends at row 3, but reporting keeps a head of row 5");
    expect_said("but the service itself has a head of row 5");
}

AUDIT_TEST(audit_tail_cut_with_its_heads)
{
    five();
    tried("DELETE FROM audit WHERE seq > 3; DELETE FROM audit_head",
          "the chain ends at row 3, but reporting keeps a head of row 5");
}

AUDIT_TEST(audit_all_removed)
{
    five();
    tried("DELETE FROM audit; DELETE FROM audit_head", "the chain ends at row 0, but reporting keeps a head of row 5");
}

/* With the database's own functions, so that every hash fits again. */
#define MADE_ANEW                                                                                                      \
    "UPDATE audit SET action = 'innocent' WHERE seq = 2; UPDATE audit SET seq = NULL, hash = NULL;"                    \
    "SELECT audit_advance(100);"

AUDIT_TEST(audit_rewritten_from_start)
{
    five();
    tried(MADE_ANEW, "row 5 is not the one whose head reporting keeps");
    expect_said("row 5 is not the one whose head the service itself keeps");
    cr_expect_str_eq(harness_get(h, "SELECT audit_broken()"), "");
}

AUDIT_TEST(audit_rewritten_with_a_head_that_nobody_signed)
{
    five();
    tried(MADE_ANEW "UPDATE audit_head h SET hash = a.hash FROM audit a WHERE a.seq = h.seq",
          "the head of row 5 kept by the service itself does not carry our signature");
}

AUDIT_TEST(audit_head_of_another_service_is_no_witness)
{
    five();
    struct audit_head head = announced();
    head.service = S("content");
    cr_expect_gt(verify(200, &head, 1), 0);
    expect_said("not of this service");
}

AUDIT_TEST(entries_that_nobody_chains_are_told)
{
    five();
    cr_assert_eq(audit_note(&h->ctx, "later", NULL, SPAN("{}")), 0);
    cr_expect_eq(verify(200, NULL, 0), 0, "a fresh entry is not chained yet: %s", said);
    harness_sql(h, "UPDATE audit SET at = at - interval '2 minutes' WHERE seq IS NULL");
    cr_expect_eq(verify(200, NULL, 0), 1);
    expect_said("not chained");
}

AUDIT_TEST(what_commits_late_is_chained_later)
{
    harness_sql(h, "BEGIN; INSERT INTO audit (action) VALUES ('early')"); /* has its n, is not committed */
    cr_assert_eq(audit_note(&h->ctx, "late", NULL, SPAN("{}")), 0);
    cr_assert_eq(harness_tick(h, audit_tick), 0);
    harness_sql(h, "COMMIT");
    cr_assert_eq(harness_tick(h, audit_tick), 0);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(action, ' ' ORDER BY seq) FROM audit"), "late early");
    cr_expect_eq(verify(200, NULL, 0), 0, "%s", said);
    cr_expect_str_eq(harness_get(h, "SELECT audit_broken()"), "");
}

AUDIT_TEST(the_service_can_write_and_chain_but_change_nothing)
{
    five();
    cr_expect(harness_allowed(h, "INSERT INTO audit (action) VALUES ('test')"));
    cr_expect(harness_allowed(h, "SELECT audit_advance(10)"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, n) OVERRIDING SYSTEM VALUE VALUES ('test', 7)"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, at) VALUES ('test', now())"));
    cr_expect(!harness_allowed(h, "INSERT INTO audit (action, seq, hash) VALUES ('test', 7, '')"));
    cr_expect(!harness_allowed(h, "UPDATE audit SET action = 'x'"));
    cr_expect(!harness_allowed(h, "UPDATE audit SET seq = NULL, hash = NULL"));
    cr_expect(!harness_allowed(h, "DELETE FROM audit"));
    cr_expect(!harness_allowed(h, "TRUNCATE audit"));
    cr_expect(!harness_allowed(h, "UPDATE audit_head SET seq = 1"));
    cr_expect(!harness_allowed(h, "DELETE FROM audit_head"));
    cr_expect(!harness_allowed(h, "DELETE FROM audit_witness"));
}

AUDIT_TEST(a_witness_keeps_what_it_heard_first_and_what_differs)
{
    five();
    struct audit_head head = announced();
    struct audit_query query = {.most = 10};
    struct audit_part part = {0};
    static const char zeros[32] = {0};
    PUT_FIELD(&query, audit_query, witness_of, S("learning"));
    cr_assert_eq(audit_witness(&h->ctx, &head), 0);
    cr_assert_eq(audit_witness(&h->ctx, &head), 0);
    head.hash.p = zeros;
    cr_assert_eq(audit_witness(&h->ctx, &head), 0);
    cr_assert_eq(on_audit_page(&h->ctx, &query, &part), 0);
    cr_expect_eq(part.n_heads, 2);
    cr_expect_eq(part.n_rows, 0);
}
