/* test_bank.c - making banks, and what the service's role may do with the tables of keys and versions. */
#include "bank_test.h"

static struct bank make(struct harness *h, uint32_t id, const char *code)
{
    struct bank_draft draft = bank_draft(id, code);
    struct bank bank = {0};
    passes(h, on_bank_create(&h->ctx, &draft, &bank));
    return bank;
}

Test(bank, a_repeat_returns_the_first_result)
{
    struct harness *h = framework_open();
    make(h, BANK, "NH");
    struct bank again = make(h, BANK, "NH");
    cr_assert(is(again.code, "NH"));
    cr_assert_eq(again.draft + again.review + again.live + again.retired, 0);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM bank"), "1");
    harness_close(h);
}

Test(bank, other_content_is_a_conflict)
{
    struct harness *h = framework_open();
    struct bank_draft draft = bank_draft(BANK, "NH");
    struct bank bank;
    make(h, BANK, "NH");
    draft.title_en = SPAN("Other");
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_CONFLICT, "bank_id");
    draft = bank_draft(BANK + 1, "NH");
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_CONFLICT, "code");
    draft = bank_draft(BANK, "NH");
    as(h, BINH);
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_CONFLICT, "bank_id");
    harness_close(h);
}

Test(bank, needs_a_known_framework_and_a_plain_code)
{
    struct harness *h = framework_open();
    struct bank_draft draft = bank_draft(BANK, "NH");
    struct bank bank;
    draft.framework_id = U(999);
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_NOT_FOUND, "framework_id");
    draft = bank_draft(BANK, "N/H");
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_INVALID, "code");
    draft = bank_draft(BANK, "NH");
    draft.title_vi = SPAN("  ");
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_INVALID, "title_vi");
    h->ctx.n_scope = 0;
    refused(h, on_bank_create(&h->ctx, &draft, &bank), ERR_FORBIDDEN, "");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM bank"), "0");
    harness_close(h);
}

Test(bank, the_list_counts_versions)
{
    struct harness *h = framework_open();
    struct empty nothing = {0};
    struct bank_list list = {0};
    make(h, BANK + 1, "ZZ");
    make(h, BANK, "NH");
    struct item_source item = question(300, "N1", "Một?");
    put(h, &item, NULL);
    publish(h);
    item = question(301, "N1", "Một nữa?");
    put(h, &item, NULL);
    publish(h);
    item = question(302, "N2", "Hai?");
    put(h, &item, NULL);
    passes(h, on_banks(&h->ctx, &nothing, &list));
    cr_assert_eq(list.n_banks, 2);
    cr_assert(is(list.banks[0].code, "NH"));
    cr_assert_eq(list.banks[0].draft, 1);
    cr_assert_eq(list.banks[0].review, 0);
    cr_assert_eq(list.banks[0].live, 1);
    cr_assert_eq(list.banks[0].retired, 1);
    cr_assert_eq(list.banks[1].draft, 0);
    harness_close(h);
}

/* What a service that was taken over could try. */
Test(bank, the_role_cannot_read_a_key)
{
    struct harness *h = bank_open();
    struct item_source item = question(300, "N1", "Một?");
    put(h, &item, NULL);
    cr_assert_not(harness_allowed(h, "SELECT key FROM item_key"));
    cr_assert_not(harness_allowed(h, "SELECT * FROM item_key"));
    cr_assert_not(harness_allowed(h, "SELECT explanation FROM item_key"));
    cr_assert_not(harness_allowed(h, "SELECT count(*) FROM item_key WHERE key = '2'"));
    cr_assert_not(harness_allowed(h, "UPDATE item_key SET explanation = key"));
    cr_assert_not(harness_allowed(h, "UPDATE item_key SET explanation = '' WHERE key = '2'"));
    cr_assert_not(harness_allowed(h, "UPDATE item_key SET key = '1' RETURNING key"));
    cr_assert_not(harness_allowed(h, "DELETE FROM item_key"));
    cr_assert_not(harness_allowed(h, "DELETE FROM key_access"));
    cr_assert_not(harness_allowed(h, "INSERT INTO key_access (person_id, purpose, versions) "
                                     "VALUES (gen_random_uuid(), 'x', '{}')"));
    cr_assert(harness_allowed(h, "SELECT version_id FROM item_key"));
    harness_close(h);
}

Test(bank, the_role_cannot_skip_review)
{
    struct harness *h = bank_open();
    cr_assert_not(harness_allowed(h, "INSERT INTO item_version (version_id, bank_id, code, version, type, skill_group, "
                                     "level, stem, author_id, digest, "
                                     "state) SELECT gen_random_uuid(), bank_id, 'X', 1, 'true_false', 'a', 1, 'x', "
                                     "created_by, '', 'live' FROM bank"));
    cr_assert_not(harness_allowed(h, "UPDATE item_version SET version_id = gen_random_uuid()"));
    cr_assert_not(harness_allowed(h, "UPDATE item_version SET code = 'Y'"));
    cr_assert_not(harness_allowed(h, "DELETE FROM item_version"));
    cr_assert_not(harness_allowed(h, "UPDATE item_step SET to_state = 'live'"));
    cr_assert_not(harness_allowed(h, "UPDATE bank SET code = 'Y'"));
    cr_assert_not(harness_allowed(h, "DELETE FROM item_log"));
    harness_close(h);
}

/* A statement as the service's role, and what PostgreSQL says about it: "" when it let it pass. */
static const char *tried(struct harness *h, const char *sql)
{
    PGresult *result = PQexec(h->ctx.pg->conn, sql);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char *kept = arena_printf(&h->arena, "%s", message ? message : "");
    PQclear(result);
    return kept;
}

Test(bank, what_is_not_a_draft_stays_as_it_is)
{
    struct harness *h = bank_open();
    struct item_source item = question(300, "N1", "Một?");
    put(h, &item, NULL);
    cr_assert_str_eq(tried(h, "UPDATE item_key SET key = '1'"), "");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET state = 'live'"), "STATE:version_id");
    publish(h);
    cr_assert_str_eq(state_of(h, 300), "live");
    cr_assert_str_eq(tried(h, "UPDATE item_key SET key = '2'"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_key SET explanation = 'x'"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET stem = 'x'"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET choices = '{x}'"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET state = 'draft'"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET reviewer_id = gen_random_uuid()"), "STATE:version_id");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET state = 'retired'"), "");
    cr_assert_str_eq(tried(h, "UPDATE item_version SET state = 'live'"), "STATE:version_id");
    harness_close(h);
}

Test(bank, whoever_sees_keys_is_recorded)
{
    struct harness *h = bank_open();
    struct item_source item = question(300, "N1", "Một?");
    put(h, &item, NULL);
    struct item_query query = {.bank_id = U(BANK)};
    struct item_sources sources = {0};
    as(h, CHI);
    passes(h, on_item_sources(&h->ctx, &query, &sources));
    cr_assert_eq(sources.n_items, 1);
    cr_assert_str_eq(
        harness_get(h, "SELECT person_id || ' ' || purpose || ' ' || cardinality(versions) FROM key_access"),
        "00000000-0000-0000-0000-00000000000d sources 1");
    struct items_export export = {.bank_id = U(BANK)};
    struct file file = {0};
    PUT_FIELD(&export, items_export, state, SPAN("draft"));
    passes(h, on_items_export(&h->ctx, &export, &file));
    cr_assert_str_eq(harness_get(h, "SELECT purpose FROM key_access ORDER BY access_id DESC LIMIT 1"), "export");
    struct item_states states = {0};
    passes(h, on_items(&h->ctx, &query, &states));
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM key_access"), "2");
    harness_close(h);
}
