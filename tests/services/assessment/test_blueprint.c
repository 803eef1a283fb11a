/* test_blueprint.c - versions of blueprints, and those that the bank cannot fill. */
#include "forms.h"

static void refused(struct harness *h, const struct blueprint_draft *draft, int code, const char *field)
{
    int got = make_blueprint(h, draft, NULL);
    cr_assert(got == code && !strcmp(h->ctx.fault.field, field), "%d %s", got, h->ctx.fault.field);
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM blueprint"), "0");
}

Test(blueprint, is_stored_and_shown)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct enemy enemies[2] = {{.a = SPAN("B2"), .b = SPAN("B1")}, {.a = SPAN("B1"), .b = SPAN("B2")}};
    struct blueprint_draft draft = usual_blueprint(quotas), shown;
    struct blueprint_ref ref = {.blueprint_id = U(BLUEPRINT)};
    struct blueprint made;
    add_items(h, "A", 5, "a", 1, "main");
    add_items(h, "B", 4, "b", 2, "exam");
    PUT_FIELD(&quotas[1], quota, level, 2);
    PUT_FIELD(&quotas[1], quota, pool, SPAN("exam"));
    PUT_FIELD(&draft, blueprint_draft, note, SPAN("Thông tư"));
    draft.enemies = enemies;
    draft.n_enemies = 2;
    cr_assert(make_blueprint(h, &draft, &made) == 0, "%s", h->ctx.fault.field);
    cr_assert(made.version == 1 && made.items == 8 && HAS(&made, blueprint, note));
    cr_assert(on_blueprint_get(&h->ctx, &ref, &shown) == 0);
    cr_assert(shown.n_quotas == 2 && shown.n_enemies == 1, "a pair given both ways is one");
    cr_assert(shown.quotas[1].level == 2 && !memcmp(shown.quotas[1].pool.p, "exam", 4));
    cr_assert(!HAS(&shown.quotas[0], quota, level) && !memcmp(shown.enemies[0].a.p, "B1", 2));
    ref.blueprint_id = U(77);
    cr_assert(on_blueprint_get(&h->ctx, &ref, &shown) == ERR_NOT_FOUND);
    harness_close(h);
}

Test(blueprint, versions_count_up_and_a_repeat_is_the_same)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    struct blueprint made;
    add_items(h, "A", 5, "a", 1, "main");
    add_items(h, "B", 3, "b", 2, "main");
    cr_assert(make_blueprint(h, &draft, NULL) == 0, "%s", h->ctx.fault.field);
    draft.blueprint_id = U(BLUEPRINT + 100);
    cr_assert(make_blueprint(h, &draft, &made) == 0 && made.version == 2);
    draft.blueprint_id = U(BLUEPRINT);
    retire(h, "true"); /* the answer to a repeat does not depend on the bank of today */
    cr_assert(make_blueprint(h, &draft, &made) == 0 && made.version == 1);
    quotas[0].items = 4;
    cr_assert(make_blueprint(h, &draft, NULL) == ERR_CONFLICT && !strcmp(h->ctx.fault.field, "blueprint_id"));
    cr_assert_str_eq(harness_get(h, "SELECT count(*) FROM blueprint"), "2");
    harness_close(h);
}

Test(blueprint, shortfall_names_the_quota)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    refused(h, &draft, ERR_SHORTFALL, "quotas.a: 5 needed, 0 live");
    add_items(h, "A", 9, "a", 1, "main");
    add_items(h, "B", 7, "b", 3, "exam");
    refused(h, &draft, ERR_SHORTFALL, "quotas.b: 3 needed, 0 live");
    PUT_FIELD(&quotas[1], quota, level, 3);
    PUT_FIELD(&quotas[1], quota, pool, SPAN("exam"));
    quotas[1].items = 12;
    refused(h, &draft, ERR_SHORTFALL, "quotas.b level 3 pool exam: 12 needed, 7 live");
    quotas[1].items = 7;
    harness_sql(h, "UPDATE item_version SET state = 'retired', retired_at = now() WHERE code = 'B7'");
    refused(h, &draft, ERR_SHORTFALL, "quotas.b level 3 pool exam: 7 needed, 6 live");
    quotas[1].items = 6;
    cr_assert(make_blueprint(h, &draft, NULL) == 0, "%s", h->ctx.fault.field);
    harness_close(h);
}

Test(blueprint, shortfall_of_job_positions)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    draft.n_quotas = 1;
    add_items(h, "A", 5, "a", 1, "main");
    harness_sql(h, "ALTER TABLE item_version DISABLE TRIGGER item_guard");
    harness_sql(h, "UPDATE item_version SET positions = '{KT,VT}' WHERE code = 'A1'");
    harness_sql(h, "UPDATE item_version SET positions = '{V}' WHERE code = 'A2'");
    PUT_FIELD(&quotas[0], quota, position, SPAN("VT"));
    refused(h, &draft, ERR_SHORTFALL, "quotas.a position VT: 5 needed, 4 live");
    quotas[0].items = 4;
    cr_assert(make_blueprint(h, &draft, NULL) == 0, "%s", h->ctx.fault.field);
    harness_close(h);
}

Test(blueprint, a_situation_out_of_use_takes_its_items_along)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    draft.n_quotas = 1;
    add_items(h, "A", 3, "a", 1, "main");
    add_situation(h, "S", 2, "a");
    retire(h, "code = 'S'");
    refused(h, &draft, ERR_SHORTFALL, "quotas.a: 5 needed, 3 live");
    harness_close(h);
}

Test(blueprint, enemies_that_leave_no_choice_are_named)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    struct enemy enemy = {.a = SPAN("B1"), .b = SPAN("X9")};
    add_items(h, "A", 5, "a", 1, "main");
    add_items(h, "B", 3, "b", 2, "main");
    draft.enemies = &enemy;
    draft.n_enemies = 1;
    refused(h, &draft, ERR_NOT_FOUND, "enemies.X9");
    enemy.b = enemy.a;
    refused(h, &draft, ERR_INVALID, "enemies.B1");
    enemy.b = S("B3");
    refused(h, &draft, ERR_SHORTFALL, "enemies.B1 B3: quotas.b: 3 needed, 2 fit");
    add_items(h, "C", 1, "b", 2, "main");
    cr_assert(make_blueprint(h, &draft, NULL) == 0, "%s", h->ctx.fault.field);
    harness_close(h);
}

Test(blueprint, hostile_drafts)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    add_items(h, "A", 5, "a", 1, "main");
    quotas[1] = (struct quota){.skill_group = SPAN("a"), .items = 1};
    PUT_FIELD(&quotas[1], quota, pool, SPAN("main"));
    refused(h, &draft, ERR_TWICE, "quotas.a");
    quotas[1] = (struct quota){.skill_group = SPAN("b"), .items = 200};
    refused(h, &draft, ERR_RANGE, "quotas");
    quotas[1] = (struct quota){.skill_group = SPAN("b'; --"), .items = 1};
    refused(h, &draft, ERR_SHORTFALL, "quotas.b'; --: 1 needed, 0 live");
    draft.bank_id = U(66);
    refused(h, &draft, ERR_NOT_FOUND, "bank_id");
    harness_close(h);
}

Test(blueprint, a_long_reason_is_cut_inside_of_no_character)
{
    struct harness *h = open_bank();
    struct quota quotas[2];
    struct blueprint_draft draft = usual_blueprint(quotas);
    quotas[0].skill_group = SPAN("aaaaaaaaaaaaaaaa");
    quotas[0].items = 200;
    draft.n_quotas = 1;
    PUT_FIELD(&quotas[0], quota, level, 8);
    PUT_FIELD(&quotas[0], quota, pool, SPAN("ộộộộộộộộộộ"));
    PUT_FIELD(&quotas[0], quota, position, SPAN("ếxếxếxếxếxếxếxếx"));
    for (uint32_t n = 0; n < 3; n++) {
        draft.quotas[0].items = (uint16_t)(n == 0 ? 1 : n == 1 ? 10 : 200);
        cr_assert(make_blueprint(h, &draft, NULL) == ERR_SHORTFALL);
        cr_assert(strlen(h->ctx.fault.field) <= 128 && utf8_valid(S(h->ctx.fault.field)), "%s", h->ctx.fault.field);
        cr_assert(strstr(h->ctx.fault.field, " needed, 0 live"), "%s", h->ctx.fault.field);
    }
    harness_close(h);
}

Test(blueprint, nobody_changes_one)
{
    struct harness *h = open_policy();
    cr_assert(!harness_allowed(h, "UPDATE blueprint SET items = 1"));
    cr_assert(!harness_allowed(h, "UPDATE blueprint_quota SET items = 1"));
    cr_assert(!harness_allowed(h, "DELETE FROM blueprint_enemy"));
    harness_close(h);
}
