/* test_progress.c - percentiles of call times are known to one part in sixteen. */
#include "progress.h"
#include <criterion/criterion.h>

Test(progress, percentiles)
{
    static struct stage stage;
    for (int64_t us = 1; us <= 10000; us++)
        stage_call(&stage, us);
    for (int percent = 1; percent <= 100; percent++) {
        int64_t is = stage_latency(&stage, percent / 100.0), must = percent * 100;
        cr_expect(is >= must && is <= must + must / 16 + 1, "%d percent: %lld", percent, (long long)is);
    }
    cr_expect_eq(atomic_load(&stage.calls), 10000);
}

Test(progress, each_small_value_has_its_place)
{
    for (int64_t us = 0; us < 32; us++) {
        struct stage stage = {.name = NULL};
        stage_call(&stage, us);
        cr_expect_eq(stage_latency(&stage, 0.5), us);
    }
}

Test(progress, values_beyond_the_last_bucket_stay_in_it)
{
    static struct stage stage;
    stage_call(&stage, INT64_MAX);
    stage_call(&stage, -5);
    cr_expect_eq(stage_latency(&stage, 0.5), 0);
    cr_expect_gt(stage_latency(&stage, 1.0), 60000000);
}

Test(progress, without_calls)
{
    static struct stage stage;
    cr_expect_eq(stage_latency(&stage, 0.99), 0);
}

Test(progress, stage_counts_people)
{
    static struct stage stage;
    stage_enter(&stage);
    int64_t begin = atomic_load(&stage.begin_us);
    stage_enter(&stage);
    stage_leave(&stage);
    cr_expect_eq(atomic_load(&stage.begin_us), begin);
    cr_expect_eq(atomic_load(&stage.begun), 2);
    cr_expect_eq(atomic_load(&stage.done), 1);
    cr_expect_geq(atomic_load(&stage.end_us), begin);
}
