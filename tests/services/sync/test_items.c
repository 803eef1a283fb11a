/* test_items.c - what others announce becomes items: for whom, in which order, with which body, until when. */
#include "sync_test.h"

static struct sync_test *t;

static void open_two(void)
{
    t = sync_test_open(false);
    add_target(t, "all", "/ok", "");
    add_target(t, "certs", "/ok", "kinds = certificate_issued, certificate_revoked\n");
    sync_test_ready(t);
}

static void close_test(void)
{
    sync_test_close(t);
}

TestSuite(items, .init = open_two, .fini = close_test);

Test(items, each_receiver_gets_its_kinds)
{
    know_unit(t->h, NATION, 0, "VN");
    know_unit(t->h, PROVINCE, NATION, "45");
    linked(t->h, LAN);
    certified(t->h, LAN, "HVS-26-1");
    struct person_union one = {.keep = U(LAN), .gone = U(BINH), .at = now_us()};
    cr_assert_eq(harness_event(t->h, follow_person_merged, &one), 0);
    cr_expect_eq(count(t, "target = 'all'"), 5);
    cr_expect_eq(count(t, "kind = 'person_merged' AND (body::json -> 'data' ->> 'gone_person_id') LIKE '%%15'"), 1);
    cr_expect_eq(count(t, "target = 'certs'"), 1);
    cr_expect_eq(count(t, "kind = 'unit_changed' AND (body::json -> 'data' ->> 'parent_code') = 'VN'"), 1);
    cr_expect_eq(count(t, "body::json ->> 'item_id' = item_id::text AND (body::json ->> 'sequence')::bigint = sequence "
                          "AND body::json ->> 'kind' = kind AND body::json ->> 'version' = '1'"),
                 6);
}

/* An event has many tenures of many people; each person gets one item, with the codes that a stranger knows. */
Test(items, tenures_by_person)
{
    know_unit(t->h, NATION, 0, "VN");
    know_unit(t->h, PROVINCE, NATION, "45");
    struct person_fact people[] = {tenure(LAN, 1, "Nguyễn Thị Lan"), tenure(BINH, 1, "Trần Bình"),
                                   tenure(LAN, 2, "Nguyễn \"Lan\" \\ Anh")};
    PUT_FIELD(&people[0], person_fact, valid_to, 20000);
    people[2].unit_id = U(99);
    know_people(t->h, people, 3);
    cr_expect_eq(count(t, "kind = 'tenures_changed'"), 2);
    const char *lan =
        "SELECT body::json #>> '{data,%s}' FROM item WHERE kind = 'tenures_changed' ORDER BY sequence LIMIT 1";
    cr_expect_str_eq(harness_get(t->h, lan, "full_name"), "Nguyễn \"Lan\" \\ Anh");
    cr_expect_str_eq(harness_get(t->h, lan, "tenures,0,unit_code"), "45");
    cr_expect_str_eq(harness_get(t->h, lan, "tenures,0,valid_to"), "2024-10-04");
    cr_expect_str_eq(harness_get(t->h, lan, "tenures,1,tenure_kind"), "principal");
    cr_expect_str_eq(harness_get(t->h, lan, "tenures,1,unit_code"), "", "a unit that was never told has no code");
}

/* The largest event that identity may send goes through, and its items can be sent. */
Test(items, fifty_long_tenures_of_one_person)
{
    static char name[121], position[121], unit[201];
    struct person_fact people[50];
    memset(name, 'N', 120);
    for (int i = 0; i < 120; i += 2)
        memcpy(position + i, "\xc4\x91", 2);
    memset(unit, 'U', 200);
    struct unit_fact fact = {
        .unit_id = U(PROVINCE), .code = SPAN("45"), .kind = SPAN("province"), .name = S(unit), .valid_from = 18262};
    cr_assert_eq(harness_event(t->h, follow_org_changed, &fact), 0);
    for (uint32_t i = 0; i < 50; i++) {
        people[i] = tenure(LAN, i, name);
        people[i].position = S(position);
    }
    know_people(t->h, people, 50);
    send_now(t);
    cr_expect_eq(count(t, "state = 'sent'"), 2);
}

/* Three working days, with holidays and days worked in exchange: the end of the third day, Vietnam's time. */
Test(items, three_working_days)
{
    const char *due =
        "SELECT to_char(timezone('Asia/Ho_Chi_Minh', working_days_after('%s+07', 3)), 'YYYY-MM-DD HH24:MI')";
    cr_expect_str_eq(harness_get(t->h, due, "2026-11-16 09:00"), "2026-11-20 00:00", "Monday: Tuesday to Thursday");
    cr_expect_str_eq(harness_get(t->h, due, "2026-11-19 09:00"), "2026-11-25 00:00", "Thursday: over a weekend");
    cr_expect_str_eq(harness_get(t->h, due, "2026-11-21 23:59"), "2026-11-26 00:00", "Saturday");
    cr_expect_str_eq(harness_get(t->h, due, "2026-11-15 23:59"), "2026-11-19 00:00", "Sunday by Vietnam's clock");
    struct holiday days[] = {
        {.day = 20698, .works = false, .name = SPAN("2/9/2026")},
        {.day = 20697, .works = false, .name = SPAN("1/9/2026")},
        {.day = 20696, .works = false, .name = SPAN("31/8/2026, in exchange for 22/8/2026")},
        {.day = 20687, .works = true, .name = SPAN("22/8/2026, a Saturday")},
    };
    cr_assert_eq(harness_event(t->h, follow_calendar_changed, &(struct holidays){.days = days, .n_days = 4}), 0);
    cr_expect_str_eq(harness_get(t->h, due, "2026-08-28 09:00"), "2026-09-08 00:00", "over the National Day");
    cr_expect_str_eq(harness_get(t->h, due, "2026-08-20 09:00"), "2026-08-25 00:00", "a Saturday worked in exchange");
    days[0].works = true; /* corrected */
    cr_assert_eq(harness_event(t->h, follow_calendar_changed, &(struct holidays){.days = days, .n_days = 1}), 0);
    cr_expect_str_eq(harness_get(t->h, due, "2026-08-28 09:00"), "2026-09-05 00:00",
                     "a corrected calendar counts at once");
}

/* The time runs from the change, not from when we heard of it. */
Test(items, late_counts_from_the_change)
{
    struct link_fact fact = {
        .person_id = U(LAN), .linked_at = now_us() - INT64_C(20) * 86400000000, .provider = SPAN("x")};
    cr_assert_eq(harness_event(t->h, follow_person_linked, &fact), 0);
    linked(t->h, BINH);
    struct sync_states states;
    cr_assert_eq(on_sync_status(&t->h->ctx, &(struct empty){0}, &states), 0);
    cr_assert_eq(states.n_targets, 2);
    cr_expect_eq(states.targets[0].waiting, 2);
    cr_expect_eq(states.targets[0].late, 1);
    cr_expect_eq(states.targets[1].waiting + states.targets[1].late, 0);
    struct sync_query query = {0};
    struct sync_rows rows;
    PUT_FIELD(&query, sync_query, state, SPAN("late"));
    cr_assert_eq(on_sync_items(&t->h->ctx, &query, &rows), 0);
    cr_assert_eq(rows.n_items, 1);
    cr_expect(rows.items[0].late && rows.items[0].due_at < now_us());
    send_now(t);
    cr_assert_eq(on_sync_status(&t->h->ctx, &(struct empty){0}, &states), 0);
    cr_expect(!states.targets[0].late && !states.targets[0].waiting && states.targets[0].sent == 2 &&
              HAS(&states.targets[0], sync_target, last_sent));
}

Test(items, privileges)
{
    linked(t->h, LAN);
    cr_expect_not(harness_allowed(t->h, "UPDATE item SET body = ''"));
    cr_expect_not(harness_allowed(t->h, "UPDATE item SET target = 'elsewhere'"));
    cr_expect_not(harness_allowed(t->h, "DELETE FROM item"));
    cr_expect_not(harness_allowed(t->h, "UPDATE item_try SET status = 200"));
    cr_expect(harness_allowed(t->h, "SELECT items_forget(now() + interval '1 year', now() + interval '1 year', 100)"));
    cr_expect_eq(count(t, "true"), 1, "what has not gone out cannot be forgotten");
}

Test(items, forgotten_after_their_time)
{
    linked(t->h, LAN);
    linked(t->h, BINH);
    send_now(t);
    cr_assert_eq(harness_tick(t->h, items_forget), 0);
    cr_expect_eq(count(t, "state = 'sent'"), 2);
    harness_sql(t->h, "UPDATE item SET ended_at = now() - interval '31 days' WHERE subject_id = "
                      "(SELECT subject_id FROM item ORDER BY sequence LIMIT 1)");
    cr_assert_eq(harness_tick(t->h, items_forget), 0);
    cr_expect_eq(count(t, "true"), 1);
}
