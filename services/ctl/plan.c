/* plan.c - the plan of a demonstration; see plan.h. Nothing here speaks to anyone. */
#include "plan.h"

const char *const tally_names[TALLY_COUNTS] = {
    "assigned",         "completed",         "passed",         "certified",
    "leaders_assigned", "leaders_completed", "leaders_passed", "leaders_certified",
};

/* Of the roster's people only those of the province learn: whoever runs the platform for the nation does not. */
static bool eligible(const struct sample *sample, const struct sample_official *who, uint32_t province)
{
    return sample_unit_within(sample, who->unit, province);
}

uint32_t plan_most(const struct sample *sample)
{
    uint32_t province, n = 0;
    if (!sample_role_find(sample, "province_officer", &province))
        return 0;
    for (uint32_t i = 0; i < sample->n_officials; i++)
        n += eligible(sample, &sample->officials[i], province);
    return n;
}

/* SplitMix64: each input gives an output that looks unlike its neighbour's. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint64_t plan_random(const struct plan *plan, uint32_t learner, uint64_t what)
{
    return mix(mix(mix(plan->seed) + learner) + what);
}

/* Shares hold for every 25 in a row, because 7 and 25 have no common divisor; the seed only moves them. */
static enum outcome outcome_of(const struct plan *plan, uint32_t learner)
{
    uint32_t place = (learner * 7 + (uint32_t)(plan->seed % 25)) % 25;
    if (place < 20)
        return PASSES;
    return place < 23 && plan->sample->policy.max_attempts > 1 ? PASSES_LATER : FAILS;
}

bool plan_passes(const struct plan *plan, uint32_t learner, uint32_t attempt)
{
    enum outcome outcome = plan->learners[learner].outcome;
    return outcome == PASSES || (outcome == PASSES_LATER && attempt > 1);
}

uint32_t plan_attempts(const struct plan *plan, uint32_t learner)
{
    static const uint32_t attempts[] = {[PASSES] = 1, [PASSES_LATER] = 2};
    enum outcome outcome = plan->learners[learner].outcome;
    return outcome == FAILS ? plan->sample->policy.max_attempts : attempts[outcome];
}

uint32_t plan_answers(const struct plan *plan, uint32_t learner, uint32_t attempt, uint32_t items, bool *ret_right)
{
    uint32_t needed = (plan->sample->policy.pass_percent * items + 99) / 100;
    uint64_t random = plan_random(plan, learner, attempt);
    uint32_t right = plan_passes(plan, learner, attempt) ? needed + (uint32_t)(random % (items - needed + 1))
                                                         : (uint32_t)(random % needed);
    uint32_t left = right;
    for (uint32_t i = 0; i < items; i++) { /* each subset of `right` items is as likely as another */
        ret_right[i] = plan_random(plan, learner, (uint64_t)attempt << 32 | i) % (items - i) < left;
        left -= ret_right[i];
    }
    return right;
}

/* The unit directly below the province that `unit` lies in; the province itself for its own people. */
static uint32_t group_unit(const struct plan *plan, uint32_t unit)
{
    while (unit != plan->province && plan->sample->units[unit].parent != plan->province)
        unit = plan->sample->units[unit].parent;
    return unit;
}

uint32_t plan_group(const struct plan *plan, const struct sample_official *who)
{
    uint32_t unit = group_unit(plan, who->unit), i = 0;
    while (i < plan->n_groups && plan->groups[i].unit != unit)
        i++;
    return i;
}

static const struct sample_official *head_of(const struct sample *sample, uint32_t unit)
{
    uint32_t held;
    for (uint32_t i = 0; i < sample->n_officials; i++) {
        if (sample_has_role(sample, &sample->officials[i], "unit_head", &held) && held == unit)
            return &sample->officials[i];
    }
    return NULL;
}

static int make_group(struct plan *plan, uint32_t unit)
{
    struct group *group = &plan->groups[plan->n_groups];
    *group = (struct group){.unit = unit, .head = head_of(plan->sample, unit)};
    if (!group->head) {
        struct span code = plan->sample->units[unit].code;
        fprintf(stderr, "hocvu: roster.csv names no head of the unit %.*s, so nobody can assign there.\n", (int)code.n,
                code.p);
        return -1;
    }
    plan->n_groups++;
    return 0;
}

static void count_whole(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->n_groups; i++) {
        struct group *group = &plan->groups[i];
        uint32_t all = 0;
        for (uint32_t k = 0; k < plan->sample->n_officials; k++)
            all += sample_unit_within(plan->sample, plan->sample->officials[k].unit, group->unit);
        group->whole = all == group->n;
    }
}

int plan_make(struct plan *plan, const struct sample *sample, uint32_t n, uint64_t seed)
{
    *plan = (struct plan){.sample = sample, .seed = seed};
    plan->officer = sample_role_find(sample, "province_officer", &plan->province);
    plan->learners = calloc(n, sizeof(*plan->learners));
    plan->groups = calloc(n, sizeof(*plan->groups));
    if (!plan->officer || !plan->learners || !plan->groups) {
        fprintf(stderr, "hocvu: %s\n", plan->officer ? "out of memory" : "roster.csv names no province_officer");
        return -1;
    }
    for (uint32_t i = 0; i < sample->n_officials && plan->n < n; i++) {
        const struct sample_official *who = &sample->officials[i];
        if (!eligible(sample, who, plan->province))
            continue;
        uint32_t group = plan_group(plan, who);
        if (group == plan->n_groups && make_group(plan, group_unit(plan, who->unit)) < 0)
            return -1;
        plan->groups[group].n++;
        plan->learners[plan->n] = (struct learner){.who = who, .outcome = outcome_of(plan, plan->n)};
        plan->learners[plan->n].session.who = who;
        plan->n++;
    }
    count_whole(plan);
    return 0;
}

void plan_release(struct plan *plan)
{
    for (uint32_t i = 0; plan->learners && i < plan->n; i++) {
        session_release(&plan->learners[i].session);
        free(plan->learners[i].document);
    }
    free(plan->learners);
    free(plan->groups);
    *plan = (struct plan){0};
}

/* Everyone studies to the end; whoever passes is certified. */
void plan_tally(const struct plan *plan, struct tally *ret_tallies)
{
    for (uint32_t i = 0; i < plan->sample->n_units; i++)
        ret_tallies[i] = (struct tally){{0}};
    for (uint32_t i = 0; i < plan->n; i++) {
        const struct learner *learner = &plan->learners[i];
        bool passes = learner->outcome != FAILS;
        const bool counted[TALLY_COUNTS / 2] = {true, true, passes, passes};
        for (uint32_t unit = learner->who->unit; unit != NO_UNIT; unit = plan->sample->units[unit].parent) {
            for (int k = 0; k < TALLY_COUNTS / 2; k++) {
                ret_tallies[unit].count[k] += counted[k];
                ret_tallies[unit].count[TALLY_COUNTS / 2 + k] += counted[k] && learner->who->leader;
            }
        }
    }
}

struct tally tally_of(const struct counts *counts)
{
    return (struct tally){{counts->assigned, counts->completed, counts->passed, counts->certified,
                           counts->leaders_assigned, counts->leaders_completed, counts->leaders_passed,
                           counts->leaders_certified}};
}
