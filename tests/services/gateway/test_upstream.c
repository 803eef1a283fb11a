/* test_upstream.c - the table of waiting calls and the messages of a turn, without HTTP: every call ends exactly once.
 */
#include "edge.h"
#include "upstream.h"

#include <sys/epoll.h>

enum { LIMIT = 600, SOME = 300 };

/* What became of a call. */
struct fate {
    int ends, code;
    size_t n_body;
};

static struct edge *e;
static struct peer *peer, *second;
static struct upstreams set;
static struct upstream *assessment;
static struct fate fates[LIMIT + 1];
static int epoll;

static void on_end(void *owner, const struct reply_header *reply, struct span body)
{
    struct fate *fate = owner;
    fate->ends++;
    fate->code = reply->code;
    fate->n_body = body.n;
}

static void open_set(void)
{
    e = edge_open();
    peer = peer_open(e, "assessment");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    cr_assert(epoll >= 0 && !upstreams_open(&set, e->zmq, &e->bus, epoll, LIMIT));
    assessment = &set.by_service[SERVICE_assessment];
    /* Connected is who is asked how he is. */
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; !upstream_healthy(assessment, mono_us()); peer_turn(peer, 5)) {
        cr_assert(edge_ms() < until);
        struct moment now = moment_now();
        upstreams_ask_health(&set, &now);
        upstreams_flush(&set);
        upstream_ready(&assessment->links[0]);
        upstreams_receive(&set);
    }
}

/* Takes in what has come from everybody. */
static void take_in(void)
{
    for (size_t i = 0; i < set.n_links; i++)
        upstream_ready(&set.links[i]);
    upstreams_receive(&set);
}

/* Asks those that are there how they are, and lets the peers answer, until the second process is known as well. */
static void await_second(void)
{
    struct upstream_link *link = &assessment->links[1];
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; !link->health.healthy || link->doubted; peer_turn(second, 5)) {
        struct moment now = moment_now();
        cr_assert(edge_ms() < until, "the second process is not found");
        upstreams_ask_health(&set, &now);
        peer_turn(peer, 0);
        take_in();
    }
}

/* A second process of the service comes while the first one is at work. */
static void open_two(void)
{
    open_set();
    second = peer_open_as(e, "assessment", 2);
    await_second();
}

static void close_set(void)
{
    upstreams_close(&set);
    close(epoll);
    edge_close(e);
}

static int call_at(struct fate *fate, struct moment now)
{
    struct call_header head = {.method = M_attempt_get, .trace = SPAN("")};
    struct attempt_ref ref = {.attempt_id = {{1}}};
    return upstream_call(&set, SERVICE_assessment, false, &head, &msg_attempt_ref, &ref, &now, on_end, fate);
}

static int call(struct fate *fate)
{
    return call_at(fate, moment_now());
}

static void expect_fates(size_t n, int ends, int code)
{
    for (size_t i = 0; i < n; i++)
        cr_assert(fates[i].ends == ends && fates[i].code == code, "call %zu: %d times, code %d", i, fates[i].ends,
                  fates[i].code);
}

/* Reads until a peer's end is known. */
static void await_loss(void)
{
    uint64_t before = assessment->count.disconnects;
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; assessment->count.disconnects == before; edge_sleep_ms(1)) {
        cr_assert(edge_ms() < until, "the loss is not noticed");
        take_in();
    }
}

/* Reads until only so many calls wait. */
static void await_waiting(uint32_t left)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; set.waiting > left; edge_sleep_ms(1)) {
        cr_assert(edge_ms() < until);
        take_in();
    }
}

Test(upstream, a_turn_is_one_message_until_it_is_full, .init = open_set, .fini = close_set)
{
    for (size_t i = 0; i < 256; i++)
        cr_assert_eq(call(&fates[i]), 0);
    uint64_t before = assessment->count.messages_out;
    cr_assert(upstreams_busy(&set));
    upstreams_flush(&set);
    cr_assert_eq(assessment->count.messages_out, before + 1);
    for (size_t i = 256; i < SOME; i++)
        cr_assert_eq(call(&fates[i]), 0);
    upstreams_flush(&set);
    cr_assert_eq(assessment->count.messages_out, before + 2);
    peer_await(peer, SOME);
    cr_assert_eq(peer->messages, 2);
    expect_fates(SOME, 0, 0);
    static const struct empty nothing;
    for (size_t i = 0; i < SOME; i++)
        peer_reply(peer, &peer->calls[i], &msg_empty, &nothing);
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; set.waiting && edge_ms() < until; upstreams_receive(&set))
        upstream_ready(&assessment->links[0]);
    expect_fates(SOME, 1, 0);
    cr_assert_eq(fates[0].n_body, 1, "an empty map");
    cr_assert_eq(assessment->waiting, 0);
}

Test(upstream, lost_while_waiting_and_while_about_to_be_sent, .init = open_set, .fini = close_set)
{
    for (size_t i = 0; i < SOME; i++) {
        cr_assert_eq(call(&fates[i]), 0);
        if (i == SOME / 2)
            upstreams_flush(&set);
    }
    peer_die(peer);
    await_loss();
    expect_fates(SOME / 2 + 1, 1, ERR_UNAVAILABLE);
    upstreams_flush(&set);
    expect_fates(SOME, 1, ERR_UNAVAILABLE);
    upstreams_expire(&set, mono_us() + 60000000);
    upstreams_abandon(&set);
    expect_fates(SOME, 1, ERR_UNAVAILABLE);
    cr_assert(set.waiting == 0 && assessment->waiting == 0);
    /* And nobody is there for the next. */
    cr_assert_eq(call(&fates[SOME]), 0);
    upstreams_flush(&set);
    cr_assert(fates[SOME].ends == 1 && fates[SOME].code == ERR_UNAVAILABLE);
}

Test(upstream, time_passed_before_it_was_sent, .init = open_set, .fini = close_set)
{
    struct moment now = moment_now(), before = {now.wall, now.mono - 3000000};
    cr_assert_eq(call_at(&fates[0], before), 0);
    cr_assert_eq(call_at(&fates[1], now), 0);
    upstreams_expire(&set, now.mono + 2500000);
    cr_assert(fates[0].ends == 1 && fates[0].code == ERR_DEADLINE && fates[1].ends == 0);
    peer_die(peer);
    edge_sleep_ms(50);
    upstreams_flush(&set);
    await_loss();
    expect_fates(1, 1, ERR_DEADLINE);
    cr_assert(fates[1].ends == 1 && fates[1].code == ERR_UNAVAILABLE);
}

Test(upstream, limits, .init = open_set, .fini = close_set)
{
    struct fate other = {0};
    struct call_header head = {.method = M_me, .trace = SPAN("")};
    static const struct empty nothing;
    struct moment now = moment_now();
    size_t taken = 0;
    while (taken < LIMIT && !call(&fates[taken]))
        taken++;
    cr_assert_eq(taken, LIMIT - LIMIT / 4, "one service has three quarters");
    cr_assert_eq(call(&other), ERR_BUSY);
    cr_assert_eq(upstream_call(&set, SERVICE_identity, false, &head, &msg_empty, &nothing, &now, on_end, &other), 0);
    cr_assert_eq(upstream_call(&set, 15, false, &head, &msg_empty, &nothing, &now, on_end, &other), ERR_UNAVAILABLE);
    cr_assert_eq(upstream_call(&set, 200, false, &head, &msg_empty, &nothing, &now, on_end, &other), ERR_UNAVAILABLE);
    upstreams_abandon(&set);
    expect_fates(taken, 1, ERR_UNAVAILABLE);
    cr_assert_eq(other.ends, 1);
    cr_assert_eq(call(&other), 0, "the places are free again");
}

Test(upstream, a_place_used_again_has_another_call_id, .init = open_set, .fini = close_set)
{
    enum { ROUNDS = 5000 };
    static uint64_t seen[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct call_header head = {.method = M_attempt_get, .trace = SPAN("")};
        struct attempt_ref ref = {.attempt_id = {{1}}};
        struct moment now = moment_now();
        cr_assert_eq(
            upstream_call(&set, SERVICE_assessment, false, &head, &msg_attempt_ref, &ref, &now, on_end, &fates[0]), 0);
        seen[i] = head.call_id;
        for (size_t j = i > 1300 ? i - 1300 : 0; j < i; j++)
            cr_assert_neq(seen[j], seen[i]);
        upstreams_abandon(&set);
    }
    cr_assert_eq(fates[0].ends, ROUNDS);
}

/* --- two processes of one service --- */

/* `n` messages of one call each, whose fates begin at `first`. */
static void send_messages(size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++) {
        cr_assert_eq(call(&fates[i]), 0);
        upstreams_flush(&set);
    }
}

static void answer_all(struct peer *who)
{
    static const struct empty nothing;
    for (size_t i = 0; i < who->n_calls; i++)
        peer_reply(who, &who->calls[i], &msg_empty, &nothing);
    who->n_calls = 0;
}

static size_t count_fates(size_t n, int ends, int code)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += fates[i].ends == ends && fates[i].code == code;
    return found;
}

static void await_end(size_t n)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; set.waiting; edge_sleep_ms(1)) {
        cr_assert(edge_ms() < until, "%u calls still wait", set.waiting);
        take_in();
    }
    cr_assert_eq(count_fates(n, 0, 0), 0);
}

Test(replicas, who_has_less_to_do_gets_the_next_message, .init = open_two, .fini = close_set)
{
    send_messages(0, 10);
    peer_await(peer, 5);
    peer_await(second, 5);
    cr_assert(assessment->links[0].waiting == 5 && assessment->links[1].waiting == 5);
    answer_all(second);
    await_waiting(5);
    send_messages(10, 5);
    peer_await(second, 5);
    cr_assert_eq(peer->n_calls, 5, "it has five still");
    answer_all(peer);
    answer_all(second);
    await_end(15);
    expect_fates(15, 1, 0);
}

Test(replicas, the_loss_of_one_fails_its_calls_and_no_others, .init = open_two, .fini = close_set)
{
    send_messages(0, 20);
    peer_await(peer, 10);
    peer_await(second, 10);
    cr_assert_eq(call(&fates[20]), 0); /* about to be sent */
    peer_die(peer);
    await_loss();
    cr_assert_eq(count_fates(20, 1, ERR_UNAVAILABLE), 10);
    cr_assert_eq(count_fates(20, 0, 0), 10);
    cr_assert(assessment->waiting == 11 && assessment->links[0].waiting == 0);
    cr_assert(upstream_healthy(assessment, mono_us()), "the other one is well");
    send_messages(21, 5);
    peer_await(second, 16);
    answer_all(second);
    await_end(26);
    cr_assert_eq(count_fates(26, 1, 0), 16);
    cr_assert_eq(count_fates(26, 1, ERR_UNAVAILABLE), 10);
    /* The last one goes as well. */
    peer_die(second);
    await_loss();
    cr_assert_not(upstream_healthy(assessment, mono_us()));
    send_messages(26, 1);
    cr_assert(fates[26].ends == 1 && fates[26].code == ERR_UNAVAILABLE);
}

Test(replicas, who_is_leaving_gets_no_more, .init = open_two, .fini = close_set)
{
    send_messages(0, 2);
    peer_await(peer, 1);
    peer_await(second, 1);
    peer_fail(peer, peer->calls, ERR_UNAVAILABLE, "assessment");
    answer_all(second);
    await_end(2);
    send_messages(2, 10);
    peer_await(second, 10);
    answer_all(second);
    await_end(12);
    cr_assert_eq(count_fates(12, 1, 0), 11);
    peer_turn(peer, 20);
    cr_assert_eq(peer->n_calls, 1, "it was only its first");
    /* The other one goes: better in doubt than not at all. */
    peer_die(second);
    await_loss();
    send_messages(12, 1);
    peer_await(peer, 2);
    /* It is well again, says so, and gets its part. */
    peer->n_calls = 0;
    second = peer_open_as(e, "assessment", 2);
    for (size_t i = 0; i < 2; i++)
        assessment->links[i].health_asked = false;
    await_second();
    cr_assert_not(assessment->links[0].doubted);
    upstreams_abandon(&set);
    send_messages(13, 4);
    peer_await(peer, 2);
    peer_await(second, 2);
    upstreams_abandon(&set);
}

Test(replicas, who_is_silent_gets_no_more, .init = open_two, .fini = close_set)
{
    send_messages(0, 2);
    peer_await(second, 1);
    answer_all(second);
    await_waiting(1);
    upstreams_expire(&set, mono_us() + 6000000);
    cr_assert_eq(count_fates(2, 1, ERR_DEADLINE), 1);
    send_messages(2, 6);
    peer_await(second, 6);
    answer_all(second);
    await_end(8);
    cr_assert_eq(count_fates(8, 1, 0), 7);
}
