/* test_send.c - the sender against a real receiver, over http and https: what is taken, refused, lost, late, in order.
 */
#include "sync_test.h"

/* A test with one receiver at this path. */
static struct sync_test *open_at(const char *path, const char *rows)
{
    struct sync_test *t = sync_test_open(false);
    add_target(t, "mps", path, rows);
    sync_test_ready(t);
    return t;
}

static const char *trouble(struct sync_test *t)
{
    return harness_get(t->h, "SELECT trouble FROM item ORDER BY sequence LIMIT 1");
}

Test(send, over_https_with_the_right_certificate)
{
    struct sync_test *t = sync_test_open(true);
    char rows[300];
    snprintf(rows, sizeof(rows), "ca_file = %s/tls.pem\n", t->dir);
    add_target(t, "mps", "/ok", rows);
    add_target(t, "stranger", "/ok", "");
    sync_test_ready(t);
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(count(t, "target = 'mps' AND state = 'sent' AND tries = 1 AND trouble IS NULL"), 1);
    cr_expect_eq(count(t, "target = 'stranger' AND state = 'waiting'"), 1, "the system does not vouch for it");
    cr_expect_eq(times_received(t, "\"path\":\"/ok\""), 1);
    cr_expect_eq(times_received(t, "\"type\":\"application/json; charset=utf-8\""), 1);
    sync_test_close(t);
}

Test(send, a_key_that_the_receiver_does_not_know)
{
    struct sync_test *t = sync_test_open(false);
    char key[300];
    add_target(t, "mps", "/ok", "");
    snprintf(key, sizeof(key), "%s/key", t->dir);
    write_file(key, "another key of thirty-two letters");
    sync_test_ready(t);
    linked(t->h, LAN);
    send_often(t, 3);
    cr_expect_eq(count(t, "state = 'waiting'"), 1, "the item is not to blame");
    cr_expect_str_eq(trouble(t), "HTTP 401: signature");
    cr_expect_geq(times_received(t, "/unverified"), 2);
    sync_test_close(t);
}

/* The same text at every try. */
Test(send, five_hundred_forever)
{
    struct sync_test *t = open_at("/500", "");
    linked(t->h, LAN);
    send_often(t, 12);
    int tries = times_received(t, "\"path\":\"/500\"");
    cr_expect_geq(tries, 4);
    cr_expect_str_eq(trouble(t), "HTTP 500: cannot write row ############");
    const char *body = harness_get(t->h, "SELECT to_json(body) FROM item");
    cr_expect_eq(times_received(t, body), tries, "%s", body);
    cr_expect_eq(strtol(harness_get(t->h, "SELECT count(*) FROM item_try"), NULL, 10), tries < 5 ? tries : 5);
    struct sync_states states;
    cr_assert_eq(on_sync_status(&t->h->ctx, &(struct empty){0}, &states), 0);
    cr_expect_eq(states.targets[0].waiting, 1);
    cr_expect(HAS(&states.targets[0], sync_target, trouble));
    /* Its patience ends; the next about the same person goes its own way, and a hand can try again. */
    harness_sql(t->h, "UPDATE item SET since = now() - interval '169 hours', next_at = now()");
    harness_sql(t->h, "UPDATE target_state SET held_until = NULL");
    send_often(t, 1);
    cr_expect_eq(count(t, "state = 'dead' AND ended_at IS NOT NULL"), 1);
    struct sync_again again = {0};
    struct sync_count n;
    PUT_FIELD(&again, sync_again, target, SPAN("mps"));
    cr_assert_eq(on_sync_retry(&t->h->ctx, &again, &n), 0);
    cr_expect_eq(n.items, 1);
    cr_expect_eq(count(t, "state = 'waiting' AND since > now() - interval '1 minute'"), 1);
    sync_test_close(t);
}

/* Five failures in a row: it is left in peace, and asked again by one call at a time. */
Test(send, a_receiver_that_fails_is_left_in_peace)
{
    struct sync_test *t = sync_test_open(false);
    add_target(t, "mps", "/500", "");
    sync_test_ready(t);
    t->conf.hold_ms = 3600000;
    for (uint32_t i = 0; i < 40; i++)
        linked(t->h, 100 + i);
    send_often(t, 5);
    int asked = times_received(t, "\"path\":\"/500\"");
    cr_expect(asked >= 5 && asked <= 20, "%d", asked);
    cr_expect_eq(
        strtol(harness_get(t->h, "SELECT count(*) FROM target_state WHERE held_until > now() + interval '2 minutes' "
                                 "AND held_until <= now() + interval '5 minutes'"),
               NULL, 10),
        1);
    /* A hand ends the rest; one item asks how it is. */
    struct sync_again again = {0};
    struct sync_count n;
    harness_sql(t->h, "UPDATE item SET next_at = now()");
    PUT_FIELD(&again, sync_again, item_id, U(0));
    cr_assert(uuid_parse(S(harness_get(t->h, "SELECT item_id FROM item LIMIT 1")), &again.item_id) == 0);
    cr_assert_eq(on_sync_retry(&t->h->ctx, &again, &n), 0);
    send_now(t);
    cr_expect_eq(times_received(t, "\"path\":\"/500\""), asked + 1);
    sync_test_close(t);
}

/* It hears everything and says nothing: the others do not wait for it. */
Test(send, a_slow_receiver_holds_up_no_other)
{
    struct sync_test *t = sync_test_open(false);
    add_target(t, "slow", "/slow", "total_ms = 2500\nat_once = 5\n");
    add_target(t, "good", "/ok", "");
    sync_test_ready(t);
    t->conf.hold_ms = 3600000;
    for (uint32_t i = 0; i < 30; i++)
        linked(t->h, 100 + i);
    send_now(t);
    cr_expect_eq(count(t, "target = 'good' AND state = 'sent'"), 30);
    cr_expect_eq(count(t, "target = 'slow' AND state = 'waiting'"), 30);
    cr_expect_gt(count(t, "target = 'slow' AND trouble LIKE 'Timeout%%'"), 0, "%s", trouble(t));
    cr_expect_str_eq(
        harness_get(t->h, "SELECT (SELECT max(ended_at) FROM item WHERE target = 'good') < (SELECT min(t.at) FROM "
                          "item_try t JOIN item USING (sequence) WHERE target = 'slow')"),
        "t", "the good one is through before the slow one times out");
    sync_test_close(t);
}

/* The answer was lost; the next one says that it has had this key. */
Test(send, a_duplicate_counts_as_sent)
{
    struct sync_test *t = open_at("/lost", "");
    linked(t->h, LAN);
    send_often(t, 3);
    cr_expect_eq(count(t, "state = 'sent' AND tries = 2 AND last_status = 409"), 1);
    cr_expect_eq(times_received(t, "\"path\":\"/lost\""), 2);
    sync_test_close(t);
}

Test(send, a_conflict_without_the_item_is_given_up)
{
    struct sync_test *t = open_at("/conflict", "");
    linked(t->h, LAN);
    send_often(t, 2);
    cr_expect_eq(count(t, "state = 'dead' AND tries = 1"), 1);
    sync_test_close(t);
}

/* What it will never take is given up at once; what comes behind it goes. Tried by hand it is sent once more. */
Test(send, refused_items_are_dead_letters)
{
    struct sync_test *t = open_at("/refuse", "");
    linked(t->h, LAN);
    certified(t->h, LAN, "HVS-26-1");
    send_often(t, 2);
    cr_expect_eq(count(t, "state = 'dead' AND tries = 1 AND trouble = 'HTTP 422: no such unit'"), 2);
    struct sync_states states;
    cr_assert_eq(on_sync_status(&t->h->ctx, &(struct empty){0}, &states), 0);
    cr_expect(states.targets[0].dead == 2 && !states.targets[0].waiting &&
              !HAS(&states.targets[0], sync_target, trouble));
    struct sync_again again = {0};
    struct sync_count n;
    PUT_FIELD(&again, sync_again, target, SPAN("mps"));
    cr_assert_eq(on_sync_retry(&t->h->ctx, &again, &n), 0);
    cr_expect_eq(n.items, 2);
    send_often(t, 2);
    cr_expect_eq(count(t, "state = 'dead' AND tries = 2"), 2);
    cr_expect_eq(times_received(t, "\"path\":\"/refuse\""), 4);
    sync_test_close(t);
}

Test(send, retry_after_is_obeyed)
{
    struct sync_test *t = open_at("/later", "");
    linked(t->h, LAN);
    send_often(t, 5);
    cr_expect_eq(times_received(t, "\"path\":\"/later\""), 1);
    cr_expect_eq(count(t, "next_at > now() + interval '59 minutes'"), 1);
    linked(t->h, BINH);
    send_often(t, 2);
    cr_expect_eq(times_received(t, "\"path\":\"/later\""), 1, "that was said of the whole receiver");
    sync_test_close(t);
}

Test(send, no_redirect_is_followed)
{
    struct sync_test *t = open_at("/redirect", "");
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(times_received(t, "\"path\":\"/ok\""), 0);
    cr_expect_str_eq(trouble(t), "HTTP 307");
    sync_test_close(t);
}

Test(send, an_endless_answer_is_cut)
{
    struct sync_test *t = open_at("/endless", "total_ms = 5000\n");
    linked(t->h, LAN);
    int64_t begun = mono_us();
    send_now(t);
    cr_expect_str_eq(trouble(t), "the answer is too long");
    cr_expect_lt(mono_us() - begun, 3000000);
    sync_test_close(t);
}

Test(send, a_connection_that_is_cut)
{
    struct sync_test *t = open_at("/hangup", "");
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(count(t, "state = 'waiting' AND last_status = 0 AND trouble IS NOT NULL"), 1);
    sync_test_close(t);
}

Test(send, nobody_listens)
{
    struct sync_test *t = sync_test_open(false);
    t->port = 9; /* discard: nobody has it */
    add_target(t, "mps", "/ok", "");
    sync_test_ready(t);
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(count(t, "state = 'waiting' AND last_status = 0 AND tries > 0"), 1);
    sync_test_close(t);
}

/* Each person's items arrive in the order of making, though every first try fails. */
Test(send, one_person_in_order)
{
    struct sync_test *t = open_at("/once500", "");
    char number[16];
    for (int i = 0; i < 6; i++) {
        snprintf(number, sizeof(number), "HVS-%d", i);
        certified(t->h, LAN, number);
        certified(t->h, BINH, number);
    }
    send_often(t, 60);
    cr_assert_eq(count(t, "state = 'sent' AND tries = 2"), 12, "%d", count(t, "state = 'sent'"));
    /* In the log a person's items come one after another: twice each number. */
    const char *at = received(t);
    char seen[2][64] = {"", ""};
    for (const char *body; (body = strstr(at, "\\\"number\\\"")); at = body + 1) {
        const char *person = NULL;
        for (const char *p = at; (p = strstr(p, "\\\"person_id\\\"")) && p < body; p++)
            person = p;
        cr_assert(person);
        const char *digit = strstr(body, "HVS-") + 4;
        int who = strstr(person, "000014") && strstr(person, "000014") < body ? 0 : 1;
        size_t n = strlen(seen[who]);
        seen[who][n] = *digit;
        seen[who][n + 1] = '\0';
    }
    cr_expect_str_eq(seen[0], "001122334455");
    cr_expect_str_eq(seen[1], "001122334455");
    sync_test_close(t);
}

/* One item that always fails keeps back what is about the same person, and nobody else. */
Test(send, one_bad_item_keeps_back_only_its_person)
{
    struct sync_test *t = open_at("/poison", "");
    certified(t->h, LAN, "POISON");
    certified(t->h, LAN, "HVS-26-1");
    for (uint32_t i = 0; i < 20; i++)
        linked(t->h, 100 + i);
    send_often(t, 10);
    cr_expect_eq(count(t, "state = 'sent'"), 20);
    cr_expect_eq(count(t, "state = 'waiting'"), 2);
    cr_expect_eq(count(t, "state = 'waiting' AND tries = 0"), 1);
    harness_sql(t->h,
                "UPDATE item SET since = now() - interval '8 days', next_at = now() WHERE body LIKE '%%POISON%%'");
    send_often(t, 4);
    cr_expect_eq(count(t, "state = 'dead'"), 1);
    cr_expect_eq(count(t, "state = 'sent'"), 21);
    sync_test_close(t);
}

Test(send, a_paused_receiver_is_told_later)
{
    struct sync_test *t = open_at("/ok", "paused = yes\n");
    linked(t->h, LAN);
    send_now(t);
    cr_expect_eq(count(t, "state = 'waiting' AND tries = 0"), 1);
    t->conf.targets[0].paused = false;
    send_now(t);
    cr_expect_eq(count(t, "state = 'sent'"), 1);
    sync_test_close(t);
}

/* Shown to an operator: no name, no number. */
Test(send, an_item_is_shown_without_its_person)
{
    struct sync_test *t = open_at("/refuse", "");
    struct person_fact lan = tenure(LAN, 1, "Nguyễn \"Thị\" Lan");
    know_people(t->h, &lan, 1);
    linked(t->h, LAN);
    send_often(t, 1);
    struct sync_item_query query;
    struct sync_item item;
    cr_assert_eq(
        uuid_parse(S(harness_get(t->h, "SELECT item_id FROM item WHERE kind = 'tenures_changed'")), &query.item_id), 0);
    cr_assert_eq(on_sync_show(&t->h->ctx, &query, &item), 0);
    cr_expect(!memmem(item.body.p, item.body.n, "Lan", 3) && memmem(item.body.p, item.body.n, "\"***\"", 5), "%.*s",
              (int)item.body.n, item.body.p);
    cr_assert_eq(item.n_tries, 1);
    cr_expect_eq(item.tries[0].status, 422);
    query.item_id = U(5);
    cr_expect_eq(on_sync_show(&t->h->ctx, &query, &item), ERR_NOT_FOUND);
    struct sync_again again = {0};
    struct sync_count n;
    cr_expect_eq(on_sync_retry(&t->h->ctx, &again, &n), ERR_MISSING);
    PUT_FIELD(&again, sync_again, item_id, U(5));
    cr_expect_eq(on_sync_retry(&t->h->ctx, &again, &n), ERR_NOT_FOUND);
    sync_test_close(t);
}
