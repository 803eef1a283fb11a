/*
 * bank_test.h - what the tests of the item bank share: a framework of two groups, a bank, people, items of each type,
 * and the short way through review.
 */
#ifndef TESTS_ASSESSMENT_BANK_TEST_H
#define TESTS_ASSESSMENT_BANK_TEST_H

#include "assessment.h"
#include "item_check.h"
#include "outcome.h"
#include "sql.h"
#include <criterion/criterion.h>

enum { NATION = 1, ANNA = 11, BINH = 12, CHI = 13, FRAMEWORK = 100, BANK = 200 };

static const struct assessment_conf bank_conf = {.key = {1, 2, 3, 4}};

/* People hold all roles of a bank, as they may; only what they did tells them apart. */
static inline void as(struct harness *h, uint32_t person)
{
    harness_as(h, U(person), EDITOR | REVIEWER | NATIONAL, U(NATION));
}

static inline struct bank_draft bank_draft(uint32_t id, const char *code)
{
    return (struct bank_draft){.bank_id = U(id),
                               .code = S(code),
                               .title_vi = SPAN("Ngân hàng"),
                               .title_en = SPAN("Bank"),
                               .framework_id = U(FRAMEWORK)};
}

/* A database with a framework and nothing else; Anna is about to call. */
static inline struct harness *framework_open(void)
{
    struct harness *h = harness_open("assessment", service_sql, false, &bank_conf);
    harness_sql(h, "INSERT INTO framework (framework_id, code, label, groups) "
                   "VALUES ('00000000-0000-0000-0000-000000000064', 'KNS', '1.0', '{a,dd}')");
    as(h, ANNA);
    return h;
}

static inline struct harness *bank_open(void)
{
    struct harness *h = framework_open();
    struct bank_draft draft = bank_draft(BANK, "NH");
    struct bank bank;
    passes(h, on_bank_create(&h->ctx, &draft, &bank));
    return h;
}

/* The choices "một", "hai", ... of an item; of up to five. */
static inline void put_choices(struct item_source *item, uint32_t n)
{
    static struct choice choices[] = {{.number = 1, .text = SPAN("một")},
                                      {.number = 2, .text = SPAN("hai")},
                                      {.number = 3, .text = SPAN("ba")},
                                      {.number = 4, .text = SPAN("bốn")},
                                      {.number = 5, .text = SPAN("năm")}};
    item->choices = choices;
    item->n_choices = n;
}

static inline void put_targets(struct item_source *item, uint32_t n)
{
    static struct choice targets[] = {
        {.number = 1, .text = SPAN("one")}, {.number = 2, .text = SPAN("two")}, {.number = 3, .text = SPAN("three")}};
    item->targets = targets;
    item->n_targets = n;
}

/* A well-formed item of any type. */
static inline struct item_source item_of(uint32_t id, const char *code, enum item_type type)
{
    static const char *const keys[ITEM_TYPES] = {"2", "1,3", "true", "1-2,2-1,3-1", "3,1,2", "3,14", "Hà Nội|Ha Noi"};
    struct item_source item = {.version_id = U(id),
                               .bank_id = U(BANK),
                               .code = S(code),
                               .type = S(item_type_name(type)),
                               .skill_group = SPAN("a"),
                               .level = 1,
                               .stem = SPAN("Câu hỏi?")};
    if (type != ITEM_SITUATION) {
        PUT_FIELD(&item, item_source, key, S(keys[type]));
        PUT_FIELD(&item, item_source, explanation, SPAN("Vì thế."));
    }
    if (type == ITEM_SINGLE_CHOICE || type == ITEM_MULTIPLE_CHOICE || type == ITEM_MATCHING || type == ITEM_ORDERING)
        put_choices(&item, type == ITEM_SINGLE_CHOICE || type == ITEM_MULTIPLE_CHOICE ? 4 : 3);
    if (type == ITEM_MATCHING)
        put_targets(&item, 3);
    return item;
}

static inline void put(struct harness *h, const struct item_source *item, struct item_state *ret_state)
{
    struct item_state state;
    passes(h, on_item_put(&h->ctx, item, &state));
    if (ret_state)
        *ret_state = state;
}

/* A question that says this. */
static inline struct item_source question(uint32_t id, const char *code, const char *stem)
{
    struct item_source item = item_of(id, code, ITEM_SINGLE_CHOICE);
    item.stem = S(stem);
    return item;
}

typedef int step_fn(struct ctx *, const struct items_step *, struct items_moved *);

/* Moves these versions of the bank, or all when there are none. */
static inline int step(struct harness *h, step_fn *verb, const uint32_t *ids, uint32_t n, const char *comment,
                       uint32_t *ret_moved)
{
    static struct item_ref refs[16];
    struct items_moved moved = {0};
    struct items_step req = {.bank_id = U(BANK), .items = refs, .n_items = n};
    for (uint32_t i = 0; i < n; i++)
        refs[i].version_id = U(ids[i]);
    if (comment)
        PUT_FIELD(&req, items_step, comment, S(comment));
    int code = verb(&h->ctx, &req, &moved);
    if (ret_moved)
        *ret_moved = moved.moved;
    return code;
}

/* All drafts of the present caller go live, approved by Binh. */
static inline void publish(struct harness *h)
{
    passes(h, step(h, on_items_submit, NULL, 0, NULL, NULL));
    as(h, BINH);
    passes(h, step(h, on_items_approve, NULL, 0, NULL, NULL));
    as(h, ANNA);
}

static inline const char *state_of(struct harness *h, uint32_t id)
{
    return harness_get(h, "SELECT state FROM item_version WHERE version_id::text LIKE '%%-%012x'", id);
}

#endif
