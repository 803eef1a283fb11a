/*
 * test_response.c - for each item of the sample, responses meant to be right are worth all points and those meant to be
 * wrong none, by the service's own rule of grading; and what is not of the sample is recognised.
 */
#include "people.h"
#include "harness.h"
#include "response.h"

enum { ROLLS = 24, KEY_MOST = 2001 };

TestSuite(response, .init = sample_open, .fini = sample_close);

/* An item as a paper shows it: choices in another order, numbers that are not those of the file. */
struct shown {
    struct item_shown item;
    struct choice choices[SAMPLE_OPTIONS], targets[SAMPLE_TARGETS];
};

static uint8_t number_of(uint32_t index, uint32_t n, uint32_t roll)
{
    return (uint8_t)(n - (index + roll) % n); /* a permutation of 1 to n */
}

static void show(const struct sample_item *item, uint32_t roll, struct shown *ret_shown)
{
    const char *type = sample_type_names[item->type];
    for (uint32_t i = 0; i < item->n_options; i++)
        ret_shown->choices[(i + roll / 2) % item->n_options] =
            (struct choice){.number = number_of(i, item->n_options, roll), .text = item->option[i]};
    for (uint32_t i = 0; i < item->n_targets; i++)
        ret_shown->targets[(i + roll / 3) % item->n_targets] =
            (struct choice){.number = number_of(i, item->n_targets, roll + 1), .text = item->target[i]};
    ret_shown->item = (struct item_shown){.position = 1,
                                          .type = S(type),
                                          .stem = item->stem,
                                          .choices = ret_shown->choices,
                                          .n_choices = item->n_options,
                                          .targets = ret_shown->targets,
                                          .n_targets = item->n_targets};
}

static int by_number(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* The key as the service keeps it: in the numbers that are shown. */
static void translate(const struct sample_item *item, uint32_t roll, char ret_key[KEY_MOST])
{
    uint8_t numbers[SAMPLE_OPTIONS];
    int n = 0;
    if (!item->n_right) {
        snprintf(ret_key, KEY_MOST, "%.*s", (int)item->key.n, item->key.p);
        return;
    }
    for (uint32_t i = 0; i < item->n_right; i++)
        numbers[i] = number_of(item->right[i] - 1u, item->n_options, roll);
    if (item->type == TYPE_MULTIPLE_CHOICE)
        qsort(numbers, item->n_right, 1, by_number);
    for (uint32_t i = 0; i < item->n_right; i++) {
        n += snprintf(ret_key + n, KEY_MOST - (size_t)n, "%s%u", i ? "," : "", numbers[i]);
        if (item->type == TYPE_MATCHING)
            n += snprintf(ret_key + n, KEY_MOST - (size_t)n, "-%u",
                          number_of(item->right_target[i] - 1u, item->n_targets, roll + 1));
    }
}

static const char *points(struct harness *h, const struct sample_item *item, const char *key, struct span response)
{
    char tolerance[32] = "NULL", match[32] = "NULL";
    if (item->type == TYPE_NUMERIC)
        snprintf(tolerance, sizeof(tolerance), "'%.9f'", item->tolerance);
    if (item->match.n)
        snprintf(match, sizeof(match), "'%.*s'", (int)item->match.n, item->match.p);
    return harness_get(h, "SELECT score_by_rule_1('%s', $k$%s$k$, %s, %s, %s, $r$%.*s$r$)",
                       sample_type_names[item->type], key, item->partial ? "true" : "false", tolerance, match,
                       (int)response.n, response.p);
}

static void judge(struct harness *h, const struct sample_item *item, uint32_t roll)
{
    struct shown shown;
    char key[KEY_MOST];
    uint64_t random = (uint64_t)roll * UINT64_C(0x9e3779b97f4a7c15) >> 7;
    show(item, roll, &shown);
    translate(item, roll, key);
    cr_expect_eq(response_item(&sample, &shown.item), item);
    for (int rightly = 0; rightly < 2; rightly++) {
        struct span response;
        cr_assert_eq(response_make(&h->arena, item, &shown.item, rightly, random, &response), 0, "%.*s %d",
                     (int)item->code.n, item->code.p, rightly);
        const char *score = points(h, item, key, response);
        cr_expect_str_eq(score, rightly ? "100" : "0", "%.*s: %.*s is worth %s", (int)item->code.n, item->code.p,
                         (int)response.n, response.p, score);
    }
    arena_clear(&h->arena);
}

Test(response, right_is_worth_all_and_wrong_nothing)
{
    struct harness *h = harness_open("assessment", NULL, false, NULL);
    for (uint32_t i = 0; i < sample.n_items; i++) {
        for (uint32_t roll = 0; sample.items[i].type != TYPE_SITUATION && roll < ROLLS; roll++)
            judge(h, &sample.items[i], roll);
    }
    harness_close(h);
}

static const struct sample_item *first_of(enum sample_type type)
{
    uint32_t i = 0;
    while (sample.items[i].type != type)
        i++;
    return &sample.items[i];
}

static void expect_unknown(const struct shown *shown, const char *why)
{
    cr_expect_null(response_item(&sample, &shown->item), "%s", why);
}

Test(response, what_is_not_of_the_sample_is_recognised)
{
    const struct sample_item *item = first_of(TYPE_MATCHING);
    struct shown shown;
    show(item, 3, &shown);
    cr_assert_eq(response_item(&sample, &shown.item), item);
    shown.choices[1].text = shown.choices[0].text;
    expect_unknown(&shown, "a choice twice");
    show(item, 3, &shown);
    shown.choices[1].text = SPAN("?");
    expect_unknown(&shown, "a choice of another item");
    show(item, 3, &shown);
    shown.targets[0].text = SPAN("?");
    expect_unknown(&shown, "a target of another item");
    show(item, 3, &shown);
    shown.choices[1].number = shown.choices[0].number;
    expect_unknown(&shown, "a number twice");
    show(item, 3, &shown);
    shown.choices[0].number = (uint8_t)(item->n_options + 1);
    expect_unknown(&shown, "a number too large");
    show(item, 3, &shown);
    shown.item.n_targets--;
    expect_unknown(&shown, "a target missing");
    show(item, 3, &shown);
    shown.item.type = SPAN("ordering");
    expect_unknown(&shown, "another type");
    show(item, 3, &shown);
    shown.item.stem = SPAN("?");
    expect_unknown(&shown, "another question");
}

/* With partial credit nothing but wrong choices takes points away, so such an item cannot be answered for nothing. */
Test(response, without_a_wrong_choice_there_is_no_wrong_response)
{
    struct sample_item item = *first_of(TYPE_MULTIPLE_CHOICE);
    struct shown shown;
    struct span response = SPAN("untouched");
    item.n_right = item.n_options;
    for (uint8_t i = 0; i < item.n_options; i++)
        item.right[i] = (uint8_t)(i + 1);
    show(&item, 0, &shown);
    cr_expect_eq(response_make(&sample.arena, &item, &shown.item, false, 1, &response), -1);
    cr_expect(span_equal(response, SPAN("untouched")));
    cr_expect_eq(response_make(&sample.arena, &item, &shown.item, true, 1, &response), 0);
}

Test(response, a_situation_is_not_answered)
{
    const struct sample_item *item = first_of(TYPE_SITUATION);
    struct shown shown;
    struct span response;
    show(item, 0, &shown);
    cr_expect_eq(response_make(&sample.arena, item, &shown.item, true, 0, &response), -1);
}
