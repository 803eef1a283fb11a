/* test_item_check.c - the rules of each type: what is needed, allowed, well-formed; keys, their translation, the
 * digest. */
#include "bank_test.h"

static struct arena arena;

static void begin(void)
{
    arena_init(&arena, 1 << 20);
}

static void end(void)
{
    arena_release(&arena);
}

TestSuite(check, .init = begin, .fini = end);

/* Well-formed, and as stored. */
static struct item good(const struct item_source *source)
{
    struct item item = {0};
    struct item_fault fault = {0};
    int code = item_check(&arena, source, &item, &fault);
    cr_assert_eq(code, 0, "%s: %s", fault.field, fault.en);
    return item;
}

/* Refused about this field, with a sentence in both languages. */
static void bad(const struct item_source *source, const char *field)
{
    struct item item;
    struct item_fault fault = {0};
    int code = item_check(&arena, source, &item, &fault);
    cr_assert_neq(code, 0, "taken, although %s is wrong", field);
    cr_assert_str_eq(fault.field, field);
    cr_assert_eq(fault.code, code);
    cr_assert(fault.vi && *fault.vi && fault.en && *fault.en);
}

static struct item_source any(enum item_type type)
{
    return item_of(1, "N1", type);
}

static struct item_source with_key(enum item_type type, const char *key)
{
    struct item_source item = any(type);
    PUT_FIELD(&item, item_source, key, S(key));
    return item;
}

static const char *key_of(enum item_type type, const char *key)
{
    struct item_source source = with_key(type, key);
    struct item item = good(&source);
    struct span text = {0};
    cr_assert_eq(item_key_text(&arena, &item, &text), 0);
    return arena_printf(&arena, "%.*s", (int)text.n, text.p);
}

Test(check, every_type_has_a_well_formed_item)
{
    for (int type = 0; type < ITEM_TYPES; type++) {
        struct item_source source = any((enum item_type)type);
        struct item item = good(&source);
        cr_assert_eq((int)item.type, type);
        cr_assert(is(item.pool, "main"));
        cr_assert_eq(item.difficulty, 50);
        cr_assert(is(item.match, type == ITEM_SHORT_TEXT ? "case" : ""));
    }
}

Test(check, every_type_but_a_situation_needs_a_key)
{
    for (int type = 0; type < ITEM_SITUATION; type++) {
        struct item_source source = any((enum item_type)type);
        source.key = SPAN("");
        bad(&source, "key");
        source.has &= ~(UINT64_C(1) << HAS_item_source_key);
        bad(&source, "key");
    }
}

Test(check, what_a_type_has_no_use_for_is_refused)
{
    static const struct {
        bool choices, targets, partial, tolerance, match;
    } allowed[ITEM_TYPES] = {
        [ITEM_SINGLE_CHOICE] = {.choices = true},
        [ITEM_MULTIPLE_CHOICE] = {.choices = true, .partial = true},
        [ITEM_MATCHING] = {.choices = true, .targets = true, .partial = true},
        [ITEM_ORDERING] = {.choices = true, .partial = true},
        [ITEM_NUMERIC] = {.tolerance = true},
        [ITEM_SHORT_TEXT] = {.match = true},
    };
    for (int type = 0; type < ITEM_TYPES; type++) {
        struct item_source choices = any((enum item_type)type), targets = choices, partial = choices;
        struct item_source tolerance = choices, match = choices;
        if (!allowed[type].choices) {
            put_choices(&choices, 2);
            bad(&choices, "choices");
        }
        put_targets(&targets, 3);
        PUT_FIELD(&partial, item_source, partial, true);
        PUT_FIELD(&tolerance, item_source, tolerance, SPAN("1%"));
        PUT_FIELD(&match, item_source, match, SPAN("tone"));
#define JUDGE(field)                                                                                                   \
    if (allowed[type].field)                                                                                           \
        good(&field);                                                                                                  \
    else                                                                                                               \
        bad(&field, #field)
        JUDGE(targets);
        JUDGE(partial);
        JUDGE(tolerance);
        JUDGE(match);
        PUT_FIELD(&partial, item_source, partial, false); /* says nothing */
        good(&partial);
    }
    struct item_source situation = any(ITEM_SITUATION);
    PUT_FIELD(&situation, item_source, key, SPAN("1"));
    bad(&situation, "key");
    situation = any(ITEM_SITUATION);
    PUT_FIELD(&situation, item_source, situation, SPAN("T2"));
    bad(&situation, "situation");
    situation = any(ITEM_SITUATION);
    PUT_FIELD(&situation, item_source, explanation, SPAN("Vì"));
    bad(&situation, "explanation");
}

Test(check, choices_are_numbered_without_gaps_and_differ)
{
    static const enum item_type types[] = {ITEM_SINGLE_CHOICE, ITEM_MULTIPLE_CHOICE, ITEM_MATCHING, ITEM_ORDERING};
    for (size_t i = 0; i < 4; i++) {
        struct item_source source = any(types[i]);
        source.n_choices = 1;
        bad(&source, "choices");
        source.n_choices = 0;
        bad(&source, "choices");
    }
    struct choice gap[] = {{.number = 1, .text = SPAN("a")}, {.number = 3, .text = SPAN("b")}};
    struct choice twice[] = {{.number = 1, .text = SPAN("a")}, {.number = 1, .text = SPAN("b")}};
    struct choice same[] = {{.number = 1, .text = SPAN("a")}, {.number = 2, .text = SPAN(" a ")}};
    struct choice empty[] = {{.number = 1, .text = SPAN("a")}, {.number = 2, .text = SPAN(" ")}};
    struct choice *wrong[] = {gap, twice, same, empty};
    for (size_t i = 0; i < 4; i++) {
        struct item_source source = any(ITEM_SINGLE_CHOICE);
        source.choices = wrong[i];
        source.n_choices = 2;
        bad(&source, "choices");
    }
    struct choice backwards[] = {{.number = 2, .text = SPAN("b")}, {.number = 1, .text = SPAN("a")}};
    struct item_source source = any(ITEM_SINGLE_CHOICE);
    source.choices = backwards;
    source.n_choices = 2;
    struct item item = good(&source);
    cr_assert(is(item.choices[0], "a"));
    source = any(ITEM_MATCHING);
    source.n_targets = 1;
    bad(&source, "targets");
}

Test(check, keys_have_the_syntax_of_their_type)
{
    static const struct {
        enum item_type type;
        const char *text, *canonical; /* NULL: refused */
    } keys[] = {
        {ITEM_SINGLE_CHOICE, "4", "4"},
        {ITEM_SINGLE_CHOICE, " 1 ", "1"},
        {ITEM_SINGLE_CHOICE, "0", NULL},
        {ITEM_SINGLE_CHOICE, "5", NULL},
        {ITEM_SINGLE_CHOICE, "1,2", NULL},
        {ITEM_SINGLE_CHOICE, "01", NULL},
        {ITEM_SINGLE_CHOICE, "1.0", NULL},
        {ITEM_SINGLE_CHOICE, "A", NULL},
        {ITEM_MULTIPLE_CHOICE, "3, 1", "1,3"},
        {ITEM_MULTIPLE_CHOICE, "1,2,3,4", "1,2,3,4"},
        {ITEM_MULTIPLE_CHOICE, "2", "2"},
        {ITEM_MULTIPLE_CHOICE, "1,1", NULL},
        {ITEM_MULTIPLE_CHOICE, "1,,2", NULL},
        {ITEM_MULTIPLE_CHOICE, "1,", NULL},
        {ITEM_MULTIPLE_CHOICE, "1.3", NULL},
        {ITEM_MULTIPLE_CHOICE, "1;3", NULL},
        {ITEM_TRUE_FALSE, "TRUE", "true"},
        {ITEM_TRUE_FALSE, "False", "false"},
        {ITEM_TRUE_FALSE, "1", NULL},
        {ITEM_TRUE_FALSE, "truely", NULL},
        {ITEM_TRUE_FALSE, "tru", NULL},
        {ITEM_MATCHING, "2-1, 1 - 2 ,3-3", "1-2,2-1,3-3"},
        {ITEM_MATCHING, "1-1,2-1,3-1", "1-1,2-1,3-1"},
        {ITEM_MATCHING, "1-2,2-1", NULL},
        {ITEM_MATCHING, "1-2,1-3,3-1", NULL},
        {ITEM_MATCHING, "1-2,2-1,3-4", NULL},
        {ITEM_MATCHING, "1-2,2-1,3", NULL},
        {ITEM_MATCHING, "1-2-3,2-1,3-1", NULL},
        {ITEM_MATCHING, "1,2,3", NULL},
        {ITEM_ORDERING, "2,3,1", "2,3,1"},
        {ITEM_ORDERING, "2,3", NULL},
        {ITEM_ORDERING, "2,3,3", NULL},
        {ITEM_ORDERING, "1,2,3,4", NULL},
        {ITEM_NUMERIC, "3,14", "3.14"},
        {ITEM_NUMERIC, "-0.50", "-0.5"},
        {ITEM_NUMERIC, "+007", "7"},
        {ITEM_NUMERIC, "-0", "0"},
        {ITEM_NUMERIC, "0,000", "0"},
        {ITEM_NUMERIC, "123456789012345", "123456789012345"},
        {ITEM_NUMERIC, "1234567890123456", NULL},
        {ITEM_NUMERIC, "1.234,5", NULL},
        {ITEM_NUMERIC, "1e3", NULL},
        {ITEM_NUMERIC, ".5", NULL},
        {ITEM_NUMERIC, "5.", NULL},
        {ITEM_NUMERIC, "--1", NULL},
        {ITEM_NUMERIC, "1 000", NULL},
        {ITEM_NUMERIC, "NaN", NULL},
        {ITEM_NUMERIC, "-", NULL},
        {ITEM_SHORT_TEXT, " Huế | Hue ", "Huế|Hue"},
        {ITEM_SHORT_TEXT, "a|", NULL},
        {ITEM_SHORT_TEXT, "|", NULL},
        {ITEM_SHORT_TEXT, "a|a", NULL},
        {ITEM_SHORT_TEXT, "a||b", NULL},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct item_source source = with_key(keys[i].type, keys[i].text);
        if (!keys[i].canonical) {
            bad(&source, "key");
            continue;
        }
        cr_assert_str_eq(key_of(keys[i].type, keys[i].text), keys[i].canonical);
    }
}

Test(check, short_text_is_bounded)
{
    char forms[64], *p = forms;
    for (char c = 'a'; c < 'a' + ITEM_FORMS; c++) {
        *p++ = c;
        *p++ = '|';
    }
    p[-1] = 0;
    struct item_source source = with_key(ITEM_SHORT_TEXT, forms);
    good(&source);
    p[-1] = '|';
    *p++ = 'z';
    *p = 0;
    source = with_key(ITEM_SHORT_TEXT, forms);
    bad(&source, "key");
    char form[202];
    memset(form, 'x', sizeof(form));
    form[201] = 0;
    source = with_key(ITEM_SHORT_TEXT, form);
    bad(&source, "key");
}

Test(check, tolerance_is_a_number_or_a_share)
{
    static const struct {
        const char *text, *canonical;
    } tolerances[] = {{"0,010", "0.01"}, {"1%", "1%"}, {"2,50 %", "2.5%"}, {"0", ""},  {"0%", ""},
                      {"-1", NULL},      {"%", NULL},  {"1%%", NULL},      {"x", NULL}};
    for (size_t i = 0; i < sizeof(tolerances) / sizeof(tolerances[0]); i++) {
        struct item_source source = any(ITEM_NUMERIC);
        PUT_FIELD(&source, item_source, tolerance, S(tolerances[i].text));
        if (!tolerances[i].canonical) {
            bad(&source, "tolerance");
            continue;
        }
        struct item item = good(&source);
        cr_assert(is(item.tolerance, tolerances[i].canonical), "%.*s", (int)item.tolerance.n, item.tolerance.p);
    }
    struct item_source source = any(ITEM_SHORT_TEXT);
    PUT_FIELD(&source, item_source, match, SPAN("loose"));
    bad(&source, "match");
}

Test(check, plain_fields_have_their_bounds)
{
    struct item_source source = any(ITEM_TRUE_FALSE);
    source.code = SPAN("N 1");
    bad(&source, "code");
    source.code = SPAN("-1");
    bad(&source, "code");
    source = any(ITEM_TRUE_FALSE);
    source.type = SPAN("essay");
    bad(&source, "type");
    source = any(ITEM_TRUE_FALSE);
    source.level = 9;
    bad(&source, "level");
    source = any(ITEM_TRUE_FALSE);
    source.stem = SPAN(" \n ");
    bad(&source, "stem");
    source.stem = SPAN("x\x1fy");
    bad(&source, "stem");
    source.stem = SPAN("x\xffy");
    bad(&source, "stem");
    source = any(ITEM_TRUE_FALSE);
    PUT_FIELD(&source, item_source, difficulty, 100);
    bad(&source, "difficulty");
    source = any(ITEM_TRUE_FALSE);
    PUT_FIELD(&source, item_source, pool, SPAN("a b"));
    bad(&source, "pool");
    source = any(ITEM_TRUE_FALSE);
    PUT_FIELD(&source, item_source, positions, SPAN("A||B"));
    bad(&source, "positions");
    source = any(ITEM_TRUE_FALSE);
    PUT_FIELD(&source, item_source, situation, SPAN("N1")); /* itself */
    bad(&source, "situation");
}

Test(check, texts_take_one_form)
{
    struct item_source source = any(ITEM_TRUE_FALSE);
    source.stem = SPAN(" Ha\xcc\x80 No\xcc\xa3\xcc\x82i?\r\nHai\rba \n");
    PUT_FIELD(&source, item_source, positions, SPAN(" VT | KT|VT "));
    struct item item = good(&source);
    cr_assert(is(item.stem, "Hà Nội?\nHai\nba"));
    cr_assert_eq(item.n_positions, 2);
    cr_assert(is(item.positions[0], "KT"));
    cr_assert(is(item.positions[1], "VT"));
}

/* --- Order and digest. --- */

static const uint8_t secret[32] = {7}, other_secret[32] = {8};

static const char *digest_of(const uint8_t key[32], struct item item)
{
    uint8_t digest[ITEM_DIGEST];
    char *hex = arena_alloc(&arena, 2 * ITEM_DIGEST + 1);
    item_arrange(key, &item);
    cr_assert_eq(item_digest(&arena, key, &item, digest), 0);
    for (size_t i = 0; i < ITEM_DIGEST; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return hex;
}

Test(check, the_order_of_writing_does_not_matter)
{
    struct choice a[] = {
        {.number = 1, .text = SPAN("x")}, {.number = 2, .text = SPAN("y")}, {.number = 3, .text = SPAN("z")}};
    struct choice b[] = {
        {.number = 1, .text = SPAN("z")}, {.number = 2, .text = SPAN("x")}, {.number = 3, .text = SPAN("y")}};
    static const struct {
        enum item_type type;
        const char *a, *b;
    } cases[] = {
        {ITEM_SINGLE_CHOICE, "1", "2"}, {ITEM_MULTIPLE_CHOICE, "1,3", "1,2"}, {ITEM_ORDERING, "3,1,2", "1,2,3"}};
    for (size_t i = 0; i < 3; i++) {
        struct item_source source = with_key(cases[i].type, cases[i].a);
        source.choices = a;
        source.n_choices = 3;
        struct item first = good(&source);
        source.choices = b;
        source.key = S(cases[i].b);
        struct item second = good(&source);
        source.key = S(cases[i].a);
        struct item third = good(&source);
        cr_assert_str_eq(digest_of(secret, first), digest_of(secret, second));
        cr_assert_str_neq(digest_of(secret, first), digest_of(secret, third));
        cr_assert_str_neq(digest_of(secret, first), digest_of(other_secret, first));
    }
}

Test(check, arranging_keeps_what_is_right)
{
    struct item_source source = with_key(ITEM_MATCHING, "1-2,2-3,3-1");
    struct item item = good(&source), before = item;
    item_arrange(secret, &item);
    for (uint8_t i = 0; i < item.key.n; i++) {
        struct span was = before.targets[before.key.right[i] - 1], now = item.targets[item.key.right[i] - 1];
        cr_assert(was.n == now.n && !memcmp(was.p, now.p, was.n));
    }
    cr_assert(is(item.choices[0], "một")); /* the left side stays */
    source = with_key(ITEM_ORDERING, "3,1,2");
    item = good(&source);
    item_arrange(secret, &item);
    cr_assert(is(item.choices[item.key.left[0] - 1], "ba"));
    cr_assert(is(item.choices[item.key.left[1] - 1], "một"));
    cr_assert(is(item.choices[item.key.left[2] - 1], "hai"));
    struct item twice = item;
    item_arrange(secret, &twice);
    cr_assert_arr_eq(twice.key.left, item.key.left, 3);
}

Test(check, every_field_is_in_the_digest)
{
    struct item_source source = any(ITEM_MULTIPLE_CHOICE);
    struct item base = good(&source);
    const char *digest = digest_of(secret, base);
#define DIFFERS(change)                                                                                                \
    do {                                                                                                               \
        struct item item = base;                                                                                       \
        change;                                                                                                        \
        cr_assert_str_neq(digest_of(secret, item), digest);                                                            \
    } while (0)
    DIFFERS(item.skill_group = SPAN("dd"));
    DIFFERS(item.level = 2);
    DIFFERS(item.pool = SPAN("b"));
    DIFFERS(item.situation = SPAN("T1"));
    DIFFERS(item.stem = SPAN("x"));
    DIFFERS(item.explanation = SPAN("x"));
    DIFFERS(item.source = SPAN("x"));
    DIFFERS(item.difficulty = 51);
    DIFFERS(item.partial = true);
    DIFFERS(item.tolerance = SPAN("1"));
    DIFFERS(item.match = SPAN("tone"));
    DIFFERS(item.choices[0] = SPAN("x"));
    DIFFERS(item.positions[item.n_positions++] = SPAN("KT"));
    DIFFERS(item.key.left[1] = 4);
    DIFFERS((item.explanation = base.source, item.source = base.explanation));
    cr_assert_str_eq(digest_of(secret, base), digest);
}
