/* test_item.c - items of a bank: the import with its report, the keys that nobody else sees, the order of the events.
 */
#include "content_test.h"

static struct item_list read_items(struct harness *h, uint32_t bank, const char *after)
{
    struct item_query query = {.version_id = U(bank)};
    struct item_list list = {0};
    if (after)
        PUT_FIELD(&query, item_query, after, S(after));
    passes(h, on_items(&h->ctx, &query, &list));
    return list;
}

Test(item, the_report_names_each_bad_row)
{
    struct harness *h = content_open();
    struct import_report report;
    make_framework(h);
    make_bank(h, 300);
    passes(h, import(h, 300,
                     ITEM_HEAD "A1,a,1,q,1,2,3,4,1,why\n"
                               "A2,zz,1,q,1,2,3,4,1,\n"
                               "A3,a,9,q,1,2,3,4,1,\n"
                               "A4,a,1,q,1,2,3,4,5,\n"
                               "A5,a,1,q,1,2,1,4,1,\n"
                               "A1,a,1,q,5,6,7,8,1,\n"
                               "A6,a,1,,1,2,3,4,1,\n"
                               "A7,a,1,q,1,2,3,4\n"
                               "a b,a,1,q,1,2,3,4,1,\n"
                               "A8,dd,2,\"=SUM(A1:A2) là gì?\nChọn một.\",1,2,3,4,4,\n",
                     false, &report));
    static const struct {
        uint32_t line;
        const char *field;
    } expected[] = {{3, "skill_group"}, {4, "level"}, {5, "key"},  {6, "option_3"},
                    {7, "code"},        {8, "stem"},  {10, "code"}};
    cr_assert_eq(report.rows, 10);
    cr_assert_eq(report.created, 2);
    cr_assert_eq(report.changed, 0);
    cr_assert_eq(report.refused, 8);
    cr_assert_not(report.dry_run);
    size_t found = 0;
    for (uint32_t i = 0; i < report.n_faults; i++) {
        if (i)
            cr_assert_geq(report.faults[i].line, report.faults[i - 1].line);
        for (size_t k = 0; k < sizeof(expected) / sizeof(expected[0]); k++)
            found += report.faults[i].line == expected[k].line && is(report.faults[i].field, expected[k].field);
    }
    cr_assert_eq(found, sizeof(expected) / sizeof(expected[0]));
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(code, ',' ORDER BY code) FROM item"), "A1,A8");
    harness_close(h);
}

Test(item, a_dry_run_changes_nothing)
{
    struct harness *h = content_open();
    struct import_report report;
    make_framework(h);
    make_bank(h, 300);
    passes(h, import(h, 300, ITEM_HEAD "A1,a,1,q,1,2,3,4,1,\nA2,zz,1,q,1,2,3,4,1,\n", true, &report));
    cr_assert(report.dry_run);
    cr_assert_eq(report.created, 1);
    cr_assert_eq(report.refused, 1);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item"), "0");
    harness_close(h);
}

Test(item, a_code_that_is_there_is_replaced)
{
    struct harness *h = content_open();
    struct import_report report;
    make_framework(h);
    make_bank(h, 300);
    passes(h, import(h, 300, ITEM_HEAD "A1,a,1,q,1,2,3,4,1,\nA2,a,1,q,1,2,3,4,1,\n", false, &report));
    const char *id = harness_get(h, "SELECT item_id FROM item WHERE code = 'A1'");
    passes(h,
           import(h, 300, ITEM_HEAD "A1,a,1,q,1,2,3,4,2,\nA2,a,1,q,1,2,3,4,1,\nA3,a,1,q,1,2,3,4,1,\n", false, &report));
    cr_assert_eq(report.created, 1);
    cr_assert_eq(report.changed, 1);
    cr_assert_eq(report.unchanged, 1);
    cr_assert_str_eq(harness_get(h, "SELECT item_id FROM item WHERE code = 'A1'"), id);
    cr_assert_str_eq(harness_get(h, "SELECT key FROM item WHERE code = 'A1'"), "2");
    harness_close(h);
}

Test(item, a_file_that_cannot_be_trusted_stores_nothing)
{
    struct harness *h = content_open();
    struct import_report report;
    static const char *const files[] = {
        "code,stem\nA1,q\n",
        ITEM_HEAD,
        ITEM_HEAD "A1,a,1,\"q,1,2,3,4,1,\nA2,a,1,q,1,2,3,4,1,\n",
        "A1,a,1,q,1,2,3,4,1,\n",
        "\xff\xfe" ITEM_HEAD "A1,a,1,q,1,2,3,4,1,\n",
    };
    make_framework(h);
    make_bank(h, 300);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        passes(h, import(h, 300, files[i], false, &report));
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item"), "0");
    harness_close(h);
}

Test(item, only_a_bank_takes_items)
{
    struct harness *h = content_open();
    struct import_report report;
    struct item_query query = {.version_id = U(200)};
    struct item_list list = {0};
    make_framework(h);
    make_programme(h, 200, 1);
    refused(h, import(h, 200, ITEM_HEAD "A1,a,1,q,1,2,3,4,1,\n", false, &report), ERR_NOT_FOUND, "version_id");
    refused(h, import(h, 999, ITEM_HEAD "A1,a,1,q,1,2,3,4,1,\n", false, &report), ERR_NOT_FOUND, "version_id");
    refused(h, on_items(&h->ctx, &query, &list), ERR_NOT_FOUND, "version_id");
    harness_close(h);
}

Test(item, pages_follow_each_other)
{
    struct harness *h = content_open();
    make_framework(h);
    make_bank(h, 300);
    harness_sql(h,
                "INSERT INTO item SELECT '00000000-0000-0000-0000-00000000012c', 'A' || lpad(n::text, 3, '0'), "
                "hocvu.uuid7(), 'a', 1, 'q', '1', '2', '3', '4', 1, '', hocvu.uuid7() FROM generate_series(1, 250) n");
    struct item_list first = read_items(h, 300, NULL), second = read_items(h, 300, "A200");
    cr_assert_eq(first.n_items, 200);
    cr_assert(is(first.items[199].code, "A200"));
    cr_assert_eq(second.n_items, 50);
    cr_assert(is(second.items[0].code, "A201"));
    cr_assert_eq(read_items(h, 300, "B").n_items, 0);
    harness_close(h);
}

/* Each item first, in order, then the bank; and each body is what the contract says. */
Test(item, publishing_announces_items_then_the_bank)
{
    struct harness *h = content_open();
    struct import_report report;
    struct item_source item;
    struct bank_fact bank;
    struct fault fault;
    make_framework(h);
    make_bank(h, 300);
    passes(h, import(h, 300, ITEM_HEAD "B1,a,1,q,1,2,3,4,1,\nA2,dd,2,q,1,2,3,4,3,vì\nA1,a,1,q,1,2,3,4,1,\n", false,
                     &report));
    publish(h, 300);
    cr_assert_str_eq(
        harness_get(h, "SELECT string_agg(event || ':' || (body ->> 'code'), ' ' ORDER BY id) FROM outbox"),
        "item_published:A1 item_published:A2 item_published:B1 item_bank_published:NH");
    const char *body = harness_get(h, "SELECT body FROM outbox WHERE body ->> 'code' = 'A2'");
    cr_assert_eq(msg_from_json(&msg_item_source, &item, &h->arena, S(body), &fault), 0);
    cr_assert_eq(item.key, 3);
    cr_assert(uuid_equal(&item.bank_id, &(struct uuid[]){U(300)}[0]));
    body = harness_get(h, "SELECT body FROM outbox WHERE event = 'item_bank_published'");
    cr_assert_eq(msg_from_json(&msg_bank_fact, &bank, &h->arena, S(body), &fault), 0);
    cr_assert_eq(bank.items, 3);
    cr_assert_eq(bank.version, 1);
    cr_assert_str_eq(harness_get(h, "SELECT DISTINCT trace FROM outbox"), "0123456789abcdef0123456789abcdef");
    harness_close(h);
}

static bool has_key(const struct msg *msg)
{
    for (uint8_t i = 0; i < msg->n_fields; i++) {
        if (!strcmp(msg->fields[i].name, "key") || !strcmp(msg->fields[i].name, "explanation") ||
            (msg->fields[i].sub && has_key(msg->fields[i].sub)))
            return true;
    }
    return false;
}

/* No answer of this service that anyone but an editor or a reviewer can get has a place for a key. */
Test(item, keys_have_no_way_out)
{
    bool seen = false;
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *method = &proto_methods[i];
        if (method->number >> 8 != SERVICE_content || !has_key(method->out))
            continue;
        cr_assert_eq(method->roles, (uint32_t)(EDITOR | REVIEWER | NATIONAL), "%s", method->name);
        seen = true;
    }
    cr_assert(seen);
}
