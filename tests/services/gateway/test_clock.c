/*
 * test_clock.c - the wall clock is set back by an hour: the gateway's calls end in time, its ticks go on, ended
 * sessions are heard of. The gateway is this program again, with a clock_gettime of its own: the kernel's, moved by an
 * offset that stands in a file which test and gateway share. See tests/common/test_clock.c.
 */
#include "edge.h"
#include "gateway.h"

#include "wall_clock.h"

/* As services/gateway/main.c, for: gateway --conf FILE. */
__attribute__((constructor)) static void run_as_gateway(int argc, char **argv)
{
    static struct settings settings;
    const char *clock = getenv("HOCVU_TEST_GATEWAY_CLOCK");
    if (!clock || argc != 3)
        return;
    wall_clock_share(clock);
    if (sodium_init() < 0 || settings_load(&settings, argv[2]) < 0)
        exit(EXIT_FAILURE);
    log_init("gateway", settings.level);
    int status = gateway_run(&settings, false);
    settings_release(&settings);
    exit(status);
}

static struct edge *e;
static struct peer *assessment, *identity;
static const char *token;
static char clock_file[192];

static void open_edge(void)
{
    e = edge_open();
    snprintf(clock_file, sizeof(clock_file), "%s/clock", e->dir);
    wall_clock_share(clock_file);
    setenv("HOCVU_TEST_GATEWAY", "/proc/self/exe", 1);
    setenv("HOCVU_TEST_GATEWAY_CLOCK", clock_file, 1);
    assessment = peer_open(e, "assessment");
    identity = peer_open(e, "identity");
    edge_start(e, "rate_per_second = 20\nrate_burst = 20\n");
    token = edge_token_of(e, uuid7(), uuid7(), LEARNER, 600);
}

static void close_edge(void)
{
    unlink(clock_file);
    edge_close(e);
}

static void set_back(void)
{
    *wall_offset_s = -3600;
}

Test(clock, a_call_that_waits_ends_in_time, .init = open_edge, .fini = close_edge)
{
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY));
    peer_await(assessment, 1);
    int64_t began = edge_ms();
    set_back();
    struct response r = edge_read(e, fd);
    cr_assert_eq(r.status, 504, "%s", r.body);
    cr_assert_lt(edge_ms() - began, 6500);
    close(fd);
}

Test(clock, a_call_made_afterwards_has_its_time, .init = open_edge, .fini = close_edge)
{
    set_back();
    token = edge_token_of(e, uuid7(), uuid7(), LEARNER, 600); /* the other one is from the future now */
    int fd = edge_connect(e);
    edge_say(fd, edge_text(e, "PUT", ANSWER_PATH, token, NULL, ANSWER_BODY));
    struct call *call = peer_await(assessment, 1);
    int64_t left = call->head.deadline - now_us(); /* both read the clock that was set back */
    cr_assert(left > 4000000 && left <= 5000000, "%lld us are left", (long long)left);
    answer_call(assessment, call);
    cr_assert_eq(edge_read(e, fd).status, 200);
    close(fd);
}

Test(clock, ticks_go_on, .init = open_edge, .fini = close_edge)
{
    set_back();
    uint32_t health = identity->asked_health, revocations = identity->asked_revocations;
    for (int64_t until = edge_ms() + 3500; edge_ms() < until; peer_turn(identity, 10))
        peer_turn(assessment, 10);
    cr_assert_geq(identity->asked_health, health + 1);
    cr_assert_geq(identity->asked_revocations, revocations + 2);
    for (int i = 0; i < 20; i++)
        edge_ask(e, "GET", "/none", NULL, NULL, NULL);
    edge_sleep_ms(400);
    cr_assert_eq(edge_ask(e, "GET", "/none", NULL, NULL, NULL).status, 404, "the limit's bucket fills");
}

Test(clock, ended_sessions_are_asked_for_from_the_time_that_is_now, .init = open_edge, .fini = close_edge)
{
    struct revoked_token early = {.revoked_at = now_us()};
    PUT_FIELD(&early, revoked_token, session_id, uuid7());
    identity->revocations = (struct revocation_list){.tokens = &early, .n_tokens = 1};
    for (int64_t until = edge_ms() + 2500; edge_ms() < until; peer_turn(identity, 10))
        continue;
    set_back();
    int64_t wall = now_us();
    for (int64_t until = edge_ms() + 2500; edge_ms() < until; peer_turn(identity, 10))
        continue;
    cr_assert_leq(identity->asked_since, wall + 3000000, "who logs out now is among them");
}
