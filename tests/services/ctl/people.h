/* people.h - the sample nation as the tests of ctl read it: its real files. Included once per test program. */
#include "plan.h"
#include <criterion/criterion.h>

#define SAMPLE_DIR "deploy/sample"

static struct sample sample;
static struct plan plan;

static inline void sample_open(void)
{
    cr_assert_eq(sample_read(&sample, SAMPLE_DIR), 0);
}

static inline void sample_close(void)
{
    plan_release(&plan);
    sample_release(&sample);
}

static inline void plan_open(uint32_t n, uint64_t seed)
{
    cr_assert_eq(plan_make(&plan, &sample, n, seed), 0);
}

static inline uint32_t unit_of(const char *code)
{
    uint32_t unit = sample_unit_find(&sample, (struct span){code, (uint32_t)strlen(code)});
    cr_assert_neq(unit, NO_UNIT, "%s", code);
    return unit;
}
