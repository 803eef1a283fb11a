/* test_tree.c - the tree in memory by itself: versions that follow each other, codes, changes from a day on, ends. */
#include "identity_test.h"
#include "tree.h"

static struct arena arena;
static struct tree tree;
static struct unit_fact stored[6];

static struct unit_fact fact(uint32_t id, uint32_t parent, const char *code, const char *kind, int32_t from, int32_t to)
{
    struct unit_fact f = {.unit_id = U(id), .code = S(code), .kind = S(kind), .name = S("Đơn vị"), .valid_from = from};
    if (parent)
        PUT_FIELD(&f, unit_fact, parent_id, U(parent));
    if (to)
        PUT_FIELD(&f, unit_fact, valid_to, to);
    return f;
}

/* The nation, two provinces, a commune whose code changed on day 50, and one more in the other province. */
static void plant(void)
{
    static struct uuid top;
    cr_assert(sodium_init() >= 0);
    arena_init(&arena, 1 << 20);
    stored[0] = fact(1, 0, "VN", "nation", 0, 0);
    stored[1] = fact(2, 1, "T1", "province", 0, 0);
    stored[2] = fact(3, 1, "T2", "province", 0, 0);
    stored[3] = fact(4, 2, "X1", "commune", 0, 50);
    stored[4] = fact(4, 2, "Y1", "commune", 50, 0);
    stored[5] = fact(5, 3, "X2", "commune", 0, 0);
    top = U(1);
    cr_assert_eq(tree_init(&tree, &arena, stored, 6, 4, &top, 1), 0);
    cr_assert_eq(tree_reset(&tree), 0);
}

static void clear(void)
{
    arena_release(&arena);
}

#define TREE_TEST(name) Test(tree, name, .init = plant, .fini = clear)

/* Versions without hole or overlap, in the order of their days. */
static void expect_in_a_row(const struct tree_unit *unit)
{
    for (uint32_t i = 0; i < unit->n_versions; i++) {
        cr_expect_lt(unit->versions[i].from, unit->versions[i].to);
        if (i)
            cr_expect_eq(unit->versions[i - 1].to, unit->versions[i].from);
    }
}

TREE_TEST(is_found_by_every_code_it_had)
{
    struct tree_unit *unit = tree_find(&tree, S("X1"));
    cr_assert(unit);
    cr_expect_eq(tree_find(&tree, S("Y1")), unit);
    cr_expect_null(tree_find(&tree, S("Z1")));
    tree_add_code(&tree, unit, S("Z1"));
    cr_expect_eq(tree_find(&tree, S("Z1")), unit);
    cr_expect_eq(tree_mention(&tree, S("Y1")), unit);
    cr_expect_eq(unit->n_versions, 2);
}

TREE_TEST(change_from_a_day_reaches_to_the_next_that_differs_in_it)
{
    struct tree_unit *unit = tree_find(&tree, S("X1"));
    struct tree_version like = {.parent = tree_find(&tree, S("T2")), .code = S("Z1"), .name = S("Tên mới")};
    cr_assert_eq(tree_change_from(&tree, unit, 20, TREE_PARENT, &like), 0);
    expect_in_a_row(unit);
    cr_assert_eq(unit->n_versions, 3);
    cr_expect_eq(unit->versions[1].parent, like.parent);
    cr_expect_eq(unit->versions[2].parent, like.parent, "another code on day 50 is no other parent");
    cr_assert_eq(tree_change_from(&tree, unit, 20, TREE_CODE, &like), 0);
    cr_expect_eq(unit->versions[1].code.p[0], 'Z');
    cr_expect_eq(unit->versions[2].code.p[0], 'Y', "what was decided for day 50 stays");
    cr_expect_eq(unit->n_versions, 3, "the same day is no further version");
}

TREE_TEST(many_changes_find_room)
{
    struct tree_unit *unit = tree_find(&tree, S("X2"));
    for (int32_t day = 100; day > 0; day--) {
        struct tree_version like = {.name = S(day % 2 ? "Lẻ" : "Chẵn")};
        cr_assert_eq(tree_change_from(&tree, unit, day, TREE_NAME, &like), 0);
    }
    cr_expect_eq(unit->n_versions, 101);
    expect_in_a_row(unit);
}

TREE_TEST(children_go_from_the_day_on_also_those_that_come_later)
{
    struct tree_unit *t1 = tree_find(&tree, S("T1")), *t2 = tree_find(&tree, S("T2"));
    cr_assert_eq(tree_give_children(&tree, t1, t2, 20, NULL, 7), 0);
    struct tree_unit *unit = tree_find(&tree, S("X1"));
    cr_assert_eq(unit->n_versions, 3);
    cr_expect_eq(unit->versions[0].parent, t1);
    cr_expect(unit->versions[1].parent == t2 && unit->versions[2].parent == t2);
    cr_expect_eq(unit->step, 7);
    expect_in_a_row(unit);
    cr_expect_null(tree_first_child(&tree, t1, 20));
    cr_expect_eq(tree_first_child(&tree, t1, 19), unit);
}

TREE_TEST(end_is_refused_on_the_first_day_or_before_what_comes_later)
{
    struct tree_unit *unit = tree_find(&tree, S("X1"));
    cr_expect_eq(tree_end(unit, 20), TREE_CHANGES_LATER);
    cr_expect_eq(tree_end(unit, 50), TREE_ENDS_ON_FIRST_DAY);
    cr_expect_eq(tree_end(unit, 60), TREE_ENDED);
    cr_expect_eq(tree_end(unit, 55), TREE_ENDS_LATER);
    cr_expect_null(tree_version_on(unit, 60));
    expect_in_a_row(unit);
}

TREE_TEST(orphans_and_depth_are_seen)
{
    cr_expect_null(tree_first_astray(&tree, 70));
    cr_assert_eq(tree_end(tree_find(&tree, S("T2")), 60), TREE_ENDED);
    cr_expect_eq(tree_first_astray(&tree, 70), tree_find(&tree, S("X2")));
    cr_expect_null(tree_first_astray(&tree, 59));
}

TREE_TEST(full_arena_is_said)
{
    struct tree small;
    struct arena little;
    struct uuid top = U(1);
    arena_init(&little, 200);
    cr_assert_eq(tree_init(&small, &little, stored, 6, 4, &top, 1), -1);
    arena_release(&little);
}
