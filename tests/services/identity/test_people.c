/* test_people.c - the people of a subtree, and oneself. */
#include "identity_test.h"

static struct people_list list;

static int ask(const char *unit, const struct uuid *after)
{
    struct people_query query = {.unit_id = unit_id(unit)};
    if (after)
        PUT_FIELD(&query, people_query, after, *after);
    list = (struct people_list){0};
    return on_people(&h->ctx, &query, &list);
}

IDENTITY_TEST(people, are_shown_within_the_subtree_only)
{
    small_nation();
    harness_as(h, U(9), UNIT_HEAD, unit_id("S44"));
    EXPECT_FAULT(ask("S44", NULL), 0, "");
    cr_assert_eq(list.n_people, 2);
    EXPECT_FAULT(ask("P44", NULL), 0, "");
    cr_assert_eq(list.n_people, 1);
    struct uuid id = person_id("Lê Văn Nam");
    cr_expect(uuid_equal(&list.people[0].person_id, &id));
    cr_expect(!list.people[0].linked && !list.people[0].leader);
    static const char *const others[] = {"T44", "X44", "T66", "VN"};
    for (size_t i = 0; i < 4; i++)
        EXPECT_FAULT(ask(others[i], NULL), ERR_FORBIDDEN, "unit_id");
    struct people_query query = {.unit_id = U(77)};
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), ERR_FORBIDDEN, "unit_id");
}

IDENTITY_TEST(people, show_who_has_logged_in)
{
    small_nation();
    struct session_tokens tokens;
    cr_assert_eq(open_session_of("Lê Văn Nam", "s", &tokens), 0);
    EXPECT_FAULT(ask("P44", NULL), 0, "");
    cr_assert_eq(list.n_people, 1);
    cr_expect(list.people[0].linked);
}

IDENTITY_TEST(people, come_in_pages)
{
    bootstrap();
    import_units("T1,VN,province,Tỉnh,,2025-07-01\n");
    char *rows = arena_alloc(&h->arena, 64000);
    size_t n = 0;
    for (int i = 0; i < 160; i++)
        n += (size_t)snprintf(rows + n, 64000 - n, "%012d,Lê Văn Nam,1979-05-14,T1,Chuyên viên,false,\n", i);
    import_roster(rows);
    expect_counts(160, 0, 0, 0);
    EXPECT_FAULT(ask("T1", NULL), 0, "");
    cr_assert_eq(list.n_people, 100, "unless another number is asked for");
    struct uuid last = list.people[99].person_id;
    cr_expect_lt(memcmp(list.people[0].person_id.b, last.b, 16), 0);
    EXPECT_FAULT(ask("T1", &last), 0, "");
    cr_assert_eq(list.n_people, 60);
    cr_expect_gt(memcmp(list.people[0].person_id.b, last.b, 16), 0);
}

IDENTITY_TEST(people, are_those_of_a_day)
{
    struct people_query query = {0};
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = '2026-01-01'");
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T66,Chuyên viên,false,\n");
    query.unit_id = unit_id("T44");
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_people, 2);
    PUT_FIELD(&query, people_query, as_of, 20600); /* 2026-05-27 */
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_people, 3);
    PUT_FIELD(&query, people_query, leaders, true);
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_people, 2);
    PUT_FIELD(&query, people_query, as_of, 20400); /* 2025-11-08 */
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_people, 0);
}

IDENTITY_TEST(people, come_one_after_the_other_through_the_tree)
{
    struct people_query query = {0};
    uint32_t n = 0;
    small_nation();
    query.unit_id = unit_id("VN");
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_assert_eq(list.n_people, 5);
    struct person_row *all = list.people;
    for (; n < 5; n++) {
        if (n)
            PUT_FIELD(&query, people_query, after, all[n - 1].person_id);
        EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
        cr_assert_eq(list.n_people, 5 - n);
        cr_expect(uuid_equal(&list.people[0].person_id, &all[n].person_id));
    }
}

IDENTITY_TEST(people, are_as_many_to_a_page_as_was_asked_for)
{
    struct people_query query = {0};
    small_nation();
    query.unit_id = unit_id("VN");
    PUT_FIELD(&query, people_query, most, 2);
    EXPECT_FAULT(on_people(&h->ctx, &query, &list), 0, "");
    cr_expect_eq(list.n_people, 2);
}

IDENTITY_TEST(people, moved_away_are_no_longer_shown)
{
    small_nation();
    import_roster("999079000003,Lê Văn Nam,1979-05-14,T66,Chuyên viên,false,\n");
    EXPECT_FAULT(ask("P44", NULL), 0, "");
    cr_expect_eq(list.n_people, 0);
    EXPECT_FAULT(ask("T66", NULL), 0, "");
    cr_expect_eq(list.n_people, 2);
}

IDENTITY_TEST(people, see_themselves)
{
    struct empty empty = {0};
    struct profile me = {0};
    struct fault fault;
    small_nation();
    harness_as(h, person_id("Phạm Thị Mai"), LEARNER, unit_id("X44"));
    cr_assert_eq(settled(on_me(&h->ctx, &empty, &me)), 0);
    cr_assert_eq(msg_check(&msg_profile, &me, &fault), 0);
    cr_expect_arr_eq(me.full_name.p, "Phạm Thị Mai", me.full_name.n);
    cr_expect_arr_eq(me.unit_code.p, "X44", 3);
    cr_expect(me.leader);
    cr_assert_eq(me.n_grants, 3);
    cr_expect_arr_eq(me.grants[0].role.p, "learner", 7);
    cr_expect_arr_eq(me.grants[1].role.p, "unit_head", 9);
    cr_expect_arr_eq(me.grants[2].role.p, "editor", 6);
    cr_expect_arr_eq(me.grants[2].unit_name.p, "Tỉnh Quảng Trị", me.grants[2].unit_name.n);
    cr_expect_arr_eq(me.standing.p, "linked", 6);
    cr_expect(!HAS(&me, profile, advice_vi));
    cr_assert_eq(me.n_tenures, 1);
    cr_expect_arr_eq(me.tenures[0].kind.p, "principal", 9);
    harness_as(h, U(77), LEARNER, unit_id("X44"));
    cr_expect_eq(settled(on_me(&h->ctx, &empty, &me)), ERR_NOT_FOUND);
}

static struct person_file file;

static int look_at(const char *name, int32_t as_of)
{
    struct person_query query = {.person_id = person_id(name)};
    struct fault fault;
    if (as_of)
        PUT_FIELD(&query, person_query, as_of, as_of);
    file = (struct person_file){0};
    int code = on_person_get(&h->ctx, &query, &file);
    cr_expect(code || msg_check(&msg_person_file, &file, &fault) == 0);
    return code;
}

IDENTITY_TEST(people, are_known_to_those_who_answer_for_them)
{
    small_nation();
    harness_as(h, U(9), IDENTITY_OFFICER, unit_id("T44"));
    EXPECT_FAULT(look_at("Phạm Thị Mai", 0), 0, "");
    cr_expect(HAS(&file, person_file, birth_date));
    cr_expect_eq(file.n_tenures, 1);
    cr_expect_eq(file.n_grants, 2);
    EXPECT_FAULT(look_at("Phạm Thị Mai", 1), 0, "");
    cr_expect_eq(file.n_tenures, 0);
    EXPECT_FAULT(look_at("Hồ Văn Sơn", 0), ERR_FORBIDDEN, "person_id");
    cr_expect_eq(count_of("audit WHERE action = 'person_refused'"), 1);
    harness_as(h, U(9), UNIT_HEAD, unit_id("X44"));
    EXPECT_FAULT(look_at("Phạm Thị Mai", 0), 0, "");
    cr_expect(!HAS(&file, person_file, birth_date));
}
