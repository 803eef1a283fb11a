/* test_paper.c - what a learner sees: shuffled by the attempt's seed, the same each time, and never a key. */
#include "paper.h"
#include "seed.h"

static struct attempt_paper paper_of(struct harness *h, struct uuid attempt)
{
    struct attempt_ref ref = {.attempt_id = attempt};
    struct attempt_paper paper;
    cr_assert_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    return paper;
}

Test(paper, every_item_once_with_its_choices)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_paper paper = paper_of(h, ticket.attempt_id);
    uint32_t positions = 0;
    cr_assert_eq(paper.n_items, ITEMS);
    cr_expect_eq(paper.answers, 0);
    cr_expect_arr_eq(paper.head.p, ticket.head.p, RECEIPT_LINK);
    cr_expect_leq(paper.now, now_us() + 1000000);
    for (uint32_t i = 0; i < ITEMS; i++) {
        const struct item_shown *item = &paper.items[i];
        const char *texts[] = {"một", "hai", "ba", "bốn"};
        uint32_t numbers = 0;
        char stem[64];
        positions |= 1u << item->position;
        snprintf(stem, sizeof(stem), "Câu hỏi %u", item_at(form_of(h, ticket.attempt_id), item->position));
        cr_expect_eq(item->stem.n, strlen(stem));
        cr_expect_arr_eq(item->stem.p, stem, item->stem.n);
        cr_assert_eq(item->n_choices, 4);
        for (uint32_t k = 0; k < 4; k++) {
            const struct choice *choice = &item->choices[k];
            numbers |= 1u << choice->number;
            cr_expect_arr_eq(choice->text.p, texts[choice->number - 1], choice->text.n, "a number names its text");
        }
        cr_expect_eq(numbers, 0x1e);
    }
    cr_expect_eq(positions, 0x3e);
    harness_close(h);
}

Test(paper, same_seed_same_order)
{
    struct harness *h = open_seeded();
    struct uuid form = U(300);
    struct item_shown *a, *b;
    uint32_t n, other = 0;
    cr_assert_eq(paper_lay(&h->ctx, &form, 42, &a, &n), 0);
    for (int64_t seed = 42; seed < 62; seed++) {
        cr_assert_eq(paper_lay(&h->ctx, &form, seed, &b, &n), 0);
        bool same = true;
        for (uint32_t i = 0; i < n; i++) {
            same &= a[i].position == b[i].position;
            for (uint32_t k = 0; k < a[i].n_choices; k++)
                same &= a[i].choices[k].number == b[i].choices[k].number;
        }
        cr_expect(seed != 42 || same);
        other += !same;
    }
    cr_expect_geq(other, 18, "seeds give different papers");
    harness_close(h);
}

/* Each order of four choices about as often: 24 orders, 2,400 seeds. */
Test(paper, orders_are_even)
{
    struct harness *h = open_seeded();
    struct uuid form = U(300);
    uint32_t first[5] = {0}, shown_first[6] = {0};
    for (int64_t seed = 0; seed < 2400; seed++) {
        struct item_shown *items;
        uint32_t n;
        cr_assert_eq(paper_lay(&h->ctx, &form, seed, &items, &n), 0);
        first[items[0].choices[0].number]++;
        shown_first[items[0].position]++;
        arena_clear(&h->arena);
    }
    for (int i = 1; i <= 4; i++)
        cr_expect(first[i] > 480 && first[i] < 720, "choice %d is first %u times", i, first[i]);
    for (int i = 1; i <= ITEMS; i++)
        cr_expect(shown_first[i] > 370 && shown_first[i] < 590, "item %d is first %u times", i, shown_first[i]);
    harness_close(h);
}

/* The recipe of paper.h is a promise to whoever checks a dossier years later; computed by openssl enc -chacha20. */
Test(paper, order_of_a_known_seed)
{
    struct harness *h = open_seeded();
    struct uuid form = U(300);
    struct item_shown *items;
    uint32_t n;
    char text[64] = "";
    cr_assert_eq(paper_lay(&h->ctx, &form, 1, &items, &n), 0);
    for (uint32_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u:%u%u%u%u ", items[i].position,
                 items[i].choices[0].number, items[i].choices[1].number, items[i].choices[2].number,
                 items[i].choices[3].number);
    cr_expect_str_eq(text, "5:3241 3:3421 2:2431 4:2314 1:2431 ");
    harness_close(h);
}

Test(paper, situation_stays_together)
{
    struct harness *h = open_seeded();
    struct uuid form = U(300);
    harness_sql(h, "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, level, stem, "
                   "author_id, digest) VALUES (" ID(190) ", " ID(2) ", 'S', 1, 'situation', 'a', 1, 'Một hôm…', " ID(
                       902) ", '\\x01')");
    harness_sql(h, "ALTER TABLE item_version DISABLE TRIGGER item_guard");
    harness_sql(h, "UPDATE item_version SET situation_id = " ID(190) " WHERE version_id IN (" ID(101) ", " ID(102) ")");
    for (int64_t seed = 0; seed < 40; seed++) {
        struct item_shown *items;
        uint32_t n, at = 0;
        cr_assert_eq(paper_lay(&h->ctx, &form, seed, &items, &n), 0);
        while (at < n && !HAS(&items[at], item_shown, situation))
            at++;
        cr_assert_lt(at + 1, n);
        cr_expect_eq(items[at].position, 2);
        cr_expect_eq(items[at + 1].position, 3, "in the order of the form, right behind");
        cr_expect_eq(items[at].situation_items, 2);
        cr_expect_arr_eq(items[at].situation.p, "Một hôm…", items[at].situation.n);
    }
    harness_close(h);
}

Test(paper, of_somebody_else)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    struct attempt_paper paper;
    as_learner(h, MINH);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_FOUND);
    harness_close(h);
}

/* From another device, with what the first one saved. */
Test(paper, resumed_elsewhere)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    struct answer_receipt receipt;
    cr_assert_eq(save(h, ticket.attempt_id, 4, 1, SPAN("2"), &receipt), 0);
    cr_assert_eq(save(h, ticket.attempt_id, 4, 2, SPAN("3"), &receipt), 0);
    PUT_FIELD(&h->head, call_header, session_id, U(DEVICE + 1));
    struct attempt_paper paper = paper_of(h, ticket.attempt_id);
    cr_expect(paper.other_device);
    cr_expect_eq(paper.answers, 2);
    cr_expect_arr_eq(paper.head.p, receipt.link.p, RECEIPT_LINK);
    for (uint32_t i = 0; i < paper.n_items; i++) {
        const struct item_shown *item = &paper.items[i];
        cr_expect_eq(HAS(item, item_shown, response), item->position == 4);
        if (item->position == 4)
            cr_expect(item->revision == 2 && *item->response.p == '3');
    }
    harness_close(h);
}

/* An edit of an item that is live makes a new version: the paper of a running attempt stays as it was. */
Test(paper, untouched_by_an_edit)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    harness_sql(h, "UPDATE item_version SET state = 'retired', retired_at = now()");
    harness_sql(h, "UPDATE form SET retired_at = now()");
    struct attempt_paper paper = paper_of(h, ticket.attempt_id);
    cr_expect_eq(paper.n_items, ITEMS);
    harness_close(h);
}

Test(paper, after_the_end)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket = started(h, LAN);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    struct attempt_paper paper;
    harness_sql(h, "UPDATE attempt SET deadline = now() - interval '1 h', closes_at = now() - interval '1 h'");
    cr_assert_eq(harness_tick(h, attempts_close_due), 0);
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_STATE, "the policy does not show it");
    harness_sql(h, "UPDATE policy SET show_answers = 'at_once'");
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), 0);
    cr_expect_arr_eq(paper.state.p, "graded", paper.state.n);
    harness_close(h);
}

/* Voided before its window opened: whatever the policy shows afterwards, its items are still ahead of the others. */
Test(paper, voided_before_it_began)
{
    struct harness *h = open_seeded();
    struct attempt_ticket ticket;
    struct attempt_paper paper;
    harness_sql(
        h, "UPDATE policy SET opens_at = now() + interval '10 min', early_seconds = 900, show_answers = 'at_once'");
    cr_assert_eq(start(h, 70, &ticket), 0);
    struct attempt_ref ref = {.attempt_id = ticket.attempt_id};
    harness_sql(h, "UPDATE attempt SET state = 'voided', ended_at = now()");
    cr_expect_eq(on_attempt_get(&h->ctx, &ref, &paper), ERR_NOT_OPEN);
    harness_close(h);
}
