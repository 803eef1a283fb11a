/* test_item.c - writing items, reading them, and moving them through review. */
#include "bank_test.h"

static struct item_state written(struct harness *h, uint32_t id, const char *code, const char *stem)
{
    struct item_source item = question(id, code, stem);
    struct item_state state = {0};
    put(h, &item, &state);
    return state;
}

static int try_put(struct harness *h, const struct item_source *item)
{
    struct item_state state;
    return on_item_put(&h->ctx, item, &state);
}

Test(item, a_repeat_returns_the_first_result)
{
    struct harness *h = bank_open();
    struct item_state first = written(h, 300, "N1", "Một?"), again = written(h, 300, "N1", "Một?");
    cr_assert(is(first.state, "draft"));
    cr_assert_eq(first.version, 1);
    cr_assert(uuid_equal(&again.version_id, &first.version_id));
    publish(h);
    again = written(h, 300, "N1", "Một?");
    cr_assert(is(again.state, "live"));
    cr_assert(HAS(&again, item_state, reviewer_id));
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "1");
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(verb, ' ' ORDER BY log_id) FROM item_log"),
                     "write submit approve");
    harness_close(h);
}

Test(item, an_id_belongs_to_one_version)
{
    struct harness *h = bank_open();
    written(h, 300, "N1", "Một?");
    struct item_source item = question(300, "N2", "Một?");
    refused(h, try_put(h, &item), ERR_CONFLICT, "version_id");
    publish(h);
    item = question(300, "N1", "Khác?");
    refused(h, try_put(h, &item), ERR_CONFLICT, "version_id");
    struct bank_draft other = bank_draft(BANK + 1, "KH");
    struct bank bank;
    passes(h, on_bank_create(&h->ctx, &other, &bank));
    item = question(300, "N1", "Một?");
    item.bank_id = U(BANK + 1);
    refused(h, try_put(h, &item), ERR_CONFLICT, "version_id");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "1");
    harness_close(h);
}

Test(item, a_draft_is_replaced_and_a_live_item_gets_a_new_version)
{
    struct harness *h = bank_open();
    written(h, 300, "N1", "Một?");
    as(h, BINH);
    struct item_state state = written(h, 301, "N1", "Hai?"); /* the present draft, whatever id was made for it */
    struct uuid anna = U(ANNA), binh = U(BINH), first = U(300), second = U(302);
    cr_assert(uuid_equal(&state.version_id, &first));
    cr_assert(uuid_equal(&state.author_id, &binh));
    as(h, ANNA);
    state = written(h, 300, "N1", "Ba?");
    cr_assert(uuid_equal(&state.author_id, &anna));
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    as(h, CHI); /* Binh wrote, too */
    passes(h, step(h, on_items_approve, NULL, 0, NULL, NULL));
    as(h, ANNA);
    state = written(h, 302, "N1", "Bốn?");
    cr_assert(uuid_equal(&state.version_id, &second));
    cr_assert_eq(state.version, 2);
    cr_assert_str_eq(state_of(h, 300), "live");
    cr_assert_str_eq(harness_get(h, "SELECT stem FROM item_version WHERE version = 1"), "Ba?");
    publish(h);
    cr_assert_str_eq(state_of(h, 300), "retired");
    cr_assert_str_eq(state_of(h, 302), "live");
    cr_assert_str_eq(
        harness_get(h, "SELECT string_agg(verb, ' ' ORDER BY log_id) FROM item_log WHERE verb = 'supersede'"),
        "supersede");
    harness_close(h);
}

Test(item, what_waits_for_a_reviewer_is_not_written)
{
    struct harness *h = bank_open();
    written(h, 300, "N1", "Một?");
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    struct item_source item = question(300, "N1", "Khác?");
    refused(h, try_put(h, &item), ERR_STATE, "code");
    item = question(301, "N1", "Khác?");
    refused(h, try_put(h, &item), ERR_STATE, "code");
    cr_assert(is(written(h, 301, "N1", "Một?").state, "review")); /* says nothing new */
    harness_close(h);
}

Test(item, a_retired_text_can_come_back)
{
    struct harness *h = bank_open();
    const uint32_t id = 300;
    written(h, 300, "N1", "Một?");
    publish(h);
    passes(h, step(h, on_items_retire, &id, 1, NULL, NULL));
    struct item_state state = written(h, 301, "N1", "Một?");
    cr_assert(is(state.state, "draft"));
    cr_assert_eq(state.version, 2);
    harness_close(h);
}

Test(item, a_change_of_the_key_alone_is_a_change)
{
    struct harness *h = bank_open();
    struct item_source item = question(300, "N1", "Một?");
    put(h, &item, NULL);
    publish(h);
    item = question(301, "N1", "Một?");
    item.key = SPAN("3");
    struct item_state state;
    put(h, &item, &state);
    cr_assert_eq(state.version, 2);
    cr_assert(is(state.state, "draft"));
    harness_close(h);
}

Test(item, is_refused_with_the_field_that_is_wrong)
{
    struct harness *h = bank_open();
    struct item_source item = question(300, "N1", "Một?");
    item.bank_id = U(999);
    refused(h, try_put(h, &item), ERR_NOT_FOUND, "bank_id");
    item = question(300, "N1", "Một?");
    item.skill_group = SPAN("z");
    refused(h, try_put(h, &item), ERR_INVALID, "skill_group");
    item = question(300, "N1", "Một?");
    item.key = SPAN("5");
    refused(h, try_put(h, &item), ERR_INVALID, "key");
    PUT_FIELD(&item, item_source, key, SPAN("1"));
    PUT_FIELD(&item, item_source, situation, SPAN("T1"));
    refused(h, try_put(h, &item), ERR_INVALID, "situation");
    h->ctx.n_scope = 0;
    item = question(300, "N1", "Một?");
    refused(h, try_put(h, &item), ERR_FORBIDDEN, "");
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_version"), "0");
    harness_close(h);
}

Test(item, choices_stand_in_an_order_of_their_own)
{
    struct harness *h = bank_open();
    int moved = 0;
    for (uint32_t i = 0; i < 12; i++) {
        char code[8];
        snprintf(code, sizeof(code), "N%u", i);
        struct item_source item = question(300 + i, code, "Một?");
        put(h, &item, NULL);
        const char *right = harness_get(h,
                                        "SELECT choices[key::int] FROM item_version JOIN item_key USING (version_id) "
                                        "WHERE code = 'N%u'",
                                        i);
        cr_assert_str_eq(right, "hai");
        moved += strcmp(harness_get(
                            h, "SELECT key FROM item_version JOIN item_key USING (version_id) WHERE code = 'N%u'", i),
                        "2") != 0;
    }
    cr_assert_gt(moved, 3); /* of 12, where 9 are expected */
    harness_close(h);
}

Test(item, sources_come_back_as_they_were_stored)
{
    struct harness *h = bank_open();
    for (uint32_t type = 0; type < ITEM_TYPES; type++) {
        char code[8];
        snprintf(code, sizeof(code), "N%u", type);
        struct item_source item = item_of(300 + type, code, (enum item_type)type);
        PUT_FIELD(&item, item_source, positions, SPAN("KT|VT"));
        PUT_FIELD(&item, item_source, source, SPAN("Nghị định 224"));
        put(h, &item, NULL);
    }
    struct item_query query = {.bank_id = U(BANK)};
    struct item_sources sources = {0};
    passes(h, on_item_sources(&h->ctx, &query, &sources));
    cr_assert_eq(sources.n_items, ITEM_TYPES);
    for (uint32_t i = 0; i < sources.n_items; i++) {
        struct item_source *item = &sources.items[i];
        struct fault fault;
        cr_assert_eq(msg_check(&msg_item_source, item, &fault), 0, "%s", fault.field);
        cr_assert(is(item->positions, "KT|VT"));
        struct item_state state;
        item->version_id = U(400 + i);
        put(h, item, &state); /* what was read says the same as what is stored */
        cr_assert_eq(state.version, 1);
    }
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM item_log"), "8");
    cr_assert(is(sources.items[ITEM_NUMERIC].key, "3.14"));
    cr_assert_not(HAS(&sources.items[ITEM_SITUATION], item_source, key));
    harness_close(h);
}

Test(item, pages_end_between_codes)
{
    struct harness *h = bank_open();
    harness_sql(
        h,
        "INSERT INTO item_version (version_id, bank_id, code, version, state, type, skill_group, level, stem, "
        "author_id, reviewer_id, live_at, digest) SELECT gen_random_uuid(), bank_id, 'N' || lpad(n::text, 3, '0'), v, "
        "'retired', 'true_false', 'a', 1, 'x', gen_random_uuid(), gen_random_uuid(), now(), '' "
        "FROM bank, generate_series(1, 70) n, generate_series(1, 3) v");
    harness_sql(h,
                "INSERT INTO item_version (version_id, bank_id, code, version, state, type, skill_group, level, stem, "
                "author_id, reviewer_id, live_at, digest) SELECT gen_random_uuid(), bank_id, 'Z', v, "
                "'retired', 'true_false', 'a', 1, 'x', gen_random_uuid(), gen_random_uuid(), now(), '' "
                "FROM bank, generate_series(1, 230) v");
    struct item_query query = {.bank_id = U(BANK)};
    struct item_states page = {0};
    passes(h, on_items(&h->ctx, &query, &page));
    cr_assert_eq(page.n_items, 198);
    cr_assert(is(page.items[197].code, "N066"));
    PUT_FIELD(&query, item_query, after, SPAN("N066"));
    passes(h, on_items(&h->ctx, &query, &page));
    cr_assert_eq(page.n_items, 12);
    query.after = SPAN("N070");
    passes(h, on_items(&h->ctx, &query, &page)); /* more versions than a page: the newest */
    cr_assert_eq(page.n_items, 200);
    cr_assert_eq(page.items[199].version, 230);
    cr_assert_eq(page.items[0].version, 31);
    struct item_sources sources = {0};
    query.after = SPAN("");
    passes(h, on_item_sources(&h->ctx, &query, &sources));
    cr_assert_eq(sources.n_items, 48);
    PUT_FIELD(&query, item_query, state, SPAN("nonsense"));
    refused(h, on_items(&h->ctx, &query, &page), ERR_INVALID, "state");
    query.state = SPAN("live");
    passes(h, on_items(&h->ctx, &query, &page));
    cr_assert_eq(page.n_items, 0);
    query.bank_id = U(999);
    refused(h, on_items(&h->ctx, &query, &page), ERR_NOT_FOUND, "bank_id");
    harness_close(h);
}

/* --- Review. --- */

Test(review, an_author_cannot_approve)
{
    struct harness *h = bank_open();
    const uint32_t ids[] = {300, 301};
    uint32_t moved;
    written(h, 300, "N1", "Một?");
    as(h, BINH);
    written(h, 301, "N2", "Hai?");
    passes(h, step(h, on_items_submit, NULL, 0, NULL, &moved));
    cr_assert_eq(moved, 2);
    refused(h, step(h, on_items_approve, ids, 2, NULL, NULL), ERR_SAME_PERSON, "items.N2");
    cr_assert_str_eq(state_of(h, 300), "review");                /* all or nothing */
    passes(h, step(h, on_items_approve, NULL, 0, NULL, &moved)); /* without names: what may be moved */
    cr_assert_eq(moved, 1);
    cr_assert_str_eq(state_of(h, 300), "live");
    cr_assert_str_eq(state_of(h, 301), "review");
    harness_close(h);
}

/* Anna's question with a comma of Binh's is still Anna's question. */
Test(review, nobody_who_wrote_approves)
{
    struct harness *h = bank_open();
    const uint32_t id = 300;
    uint32_t moved;
    written(h, 300, "N1", "Một?");
    as(h, BINH);
    struct items_file file = {
        .bank_id = U(BANK), .file = S("code,type,skill_group,level,stem,key\nN1,true_false,a,1,\"Một, hai?\",true\n")};
    struct import_report report;
    passes(h, on_items_import(&h->ctx, &file, &report));
    cr_assert_eq(report.changed, 1);
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    refused(h, step(h, on_items_approve, &id, 1, NULL, NULL), ERR_SAME_PERSON, "items.N1");
    as(h, ANNA);
    refused(h, step(h, on_items_approve, &id, 1, NULL, NULL), ERR_SAME_PERSON, "items.N1");
    passes(h, step(h, on_items_approve, NULL, 0, NULL, &moved));
    cr_assert_eq(moved, 0);
    PGresult *result =
        PQexec(h->ctx.pg->conn, "UPDATE item_version SET state = 'live', live_at = now(), reviewer_id = "
                                "'00000000-0000-0000-0000-00000000000b'"); /* Anna, past the statements */
    cr_assert_str_eq(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), "SAME_PERSON:version_id");
    PQclear(result);
    as(h, CHI);
    passes(h, step(h, on_items_approve, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 1);
    harness_close(h);
}

Test(review, repeats_move_none)
{
    struct harness *h = bank_open();
    const uint32_t id = 300;
    uint32_t moved;
    written(h, 300, "N1", "Một?");
    passes(h, step(h, on_items_submit, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 1);
    passes(h, step(h, on_items_submit, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 0);
    as(h, BINH);
    passes(h, step(h, on_items_approve, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 1);
    passes(h, step(h, on_items_approve, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 0);
    passes(h, step(h, on_items_submit, &id, 1, NULL, &moved)); /* late, after the approval */
    cr_assert_eq(moved, 0);
    passes(h, step(h, on_items_retire, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 1);
    passes(h, step(h, on_items_retire, &id, 1, NULL, &moved));
    cr_assert_eq(moved, 0);
    cr_assert_str_eq(harness_get(h, "SELECT string_agg(verb, ' ' ORDER BY log_id) FROM item_log"),
                     "write submit approve retire");
    harness_close(h);
}

Test(review, sends_back_with_a_comment)
{
    struct harness *h = bank_open();
    const uint32_t id = 300;
    uint32_t moved;
    written(h, 300, "N1", "Một?");
    passes(h, step(h, on_items_submit, &id, 1, NULL, NULL));
    as(h, BINH);
    refused(h, step(h, on_items_return, &id, 1, NULL, NULL), ERR_MISSING, "comment");
    refused(h, step(h, on_items_return, &id, 1, "", NULL), ERR_MISSING, "comment");
    passes(h, step(h, on_items_return, &id, 1, "Chưa rõ.", &moved));
    cr_assert_eq(moved, 1);
    passes(h, step(h, on_items_return, &id, 1, "Chưa rõ.", &moved));
    cr_assert_eq(moved, 0);
    as(h, ANNA);
    struct item_query query = {.bank_id = U(BANK)};
    struct item_states states = {0};
    passes(h, on_items(&h->ctx, &query, &states));
    cr_assert(is(states.items[0].state, "draft"));
    cr_assert(is(states.items[0].comment, "Chưa rõ."));
    cr_assert(is(written(h, 300, "N1", "Rõ hơn?").state, "draft"));
    harness_close(h);
}

Test(review, steps_have_an_order)
{
    struct harness *h = bank_open();
    const uint32_t id = 300, strange = 999;
    written(h, 300, "N1", "Một?");
    as(h, BINH);
    refused(h, step(h, on_items_approve, &id, 1, NULL, NULL), ERR_STATE, "items.N1");
    refused(h, step(h, on_items_retire, &id, 1, NULL, NULL), ERR_STATE, "items.N1");
    refused(h, step(h, on_items_retire, NULL, 0, NULL, NULL), ERR_MISSING, "items");
    refused(h, step(h, on_items_submit, &strange, 1, NULL, NULL), ERR_NOT_FOUND, "items");
    publish(h);
    as(h, ANNA);
    passes(h, step(h, on_items_submit, &id, 1, NULL, NULL));
    as(h, BINH);
    passes(h, step(h, on_items_approve, &id, 1, NULL, NULL));
    refused(h, step(h, on_items_return, &id, 1, "Không.", NULL), ERR_STATE, "items.N1");
    struct items_step other = {.bank_id = U(999)};
    struct items_moved moved;
    refused(h, on_items_submit(&h->ctx, &other, &moved), ERR_NOT_FOUND, "bank_id");
    h->ctx.n_scope = 0;
    refused(h, step(h, on_items_submit, NULL, 0, NULL, NULL), ERR_FORBIDDEN, "");
    harness_close(h);
}

/* Versions of another bank cannot be moved by naming this one. */
Test(review, stays_within_its_bank)
{
    struct harness *h = bank_open();
    struct bank_draft other = bank_draft(BANK + 1, "KH");
    struct bank bank;
    const uint32_t id = 300;
    passes(h, on_bank_create(&h->ctx, &other, &bank));
    struct item_source item = question(300, "N1", "Một?");
    item.bank_id = U(BANK + 1);
    put(h, &item, NULL);
    uint32_t moved;
    refused(h, step(h, on_items_submit, &id, 1, NULL, NULL), ERR_NOT_FOUND, "items");
    passes(h, step(h, on_items_submit, NULL, 0, NULL, &moved));
    cr_assert_eq(moved, 0);
    harness_close(h);
}

/* --- Situations. --- */

static void put_set(struct harness *h, uint32_t situation, uint32_t id)
{
    struct item_source stimulus = item_of(situation, "T1", ITEM_SITUATION);
    put(h, &stimulus, NULL);
    struct item_source item = question(id, "N1", "Theo tình huống?");
    PUT_FIELD(&item, item_source, situation, SPAN("T1"));
    put(h, &item, NULL);
}

Test(situation, an_item_goes_live_with_the_version_that_is_live_then)
{
    struct harness *h = bank_open();
    const uint32_t item = 300, both[] = {300, 310};
    put_set(h, 310, 300);
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    as(h, BINH);
    refused(h, step(h, on_items_approve, &item, 1, NULL, NULL), ERR_STATE, "items.N1");
    passes(h, step(h, on_items_approve, both, 2, NULL, NULL));
    cr_assert_str_eq(harness_get(h, "SELECT situation_id FROM item_version WHERE code = 'N1'"),
                     "00000000-0000-0000-0000-000000000136");
    as(h, ANNA);
    struct item_source stimulus = item_of(311, "T1", ITEM_SITUATION);
    stimulus.stem = SPAN("Tình huống mới.");
    put(h, &stimulus, NULL);
    publish(h);
    cr_assert_str_eq(state_of(h, 310), "retired");
    cr_assert_str_eq(harness_get(h, "SELECT situation_id FROM item_version WHERE code = 'N1'"),
                     "00000000-0000-0000-0000-000000000136");           /* versions are versions */
    struct item_source again = question(301, "N1", "Theo tình huống?"); /* the same, for the new text */
    PUT_FIELD(&again, item_source, situation, SPAN("T1"));
    put(h, &again, NULL);
    cr_assert_str_eq(state_of(h, 301), "draft");
    again.version_id = U(302);
    put(h, &again, NULL); /* once only */
    cr_assert_str_eq(state_of(h, 302), "");
    publish(h);
    cr_assert_str_eq(harness_get(h, "SELECT situation_id FROM item_version WHERE code = 'N1' AND state = 'live'"),
                     "00000000-0000-0000-0000-000000000137");
    harness_close(h);
}

Test(situation, of_the_reviewer_does_not_carry_items_along)
{
    struct harness *h = bank_open();
    uint32_t moved;
    as(h, BINH);
    struct item_source stimulus = item_of(310, "T1", ITEM_SITUATION);
    put(h, &stimulus, NULL);
    as(h, ANNA);
    put_set(h, 310, 300); /* the situation is Binh's still: nothing changed */
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    as(h, BINH);
    passes(h, step(h, on_items_approve, NULL, 0, NULL, &moved));
    cr_assert_eq(moved, 0);
    as(h, CHI);
    passes(h, step(h, on_items_approve, NULL, 0, NULL, &moved));
    cr_assert_eq(moved, 2);
    harness_close(h);
}

Test(situation, retires_only_with_its_items)
{
    struct harness *h = bank_open();
    const uint32_t situation = 310, both[] = {310, 300};
    put_set(h, 310, 300);
    publish(h);
    refused(h, step(h, on_items_retire, &situation, 1, NULL, NULL), ERR_STATE, "items.T1");
    passes(h, step(h, on_items_retire, both, 2, NULL, NULL));
    cr_assert_str_eq(state_of(h, 310), "retired");
    harness_close(h);
}

Test(situation, and_questions_do_not_become_each_other)
{
    struct harness *h = bank_open();
    put_set(h, 310, 300);
    struct item_source item = question(301, "T1", "Câu hỏi?");
    refused(h, try_put(h, &item), ERR_INVALID, "type");
    item = item_of(302, "N1", ITEM_SITUATION);
    refused(h, try_put(h, &item), ERR_INVALID, "type");
    item = question(303, "N2", "Câu hỏi?");
    PUT_FIELD(&item, item_source, situation, SPAN("N1")); /* a question is no situation */
    refused(h, try_put(h, &item), ERR_INVALID, "situation");
    harness_close(h);
}
