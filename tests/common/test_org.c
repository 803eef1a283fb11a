/* test_org.c - a service's copy of the organisation: paths, moves, ends, days that come. */
#include "harness.h"
#include "org.h"
#include <criterion/criterion.h>

static struct harness *h;

static void open_harness(void)
{
    h = harness_open("learning", NULL, true, NULL);
}

static void close_harness(void)
{
    harness_close(h);
}

static int apply_unit(struct ctx *ctx, const void *event)
{
    return org_apply_unit(ctx, event);
}

static int apply_people(struct ctx *ctx, const void *event)
{
    return org_apply_people(ctx, event);
}

/* parent 0: none; to 0: lasts. Days since 1970. */
static void unit(uint32_t id, uint32_t parent, int32_t from, int32_t to)
{
    struct unit_fact fact = {
        .unit_id = U(id), .code = S("C"), .kind = S("unit"), .name = S("Đơn vị"), .valid_from = from};
    if (parent)
        PUT_FIELD(&fact, unit_fact, parent_id, U(parent));
    if (to)
        PUT_FIELD(&fact, unit_fact, valid_to, to);
    cr_assert_eq(harness_event(h, apply_unit, &fact), 0);
}

static void tenure(uint32_t id, uint32_t person, uint32_t where, int32_t from, int32_t to)
{
    struct person_fact fact = {.person_id = U(person),
                               .tenure_id = U(id),
                               .full_name = S("Nguyễn Văn An"),
                               .unit_id = U(where),
                               .position = S("Chuyên viên"),
                               .kind = SPAN("principal"),
                               .valid_from = from};
    if (to)
        PUT_FIELD(&fact, person_fact, valid_to, to);
    cr_assert_eq(harness_event(h, apply_people, &(struct person_facts){.people = &fact, .n_people = 1}), 0);
}

/* Path of a unit as the last digits of its ids. */
static const char *path(uint32_t id)
{
    return harness_get(h,
                       "SELECT string_agg(right(p::text, 1), '>' ORDER BY n) FROM unit, unnest(path) WITH ORDINALITY "
                       "AS t (p, n) WHERE unit_id = '00000000-0000-0000-0000-%012u'",
                       id);
}

static int32_t today(void)
{
    return (int32_t)strtol(harness_get(h, "SELECT hocvu.today() - date '1970-01-01'"), NULL, 10);
}

Test(org, children_that_come_before_their_parents_get_their_paths, .init = open_harness, .fini = close_harness)
{
    unit(3, 2, 10, 0);
    cr_expect_str_eq(path(3), "3");
    unit(2, 1, 10, 0);
    unit(1, 0, 10, 0);
    cr_expect_str_eq(path(3), "1>2>3");
}

Test(org, a_move_takes_everything_below_along, .init = open_harness, .fini = close_harness)
{
    unit(1, 0, 10, 0);
    unit(2, 1, 10, 0);
    unit(3, 2, 10, 0);
    unit(4, 3, 10, 0);
    unit(5, 1, 10, 0);
    unit(3, 2, 10, 20); /* closed, and from day 20 below 5 */
    unit(3, 5, 20, 0);
    cr_expect_str_eq(path(4), "1>5>3>4");
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM unit_as_of('1970-01-16') WHERE unit_id = "
                                    "'00000000-0000-0000-0000-000000000004' AND "
                                    "'00000000-0000-0000-0000-000000000002' = ANY (path)"),
                     "1", "the old tree is still there to be asked");
}

Test(org, an_ended_unit_leaves_and_what_hung_on_it_stands_at_the_top, .init = open_harness, .fini = close_harness)
{
    unit(1, 0, 10, 0);
    unit(2, 1, 10, 0);
    unit(3, 2, 10, 0);
    unit(4, 3, 10, 0);
    unit(2, 1, 10, 30);
    cr_expect_str_eq(path(2), "");
    cr_expect_str_eq(path(4), "3>4");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT count(*) FROM unit u JOIN unit_as_of(hocvu.today()) a USING (unit_id) WHERE "
                                 "u.path IS DISTINCT FROM a.path"),
                     "0");
}

Test(org, a_tree_that_bites_its_tail_does_not_hang, .init = open_harness, .fini = close_harness)
{
    unit(1, 2, 10, 0);
    unit(2, 1, 10, 0);
    unit(1, 2, 10, 0);
    cr_expect_str_neq(path(1), "");
}

Test(org, the_newest_tenure_counts_and_repeats_change_nothing, .init = open_harness, .fini = close_harness)
{
    tenure(1, 7, 2, 10, 0);
    tenure(1, 7, 2, 10, 20);
    tenure(2, 7, 3, 20, 0);
    tenure(2, 7, 3, 20, 0);
    cr_expect_str_eq(harness_get(h, "SELECT right(unit_id::text, 1) FROM person"), "3");
    tenure(2, 7, 3, 20, 30);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM person"), "0", "a leaver");
}

Test(org, what_begins_tomorrow_holds_tomorrow, .init = open_harness, .fini = close_harness)
{
    int32_t day = today();
    unit(1, 0, 10, 0);
    unit(2, 1, day + 1, 0);
    tenure(1, 7, 2, day + 1, 0);
    tenure(2, 8, 1, 10, day + 1);
    cr_expect_str_eq(path(2), "");
    cr_assert_eq(harness_tick(h, org_today), 0);
    cr_expect_str_eq(harness_get(h, "SELECT count(*) FROM person"), "1", "nothing happens before its day");
    /* The clock cannot be set here, so everything else is moved back by two days. */
    harness_sql(h, "UPDATE unit_version SET valid_from = valid_from - 2");
    harness_sql(h, "UPDATE tenure SET valid_from = valid_from - 2, valid_to = valid_to - 2");
    harness_sql(h, "UPDATE org_day SET day = day - 2");
    cr_assert_eq(harness_tick(h, org_today), 0);
    cr_expect_str_eq(path(2), "1>2");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(right(person_id::text, 1), '') FROM person"), "7");
}
