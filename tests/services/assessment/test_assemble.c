/* test_assemble.c - forms from items, without a database: quotas, situations, enemies, exposure, difficulty, speed. */
#include "assemble.h"
#include "service.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>

enum { MOST = 5000 };

struct store {
    struct arena arena;
    struct drawn_item items[MOST];
    struct quota quotas[ASSEMBLE_QUOTAS];
    struct enemy enemies[1000];
    struct assemble_job job;
    struct assembled made;
};

static struct span text(struct store *b, const char *format, uint32_t n)
{
    char *made = arena_printf(&b->arena, "%s%u", format, n);
    cr_assert(made);
    return (struct span){made, (uint32_t)strlen(made)};
}

static struct store *bank_new(void)
{
    struct store *b = calloc(1, sizeof(*b));
    cr_assert(b && sodium_init() >= 0);
    arena_init(&b->arena, 64 << 20);
    b->job = (struct assemble_job){.items = b->items,
                                   .quotas = b->quotas,
                                   .enemies = b->enemies,
                                   .forms = 1,
                                   .max_exposure_percent = 100,
                                   .seed = {7}};
    return b;
}

static void bank_free(struct store *b)
{
    arena_release(&b->arena);
    free(b);
}

/* Adds an item I<n> of a group; returns its index. */
static uint32_t add(struct store *b, struct span group, uint8_t level, uint8_t difficulty)
{
    uint32_t n = b->job.n_items++;
    cr_assert(n < MOST);
    b->items[n] = (struct drawn_item){
        .code = text(b, "I", n), .skill_group = group, .level = level, .pool = SPAN("main"), .difficulty = difficulty};
    return n;
}

static void add_to(struct store *b, struct span situation, struct span group)
{
    uint32_t n = add(b, group, 1, 50);
    PUT_FIELD(&b->items[n], drawn_item, situation, situation);
}

static void want(struct store *b, struct span group, uint16_t items)
{
    b->quotas[b->job.n_quotas++] = (struct quota){.skill_group = group, .items = items};
}

static void exclude(struct store *b, uint32_t left, uint32_t right)
{
    b->enemies[b->job.n_enemies++] = (struct enemy){.a = b->items[left].code, .b = b->items[right].code};
}

static bool fills(const struct drawn_item *item, const struct quota *quota)
{
    return span_equal(item->skill_group, quota->skill_group) &&
           (!HAS(quota, quota, level) || item->level == quota->level);
}

/* Can these items be given to the quotas, one by one? By trying everything: for small forms. */
static bool deal(const struct store *b, const uint32_t *items, uint32_t n, uint16_t *left)
{
    for (uint32_t q = 0; n && q < b->job.n_quotas; q++) {
        if (!left[q] || !fills(&b->items[items[n - 1]], &b->quotas[q]))
            continue;
        left[q]--;
        bool done = deal(b, items, n - 1, left);
        left[q]++;
        if (done)
            return true;
    }
    return !n;
}

static bool enemies_in(const struct store *b, const bool *in)
{
    for (uint32_t k = 0; k < b->job.n_enemies; k++) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < b->job.n_items; i++) {
            const struct drawn_item *item = &b->items[i];
            bool in_a = span_equal(item->code, b->enemies[k].a) ||
                        (HAS(item, drawn_item, situation) && span_equal(item->situation, b->enemies[k].a));
            bool in_b = span_equal(item->code, b->enemies[k].b) ||
                        (HAS(item, drawn_item, situation) && span_equal(item->situation, b->enemies[k].b));
            found |= in[i] && in_a ? 1u : 0;
            found |= in[i] && in_b ? 2u : 0;
        }
        if (found == 3)
            return true;
    }
    return false;
}

static bool situations_whole(const struct store *b, const bool *in)
{
    for (uint32_t i = 0; i < b->job.n_items; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (HAS(&b->items[i], drawn_item, situation) && HAS(&b->items[k], drawn_item, situation) &&
                span_equal(b->items[i].situation, b->items[k].situation) && in[i] != in[k])
                return false;
        }
    }
    return true;
}

/* Every rule that a form must keep. */
static void check_form(const struct store *b, const struct assemble_form *form)
{
    static bool in[MOST];
    uint16_t left[ASSEMBLE_QUOTAS];
    uint32_t sum = 0;
    memset(in, 0, sizeof(in));
    for (uint32_t i = 0; i < b->made.n_items; i++) {
        cr_assert(form->items[i] < b->job.n_items && !in[form->items[i]], "an item twice");
        in[form->items[i]] = true;
        sum += b->items[form->items[i]].difficulty;
    }
    for (uint32_t q = 0; q < b->job.n_quotas; q++)
        left[q] = b->quotas[q].items;
    cr_assert(deal(b, form->items, b->made.n_items, left), "quotas");
    cr_assert(!b->job.n_enemies || !enemies_in(b, in), "enemies");
    cr_assert(b->job.n_items > 500 || situations_whole(b, in), "half a situation");
    for (uint32_t i = 1; i < b->made.n_items; i++) { /* side by side: no situation begins twice */
        const struct drawn_item *now = &b->items[form->items[i]], *last = &b->items[form->items[i - 1]];
        for (uint32_t k = 0; HAS(now, drawn_item, situation) && k + 1 < i; k++) {
            const struct drawn_item *before = &b->items[form->items[k]];
            cr_assert(!HAS(before, drawn_item, situation) || !span_equal(before->situation, now->situation) ||
                      (HAS(last, drawn_item, situation) && span_equal(last->situation, now->situation)));
        }
    }
    cr_assert((double)sum / b->made.n_items - form->difficulty < 0.001);
}

static int run(struct store *b)
{
    int code = assemble(&b->job, &b->arena, &b->made);
    for (uint32_t f = 0; f < b->made.n_forms; f++)
        check_form(b, &b->made.forms[f]);
    return code;
}

static void refused(struct store *b, const char *why)
{
    cr_assert(run(b) == ERR_SHORTFALL && !strcmp(b->made.shortfall, why), "%s", b->made.shortfall);
}

/* A bank of n items in four groups and three levels, difficulties from 10 to 95 in no order. */
static void fill_bank(struct store *b, uint32_t n)
{
    static const struct span groups[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}};
    for (uint32_t i = 0; i < n; i++)
        add(b, groups[i % 4], (uint8_t)(1 + i / 4 % 3), (uint8_t)(10 + i * 7919 % 86));
    for (uint32_t g = 0; g < 4; g++)
        want(b, groups[g], 10);
}

static void count_uses(const struct store *b, uint32_t *uses, uint32_t *ret_least, uint32_t *ret_most)
{
    memset(uses, 0, b->job.n_items * sizeof(*uses));
    for (uint32_t f = 0; f < b->made.n_forms; f++) {
        for (uint32_t i = 0; i < b->made.n_items; i++)
            uses[b->made.forms[f].items[i]]++;
    }
    *ret_least = UINT32_MAX;
    *ret_most = 0;
    for (uint32_t i = 0; i < b->job.n_items; i++) {
        *ret_least = uses[i] < *ret_least ? uses[i] : *ret_least;
        *ret_most = uses[i] > *ret_most ? uses[i] : *ret_most;
    }
}

Test(assemble, forms_are_parallel_and_evenly_exposed)
{
    struct store *b = bank_new();
    uint32_t uses[MOST], least, most;
    fill_bank(b, 500);
    b->job.forms = 60;
    cr_assert(run(b) == 0, "%s", b->made.shortfall);
    cr_assert(b->made.n_forms == 60 && b->made.n_items == 40);
    cr_assert(b->made.spread <= 1.5, "%.2f points", b->made.spread);
    count_uses(b, uses, &least, &most); /* 60 forms of 40 out of 500: 4.8 on average */
    cr_assert(least >= 4 && most <= 6, "%u to %u", least, most);
    cr_assert(b->made.most_used == most);
    bank_free(b);
}

Test(assemble, small_banks_come_as_near_as_they_can)
{
    struct store *b = bank_new();
    for (uint32_t i = 0; i < 12; i++)
        add(b, SPAN("a"), 1, (uint8_t)(10 + 7 * i));
    want(b, SPAN("a"), 5);
    b->job.forms = 6;
    cr_assert(run(b) == 0 && b->made.n_forms == 6);
    cr_assert(b->made.spread < 6, "%.2f points", b->made.spread); /* by chance alone ten and more */
    bank_free(b);
}

Test(assemble, same_job_same_forms_other_seed_other_forms)
{
    struct store *b = bank_new();
    fill_bank(b, 200);
    b->job.forms = 5;
    cr_assert(run(b) == 0);
    struct assembled first = b->made;
    cr_assert(run(b) == 0);
    cr_assert(!memcmp(first.forms[0].items, b->made.forms[0].items, 5 * 40 * sizeof(uint32_t)));
    b->job.seed[31] = 1;
    cr_assert(run(b) == 0);
    cr_assert(memcmp(first.forms[0].items, b->made.forms[0].items, 5 * 40 * sizeof(uint32_t)));
    bank_free(b);
}

/* How long it takes is said, not judged: machines and sanitizers differ. */
Test(assemble, five_hundred_forms)
{
    struct store *b = bank_new();
    fill_bank(b, 5000);
    for (uint32_t i = 0; i < 1000; i += 3)
        exclude(b, i, i + 4);
    for (uint32_t i = 2000; i < 2400; i++)
        PUT_FIELD(&b->items[i], drawn_item, situation, text(b, "S", i / 4));
    b->job.forms = 500;
    b->job.max_exposure_percent = 5;
    int64_t begun = mono_us();
    int code = assemble(&b->job, &b->arena, &b->made);
    int64_t took = mono_us() - begun;
    cr_assert(code == 0 && b->made.n_forms == 500, "%s", b->made.shortfall);
    cr_assert(b->made.spread <= 1.5 && b->made.most_used <= 25, "%.2f %u", b->made.spread, b->made.most_used);
    fprintf(stderr, "500 forms took %lld us, spread %.2f, most used %u\n", (long long)took, b->made.spread,
            b->made.most_used);
    bank_free(b);
}

Test(assemble, quotas_that_overlap_are_all_filled)
{
    struct store *b = bank_new();
    want(b, SPAN("a"), 3); /* of any level, but the two of level 3 are needed below */
    want(b, SPAN("a"), 2);
    PUT_FIELD(&b->quotas[1], quota, level, 3);
    for (uint32_t i = 0; i < 5; i++)
        add(b, SPAN("a"), i < 2 ? 3 : 1, 50);
    cr_assert(run(b) == 0, "%s", b->made.shortfall);
    b->job.n_items = 4;
    refused(b, "quotas.a level 3: 2 needed, 1 left by other quotas");
    bank_free(b);
}

Test(assemble, a_situation_is_taken_as_a_whole_and_counts_where_its_items_belong)
{
    struct store *b = bank_new();
    want(b, SPAN("a"), 3);
    want(b, SPAN("b"), 2);
    add_to(b, SPAN("S"), SPAN("a"));
    add_to(b, SPAN("S"), SPAN("b"));
    add_to(b, SPAN("S"), SPAN("a"));
    add(b, SPAN("a"), 1, 50);
    add(b, SPAN("a"), 1, 50);
    add(b, SPAN("b"), 1, 50);
    b->job.forms = 4; /* two differ: the single item of group a */
    cr_assert(run(b) == 0 && b->made.n_forms == 2, "%u %s", b->made.n_forms, b->made.shortfall);
    bank_free(b);
}

Test(assemble, a_situation_that_does_not_fit_is_left_out)
{
    struct store *b = bank_new();
    want(b, SPAN("a"), 2);
    for (uint32_t i = 0; i < 3; i++)
        add_to(b, SPAN("S"), SPAN("a"));
    refused(b, "quotas.a: 2 needed, 0 fit with whole situations");
    add_to(b, SPAN("T"), SPAN("a"));
    add_to(b, SPAN("T"), SPAN("x")); /* belongs to no quota */
    add(b, SPAN("a"), 1, 50);
    refused(b, "quotas.a: 2 needed, 1 fit with whole situations");
    add(b, SPAN("a"), 1, 50);
    cr_assert(run(b) == 0, "%s", b->made.shortfall);
    bank_free(b);
}

Test(assemble, enemies_of_items_and_of_situations)
{
    struct store *b = bank_new();
    want(b, SPAN("a"), 4);
    add_to(b, SPAN("S"), SPAN("a"));
    add_to(b, SPAN("S"), SPAN("a"));
    for (uint32_t i = 0; i < 4; i++)
        add(b, SPAN("a"), 1, 50);
    exclude(b, 2, 3);
    b->enemies[b->job.n_enemies++] = (struct enemy){.a = SPAN("S"), .b = b->items[2].code};
    b->job.forms = 10; /* only S with two of 3, 4, 5: three forms */
    cr_assert(run(b) == 0 && b->made.n_forms == 3, "%u %s", b->made.n_forms, b->made.shortfall);
    exclude(b, 0, 1); /* now S excludes itself */
    refused(b, "enemies.I2 I3: quotas.a: 4 needed, 3 fit");
    bank_free(b);
}

Test(assemble, the_bound_of_exposure_is_kept_or_named)
{
    struct store *b = bank_new();
    uint32_t uses[MOST], least, most;
    for (uint32_t i = 0; i < 20; i++)
        add(b, SPAN("a"), 1, (uint8_t)(20 + 3 * i));
    want(b, SPAN("a"), 5);
    b->job.forms = 8;
    b->job.max_exposure_percent = 25;
    cr_assert(run(b) == 0 && b->made.n_forms == 8, "%s", b->made.shortfall);
    count_uses(b, uses, &least, &most);
    cr_assert(least == 2 && most == 2, "%u to %u", least, most);
    b->job.max_exposure_percent = 24; /* rounded down: one form */
    refused(b, "max_exposure_percent: quotas.a: in 8 forms, each item in 1 at most");
    b->job.forms = 2; /* 24% of two forms would be none: one at least */
    cr_assert(run(b) == 0 && b->made.n_forms == 2);
    bank_free(b);
}

Test(assemble, forms_that_stay_count)
{
    struct store *b = bank_new();
    uint32_t uses[MOST], least, most;
    uint32_t of_kept[4][5]; /* items 0 to 9 twice each */
    struct assemble_form kept[4];
    for (uint32_t i = 0; i < 20; i++) {
        add(b, SPAN("a"), 1, 50);
        of_kept[i / 5][i % 5] = i % 10;
        kept[i / 5] = (struct assemble_form){of_kept[i / 5], 50};
    }
    want(b, SPAN("a"), 5);
    b->job.forms = 4;
    b->job.kept = kept;
    b->job.n_kept = 4;
    cr_assert(run(b) == 0 && b->made.n_forms == 4);
    count_uses(b, uses, &least, &most);
    for (uint32_t i = 0; i < 20; i++)
        cr_assert(uses[i] == (i < 10 ? 0 : 2), "item %u: %u", i, uses[i]);
    cr_assert(b->made.most_used == 2);
    bank_free(b);
}

/* Of three items there are three pairs; two of them are forms already. */
Test(assemble, a_form_that_stays_is_not_made_again)
{
    struct store *b = bank_new();
    uint32_t pairs[2][2] = {{0, 1}, {2, 0}};
    const struct assemble_form kept[2] = {{pairs[0], 50}, {pairs[1], 50}};
    for (uint32_t i = 0; i < 3; i++)
        add(b, SPAN("a"), 1, 50);
    want(b, SPAN("a"), 2);
    b->job.forms = 2;
    b->job.kept = kept;
    b->job.n_kept = 2;
    cr_assert(run(b) == 0 && b->made.n_forms == 1, "%u made", b->made.n_forms);
    cr_assert(b->made.forms[0].items[0] + b->made.forms[0].items[1] == 3);
    bank_free(b);
}

/* The bound counts forms that stay and forms that come later, whoever makes them. */
Test(assemble, the_bound_is_for_all_forms_together)
{
    struct store *b = bank_new();
    uint32_t uses[MOST], least, most, of_kept[5] = {0, 1, 2, 3, 4};
    const struct assemble_form kept = {of_kept, 50};
    for (uint32_t i = 0; i < 20; i++)
        add(b, SPAN("a"), 1, 50);
    want(b, SPAN("a"), 5);
    b->job.forms = 3;
    b->job.kept = &kept;
    b->job.n_kept = 1;
    b->job.max_exposure_percent = 25;
    cr_assert(run(b) == 0 && b->made.n_forms == 3, "%s", b->made.shortfall);
    count_uses(b, uses, &least, &most);
    for (uint32_t i = 0; i < 20; i++)
        cr_assert(uses[i] == (i >= 5), "item %u: %u", i, uses[i]);
    b->job.forms = 4; /* with five forms the fifth would use an item twice: 25% of five is one */
    cr_assert(run(b) == ERR_SHORTFALL && b->made.n_forms == 3, "%u", b->made.n_forms);
    b->job.later = 3; /* 25% of eight are two */
    cr_assert(run(b) == 0 && b->made.n_forms == 4, "%s", b->made.shortfall);
    bank_free(b);
}

Test(assemble, an_empty_bank_and_a_full_arena)
{
    struct store *b = bank_new();
    want(b, SPAN("a"), 5);
    refused(b, "quotas.a: 5 needed, 0 live");
    fill_bank(b, 100);
    struct arena small;
    arena_init(&small, 4096);
    cr_assert(assemble(&b->job, &small, &b->made) == ERR_TOO_LARGE);
    arena_release(&small);
    bank_free(b);
}

/* Is there a form at all? By trying every choice of units. */
static bool possible(const struct store *b, uint32_t needed)
{
    bool in[MOST] = {false};
    for (uint32_t set = 0; set < 1u << b->job.n_items; set++) {
        uint32_t chosen[32], n = 0;
        uint16_t left[ASSEMBLE_QUOTAS];
        if ((uint32_t)__builtin_popcount(set) != needed)
            continue;
        for (uint32_t i = 0; i < b->job.n_items; i++) {
            in[i] = set >> i & 1;
            if (in[i])
                chosen[n++] = i;
        }
        for (uint32_t q = 0; q < b->job.n_quotas; q++)
            left[q] = b->quotas[q].items;
        if (!enemies_in(b, in) && situations_whole(b, in) && deal(b, chosen, n, left))
            return true;
    }
    return false;
}

static uint32_t next(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % n;
}

/* Small banks of every kind, against trying everything: nothing possible is refused, nothing impossible is made. */
Test(assemble, finds_a_form_where_there_is_one)
{
    uint32_t can = 0, cannot = 0;
    for (uint32_t round = 0; round < 400; round++) {
        struct store *b = bank_new();
        static const struct span groups[] = {{"a", 1}, {"b", 1}};
        uint32_t state = round * 2654435761u + 12345, needed = 0;
        uint32_t n = 6 + next(&state, 5);
        for (uint32_t i = 0; i < n; i++) {
            add(b, groups[next(&state, 2)], (uint8_t)(1 + next(&state, 2)), (uint8_t)(1 + next(&state, 99)));
            uint32_t situation = next(&state, 6);
            if (situation < 2)
                PUT_FIELD(&b->items[i], drawn_item, situation, text(b, "S", situation));
        }
        for (uint32_t q = 0; q < 3; q++) {
            want(b, groups[q % 2], (uint16_t)(1 + next(&state, 2)));
            needed += b->quotas[q].items;
        }
        PUT_FIELD(&b->quotas[2], quota, level, 2);
        for (uint32_t k = next(&state, 5); k; k--) {
            uint32_t left = next(&state, n), right = next(&state, n);
            if (left != right)
                exclude(b, left, right);
        }
        bool there = possible(b, needed);
        int code = run(b);
        cr_assert((code == 0) == there, "round %u: %d %s", round, code, b->made.shortfall);
        can += there;
        cannot += !there;
        bank_free(b);
    }
    cr_assert(can > 100 && cannot > 50, "%u %u", can, cannot);
}
