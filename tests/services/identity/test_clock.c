/*
 * test_clock.c - the wall clock is set back by an hour: the provider is asked again when its second is over. The
 * program brings its own clock_gettime, as tests/common/test_clock.c does.
 */
#include "provider_test.h"
#include "wall_clock.h"

static struct provider *provider;

static const char *why_not(struct arena *arena)
{
    struct login_secrets secrets = {.state = S("state"), .nonce = S("nonce"), .verifier = S("verifier")};
    struct span location;
    struct dealing d = provider_dealing(provider, arena);
    cr_assert_eq(provider_location(&d, &secrets, &location), ERR_PROVIDER);
    return d.why;
}

Test(clock, a_provider_that_failed_is_asked_again, .timeout = 60)
{
    static const char moment[] = "the provider failed a moment ago";
    struct arena arena;
    int64_t wall = now_us();
    make_conf();
    arena_init(&arena, 1 << 20);
    provider = add_provider(&arena, "openid", "issuer = http://127.0.0.1:9\n"); /* nobody listens there */
    cr_expect_str_neq(why_not(&arena), moment);
    cr_expect_str_eq(why_not(&arena), moment);
    *wall_offset_s = -3600;
    cr_assert_lt(now_us(), wall);
    usleep(1100000);
    cr_expect_str_neq(why_not(&arena), moment);
    providers_release(&test_providers);
    arena_release(&arena);
}
