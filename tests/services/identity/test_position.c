/* test_position.c - the catalogue of positions, and what those ask for who hold them. */
#include "identity_test.h"

static struct position_list list;

static int32_t day(int offset)
{
    return (int32_t)strtol(harness_get(h, "SELECT hocvu.today() - '1970-01-01'::date + %d", offset), NULL, 10);
}

static int put(const char *code, int32_t from, const char *title, uint8_t level)
{
    struct skill_level skills[] = {{.framework_code = SPAN("nd224"), .group_code = SPAN("a"), .level = level},
                                   {.framework_code = SPAN("nd224"), .group_code = SPAN("b"), .level = 2}};
    struct position req = {.code = S(code), .valid_from = from, .title_vi = S(title), .skills = skills, .n_skills = 2};
    struct accepted accepted;
    return on_position_put(&h->ctx, &req, &accepted);
}

static uint8_t level_on(const char *code, int32_t as_of)
{
    struct position_query query = {0};
    struct fault fault;
    PUT_FIELD(&query, position_query, code, S(code));
    PUT_FIELD(&query, position_query, as_of, as_of);
    list = (struct position_list){0};
    cr_assert_eq(settled(on_positions(&h->ctx, &query, &list)), 0);
    cr_assert_eq(msg_check(&msg_position_list, &list, &fault), 0, "%s", fault.field);
    return list.n_positions == 1 && list.positions[0].n_skills ? list.positions[0].skills[0].level : 0;
}

IDENTITY_TEST(position, has_versions_from_a_day)
{
    bootstrap();
    EXPECT_FAULT(put("CV", day(-100), "Chuyên viên", 2), 0, "");
    EXPECT_FAULT(put("CV", day(30), "Chuyên viên", 4), 0, "");
    EXPECT_FAULT(put("CV", day(-10), "Chuyên viên", 3), 0, "");
    cr_expect_eq(level_on("CV", day(-101)), 0);
    cr_expect_eq(level_on("CV", day(-100)), 2);
    cr_expect_eq(level_on("CV", day(-11)), 2);
    cr_expect_eq(level_on("CV", day(-10)), 3);
    cr_expect_eq(level_on("CV", day(29)), 3);
    cr_expect_eq(level_on("CV", day(30)), 4);
    cr_expect_eq(list.positions[0].n_skills, 2);
    cr_expect_eq(harness_events(h, "position_changed"), 3);
    cr_expect_eq(count_of("audit WHERE action = 'position_put'"), 3);
}

IDENTITY_TEST(position, sent_again_changes_nothing_and_what_has_begun_stays)
{
    bootstrap();
    EXPECT_FAULT(put("CV", day(0), "Chuyên viên", 2), 0, "");
    EXPECT_FAULT(put("CV", day(0), "Chuyên viên", 2), 0, "");
    cr_expect_eq(harness_events(h, "position_changed"), 1);
    EXPECT_FAULT(put("CV", day(0), "Chuyên viên", 3), ERR_CONFLICT, "valid_from");
    EXPECT_FAULT(put("CV", day(0), "Chuyên viên chính", 2), ERR_CONFLICT, "valid_from");
    EXPECT_FAULT(put("CV", day(1), "Chuyên viên", 3), 0, "");
    EXPECT_FAULT(put("CV", day(1), "Chuyên viên", 4), 0, "");
    cr_expect_eq(level_on("CV", day(1)), 4);
    cr_expect_eq(level_on("CV", day(0)), 2);
    cr_expect_eq(count_of("position_skill"), 4);
}

IDENTITY_TEST(position, is_refused_when_it_says_nothing_or_twice)
{
    struct skill_level twice[] = {{.framework_code = SPAN("f"), .group_code = SPAN("a"), .level = 1},
                                  {.framework_code = SPAN("f"), .group_code = SPAN("a"), .level = 2}};
    struct position req = {.code = SPAN("CV"), .title_vi = SPAN("T"), .skills = twice, .n_skills = 2};
    struct accepted accepted;
    bootstrap();
    EXPECT_FAULT(on_position_put(&h->ctx, &req, &accepted), ERR_TWICE, "skills");
    req.n_skills = 0;
    req.title_vi = SPAN("  ");
    EXPECT_FAULT(on_position_put(&h->ctx, &req, &accepted), ERR_INVALID, "title_vi");
    req.title_vi = SPAN("T");
    PUT_FIELD(&req, position, valid_to, 1);
    EXPECT_FAULT(on_position_put(&h->ctx, &req, &accepted), ERR_INVALID, "valid_to");
    cr_expect_eq(count_of("position"), 0);
}

IDENTITY_TEST(position, asks_of_whoever_holds_it)
{
    struct empty empty = {0};
    struct profile me = {0};
    small_nation();
    EXPECT_FAULT(put("CV", day(-1), "Chuyên viên", 3), 0, "");
    harness_sql(h, "UPDATE tenure SET position_code = 'CV' FROM person p WHERE p.person_id = tenure.person_id AND"
                   " full_name = 'Lê Văn Nam'");
    harness_as(h, person_id("Lê Văn Nam"), LEARNER, unit_id("P44"));
    EXPECT_FAULT(on_me(&h->ctx, &empty, &me), 0, "");
    cr_assert_eq(me.n_skills, 2);
    cr_expect_eq(me.skills[0].level, 3);
    cr_expect_eq(me.skills[1].level, 2);
}
