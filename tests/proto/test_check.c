/*
 * test_check.c - a request put together as the gateway does it: path, query, body, then the whole.
 */
#include "samples.h"

#include <criterion/criterion.h>

enum { MEMORY = 1 << 16 };

static struct span text(const char *s)
{
    return (struct span){s, (uint32_t)strlen(s)};
}

static const struct field *named(const struct msg *desc, const char *name)
{
    const struct field *field = msg_field(desc, name, strlen(name));
    cr_assert_not_null(field, "%s", name);
    return field;
}

Test(check, path_then_body_then_whole)
{
    struct arena arena;
    struct fault fault = {0};
    struct answer_save out = {0};
    uint64_t seen = 0;
    const struct msg *desc = &msg_answer_save;
    arena_init(&arena, MEMORY);
    cr_assert_eq(msg_set_text(desc, named(desc, "attempt_id"), &out, &seen, &arena,
                              text("0192f3a4-b5c6-7d8e-9f01-23456789abcd"), &fault),
                 0);
    cr_assert_eq(msg_set_text(desc, named(desc, "position"), &out, &seen, &arena, text("17"), &fault), 0);
    cr_assert_eq(msg_check_seen(desc, seen, &fault), ERR_MISSING);
    cr_assert_str_eq(fault.field, "revision");
    cr_assert_eq(msg_merge_json(desc, &out, &seen, &arena, text("{\"revision\":3,\"response\":\"2\"}"), &fault), 0);
    cr_assert_eq(msg_check_seen(desc, seen, &fault), 0);
    cr_assert_eq(out.position, 17);
    cr_assert_eq(out.revision, 3);
    cr_assert_eq(*out.response.p, '2');
    arena_release(&arena);
}

Test(check, a_member_of_the_path_may_not_stand_in_the_body_too)
{
    struct arena arena;
    struct fault fault = {0};
    struct answer_save out = {0};
    uint64_t seen = 0;
    const struct msg *desc = &msg_answer_save;
    arena_init(&arena, MEMORY);
    cr_assert_eq(msg_set_text(desc, named(desc, "position"), &out, &seen, &arena, text("17"), &fault), 0);
    cr_assert_eq(msg_set_text(desc, named(desc, "position"), &out, &seen, &arena, text("17"), &fault), ERR_TWICE);
    cr_assert_str_eq(fault.field, "position");
    cr_assert_eq(msg_merge_json(desc, &out, &seen, &arena, text("{\"position\":18}"), &fault), ERR_TWICE);
    cr_assert_eq(out.position, 17);
    cr_assert_eq(msg_merge_json(desc, &out, &seen, &arena, text(""), &fault), 0);
    arena_release(&arena);
}

Test(check, optional_members_are_marked)
{
    struct arena arena;
    struct fault fault = {0};
    struct unit_query out = {0};
    uint64_t seen = 0;
    const struct msg *desc = &msg_unit_query;
    arena_init(&arena, MEMORY);
    cr_assert_eq(msg_set_text(desc, named(desc, "as_of"), &out, &seen, &arena, text("2026-06-30"), &fault), 0);
    cr_assert(HAS(&out, unit_query, as_of));
    cr_assert_not(HAS(&out, unit_query, code));
    cr_assert_eq(msg_merge_json(desc, &out, &seen, &arena, text("{\"code\":\"44\"}"), &fault), 0);
    cr_assert(HAS(&out, unit_query, code));
    cr_assert(HAS(&out, unit_query, as_of));
    arena_release(&arena);
}

Test(check, text_of_every_type)
{
    static const struct {
        const char *field, *text;
        int code;
    } rows[] = {
        {"flag", "true", 0},
        {"flag", "false", 0},
        {"flag", "True", ERR_TYPE},
        {"flag", "1", ERR_TYPE},
        {"flag", "", ERR_TYPE},
        {"u8", "255", 0},
        {"u8", "256", ERR_RANGE},
        {"u8", "-1", ERR_RANGE},
        {"u8", "1.0", ERR_TYPE},
        {"u8", "", ERR_TYPE},
        {"u8", " 1", ERR_TYPE},
        {"u16", "65536", ERR_RANGE},
        {"u32", "4294967296", ERR_RANGE},
        {"u64", "9223372036854775807", 0},
        {"u64", "9223372036854775808", ERR_RANGE},
        {"i64", "-9223372036854775808", 0},
        {"i64", "-9223372036854775809", ERR_RANGE},
        {"i64", "-0", ERR_TYPE},
        {"str", "Quảng Trị", 0},
        {"str", "", 0},
        {"str", "\xff", ERR_TYPE},
        {"last", "", ERR_RANGE},
        {"last", "12345678901234567890123456789012345678901", ERR_RANGE},
        {"bin", "Zm9v", 0},
        {"bin", "Zm9vY", ERR_TYPE},
        {"bin", "Zm9+", ERR_TYPE},
        {"uuid", "0192f3a4-b5c6-7d8e-9f01-23456789abcd", 0},
        {"uuid", "0192f3a4", ERR_TYPE},
        {"time", "2026-11-22T02:46:13Z", 0},
        {"time", "2026-11-22", ERR_TYPE},
        {"date", "2026-11-22", 0},
        {"date", "2026-11-31", ERR_TYPE},
        {"rows", "[]", ERR_TYPE},
        {"rows", "", ERR_TYPE},
    };
    struct arena arena;
    arena_init(&arena, MEMORY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sample_wide out = {0};
        struct fault fault = {0};
        uint64_t seen = 0;
        const struct field *field = named(&msg_sample_wide, rows[i].field);
        int code = msg_set_text(&msg_sample_wide, field, &out, &seen, &arena, text(rows[i].text), &fault);
        cr_assert_eq(code, rows[i].code, "%s=%s: code %d", rows[i].field, rows[i].text, code);
        cr_assert_eq(seen, code ? 0 : UINT64_C(1) << field->number);
        cr_assert_eq(out.has, seen);
        if (code)
            cr_assert_str_eq(fault.field, rows[i].field);
    }
    arena_release(&arena);
}

/* What was set from text lives in the arena, for the request line is gone before the call is sent. */
Test(check, text_is_copied)
{
    struct arena arena;
    struct fault fault;
    struct sample_wide out = {0};
    uint64_t seen = 0;
    char line[] = "abc";
    arena_init(&arena, MEMORY);
    cr_assert_eq(
        msg_set_text(&msg_sample_wide, named(&msg_sample_wide, "str"), &out, &seen, &arena, text(line), &fault), 0);
    line[0] = 'x';
    cr_assert_eq(memcmp(out.str.p, "abc", 3), 0);
    arena_release(&arena);
    arena_init(&arena, 8);
    seen = 0;
    cr_assert_eq(msg_set_text(&msg_sample_wide, named(&msg_sample_wide, "str"), &out, &seen, &arena,
                              text("too long for it"), &fault),
                 ERR_TOO_LARGE);
    arena_release(&arena);
}

/* The fault of a row of a list names the row's field. */
Test(check, faults_inside_lists)
{
    struct quota quotas[2] = {{.skill_group = SPAN("A"), .items = 5}, {.skill_group = SPAN("B"), .items = 0}};
    struct blueprint_draft draft = {.code = SPAN("MT"), .quotas = quotas, .n_quotas = 2};
    struct fault fault = {0};
    cr_assert_eq(msg_check(&msg_blueprint_draft, &draft, &fault), ERR_RANGE);
    cr_assert_str_eq(fault.field, "items");
    quotas[1].items = 5;
    cr_assert_eq(msg_check(&msg_blueprint_draft, &draft, &fault), 0);
    quotas[1].skill_group = SPAN("");
    cr_assert_eq(msg_check(&msg_blueprint_draft, &draft, &fault), ERR_RANGE);
    cr_assert_str_eq(fault.field, "skill_group");
}

/* An optional member that is absent is not looked at, whatever stands in the struct. */
Test(check, absent_members_are_not_checked)
{
    struct unit_query query = {.code = {NULL, 99999}};
    struct fault fault = {0};
    cr_assert_eq(msg_check(&msg_unit_query, &query, &fault), 0);
    query.has = UINT64_C(1) << HAS_unit_query_code;
    cr_assert_eq(msg_check(&msg_unit_query, &query, &fault), ERR_RANGE);
}
