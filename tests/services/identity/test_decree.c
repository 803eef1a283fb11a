/* test_decree.c - the organisation changes by decree: all of it or nothing, from any day, people go along. */
#include "identity_test.h"

static struct decree_step steps[24];
static struct decree_part parts[4];
static uint32_t n_steps;
static struct decree_report result;

static int32_t day_of(const char *text)
{
    int32_t day = 0;
    cr_assert_eq(date_parse(S(text), &day), 0);
    return day;
}

/* Begins the next decree. */
static void begin(void)
{
    n_steps = 0;
}

static struct decree_step *step(const char *op, const char *code)
{
    struct decree_step *s = &steps[n_steps++];
    *s = (struct decree_step){.op = S(op), .code = S(code)};
    return s;
}

static void create(const char *code, const char *parent, const char *kind, const char *name)
{
    struct decree_step *s = step("create", code);
    PUT_FIELD(s, decree_step, parent_code, S(parent));
    PUT_FIELD(s, decree_step, kind, S(kind));
    PUT_FIELD(s, decree_step, name, S(name));
}

static void rename_to(const char *code, const char *name)
{
    struct decree_step *s = step("rename", code);
    PUT_FIELD(s, decree_step, name, S(name));
}

static void move(const char *code, const char *parent)
{
    struct decree_step *s = step("move", code);
    PUT_FIELD(s, decree_step, parent_code, S(parent));
}

static void merge(const char *code, const char *into)
{
    struct decree_step *s = step("merge", code);
    PUT_FIELD(s, decree_step, into_code, S(into));
}

static void recode(const char *code, const char *new_code)
{
    struct decree_step *s = step("recode", code);
    PUT_FIELD(s, decree_step, new_code, S(new_code));
}

static void split(const char *code, const char *a, const char *b, const char *into)
{
    struct decree_step *s = step("split", code);
    parts[0].code = S(a);
    parts[1].code = S(b);
    s->parts = parts;
    s->n_parts = 2;
    PUT_FIELD(s, decree_step, into_code, S(into));
}

static struct decree decree_of(uint32_t id, const char *from)
{
    struct decree decree = {.decree_id = U(id),
                            .number = S("12/NQ-HĐND"),
                            .issued_on = day_of("2025-06-12"),
                            .issuer = S("Hội đồng nhân dân"),
                            .title = S("Sắp xếp đơn vị"),
                            .effective_from = day_of(from),
                            .steps = steps,
                            .n_steps = n_steps};
    return decree;
}

static int enter_code(const struct decree *decree)
{
    struct fault fault;
    result = (struct decree_report){0};
    int code = settled(on_org_decree(&h->ctx, decree, &result));
    if (!code)
        cr_assert_eq(msg_check(&msg_decree_report, &result, &fault), 0, "the report's %s is out of bounds",
                     fault.field);
    return code;
}

static void enter(uint32_t id, const char *from, const char *state)
{
    struct decree decree = decree_of(id, from);
    int code = enter_code(&decree);
    cr_assert_eq(code, 0, "code %d about %s", code, h->ctx.fault.field);
    for (uint32_t i = 0; i < result.n_steps && strcmp(state, "refused"); i++)
        cr_expect(!result.steps[i].refused, "step %u: %.*s", i + 1, (int)result.steps[i].message_en.n,
                  result.steps[i].message_en.p);
    cr_assert(result.state.n == strlen(state) && !memcmp(result.state.p, state, result.state.n), "state %.*s",
              (int)result.state.n, result.state.p);
}

/* The decree is refused because of this member of this step, and nothing is stored. */
static void expect_refused(const char *from, uint32_t nr, const char *field)
{
    long versions = count_of("unit_version"), events = count_of("outbox");
    enter(99, from, "refused");
    for (uint32_t i = 0; i < result.n_steps; i++) {
        const struct decree_step_report *s = &result.steps[i];
        cr_expect_eq(s->refused, i + 1 == nr, "step %u: %.*s", i + 1, (int)s->message_en.n, s->message_en.p);
        if (i + 1 == nr)
            cr_expect(s->field.n == strlen(field) && !memcmp(s->field.p, field, s->field.n), "step %u, field %.*s",
                      i + 1, (int)s->field.n, s->field.p);
    }
    cr_expect_eq(count_of("unit_version"), versions);
    cr_expect_eq(count_of("outbox"), events);
    cr_expect_eq(count_of("decree"), 0);
}

/* Codes from the nation to the unit as of a day. */
static const char *way(const char *code, const char *day)
{
    return harness_get(
        h,
        "SELECT coalesce(string_agg(v.code, '/' ORDER BY s.n), '') FROM unit_version c JOIN unit_path p"
        " USING (unit_id) CROSS JOIN generate_series(1, octet_length(p.path) / 8) AS s (n) JOIN unit u ON"
        " lpad(to_hex(u.short), 8, '0') = substr(p.path, 8 * s.n::int - 7, 8) JOIN unit_version v ON"
        " v.unit_id = u.unit_id AND v.valid_from <= '%2$s' AND (v.valid_to IS NULL OR v.valid_to > '%2$s')"
        " WHERE c.code = '%1$s' AND c.valid_from <= '%2$s' AND (c.valid_to IS NULL OR c.valid_to > '%2$s')"
        " AND p.valid_from <= '%2$s' AND (p.valid_to IS NULL OR p.valid_to > '%2$s')",
        code, day);
}

/* Code of the unit in which a person works on a day. */
static const char *place_of(const char *name, const char *day)
{
    return harness_get(h,
                       "SELECT string_agg(u.code, ',') FROM tenure t JOIN person p USING (person_id) JOIN unit u ON"
                       " u.unit_id = t.unit_id WHERE p.full_name = '%1$s' AND t.valid_from <= '%2$s' AND (t.valid_to IS"
                       " NULL OR t.valid_to > '%2$s')",
                       name, day);
}

/* The small nation, whose people came at the beginning of 2026. */
static void old_nation(void)
{
    small_nation();
    harness_sql(h, "UPDATE tenure SET valid_from = '2026-01-01'");
    begin();
}

IDENTITY_TEST(decree, decree_with_one_bad_step_changes_nothing)
{
    old_nation();
    rename_to("S44", "Sở Nội vụ mới");
    merge("X44", "NONE");
    expect_refused("2026-06-01", 2, "into_code");
    cr_expect_str_eq(harness_get(h, "SELECT body->>'name' FROM outbox WHERE body->>'name' = 'Sở Nội vụ mới'"), "");
}

IDENTITY_TEST(decree, decree_step_unknown_or_incomplete)
{
    old_nation();
    step("destroy", "X44");
    expect_refused("2026-06-01", 1, "op");
    begin();
    step("merge", "X44");
    expect_refused("2026-06-01", 1, "into_code");
    begin();
    merge("X44", "T66");
    PUT_FIELD(&steps[0], decree_step, name, S("Tên"));
    expect_refused("2026-06-01", 1, "name");
}

IDENTITY_TEST(decree, decree_outside_subtree)
{
    old_nation();
    harness_as(h, U(9), NATIONAL_OPERATOR, unit_id("T44"));
    rename_to("T66", "Tỉnh khác");
    expect_refused("2026-06-01", 1, "code");
    begin();
    move("X44", "T66");
    expect_refused("2026-06-01", 1, "parent_code");
    begin();
    merge("X44", "T66");
    expect_refused("2026-06-01", 1, "into_code");
    begin();
    create("X66", "T66", "commune", "Xã mới");
    expect_refused("2026-06-01", 1, "parent_code");
    begin();
    rename_to("X44", "Xã Minh Hoá mới");
    enter(1, "2026-06-01", "applied");
}

IDENTITY_TEST(decree, decree_unit_below_itself)
{
    old_nation();
    move("S44", "P44");
    enter(99, "2026-06-01", "refused");
    begin();
    merge("S44", "P44");
    enter(99, "2026-06-01", "refused");
    begin();
    merge("S44", "S44");
    expect_refused("2026-06-01", 1, "into_code");
    begin();
    move("T44", "X44");
    enter(99, "2026-06-01", "refused");
    begin();
    step("close", "VN");
    enter(99, "2026-06-01", "refused");
}

IDENTITY_TEST(decree, decree_tree_too_deep_below_what_moves)
{
    old_nation();
    char *rows = arena_printf(&h->arena, "D0,T66,department,Sở,,2025-07-01\n");
    for (int i = 1; i < 12; i++)
        rows = arena_printf(&h->arena, "%sD%d,D%d,unit,Phòng,,2025-07-01\n", rows, i, i - 1);
    import_units(rows);
    expect_counts(12, 0, 0, 0);
    create("Q1", "S44", "unit", "Phòng 1");
    create("Q2", "Q1", "unit", "Phòng 2");
    create("Q3", "Q2", "unit", "Phòng 3");
    move("D1", "Q3");
    expect_refused("2026-06-01", 4, "parent_code");
    begin();
    move("D1", "S44");
    enter(1, "2026-06-01", "applied");
}

IDENTITY_TEST(decree, decree_code_used_before)
{
    old_nation();
    create("X44", "T66", "commune", "Xã mới");
    expect_refused("2026-06-01", 1, "code");
    begin();
    recode("X44", "X45");
    enter(1, "2026-06-01", "applied");
    begin();
    create("X44", "T66", "commune", "Xã mới");
    enter(2, "2026-07-01", "refused");
    begin();
    recode("S44", "X44");
    enter(2, "2026-07-01", "refused");
    begin();
    rename_to("X44", "Tên");
    enter(2, "2026-07-01", "refused");
    cr_expect_eq(count_of("unit_version WHERE code = 'X45' AND valid_from = '2026-06-01'"), 1);
    import_units("X45,T44,commune,Xã Minh Hoá Mới,Minh Hoa Commune,2026-07-01\n");
    expect_counts(0, 1, 0, 0);
    cr_expect_eq(count_of("unit_version WHERE code = 'X45'"), 2);
    cr_expect_str_eq(way("X44", "2026-05-31"), "VN/T44/X44");
    cr_expect_str_eq(way("X45", "2026-06-01"), "VN/T44/X45");
}

IDENTITY_TEST(decree, decree_closes_unit_with_people_or_children)
{
    old_nation();
    step("close", "X44");
    expect_refused("2026-06-01", 1, "code");
    begin();
    step("close", "S44");
    expect_refused("2026-06-01", 1, "code");
    begin();
    move("X44", "T66");
    harness_sql(
        h, "UPDATE tenure SET valid_to = '2026-03-01' WHERE unit_id = (SELECT unit_id FROM unit WHERE code = 'X44')");
    step("close", "X44");
    enter(99, "2026-06-01", "refused"); /* changes on the day it would end */
    begin();
    step("close", "X44");
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(way("X44", "2026-06-01"), "");
    cr_expect_str_eq(way("X44", "2026-05-31"), "VN/T44/X44");
}

IDENTITY_TEST(decree, sent_twice_is_done_once)
{
    old_nation();
    merge("P44", "S44");
    struct decree decree = decree_of(1, "2026-06-01");
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_eq(result.people_moved, 1);
    long events = count_of("outbox");
    struct decree_report first = result;
    PUT_FIELD(&decree, decree, dry_run, false);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_eq(result.people_moved, first.people_moved);
    cr_expect_eq(result.units_changed, first.units_changed);
    cr_expect_eq(result.n_steps, 1);
    cr_expect_eq(count_of("outbox"), events);
    decree.number = S("13/NQ-HĐND");
    EXPECT_FAULT(on_org_decree(&h->ctx, &decree, &result), ERR_CONFLICT, "decree_id");
}

IDENTITY_TEST(decree, decree_of_impossible_day)
{
    old_nation();
    rename_to("S44", "Sở mới");
    struct decree decree = decree_of(1, "2099-06-01");
    EXPECT_FAULT(on_org_decree(&h->ctx, &decree, &result), ERR_RANGE, "effective_from");
    decree = decree_of(1, "2026-06-01");
    decree.issued_on = day_of("2099-01-01");
    EXPECT_FAULT(on_org_decree(&h->ctx, &decree, &result), ERR_RANGE, "issued_on");
    rename_to("S44", "Sở cũ");
    enter(1, "2020-01-01", "refused"); /* no unit was there yet */
}

IDENTITY_TEST(decree, dry_run_says_the_same_and_keeps_nothing)
{
    old_nation();
    merge("P44", "S44");
    struct decree decree = decree_of(1, "2026-06-01");
    long events = count_of("outbox");
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect(result.dry_run);
    cr_expect_eq(result.people_moved, 1);
    cr_expect_eq(result.steps[0].people, 1);
    cr_expect_eq(count_of("decree"), 0);
    cr_expect_eq(count_of("outbox"), events);
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "P44");
}

IDENTITY_TEST(decree, merge_takes_people_and_children_along)
{
    old_nation();
    create("S45", "T44", "department", "Sở mới");
    merge("S44", "S45");
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.people_moved, 1);
    cr_expect_eq(result.units_changed, 3);
    cr_expect_str_eq(way("P44", "2026-05-31"), "VN/T44/S44/P44");
    cr_expect_str_eq(way("P44", "2026-06-01"), "VN/T44/S45/P44");
    cr_expect_str_eq(place_of("Trần Thị Hoa", "2026-05-31"), "S44");
    cr_expect_str_eq(place_of("Trần Thị Hoa", "2026-06-01"), "S45");
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "P44");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT string_agg(position || leader || kind, ',') FROM tenure t JOIN person p USING"
                                 " (person_id) WHERE full_name = 'Trần Thị Hoa'"),
                     "Trưởng phòngtrueprincipal,Trưởng phòngtrueprincipal");
    cr_expect_str_eq(harness_get(h, "SELECT (SELECT max(id) FROM outbox WHERE event = 'org_changed') < (SELECT max(id)"
                                    " FROM outbox WHERE event = 'people_changed')"),
                     "t", "units are told before people");
    cr_expect_str_eq(harness_get(h, "SELECT event FROM outbox ORDER BY id DESC LIMIT 1"), "decree_applied");
    cr_expect_str_eq(harness_get(h,
                                 "SELECT string_agg(coalesce(body->>'valid_to', 'open'), ' ' ORDER BY id) FROM (SELECT"
                                 " * FROM " TOLD " ORDER BY id DESC LIMIT 2) last"),
                     "2026-06-01 open");
    cr_expect_str_eq(harness_get(h, "SELECT jsonb_array_length(body->'successors') FROM outbox WHERE event ="
                                    " 'decree_applied'"),
                     "1");
}

IDENTITY_TEST(decree, who_comes_later_comes_to_the_new_unit)
{
    old_nation();
    harness_sql(h,
                "UPDATE tenure SET valid_from = '2026-09-01', valid_to = '2026-10-01' WHERE unit_id = (SELECT unit_id"
                " FROM unit WHERE code = 'P44')");
    merge("P44", "S44");
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-09-01"), "S44");
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-10-01"), "");
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-08-31"), "");
}

IDENTITY_TEST(decree, who_works_in_two_units_goes_along_in_each)
{
    old_nation();
    harness_sql(h,
                "INSERT INTO tenure (tenure_id, person_id, unit_id, position, leader, kind, valid_from) SELECT uuid7(),"
                " person_id, u.unit_id, 'Kiêm nhiệm', true, 'concurrent', '2026-02-01' FROM person, unit u WHERE"
                " full_name = 'Lê Văn Nam' AND u.code = 'X44'");
    create("X45", "T44", "commune", "Xã mới");
    merge("X44", "X45");
    merge("P44", "S44");
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.people_moved, 3);
    cr_expect_str_eq(harness_get(h,
                                 "SELECT string_agg(u.code || t.kind || t.leader, ' ' ORDER BY u.code) FROM tenure t"
                                 " JOIN person USING (person_id) JOIN unit u USING (unit_id) WHERE full_name = 'Lê Văn"
                                 " Nam' AND t.valid_to IS NULL AND from_tenure IS NOT NULL"),
                     "S44principalfalse X45concurrenttrue");
}

IDENTITY_TEST(decree, units_merged_in_a_row_end_in_the_last)
{
    old_nation();
    merge("P44", "S44");
    create("S45", "T44", "department", "Sở mới");
    merge("S44", "S45");
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "S45");
    cr_expect_str_eq(place_of("Trần Thị Hoa", "2026-06-01"), "S45");
    cr_expect_eq(count_of("tenure"), 5 + 2);
}

IDENTITY_TEST(decree, split_goes_into_parts)
{
    old_nation();
    create("S45", "T44", "department", "Sở A");
    create("S46", "T44", "department", "Sở B");
    move("P44", "S45");
    split("S44", "S45", "S46", "S46");
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(way("P44", "2026-06-01"), "VN/T44/S45/P44");
    cr_expect_str_eq(place_of("Trần Thị Hoa", "2026-06-01"), "S46");
    cr_expect_eq(count_of("unit_change WHERE op = 'split'"), 2);
    begin();
    create("S47", "T44", "department", "Sở C");
    split("S46", "S45", "S47", "X44");
    enter(2, "2026-07-01", "refused");
}

IDENTITY_TEST(decree, future_decree_leaves_today_as_it_is)
{
    old_nation();
    const char *day = harness_get(h, "SELECT today() + 365"), *eve = harness_get(h, "SELECT today() + 364");
    create("X45", "T44", "commune", "Xã mới");
    merge("X44", "X45");
    enter(1, day, "applied");
    cr_expect_str_eq(place_of("Phạm Thị Mai", eve), "X44");
    cr_expect_str_eq(place_of("Phạm Thị Mai", day), "X45");
    cr_expect_str_eq(way("X44", eve), "VN/T44/X44");
    cr_expect_str_eq(way("X44", day), "");
    cr_expect_eq(count_of("unit_now WHERE code = 'X44'"), 1);
    cr_expect_eq(count_of("unit_now WHERE code = 'X45'"), 0);
    begin();
    step("close", "X44");
    enter(2, eve, "refused"); /* another decree has set its end */
}

IDENTITY_TEST(decree, decrees_may_come_in_another_order_than_their_days)
{
    old_nation();
    rename_to("S44", "Sở Nội vụ và Lao động");
    enter(1, "2026-08-01", "applied");
    begin();
    move("S44", "T66");
    enter(2, "2026-06-01", "applied");
    begin();
    rename_to("S44", "Sở Tổ chức");
    enter(3, "2026-05-01", "applied");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(name || right(decree_id::text, 1), '|' ORDER BY valid_from) FROM"
                                    " unit_version WHERE code = 'S44' AND decree_id IS NOT NULL"),
                     "Sở Tổ chức3|Sở Tổ chức3|Sở Nội vụ và Lao động2");
    cr_expect_str_eq(way("P44", "2026-05-31"), "VN/T44/S44/P44");
    cr_expect_str_eq(way("P44", "2026-06-01"), "VN/T66/S44/P44");
    begin();
    merge("S44", "T66");
    enter(4, "2026-07-01", "refused"); /* it changes later */
}

IDENTITY_TEST(decree, is_shown_with_what_became_of_which_unit)
{
    old_nation();
    create("S45", "T44", "department", "Sở mới");
    merge("S44", "S45");
    enter(1, "2026-06-01", "applied");
    begin();
    rename_to("X44", "Xã khác");
    enter(2, "2026-07-01", "applied");
    struct decree_list list = {0};
    struct decree_query query = {0};
    cr_assert_eq(settled(on_decrees(&h->ctx, &query, &list)), 0);
    cr_assert_eq(list.n_decrees, 2);
    struct uuid second = U(2), first = U(1);
    cr_expect(uuid_equal(&list.decrees[0].decree_id, &second));
    PUT_FIELD(&query, decree_query, unit_code, S("S44"));
    cr_assert_eq(settled(on_decrees(&h->ctx, &query, &list)), 0);
    cr_assert_eq(list.n_decrees, 1);
    cr_expect(uuid_equal(&list.decrees[0].decree_id, &first));
    struct decree_shown shown = {0};
    cr_assert_eq(settled(on_decree_get(&h->ctx, &(struct decree_key){.decree_id = first}, &shown)), 0);
    cr_expect_eq(shown.n_steps, 2);
    cr_assert_eq(shown.n_changes, 2);
    cr_expect(HAS(&shown.changes[1], unit_change, old_code) && shown.changes[1].old_code.p[1] == '4');
    EXPECT_FAULT(on_decree_get(&h->ctx, &(struct decree_key){.decree_id = U(77)}, &shown), ERR_NOT_FOUND, "decree_id");
    cr_expect_eq(count_of("audit WHERE action = 'decree_applied'"), 2);
}

/* The job, as its thread runs it: with an arena of its own. */
static void run_job(void)
{
    struct arena own, *arena = h->ctx.arena;
    struct uuid scope = h->ctx.scope[0];
    uint32_t n_scope = h->ctx.n_scope;
    arena_init(&own, 64u << 20);
    h->ctx.arena = &own;
    h->ctx.n_scope = 0;
    int code = settled(decrees_run(&h->ctx));
    h->ctx.arena = arena;
    h->ctx.scope[0] = scope;
    h->ctx.n_scope = n_scope;
    arena_release(&own);
    cr_assert_eq(code, 0, "code %d", code);
}

IDENTITY_TEST(decree, of_very_many_people_is_carried_out_beside_the_calls)
{
    old_nation();
    conf.decree_people_at_once = 0;
    merge("P44", "S44");
    struct decree decree = decree_of(1, "2026-06-01");
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_eq(result.people_moved, 1);
    cr_expect_eq(count_of("decree"), 0);
    enter(1, "2026-06-01", "waiting");
    cr_expect_eq(result.people_moved, 1);
    cr_expect_gt(h->ctx.retry_ms, 0);
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "P44");
    enter(1, "2026-06-01", "waiting");
    struct decree_shown shown = {0};
    cr_assert_eq(settled(on_decree_get(&h->ctx, &(struct decree_key){.decree_id = U(1)}, &shown)), 0);
    cr_expect(HAS(&shown, decree_shown, people_done));
    run_job();
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "S44");
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.people_moved, 1);
    cr_expect_eq(result.n_steps, 1);
    cr_expect_eq(harness_events(h, "decree_applied"), 1);
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(action, ' ' ORDER BY n) FROM audit WHERE action LIKE 'decree%%'"
                                    " AND actor = (SELECT entered_by FROM decree)"),
                     "decree_waits decree_applied");
    run_job();
    cr_expect_eq(harness_events(h, "decree_applied"), 1);
}

/* The lock is held by the other session of the test, as an import holds it for minutes. */
IDENTITY_TEST(decree, job_without_a_decree_does_not_wait_for_an_import)
{
    old_nation();
    harness_sql(h, "SELECT pg_advisory_lock(hashtext('identity.import'))");
    run_job();
    harness_sql(h, "SELECT pg_advisory_unlock(hashtext('identity.import'))");
    conf.decree_people_at_once = 0;
    merge("P44", "S44");
    enter(1, "2026-06-01", "waiting");
    run_job();
    enter(1, "2026-06-01", "applied");
}

IDENTITY_TEST(decree, decree_that_waited_too_long_is_refused_as_a_whole)
{
    old_nation();
    conf.decree_people_at_once = 0;
    rename_to("S44", "Sở mới");
    merge("P44", "S44");
    enter(1, "2026-06-01", "waiting");
    conf.decree_people_at_once = 50000;
    begin();
    merge("P44", "X44");
    enter(2, "2026-06-01", "applied");
    run_job();
    enter(2, "2026-06-01", "applied");
    cr_expect_str_eq(
        harness_get(h, "SELECT state FROM decree WHERE decree_id = '00000000-0000-0000-0000-000000000001'"), "refused");
    cr_expect_str_eq(harness_get(h, "SELECT string_agg(nr || ' ' || refused, ',' ORDER BY nr) FROM decree_step WHERE"
                                    " decree_id = '00000000-0000-0000-0000-000000000001'"),
                     "1 false,2 true");
    cr_expect_eq(count_of("unit_version WHERE name = 'Sở mới'"), 0);
    cr_expect_str_eq(place_of("Lê Văn Nam", "2026-06-01"), "X44");
}

/* --- duties that come together --- */

static void give(uint32_t id, const char *person, const char *role, const char *unit)
{
    struct role_change req = {.grant_id = U(id),
                              .person_id = person_id(person),
                              .role = S(role),
                              .unit_id = unit_id(unit),
                              .reason = S("Quyết định 12/QĐ")};
    struct accepted accepted;
    cr_assert_eq(settled(on_role_grant(&h->ctx, &req, &accepted)), 0, "%s", h->ctx.fault.field);
}

/* `role unit + role unit since day` of each pair of the last result. */
static const char *clashes(void)
{
    const char *text = "";
    for (uint32_t i = 0; i < result.n_clashes; i++) {
        const struct decree_clash *c = &result.clashes[i];
        char day[DATE_TEXT];
        date_format(c->from, day);
        text = arena_printf(&h->arena, "%s%.*s %.*s + %.*s %.*s since %s", text, (int)c->role.n, c->role.p,
                            (int)c->unit_code.n, c->unit_code.p, (int)c->other_role.n, c->other_role.p,
                            (int)c->other_code.n, c->other_code.p, day);
    }
    return text;
}

/* Nam writes for the office and judges for the commune; whoever merges the department into the commune brings that
 * together. */
static void two_duties(void)
{
    old_nation();
    give(501, "Lê Văn Nam", "editor", "P44");
    give(502, "Lê Văn Nam", "reviewer", "X44");
    give(503, "Trần Thị Hoa", "editor", "P44");
    give(504, "Trần Thị Hoa", "exam_officer", "X44");
    merge("S44", "X44");
}

IDENTITY_TEST(decree, duties_that_exclude_each_other_come_together_and_are_told)
{
    two_duties();
    struct decree decree = decree_of(1, "2026-06-01");
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    const char *told = clashes();
    char today[DATE_TEXT];
    date_format((int32_t)strtol(harness_get(h, "SELECT today() - date '1970-01-01'"), NULL, 10), today);
    cr_expect_str_eq(told, arena_printf(&h->arena, "editor P44 + reviewer X44 since %s", today));
    cr_expect_eq(count_of("decree_clash"), 0);
    /* It is carried out nevertheless, and says the same again when it is sent again. */
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(clashes(), told);
    struct uuid nam = person_id("Lê Văn Nam");
    cr_expect(uuid_equal(&result.clashes[0].person_id, &nam));
    enter(1, "2026-06-01", "applied");
    cr_expect_str_eq(clashes(), told);
    cr_expect_eq(count_of("role_grant WHERE revoked_at IS NOT NULL"), 0);
    cr_expect_str_eq(harness_get(h, "SELECT detail->>'clashes' FROM audit WHERE action = 'decree_applied'"), "1");
    struct decree_shown shown = {0};
    cr_assert_eq(settled(on_decree_get(&h->ctx, &(struct decree_key){.decree_id = U(1)}, &shown)), 0);
    cr_expect_eq(shown.clashes, 1);
    /* The next decree does not bring together what is together. */
    begin();
    rename_to("X44", "Xã mới");
    enter(2, "2026-07-01", "applied");
    cr_expect_eq(result.n_clashes, 0);
}

/* Another decree of the same day, and one of an earlier day that is entered later, find the pair together; one that is
 * entered later and brings it together sooner tells of it. */
IDENTITY_TEST(decree, duties_are_told_by_the_decree_that_brought_them_together)
{
    two_duties();
    const char *day = harness_get(h, "SELECT today() + 30");
    enter(1, day, "applied");
    cr_expect_str_eq(clashes(), arena_printf(&h->arena, "editor P44 + reviewer X44 since %s", day));
    begin();
    rename_to("X44", "Xã mới");
    enter(2, day, "applied");
    cr_expect_eq(result.n_clashes, 0, "the same day");
    begin();
    rename_to("T66", "Tỉnh mới");
    enter(3, harness_get(h, "SELECT today() - 30"), "applied");
    cr_expect_eq(result.n_clashes, 0, "a day on which they are apart");
    begin();
    const char *sooner = harness_get(h, "SELECT today() + 10");
    move("P44", "X44");
    enter(4, sooner, "applied");
    cr_expect_str_eq(clashes(), arena_printf(&h->arena, "editor P44 + reviewer X44 since %s", sooner));
    begin();
    rename_to("T44", "Tỉnh mới nữa");
    enter(5, "2026-02-01", "applied");
    cr_expect_eq(result.n_clashes, 0);
    cr_expect_eq(count_of("decree_clash"), 2);
}

/* Of a past day, with the pair together today: a decree for an earlier day has not brought it together. */
IDENTITY_TEST(decree, duties_that_are_together_are_not_told_by_an_earlier_day)
{
    two_duties();
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.n_clashes, 1);
    begin();
    rename_to("T66", "Tỉnh mới");
    enter(2, "2026-03-01", "applied");
    cr_expect_eq(result.n_clashes, 0);
    cr_expect_eq(count_of("decree_clash"), 1);
}

IDENTITY_TEST(decree, duties_of_a_decree_that_is_carried_out_later)
{
    two_duties();
    conf.decree_people_at_once = 0;
    struct decree decree = decree_of(1, "2026-06-01");
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_eq(result.n_clashes, 1);
    cr_expect_eq(result.people_moved, 1);
    cr_expect_eq(count_of("unit_change"), 0);
    enter(1, "2026-06-01", "waiting");
    cr_expect_eq(result.n_clashes, 0);
    run_job();
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.n_clashes, 1);
}

IDENTITY_TEST(decree, duties_that_stay_apart_are_not_told)
{
    two_duties();
    /* Taken away, or over before that day: nothing comes together. */
    harness_sql(h, "UPDATE role_grant SET revoked_at = now(), revoke_reason = 'x' WHERE role = 'reviewer'");
    enter(1, "2026-06-01", "applied");
    cr_expect_eq(result.n_clashes, 0);
    begin();
    give(505, "Hồ Văn Sơn", "editor", "T66");
    give(506, "Hồ Văn Sơn", "reviewer", "X44");
    harness_sql(h, "UPDATE role_grant SET valid_to = today() + 30 WHERE role = 'reviewer' AND revoked_at IS NULL");
    move("X44", "T66");
    const char *later = harness_get(h, "SELECT today() + 30");
    struct decree decree = decree_of(2, later);
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_eq(result.n_clashes, 0);
    const char *sooner = harness_get(h, "SELECT today() + 29");
    decree = decree_of(2, sooner);
    PUT_FIELD(&decree, decree, dry_run, true);
    cr_assert_eq(enter_code(&decree), 0);
    cr_expect_str_eq(clashes(), arena_printf(&h->arena, "editor T66 + reviewer X44 since %s", sooner));
}

IDENTITY_TEST(decree, privileges_are_as_meant)
{
    cr_expect(!harness_allowed(h, "DELETE FROM decree"));
    cr_expect(!harness_allowed(h, "UPDATE decree SET number = 'x'"));
    cr_expect(!harness_allowed(h, "UPDATE unit_change SET op = 'move'"));
    cr_expect(!harness_allowed(h, "UPDATE decree_step SET people = 0"));
}
