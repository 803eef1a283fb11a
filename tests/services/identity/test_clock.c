/*
 * test_clock.c - the wall clock is set back by an hour: the provider is asked again when its second is over. The
 * program brings its own clock_gettime, as tests/common/test_clock.c does.
 */
#include "identity_test.h"
#include "openid.h"
#include "wall_clock.h"

static const char *why_not(struct arena *arena)
{
    struct openid_request request = {.state = S("state"), .nonce = S("nonce"), .verifier = S("verifier")};
    struct span location;
    const char *why = "";
    cr_assert_eq(openid_location(&conf, &request, arena, &location, &why), ERR_PROVIDER);
    return why;
}

Test(clock, a_provider_that_failed_is_asked_again, .timeout = 60)
{
    static const char moment[] = "the provider failed a moment ago";
    struct arena arena;
    int64_t wall = now_us();
    make_conf();
    conf.oidc_issuer = "http://127.0.0.1:9"; /* nobody listens there */
    arena_init(&arena, 1 << 20);
    cr_assert_eq(openid_start(), 0);
    openid_forget();
    cr_expect_str_neq(why_not(&arena), moment);
    cr_expect_str_eq(why_not(&arena), moment);
    *wall_offset_s = -3600;
    cr_assert_lt(now_us(), wall);
    usleep(1100000);
    cr_expect_str_neq(why_not(&arena), moment);
    arena_release(&arena);
}
