/*
 * name.c - comparison of names. A name becomes words, a word letters, a letter its base, its own mark (â, ă, ơ, đ) and
 * its tone: so that a report can say in what two spellings differ, which an officer has to judge.
 */
#include "name.h"
#include <string.h>
#include <utf8proc.h>

enum { MOST_LETTERS = 240, MOST_WORDS = 60 };

struct letter {
    int32_t base;
    uint32_t marks; /* product of code points that change the letter; 0: none */
    int32_t tone;   /* code point of the tone mark; 0: none */
};

struct word {
    const struct letter *letters;
    uint32_t n;
    int32_t before; /* what parts it from the word before: blank, hyphen, point, apostrophe */
};

struct name {
    struct letter letters[MOST_LETTERS];
    struct word words[MOST_WORDS];
    uint32_t n_letters, n_words;
};

static bool is_tone(int32_t c)
{
    return c == 0x300 || c == 0x301 || c == 0x303 || c == 0x309 || c == 0x323;
}

/* Blanks of all kinds are one, apostrophes too; 0: stands in a word. */
static int32_t separator(int32_t c)
{
    utf8proc_category_t kind = utf8proc_category(c);
    if (kind == UTF8PROC_CATEGORY_ZS || c == '\t')
        return ' ';
    if (c == '\'' || c == 0x2019 || c == 0x2bc)
        return '\'';
    return c == '-' || c == '.' ? c : 0;
}

/* đ is no composed letter in Unicode; ð is what some keyboards give for it, and looks the same as a capital. */
static struct letter letter_of(int32_t c)
{
    if (c == 0x111)
        return (struct letter){.base = 'd', .marks = 0x111};
    if (c == 0xf0)
        return (struct letter){.base = 'd', .marks = 0xf0};
    return (struct letter){.base = c};
}

/* Takes one code point of the decomposed, folded text. -1: too long. */
static int take(struct name *name, int32_t c, int32_t *before)
{
    int32_t parts = separator(c);
    bool mark = utf8proc_category(c) == UTF8PROC_CATEGORY_MN;
    struct word *word = name->n_words ? &name->words[name->n_words - 1] : NULL;
    if (parts) {
        if (!*before || *before == ' ')
            *before = parts;
        return 0;
    }
    if (mark && word && !*before) {
        struct letter *last = &name->letters[name->n_letters - 1];
        if (is_tone(c))
            last->tone = c;
        else
            last->marks = last->marks * 0x400u + (uint32_t)c;
        return 0;
    }
    if (name->n_letters == MOST_LETTERS || (*before && name->n_words == MOST_WORDS))
        return -1;
    if (*before) {
        word = &name->words[name->n_words++];
        *word = (struct word){.letters = &name->letters[name->n_letters], .before = *before};
        *before = 0;
    }
    name->letters[name->n_letters++] = letter_of(c);
    word->n++;
    return 0;
}

/* oa, oe and uy carry their tone on either letter, by two schools of writing. Moved to the second. */
static void settle_tones(struct name *name)
{
    for (uint32_t i = 0; i + 1 < name->n_letters; i++) {
        struct letter *first = &name->letters[i], *second = first + 1;
        bool pair = (first->base == 'o' && (second->base == 'a' || second->base == 'e')) ||
                    (first->base == 'u' && second->base == 'y');
        if (pair && !first->marks && !second->marks && first->tone && !second->tone) {
            second->tone = first->tone;
            first->tone = 0;
        }
    }
}

static int read_name(struct span text, struct name *name)
{
    utf8proc_int32_t points[2 * MOST_LETTERS];
    int32_t before = ' ';
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)text.p, text.n, points, 2 * MOST_LETTERS,
                                            UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD);
    name->n_letters = name->n_words = 0;
    if (n < 0 || n > 2 * MOST_LETTERS)
        return -1;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (take(name, points[i], &before) < 0)
            return -1;
    }
    /* The first word begins a name, whatever stands before it. */
    if (name->n_words)
        name->words[0].before = ' ';
    settle_tones(name);
    return 0;
}

static int32_t without_y(int32_t base)
{
    return base == 'y' ? 'i' : base;
}

/* NAME_OTHER, or which of NAME_TONE, NAME_MARK, NAME_IY. */
static uint32_t compare_words(const struct word *a, const struct word *b)
{
    uint32_t bits = 0;
    if (a->n != b->n)
        return NAME_OTHER;
    for (uint32_t i = 0; i < a->n; i++) {
        const struct letter *x = &a->letters[i], *y = &b->letters[i];
        if (without_y(x->base) != without_y(y->base))
            return NAME_OTHER;
        bits |= x->base != y->base ? NAME_IY : 0u;
        bits |= x->marks != y->marks ? NAME_MARK : 0u;
        bits |= x->tone != y->tone ? NAME_TONE : 0u;
    }
    return bits;
}

/* Word by word, as they stand. */
static uint32_t compare_in_order(const struct name *a, const struct name *b)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < a->n_words; i++) {
        bits |= compare_words(&a->words[i], &b->words[i]);
        bits |= a->words[i].before != b->words[i].before ? NAME_SIGNS : 0u;
    }
    return bits;
}

/* Finds for each word of the shorter one of its own in the longer: the same word first, then the nearest. */
static uint32_t compare_as_sets(const struct name *few, const struct name *many)
{
    bool used[MOST_WORDS] = {0};
    uint32_t bits = few->n_words < many->n_words ? NAME_EXTRA : NAME_ORDER, next = 0;
    for (uint32_t i = 0; i < few->n_words; i++) {
        uint32_t best = NAME_OTHER, at = 0;
        for (uint32_t k = 0; k < many->n_words; k++) {
            uint32_t found = used[k] ? NAME_OTHER : compare_words(&few->words[i], &many->words[k]);
            if (found < best) {
                best = found;
                at = k;
            }
        }
        if (best == NAME_OTHER)
            return NAME_OTHER;
        used[at] = true;
        bits |= best | (at < next ? NAME_ORDER : 0u);
        next = at + 1;
    }
    return bits;
}

uint32_t name_compare(struct span a, struct span b)
{
    struct name x, y;
    if (read_name(a, &x) < 0 || read_name(b, &y) < 0 || x.n_words == 0 || y.n_words == 0)
        return NAME_OTHER;
    uint32_t bits = x.n_words == y.n_words ? compare_in_order(&x, &y) : NAME_OTHER;
    if (!(bits & NAME_OTHER))
        return bits;
    return x.n_words <= y.n_words ? compare_as_sets(&x, &y) : compare_as_sets(&y, &x);
}

bool name_valid(struct span name)
{
    bool letter = false;
    for (uint32_t at = 0; at < name.n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)name.p + at, name.n - at, &c);
        if (n <= 0)
            return false;
        utf8proc_category_t kind = utf8proc_category(c);
        bool is_letter = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
        bool is_mark = kind >= UTF8PROC_CATEGORY_MN && kind <= UTF8PROC_CATEGORY_ME;
        if (!is_letter && !is_mark && c != ' ' && c != '-' && c != '.' && c != '\'' && c != 0x2019 && c != 0x02bc)
            return false;
        letter = letter || is_letter;
        at += (uint32_t)n;
    }
    return letter;
}
