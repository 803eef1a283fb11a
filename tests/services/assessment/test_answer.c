/* test_answer.c - answers are kept once, in any order, and only from their owner and in time. */
#include "seed.h"
#include <sodium.h>
#include <unistd.h>

/* Latest response of a position, as the paper shows it. */
static const char *shown(struct harness *h, uint32_t attempt, uint16_t position)
{
    struct attempt_ref ref = {.attempt_id = U(attempt)};
    struct attempt_paper paper;
    struct span copy;
    cr_assert_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    cr_assert_eq(arena_span(&h->arena, paper.items[position - 1].response, &copy), 0);
    return copy.p;
}

Test(answer, of_somebody_else)
{
    struct harness *h = open_seeded();
    started(h, 50);
    as_learner(h, MINH);
    cr_expect_eq(save(h, 50, 1, 1, "1", NULL), ERR_NOT_FOUND);
    cr_expect_str_eq(h->ctx.fault.field, "attempt_id");
    cr_expect_eq(save(h, 51, 1, 1, "1", NULL), ERR_NOT_FOUND);
    h->head.has = 0; /* nobody */
    cr_expect_eq(save(h, 50, 1, 1, "1", NULL), ERR_NOT_FOUND);
    cr_expect_eq(save(h, 51, 1, 1, "1", NULL), ERR_NOT_FOUND);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "0");
    harness_close(h);
}

/* Even the answer that is stored is not confirmed to anyone but its owner. */
Test(answer, repeat_by_somebody_else)
{
    struct harness *h = open_seeded();
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 1, "1", NULL), 0);
    as_learner(h, MINH);
    cr_expect_eq(save(h, 50, 1, 1, "1", NULL), ERR_NOT_FOUND);
    cr_expect_eq(save(h, 50, 1, 1, "2", NULL), ERR_NOT_FOUND);
    harness_close(h);
}

Test(answer, after_the_deadline)
{
    struct harness *h = open_seeded();
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 1, "1", NULL), 0);
    let_time_pass(h, 50);
    cr_expect_eq(save(h, 50, 1, 2, "2", NULL), ERR_TIME_OVER);
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(save(h, 50, 1, 2, "2", NULL), ERR_TIME_OVER, "the clock ended it");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "1");
    harness_close(h);
}

Test(answer, after_submit)
{
    struct harness *h = open_seeded();
    struct attempt_result result;
    struct answer_receipt first, again;
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 1, "1", &first), 0);
    cr_assert_eq(submit(h, 50, &result), 0);
    cr_expect_eq(save(h, 50, 1, 2, "2", NULL), ERR_STATE);
    cr_expect_str_eq(h->ctx.fault.field, "attempt_id");
    /* What was stored in time is still confirmed: its first receipt may have been lost on the way. */
    cr_expect_eq(save(h, 50, 1, 1, "1", &again), 0);
    cr_expect_eq(first.saved_at, again.saved_at);
    cr_expect_eq(save(h, 50, 1, 1, "2", NULL), ERR_CONFLICT);
    harness_close(h);
}

Test(answer, hostile_values)
{
    struct harness *h = open_seeded();
    static const char *const bad[] = {"0", "5", "11", " 1", "1 ", "-1", "a", "١", "1\n", "'; DROP TABLE answer; --"};
    started(h, 50);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_expect_eq(save(h, 50, 1, 1, bad[i], NULL), ERR_INVALID, "%s", bad[i]);
        cr_expect_str_eq(h->ctx.fault.field, "response");
    }
    cr_expect_eq(save(h, 50, ITEMS + 1, 1, "1", NULL), ERR_NOT_FOUND);
    cr_expect_str_eq(h->ctx.fault.field, "position");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "0");
    cr_expect_eq(save(h, 50, 1, UINT32_MAX, "", NULL), 0);
    cr_expect_str_eq(harness_get(h, "SELECT revision FROM answer"), "4294967295");
    harness_close(h);
}

Test(answer, repeat_gets_the_first_receipt)
{
    struct harness *h = open_seeded();
    struct answer_receipt first, again;
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 7, "3", &first), 0);
    usleep(2000);
    cr_assert_eq(save(h, 50, 1, 7, "3", &again), 0);
    cr_expect_eq(first.saved_at, again.saved_at);
    cr_expect_eq(first.digest.n, RECEIPT_DIGEST);
    cr_expect(!memcmp(first.digest.p, again.digest.p, RECEIPT_DIGEST));
    cr_expect_eq(save(h, 50, 1, 7, "4", NULL), ERR_CONFLICT);
    cr_expect_str_eq(h->ctx.fault.field, "revision");
    cr_expect_str_eq(shown(h, 50, 1), "3");
    harness_close(h);
}

Test(answer, late_revision_is_kept_but_does_not_win)
{
    struct harness *h = open_seeded();
    started(h, 50);
    cr_assert_eq(save(h, 50, 1, 9, "2", NULL), 0);
    cr_assert_eq(save(h, 50, 1, 3, "4", NULL), 0);
    cr_expect_str_eq(shown(h, 50, 1), "2");
    cr_assert_eq(save(h, 50, 1, 10, "", NULL), 0);
    cr_expect_str_eq(shown(h, 50, 1), "");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "3");
    harness_close(h);
}

/* The digest as answer.c documents it, computed here from the receipt and the response alone. */
Test(answer, digest_is_as_documented)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    uint8_t text[16 + 2 + 4 + 8 + 1], digest[32];
    started(h, 50);
    cr_assert_eq(save(h, 50, 2, 0x01020304, "3", &receipt), 0);
    memcpy(text, receipt.attempt_id.b, 16);
    memcpy(text + 16, "\0\2\1\2\3\4", 6);
    for (int i = 0; i < 8; i++)
        text[22 + i] = (uint8_t)((uint64_t)receipt.saved_at >> (56 - 8 * i));
    text[30] = '3';
    crypto_generichash(digest, sizeof(digest), text, sizeof(text), test_conf.key, sizeof(test_conf.key));
    cr_expect(!memcmp(digest, receipt.digest.p, sizeof(digest)));
    text[30] = '4';
    crypto_generichash(digest, sizeof(digest), text, sizeof(text), test_conf.key, sizeof(test_conf.key));
    cr_expect(memcmp(digest, receipt.digest.p, sizeof(digest)));
    harness_close(h);
}

Test(answer, mixed_batch)
{
    struct harness *h = open_seeded();
    struct attempt_paper paper;
    started(h, 50);
    cr_assert_eq(save(h, 50, 4, 1, "4", NULL), 0);
    as_learner(h, MINH);
    cr_assert_eq(start(h, 60, &paper), 0);
    struct answer_save req[] = {
        {.attempt_id = U(50), .position = 1, .revision = 1, .response = SPAN("1")},
        {.attempt_id = U(60), .position = 1, .revision = 1, .response = SPAN("2")},
        {.attempt_id = U(60), .position = 2, .revision = 1, .response = SPAN("3")}, /* by the wrong person */
        {.attempt_id = U(50), .position = 99, .revision = 1, .response = SPAN("1")},
        {.attempt_id = U(50), .position = 1, .revision = 1, .response = SPAN("1")}, /* the same again */
        {.attempt_id = U(50), .position = 1, .revision = 1, .response = SPAN("2")}, /* the same, but different */
        {.attempt_id = U(50), .position = 4, .revision = 1, .response = SPAN("4")}, /* stored before */
        {.attempt_id = U(50), .position = 4, .revision = 2, .response = SPAN("x")},
        {.attempt_id = U(70), .position = 1, .revision = 1, .response = SPAN("1")},
        {.attempt_id = U(50), .position = 1, .revision = 2, .response = SPAN("")},
    };
    enum { N = sizeof(req) / sizeof(req[0]) };
    const struct uuid callers[N] = {U(LAN), U(MINH), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN)};
    static const int expected[N] = {0, 0, ERR_NOT_FOUND, ERR_NOT_FOUND, 0, ERR_CONFLICT, 0, ERR_INVALID, ERR_NOT_FOUND,
                                    0};
    struct answer_receipt receipts[N] = {0};
    struct fault faults[N];
    cr_assert_eq(harness_batch(h, bind_answer_save, N, callers, req, receipts, faults), 0);
    for (size_t i = 0; i < N; i++) {
        struct fault wrong;
        cr_expect_eq(faults[i].code, expected[i], "call %zu: %d", i, faults[i].code);
        if (!expected[i])
            cr_expect_eq(msg_check(&msg_answer_receipt, &receipts[i], &wrong), 0);
    }
    cr_expect_eq(receipts[0].saved_at, receipts[4].saved_at);
    cr_expect(!memcmp(receipts[0].digest.p, receipts[4].digest.p, RECEIPT_DIGEST));
    cr_expect_lt(receipts[6].saved_at, receipts[0].saved_at);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "4");
    harness_close(h);
}

/* A full batch of one learner's answers, backwards, and again forwards: all get the same receipts. */
Test(answer, full_batch_repeated)
{
    struct harness *h = open_seeded();
    static struct answer_save req[256];
    static struct answer_receipt first[256], again[256];
    static struct fault faults[256];
    started(h, 50);
    for (uint32_t i = 0; i < 256; i++)
        req[i] = (struct answer_save){
            .attempt_id = U(50), .position = (uint16_t)(1 + i % ITEMS), .revision = 256 - i, .response = SPAN("1")};
    cr_assert_eq(harness_batch(h, bind_answer_save, 256, NULL, req, first, faults), 0);
    cr_assert_eq(harness_batch(h, bind_answer_save, 256, NULL, req, again, faults), 0);
    for (uint32_t i = 0; i < 256; i++) {
        cr_expect_eq(faults[i].code, 0);
        cr_expect_eq(again[i].revision, 256 - i);
        cr_expect(!memcmp(first[i].digest.p, again[i].digest.p, RECEIPT_DIGEST));
    }
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer"), "256");
    harness_close(h);
}
