/* test_answer.c - answers are kept once, in any order, from their owner and in time; each receipt continues the chain.
 */
#include "seed.h"

static const char *text_of(struct uuid id)
{
    static char text[UUID_TEXT];
    uuid_format(&id, text);
    return text;
}

/* Puts the end of an attempt into the past: `seconds` after its deadline, which is before its grace ends or not. */
static void let_time_pass(struct harness *h, struct uuid attempt, int seconds)
{
    harness_sql(h,
                "UPDATE attempt SET started_at = now() - interval '1 hour', deadline = now() - interval '%d s', "
                "closes_at = now() - interval '%d s' + interval '30 s' WHERE attempt_id = '%s'",
                seconds, seconds, text_of(attempt));
}

static const char *stored(struct harness *h)
{
    return harness_get(h, "SELECT count(*) FROM answer");
}

Test(answer, chain_of_receipts)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    struct answer_receipt receipt[3];
    uint8_t link[RECEIPT_LINK], seal[RECEIPT_LINK];
    int64_t seed = strtoll(harness_get(h, "SELECT seed FROM attempt"), NULL, 10);
    struct uuid form = U(300 + form_of(h, ticket.attempt_id)), lan = U(LAN);
    cr_assert_eq(save(h, ticket.attempt_id, 2, 1, SPAN("1"), &receipt[0]), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 2, 7, SPAN("Đáp án dài – ½"), &receipt[1]), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 5, 1, SPAN(""), &receipt[2]), 0);
    receipt_first(&ticket.attempt_id, &lan, &form, seed, ticket.started_at, link);
    cr_assert_arr_eq(link, ticket.head.p, RECEIPT_LINK);
    const struct span response[] = {SPAN("1"), SPAN("Đáp án dài – ½"), SPAN("")};
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(receipt[i].seq, i + 1);
        receipt_link(link, receipt[i].position, receipt[i].revision, receipt[i].saved_at, response[i], link);
        cr_assert_arr_eq(link, receipt[i].link.p, RECEIPT_LINK, "database and code make different links");
        receipt_seal(test_conf.key, link, seal);
        cr_assert_arr_eq(seal, receipt[i].seal.p, RECEIPT_LINK);
    }
    harness_close(h);
}

Test(answer, of_somebody_else)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_ticket ticket = started(h, LAN);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    as_learner(h, MINH);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), ERR_NOT_FOUND, "not even what is stored");
    cr_expect_eq(save(h, ticket.attempt_id, 1, 2, SPAN("1"), &receipt), ERR_NOT_FOUND);
    cr_expect_eq(save(h, U(12345), 1, 1, SPAN("1"), &receipt), ERR_NOT_FOUND);
    h->head.has = 0; /* nobody */
    cr_expect_eq(save(h, ticket.attempt_id, 1, 3, SPAN("1"), &receipt), ERR_NOT_FOUND);
    cr_expect_str_eq(stored(h), "1");
    harness_close(h);
}

Test(answer, repeated_and_contradicted)
{
    struct harness *h = open_seeded();
    struct answer_receipt first, again;
    struct attempt_ticket ticket = started(h, LAN);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("2"), &first), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 2, 1, SPAN("2"), &again), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("2"), &again), 0);
    cr_expect_eq(again.seq, 1);
    cr_expect_eq(again.saved_at, first.saved_at);
    cr_expect_arr_eq(again.link.p, first.link.p, RECEIPT_LINK);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("3"), &again), ERR_CONFLICT);
    cr_expect_str_eq(stored(h), "2");
    cr_expect_str_eq(harness_get(h, "SELECT answers FROM attempt"), "2");
    harness_close(h);
}

/* The network may bring an older revision after a newer one: it is kept, and does not count. */
Test(answer, reordered)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_paper paper;
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    cr_assert_eq(save(h, ticket.attempt_id, 1, 3, SPAN("3"), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 2, SPAN("2"), &receipt), 0);
    cr_assert_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    for (uint32_t i = 0; i < paper.n_items; i++) {
        if (paper.items[i].position == 1) {
            cr_expect_eq(paper.items[i].revision, 3);
            cr_expect_arr_eq(paper.items[i].response.p, "3", 1);
        }
    }
    harness_close(h);
}

Test(answer, after_the_deadline)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_ticket ticket = started(h, LAN);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    let_time_pass(h, ticket.attempt_id, 10);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 2, SPAN("2"), &receipt), 0, "the grace has not passed");
    let_time_pass(h, ticket.attempt_id, 31);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 3, SPAN("2"), &receipt), ERR_TIME_OVER);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0, "a repeat gets its receipt");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 3, SPAN("2"), &receipt), ERR_TIME_OVER);
    cr_expect_str_eq(stored(h), "2");
    harness_close(h);
}

/* The server's clock was set back while the attempt ran: answers are kept, and none is dated before the start. */
Test(answer, clock_set_back)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_paper paper;
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    uint8_t link[RECEIPT_LINK];
    harness_sql(h, "UPDATE attempt SET started_at = now() + interval '55 min', deadline = now() + interval '85 min', "
                   "closes_at = now() + interval '86 min'");
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    cr_expect_str_eq(harness_get(h, "SELECT n.saved_at = a.started_at FROM answer n JOIN attempt a USING (attempt_id)"),
                     "t");
    receipt_link((const uint8_t *)ticket.head.p, 1, 1, receipt.saved_at, SPAN("1"), link);
    cr_expect_arr_eq(link, receipt.link.p, RECEIPT_LINK);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    harness_close(h);
}

Test(answer, after_submit)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt, first;
    struct attempt_result result;
    struct fault fault;
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &first), 0);
    cr_assert_eq(harness_batch(h, bind_attempt_submit, 1, NULL, &ref, &result, &fault), 0);
    cr_assert_eq(fault.code, 0);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 2, SPAN("2"), &receipt), ERR_STATE);
    cr_expect_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    cr_expect_arr_eq(receipt.link.p, first.link.p, RECEIPT_LINK);
    cr_expect_str_eq(stored(h), "1");
    harness_close(h);
}

Test(answer, of_no_such_item)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_ticket ticket = started(h, LAN);
    cr_expect_eq(save(h, ticket.attempt_id, ITEMS + 1, 1, SPAN("1"), &receipt), ERR_NOT_FOUND);
    cr_expect_str_eq(stored(h), "0");
    harness_close(h);
}

Test(answer, from_two_devices)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct attempt_ticket ticket = started(h, LAN);
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    cr_expect_eq(receipt.devices, 0);
    PUT_FIELD(&h->head, call_header, session_id, U(DEVICE + 1));
    cr_assert_eq(save(h, ticket.attempt_id, 2, 1, SPAN("1"), &receipt), 0);
    cr_expect_eq(receipt.devices, 1);
    PUT_FIELD(&h->head, call_header, session_id, U(DEVICE));
    cr_assert_eq(save(h, ticket.attempt_id, 3, 1, SPAN("1"), &receipt), 0);
    cr_expect_eq(receipt.devices, 2, "the first device is told that another one was there");
    harness_close(h);
}

/* One batch: two attempts, three answers of one of them, a repeat inside the batch, a contradiction, a stranger. */
Test(answer, many_in_one_batch)
{
    struct harness *h = open_seeded();
    struct attempt_ticket lan = started(h, LAN), minh = started(h, MINH);
    struct answer_save req[] = {
        {.attempt_id = minh.attempt_id, .position = 1, .revision = 1, .response = SPAN("1")},
        {.attempt_id = lan.attempt_id, .position = 1, .revision = 1, .response = SPAN("1")},
        {.attempt_id = lan.attempt_id, .position = 2, .revision = 1, .response = SPAN("2")},
        {.attempt_id = lan.attempt_id, .position = 1, .revision = 1, .response = SPAN("1")},
        {.attempt_id = lan.attempt_id, .position = 1, .revision = 1, .response = SPAN("4")},
        {.attempt_id = lan.attempt_id, .position = 3, .revision = 1, .response = SPAN("3")},
        {.attempt_id = minh.attempt_id, .position = 3, .revision = 1, .response = SPAN("3")},
    };
    const struct uuid who[] = {U(MINH), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN), U(LAN)};
    struct answer_receipt receipt[7];
    struct fault fault[7];
    cr_assert_eq(harness_batch(h, bind_answer_save, 7, who, req, receipt, fault), 0);
    const int wanted[] = {0, 0, 0, 0, ERR_CONFLICT, 0, ERR_NOT_FOUND};
    for (int i = 0; i < 7; i++)
        cr_expect_eq(fault[i].code, wanted[i], "call %d: %d", i, fault[i].code);
    cr_expect_eq(receipt[1].seq, 1);
    cr_expect_eq(receipt[2].seq, 2);
    cr_expect_eq(receipt[3].seq, 1);
    cr_expect_eq(receipt[5].seq, 3);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM answer a JOIN attempt t USING (attempt_id) WHERE a.seq = "
                                    "t.answers AND a.link = t.head"),
                     "2");
    harness_close(h);
}

/* Twelve of one attempt at once: eight are stored, the rest is to be sent again; others do not notice. */
Test(answer, flood_of_one)
{
    struct harness *h = open_seeded();
    struct attempt_ticket lan = started(h, LAN), minh = started(h, MINH);
    struct answer_save req[13];
    struct uuid who[13];
    struct answer_receipt receipt[13];
    struct fault fault[13];
    for (uint32_t i = 0; i < 13; i++) {
        req[i] =
            (struct answer_save){.attempt_id = lan.attempt_id, .position = 1, .revision = i + 1, .response = SPAN("1")};
        who[i] = U(LAN);
    }
    req[12].attempt_id = minh.attempt_id;
    who[12] = U(MINH);
    cr_assert_eq(harness_batch(h, bind_answer_save, 13, who, req, receipt, fault), 0);
    for (uint32_t i = 0; i < 13; i++)
        cr_expect_eq(fault[i].code, i < 8 || i == 12 ? 0 : ERR_BUSY, "call %u: %d", i, fault[i].code);
    cr_assert_eq(harness_batch(h, bind_answer_save, 4, who, req + 8, receipt, fault), 0);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect(fault[i].code == 0 && receipt[i].seq == 9 + i);
    harness_close(h);
}

Test(answer, receipt_check)
{
    struct harness *h = open_seeded();
    struct answer_receipt receipt;
    struct receipt_verdict verdict;
    struct attempt_ticket ticket = started(h, LAN);
    uint8_t other[RECEIPT_LINK] = {9}, seal[RECEIPT_LINK];
    cr_assert_eq(save(h, ticket.attempt_id, 1, 1, SPAN("1"), &receipt), 0);
    struct receipt_claim claim = {
        .attempt_id = ticket.attempt_id, .position = 1, .revision = 1, .link = receipt.link, .seal = receipt.seal};
    cr_assert_eq(on_receipt_check(&h->ctx, &claim, &verdict), 0);
    cr_expect(verdict.ours && verdict.stored);
    claim.seal = (struct span){(const char *)other, RECEIPT_LINK};
    cr_assert_eq(on_receipt_check(&h->ctx, &claim, &verdict), 0);
    cr_expect(!verdict.ours && !verdict.stored, "a made-up seal");
    receipt_seal(test_conf.key, other, seal);
    claim.link = (struct span){(const char *)other, RECEIPT_LINK};
    claim.seal = (struct span){(const char *)seal, RECEIPT_LINK};
    cr_assert_eq(on_receipt_check(&h->ctx, &claim, &verdict), 0);
    cr_expect(verdict.ours && !verdict.stored, "a receipt that we gave for an answer that we lost");
    harness_close(h);
}

/* The log can be added to, and neither changed nor shortened; a result cannot be written at all. */
Test(answer, privileges)
{
    struct harness *h = open_seeded();
    cr_expect(harness_allowed(h, "SELECT count(*) FROM answer"));
    cr_expect(!harness_allowed(h, "UPDATE answer SET response = '1'"));
    cr_expect(!harness_allowed(h, "DELETE FROM answer"));
    cr_expect(!harness_allowed(h, "TRUNCATE answer"));
    cr_expect(!harness_allowed(h, "UPDATE attempt SET state = 'graded'"));
    cr_expect(!harness_allowed(h, "UPDATE attempt SET deadline = now() + interval '1 day'"));
    cr_expect(!harness_allowed(h, "UPDATE attempt SET closes_at = now() + interval '1 day'"));
    cr_expect(!harness_allowed(h, "UPDATE result SET passed = true"));
    cr_expect(!harness_allowed(h, "INSERT INTO result SELECT * FROM result"));
    harness_close(h);
}
