/* test_plan.c - who takes part, how each does, and the sums that the report must show. */
#include "people.h"

TestSuite(plan, .init = sample_open, .fini = sample_close);

Test(plan, only_the_province_takes_part)
{
    uint32_t most = plan_most(&sample);
    cr_expect_eq(most, 996, "all but the four officers of the nation");
    plan_open(most, 0);
    cr_expect_eq(plan.n, most);
    for (uint32_t i = 0; i < plan.n; i++)
        cr_expect(sample_unit_within(&sample, plan.learners[i].who->unit, unit_of("T44")));
}

Test(plan, learners_are_the_first_of_the_roster)
{
    plan_open(20, 0);
    for (uint32_t i = 1; i < plan.n; i++)
        cr_expect_gt(plan.learners[i].who, plan.learners[i - 1].who);
    plan_release(&plan);
    plan_open(21, 5);
    cr_expect_eq(plan.n, 21);
}

Test(plan, shares_hold_for_every_25)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        plan_open(200, seed);
        for (uint32_t begin = 0; begin + 25 <= 200; begin++) {
            uint32_t n[3] = {0};
            for (uint32_t i = 0; i < 25; i++)
                n[plan.learners[begin + i].outcome]++;
            cr_expect(n[PASSES] == 20 && n[PASSES_LATER] == 3 && n[FAILS] == 2);
        }
        plan_release(&plan);
    }
}

Test(plan, without_retakes_nobody_passes_later)
{
    sample.policy.max_attempts = 1;
    plan_open(100, 0);
    for (uint32_t i = 0; i < plan.n; i++) {
        cr_expect_neq(plan.learners[i].outcome, PASSES_LATER);
        cr_expect_eq(plan_attempts(&plan, i), 1);
    }
}

Test(plan, answers_lie_on_the_planned_side_of_the_mark)
{
    bool right[200], again[200];
    plan_open(200, 42);
    for (uint32_t i = 0; i < plan.n; i++) {
        for (uint32_t attempt = 1; attempt <= plan_attempts(&plan, i); attempt++) {
            uint32_t n = plan_answers(&plan, i, attempt, 21, right), counted = 0;
            for (uint32_t k = 0; k < 21; k++)
                counted += right[k];
            cr_expect_eq(n, counted);
            cr_expect_eq(n * 100 >= 70 * 21, plan_passes(&plan, i, attempt));
            cr_expect_eq(plan_answers(&plan, i, attempt, 21, again), n);
            cr_expect_arr_eq(right, again, 21 * sizeof(bool));
        }
        cr_expect_eq(plan_passes(&plan, i, plan_attempts(&plan, i)), plan.learners[i].outcome != FAILS);
    }
}

/* At its edges: everything right is needed, one right is enough. */
Test(plan, mark_at_its_edges)
{
    bool right[200];
    plan_open(50, 1);
    sample.policy.pass_percent = 100;
    for (uint32_t i = 0; i < plan.n; i++)
        cr_expect_eq(plan_answers(&plan, i, 1, 7, right) == 7, plan_passes(&plan, i, 1));
    sample.policy.pass_percent = 1;
    for (uint32_t i = 0; i < plan.n; i++)
        cr_expect_eq(plan_answers(&plan, i, 1, 7, right) >= 1, plan_passes(&plan, i, 1));
}

Test(plan, groups_have_heads_and_sum_up)
{
    for (uint32_t n = 1; n <= 996; n += 83) {
        uint32_t sum = 0;
        plan_open(n, 0);
        for (uint32_t g = 0; g < plan.n_groups; g++) {
            uint32_t held;
            cr_expect(sample_has_role(&sample, plan.groups[g].head, "unit_head", &held));
            cr_expect_eq(held, plan.groups[g].unit);
            sum += plan.groups[g].n;
        }
        cr_expect_eq(sum, n);
        for (uint32_t i = 0; i < n; i++)
            cr_expect_lt(plan_group(&plan, plan.learners[i].who), plan.n_groups);
        plan_release(&plan);
    }
}

/* With 60 learners Văn phòng UBND (54) takes part whole; Sở Nội vụ and the province itself by lists. */
Test(plan, whole_departments_and_lists)
{
    plan_open(60, 0);
    for (uint32_t g = 0; g < plan.n_groups; g++) {
        const struct group *group = &plan.groups[g];
        if (group->unit == unit_of("S44-01"))
            cr_expect(group->whole && group->n == 54);
        else
            cr_expect_not(group->whole);
    }
    plan_release(&plan);
    plan_open(996, 0);
    for (uint32_t g = 0; g < plan.n_groups; g++)
        cr_expect_eq(plan.groups[g].whole, plan.groups[g].unit != plan.province);
}

Test(plan, tallies_sum_up_the_tree)
{
    struct tally *tallies = calloc(sample.n_units, sizeof(*tallies));
    plan_open(333, 9);
    plan_tally(&plan, tallies);
    for (uint32_t u = 0; u < sample.n_units; u++) {
        struct tally sum = {{0}};
        for (uint32_t i = 0; i < plan.n; i++) {
            const struct learner *learner = &plan.learners[i];
            if (!sample_unit_within(&sample, learner->who->unit, u))
                continue;
            bool passes = learner->outcome != FAILS, leads = learner->who->leader;
            const uint32_t one[TALLY_COUNTS] = {1, 1, passes, passes, leads, leads, passes && leads, passes && leads};
            for (int k = 0; k < TALLY_COUNTS; k++)
                sum.count[k] += one[k];
        }
        cr_expect_arr_eq(&sum, &tallies[u], sizeof(sum));
    }
    cr_expect_eq(tallies[unit_of("T44")].count[0], 333);
    cr_expect_eq(tallies[unit_of("T48")].count[0], 0);
    free(tallies);
}

Test(plan, tally_takes_the_counts_in_their_order)
{
    struct counts counts = {.assigned = 1,
                            .completed = 2,
                            .passed = 3,
                            .certified = 4,
                            .leaders_assigned = 5,
                            .leaders_completed = 6,
                            .leaders_passed = 7,
                            .leaders_certified = 8};
    struct tally tally = tally_of(&counts);
    for (uint32_t i = 0; i < TALLY_COUNTS; i++)
        cr_expect_eq(tally.count[i], i + 1);
}
