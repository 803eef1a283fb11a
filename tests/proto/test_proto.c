/*
 * test_proto.c - the tables: look-ups, sizes, and that every declaration keeps the rules of lint.c.
 */
#include "lint.h"
#include "samples.h"

#include <criterion/criterion.h>

Test(proto, every_declaration_keeps_the_rules)
{
    struct buf said;
    buf_init(&said, 1 << 20);
    size_t faults = proto_check(&said);
    cr_assert_eq(faults, 0, "%.*s", (int)said.n, said.p);
    cr_assert_eq(said.n, 0);
    buf_release(&said);
}

Test(proto, rows_are_found_by_number)
{
    size_t methods = 0, events = 0;
    for (uint32_t number = 0; number <= UINT16_MAX; number++) {
        const struct method *m = method_find((uint16_t)number);
        const struct event *e = event_find((uint16_t)number);
        cr_assert(!m || m->number == number);
        cr_assert(!e || e->number == number);
        methods += m != NULL;
        events += e != NULL;
    }
    cr_assert_eq(methods, proto_n_methods);
    cr_assert_eq(events, proto_n_events);
    cr_assert_eq(method_find(M_answer_save)->in, &msg_answer_save);
    cr_assert_eq(method_find(M_answer_save)->out, &msg_answer_receipt);
    cr_assert_eq(method_find(M_answer_save)->batch, 256);
    cr_assert_eq(method_find(M_attempt_get)->batch, 0);
    cr_assert_str_eq(event_find(E_attempt_graded)->name, "attempt_graded");
}

Test(proto, rows_are_found_by_name)
{
    for (size_t i = 0; i < proto_n_msgs; i++)
        cr_assert_eq(msg_find(proto_msgs[i]->name), proto_msgs[i]);
    cr_assert_null(msg_find("no_such_message"));
    for (size_t i = 0; i < proto_n_services; i++) {
        cr_assert_eq(service_find_name(proto_services[i].name), &proto_services[i]);
        cr_assert_eq(service_find(proto_services[i].number), &proto_services[i]);
    }
    cr_assert_null(service_find(0));
    cr_assert_null(service_find_name("gateway"));
    cr_assert_eq(service_find(SERVICE_assessment)->number, 4);
    for (size_t i = 0; i < proto_n_roles; i++)
        cr_assert_eq(role_find_name(proto_roles[i].name, strlen(proto_roles[i].name)), &proto_roles[i]);
    cr_assert_null(role_find_name("editors", 7));
    cr_assert_eq(role_find_name("editors", 6)->bit, EDITOR);
    cr_assert_null(role_find_name("edit", 4));
    cr_assert_null(msg_field(&msg_answer_save, "position", 7));
    cr_assert_eq(msg_field(&msg_answer_save, "positions", 8)->number, 2);
}

Test(proto, errors_have_small_names_and_a_row_for_every_code)
{
    cr_assert_str_eq(err_find(ERR_NOT_ON_ROSTER)->name, "not_on_roster");
    cr_assert_str_eq(err_find(ERR_SYNTAX)->name, "syntax");
    cr_assert_eq(err_find(ERR_BUSY)->status, 503);
    cr_assert_eq(err_find(9999)->code, ERR_INTERNAL);
    cr_assert_eq(err_find(ERR_NONE)->code, ERR_INTERNAL);
    for (size_t i = 0; i < proto_n_errors; i++) {
        const struct err_row *row = &proto_errors[i];
        cr_assert_eq(err_find(row->code), row);
        cr_assert_eq(err_find_name(row->name, strlen(row->name)), row);
    }
    cr_assert_null(err_find_name("STATE", 5));
}

Test(proto, offsets_are_those_of_the_structs)
{
    const struct field *f = msg_field(&msg_answer_save, "response", 8);
    cr_assert_eq(f->offset, offsetof(struct answer_save, response));
    cr_assert_eq(f->max, 8192);
    cr_assert_eq(msg_answer_save.size, sizeof(struct answer_save));
    f = msg_field(&msg_blueprint_draft, "quotas", 6);
    cr_assert_eq(f->offset_n, offsetof(struct blueprint_draft, n_quotas));
    cr_assert_eq(f->sub, &msg_quota);
    cr_assert_eq(HAS_blueprint_draft_quotas, f->number);
}

Test(proto, largest_messages_bound_all)
{
    size_t most = proto_max_packed();
    for (size_t i = 0; i < proto_n_methods; i++) {
        cr_assert_leq(msg_max_packed(proto_methods[i].in), most);
        cr_assert_leq(msg_max_packed(proto_methods[i].out), most);
    }
    cr_assert_eq(msg_max_packed(&msg_answer_save), 1 + 1 + 18 + 1 + 2 + 1 + 5 + 1 + 3 + 8192);
}

/* Rules: one message, method or event with one fault each. */

#define F(number, type, need, name, min, max, doc)                                                                     \
    {                                                                                                                  \
        number, type, need, name, min, max, 0, 0, NULL, doc                                                            \
    }

static void one_fault(size_t faults, struct buf *said, const char *words)
{
    buf_add_char(said, '\0');
    cr_assert_eq(faults, 1, "%zu faults, wanted: %s; said: %s", faults, words, said->p);
    cr_assert_not_null(strstr(said->p, words), "wanted: %s; said: %s", words, said->p);
    buf_clear(said);
}

Test(lint, messages)
{
    static const struct msg *const row = &msg_sample_row;
    const struct {
        struct field fields[2];
        uint8_t n;
        const char *words;
    } cases[] = {
        {{F(0, T_U8, true, "a", 0, 9, "A.")}, 1, "within 1 to 63"},
        {{F(64, T_U8, true, "a", 0, 9, "A.")}, 1, "within 1 to 63"},
        {{F(1, T_U8, true, "a", 5, 4, "A.")}, 1, "least is above"},
        {{F(1, T_U8, true, "a", 0, 9, "A")}, 1, "full stop"},
        {{F(1, T_U8, true, "a", 0, 9, "")}, 1, "full stop"},
        {{F(1, T_U8, true, "a", 0, 256, "A.")}, 1, "can hold"},
        {{F(1, T_U16, true, "a", -1, 9, "A.")}, 1, "can hold"},
        {{F(1, T_STR, true, "a", -1, 9, "A.")}, 1, "can hold"},
        {{F(1, T_STR, true, "a", 0, INT64_MAX, "A.")}, 1, "can hold"},
        {{F(1, T_STR, true, "a", 0, 0, "A.")}, 1, "nothing fits"},
        {{F(1, T_UUID, true, "a", 0, 16, "A.")}, 1, "no bounds"},
        {{F(1, T_TIME, true, "a", 1, 1, "A.")}, 1, "no bounds"},
        {{F(1, T_U8, true, "A", 0, 9, "A.")}, 1, "no name"},
        {{F(1, T_U8, true, "has", 0, 9, "A.")}, 1, "no name"},
        {{F(1, T_U8, true, "a", 0, 9, "A."), F(1, T_U8, true, "b", 0, 9, "B.")}, 2, "must go up"},
        {{F(2, T_U8, true, "a", 0, 9, "A."), F(1, T_U8, true, "b", 0, 9, "B.")}, 2, "must go up"},
        {{F(1, T_U8, true, "a", 0, 9, "A."), F(2, T_U8, true, "a", 0, 9, "B.")}, 2, "twice"},
        {{{1, T_LIST, false, "a", 1, 9, 0, 0, row, "A."}}, 1, "must allow no rows"},
        {{{1, T_LIST, true, "a", 0, 9, 0, 0, &msg_sample_node, "A."}}, 1, "nest deeper"},
        {{F(1, T_U8, true, "a", 0, 9, "A.")}, 0, "has no field"},
    };
    struct buf said;
    buf_init(&said, 10000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct msg msg = {"m", "A message.", 100, cases[i].fields, cases[i].n};
        one_fault(lint_message(&msg, &said), &said, cases[i].words);
    }
    static const struct field fine[] = {F(1, T_U8, true, "a", 0, 9, "A."),
                                        F(63, T_I64, false, "b", INT64_MIN, INT64_MAX, "B.")};
    struct msg msg = {"m", "A message.", 100, fine, 2};
    cr_assert_eq(lint_message(&msg, &said), 0);
    msg.doc = "No stop";
    one_fault(lint_message(&msg, &said), &said, "full stop");
    buf_release(&said);
}

Test(lint, methods)
{
    static const struct msg *const save = &msg_answer_save, *const none = &msg_empty;
    const struct {
        struct method method;
        const char *words;
    } cases[] = {
        {{0x0901, 0, "m", GET, "/v1/m", LEARNER, none, none, "M."}, "no service"},
        {{0x0480, 0, "m", GET, "/v1/m", LEARNER, none, none, "M."}, "not a method's"},
        {{0x0400, 0, "m", GET, "/v1/m", LEARNER, none, none, "M."}, "not a method's"},
        {{0x0401, 0, "m", GET, "/v1/m", LEARNER, none, none, "M"}, "full stop"},
        {{0x0401, 0, "M", GET, "/v1/m", LEARNER, none, none, "M."}, "no name"},
        {{0x0401, 0, "m", GET, "/v2/m", LEARNER, none, none, "M."}, "/v1/"},
        {{0x0401, 0, "m", GET, "/v1/m", 0x1000, none, none, "M."}, "roles.def"},
        {{0x0401, 0, "m", GET, "/v1/m", LOGGED_IN | LEARNER, none, none, "M."}, "stands alone"},
        {{0x0401, 5000, "m", GET, "/v1/m", LEARNER, none, none, "M."}, "batch"},
        {{0x0401, 0, "m", INTERNAL, "/v1/m", PUBLIC, none, none, "M."}, "no path"},
        {{0x0401, 0, "m", INTERNAL, "", LEARNER, none, none, "M."}, "PUBLIC"},
        {{0x0401, 0, "m", POST, "/v1/{attempt}/m", LEARNER, save, none, "M."}, "no field"},
        {{0x0401, 0, "m", POST, "/v1/{response}/m", LEARNER, save, none, "M."}, "may be empty"},
        {{0x0401, 0, "m", POST, "/v1/{code}/m", LEARNER, &msg_unit_query, none, "M."}, "required single"},
        {{0x0401, 0, "m", POST, "/v1/{quotas}/m", LEARNER, &msg_blueprint_draft, none, "M."}, "required single"},
        {{0x0401, 0, "m", GET, "/v1/m", LEARNER, &msg_policy_draft, none, "M."}, "a list"},
        {{0x0401, 0, "m", DELETE, "/v1/m", LEARNER, &msg_policy_draft, none, "M."}, "a list"},
    };
    struct buf said;
    buf_init(&said, 10000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        one_fault(lint_method(&cases[i].method, &said), &said, cases[i].words);
    buf_release(&said);
}

Test(lint, methods_beside_each_other)
{
    static const struct msg *const none = &msg_empty, *const ref = &msg_attempt_ref, *const query = &msg_policy_query;
    struct buf said;
    buf_init(&said, 10000);
    struct method two[2] = {{0x0401, 0, "a", GET, "/v1/{attempt_id}/x", LEARNER, ref, none, "M."},
                            {0x0402, 0, "b", PUT, "/v1/{programme_id}/x", LEARNER, query, none, "M."}};
    cr_assert_eq(lint_methods(two, 2, &said), 0);
    two[1].verb = GET;
    one_fault(lint_methods(two, 2, &said), &said, "share the route");
    two[1].path = "/v1/{programme_id}/y";
    two[1].number = 0x0401;
    one_fault(lint_methods(two, 2, &said), &said, "share the number");
    two[1].number = 0x0402;
    two[1].name = "a";
    one_fault(lint_methods(two, 2, &said), &said, "twice");
    buf_release(&said);
}

Test(lint, events)
{
    static const struct msg *const fact = &msg_grade_fact;
    struct buf said;
    buf_init(&said, 10000);
    struct event event = {0x0481, "e", fact, "E."};
    cr_assert_eq(lint_event(&event, &said), 0);
    event.number = 0x0401;
    one_fault(lint_event(&event, &said), &said, "not an event's");
    event.number = 0x0981;
    one_fault(lint_event(&event, &said), &said, "no service");
    event = (struct event){0x0481, "e", fact, "E"};
    one_fault(lint_event(&event, &said), &said, "full stop");
    event = (struct event){0x0481, "e", &msg_items_file, "E."};
    one_fault(lint_event(&event, &said), &said, "bytes");
    const struct event two[] = {{0x0481, "a", fact, "E."}, {0x0481, "b", fact, "E."}};
    one_fault(lint_events(two, 2, &said), &said, "share the number");
    buf_release(&said);
}

Test(lint, path_parameters)
{
    const char *at = "/v1/programmes/{version_id}/lessons/{position}";
    struct span name = {NULL, 0};
    cr_assert(path_parameter(&at, &name));
    cr_assert_eq(name.n, 10);
    cr_assert_eq(memcmp(name.p, "version_id", 10), 0);
    cr_assert(path_parameter(&at, &name));
    cr_assert_eq(memcmp(name.p, "position", 8), 0);
    cr_assert_not(path_parameter(&at, &name));
    at = "/v1/{open";
    cr_assert_not(path_parameter(&at, &name));
    const struct method *save = method_find(M_answer_save);
    cr_assert(method_has_parameter(save, msg_field(save->in, "position", 8)));
    cr_assert_not(method_has_parameter(save, msg_field(save->in, "revision", 8)));
}

Test(roles, a_method_for_the_nation_asks_for_a_grant_of_the_nation)
{
    struct grant part = {.roles = EDITOR | LEARNER}, whole = {.roles = EDITOR | NATIONAL};
    cr_expect_eq(grant_allows(&part, EDITOR | REVIEWER), EDITOR);
    cr_expect_eq(grant_allows(&part, EDITOR | NATIONAL), 0);
    cr_expect_eq(grant_allows(&whole, EDITOR | NATIONAL), EDITOR);
    cr_expect_eq(grant_allows(&whole, REVIEWER | NATIONAL), 0);
    cr_expect_eq(grant_allows(&whole, EDITOR), EDITOR);
    cr_expect_eq(grant_allows(&part, NATIONAL), 0);
    /* What holds for the whole nation, by the declarations. */
    cr_expect(method_find(M_policy_create)->roles & NATIONAL);
    cr_expect(method_find(M_items)->roles & NATIONAL);
    cr_expect(method_find(M_version_approve)->roles & NATIONAL);
    cr_expect_not(method_find(M_assignment_create)->roles & NATIONAL);
}
