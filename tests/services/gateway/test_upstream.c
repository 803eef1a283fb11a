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
static struct peer *peer;
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
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; !upstream_healthy(assessment, now_us()); peer_turn(peer, 5)) {
        cr_assert(edge_ms() < until);
        upstreams_ask_health(&set, now_us());
        upstreams_flush(&set);
        upstream_ready(assessment);
        upstreams_receive(&set);
    }
}

static void close_set(void)
{
    upstreams_close(&set);
    close(epoll);
    edge_close(e);
}

static int call(struct fate *fate, int64_t now)
{
    struct call_header head = {.method = M_attempt_get, .trace = SPAN("")};
    struct attempt_ref ref = {.attempt_id = {{1}}};
    return upstream_call(&set, SERVICE_assessment, false, &head, &msg_attempt_ref, &ref, now, on_end, fate);
}

static void expect_fates(size_t n, int ends, int code)
{
    for (size_t i = 0; i < n; i++)
        cr_assert(fates[i].ends == ends && fates[i].code == code, "call %zu: %d times, code %d", i, fates[i].ends,
                  fates[i].code);
}

/* Reads until the peer's end is known. */
static void await_loss(void)
{
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; !assessment->count.disconnects; edge_sleep_ms(1)) {
        cr_assert(edge_ms() < until, "the loss is not noticed");
        upstream_ready(assessment);
        upstreams_receive(&set);
    }
}

Test(upstream, a_turn_is_one_message_until_it_is_full, .init = open_set, .fini = close_set)
{
    for (size_t i = 0; i < 256; i++)
        cr_assert_eq(call(&fates[i], now_us()), 0);
    uint64_t before = assessment->count.messages_out;
    cr_assert(upstreams_busy(&set));
    upstreams_flush(&set);
    cr_assert_eq(assessment->count.messages_out, before + 1);
    for (size_t i = 256; i < SOME; i++)
        cr_assert_eq(call(&fates[i], now_us()), 0);
    upstreams_flush(&set);
    cr_assert_eq(assessment->count.messages_out, before + 2);
    peer_await(peer, SOME);
    cr_assert_eq(peer->messages, 2);
    expect_fates(SOME, 0, 0);
    static const struct empty nothing;
    for (size_t i = 0; i < SOME; i++)
        peer_reply(peer, &peer->calls[i], &msg_empty, &nothing);
    for (int64_t until = edge_ms() + EDGE_PATIENCE_MS; set.waiting && edge_ms() < until; upstreams_receive(&set))
        upstream_ready(assessment);
    expect_fates(SOME, 1, 0);
    cr_assert_eq(fates[0].n_body, 1, "an empty map");
    cr_assert_eq(assessment->waiting, 0);
}

Test(upstream, lost_while_waiting_and_while_about_to_be_sent, .init = open_set, .fini = close_set)
{
    for (size_t i = 0; i < SOME; i++) {
        cr_assert_eq(call(&fates[i], now_us()), 0);
        if (i == SOME / 2)
            upstreams_flush(&set);
    }
    peer_die(peer);
    await_loss();
    expect_fates(SOME, 1, ERR_UNAVAILABLE);
    upstreams_flush(&set);
    upstreams_expire(&set, now_us() + 60000000);
    upstreams_abandon(&set);
    expect_fates(SOME, 1, ERR_UNAVAILABLE);
    cr_assert(set.waiting == 0 && assessment->waiting == 0);
    /* And nobody is there for the next. */
    cr_assert_eq(call(&fates[SOME], now_us()), 0);
    upstreams_flush(&set);
    cr_assert(fates[SOME].ends == 1 && fates[SOME].code == ERR_UNAVAILABLE);
}

Test(upstream, time_passed_before_it_was_sent, .init = open_set, .fini = close_set)
{
    int64_t now = now_us();
    cr_assert_eq(call(&fates[0], now - 3000000), 0);
    cr_assert_eq(call(&fates[1], now), 0);
    upstreams_expire(&set, now + 2500000);
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
    size_t taken = 0;
    while (taken < LIMIT && !call(&fates[taken], now_us()))
        taken++;
    cr_assert_eq(taken, LIMIT - LIMIT / 4, "one service has three quarters");
    cr_assert_eq(call(&other, now_us()), ERR_BUSY);
    cr_assert_eq(upstream_call(&set, SERVICE_identity, false, &head, &msg_empty, &nothing, now_us(), on_end, &other),
                 0);
    cr_assert_eq(upstream_call(&set, 15, false, &head, &msg_empty, &nothing, now_us(), on_end, &other),
                 ERR_UNAVAILABLE);
    cr_assert_eq(upstream_call(&set, 200, false, &head, &msg_empty, &nothing, now_us(), on_end, &other),
                 ERR_UNAVAILABLE);
    upstreams_abandon(&set);
    expect_fates(taken, 1, ERR_UNAVAILABLE);
    cr_assert_eq(other.ends, 1);
    cr_assert_eq(call(&other, now_us()), 0, "the places are free again");
}

Test(upstream, a_place_used_again_has_another_call_id, .init = open_set, .fini = close_set)
{
    enum { ROUNDS = 5000 };
    static uint64_t seen[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        struct call_header head = {.method = M_attempt_get, .trace = SPAN("")};
        struct attempt_ref ref = {.attempt_id = {{1}}};
        cr_assert_eq(
            upstream_call(&set, SERVICE_assessment, false, &head, &msg_attempt_ref, &ref, now_us(), on_end, &fates[0]),
            0);
        seen[i] = head.call_id;
        for (size_t j = i > 1300 ? i - 1300 : 0; j < i; j++)
            cr_assert_neq(seen[j], seen[i]);
        upstreams_abandon(&set);
    }
    cr_assert_eq(fates[0].ends, ROUNDS);
}
