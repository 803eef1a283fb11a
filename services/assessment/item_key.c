/* item_key.c - the syntax of keys: numbers of choices, pairs, decimal numbers, accepted forms. See ITEMS.md. */
#include "item_check.h"
#include "codec.h"
#include <ctype.h>

enum { DIGITS = 15, FORM_MAX = 200 };

static struct span trim(struct span text)
{
    while (text.n && isspace((unsigned char)text.p[0]))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    return text;
}

/* Takes what stands before the next separator off the front of *rest; false when nothing is left to take. */
static bool next_part(struct span *rest, char separator, struct span *ret_part)
{
    if (!rest->p)
        return false;
    const char *at = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    uint32_t n = at ? (uint32_t)(at - rest->p) : rest->n;
    *ret_part = trim((struct span){rest->p, n});
    *rest = at ? (struct span){at + 1, rest->n - n - 1} : (struct span){NULL, 0};
    return true;
}

/* A number of a choice, 1 to `most`; 0: it is none. */
static uint8_t choice_number(struct span text, uint8_t most)
{
    unsigned value = 0;
    if (text.n < 1 || text.n > 2 || text.p[0] == '0')
        return 0;
    for (uint32_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i]))
            return 0;
        value = value * 10 + (unsigned)(text.p[i] - '0');
    }
    return value <= most ? (uint8_t)value : 0;
}

/* Numbers between commas, each once. */
static bool parse_numbers(const struct item *item, struct span text, struct item_key *ret_key)
{
    bool seen[ITEM_CHOICES + 1] = {false};
    struct span part;
    ret_key->n = 0;
    while (next_part(&text, ',', &part)) {
        uint8_t number = choice_number(part, item->n_choices);
        if (!number || seen[number])
            return false;
        seen[number] = true;
        ret_key->left[ret_key->n++] = number;
    }
    return true;
}

/* Every choice once, each with a target; a target may belong to several choices. */
static bool parse_pairs(const struct item *item, struct span text, struct item_key *ret_key)
{
    uint8_t target[ITEM_CHOICES + 1] = {0};
    struct span part, left;
    while (next_part(&text, ',', &part)) {
        if (!next_part(&part, '-', &left) || !part.p)
            return false;
        uint8_t a = choice_number(left, item->n_choices), b = choice_number(trim(part), item->n_targets);
        if (!a || !b || target[a])
            return false;
        target[a] = b;
    }
    ret_key->n = item->n_choices;
    for (uint8_t i = 0; i < item->n_choices; i++) {
        ret_key->left[i] = (uint8_t)(i + 1);
        ret_key->right[i] = target[i + 1];
        if (!target[i + 1])
            return false;
    }
    return true;
}

static bool parse_truth(struct span text, struct item_key *ret_key)
{
    static const struct span words[] = {{"true", 4}, {"false", 5}};
    for (size_t w = 0; w < 2; w++) {
        uint32_t i = 0;
        while (i < text.n && i < words[w].n && tolower((unsigned char)text.p[i]) == words[w].p[i])
            i++;
        if (i == text.n && i == words[w].n) {
            ret_key->text = words[w];
            return true;
        }
    }
    return false;
}

bool item_number(struct arena *arena, struct span text, struct span *ret_text)
{
    char digits[2 * DIGITS + 4];
    uint32_t i = 0, n = 0, whole = 0, fraction = 0;
    text = trim(text);
    bool minus = text.n && text.p[0] == '-';
    if (text.n && (text.p[0] == '-' || text.p[0] == '+'))
        i++;
    for (; i < text.n && isdigit((unsigned char)text.p[i]); i++) {
        if (whole || text.p[i] != '0') {
            if (++whole > DIGITS)
                return false;
            digits[n++] = text.p[i];
        }
    }
    bool any = i > 0 && isdigit((unsigned char)text.p[i - 1]);
    if (!whole)
        digits[n++] = '0';
    if (i < text.n && any && (text.p[i] == '.' || text.p[i] == ',')) {
        uint32_t kept = n, begin = ++i;
        digits[n++] = '.';
        for (; i < text.n && isdigit((unsigned char)text.p[i]); i++) {
            if (++fraction > DIGITS)
                return false;
            digits[n++] = text.p[i];
            if (text.p[i] != '0')
                kept = n;
        }
        any = i > begin;
        n = kept;
    }
    if (!any || i != text.n)
        return false;
    minus = minus && !(n == 1 && digits[0] == '0');
    const char *number = arena_printf(arena, "%s%.*s", minus ? "-" : "", (int)n, digits);
    if (!number)
        return false;
    *ret_text = (struct span){number, n + minus};
    return true;
}

/* Accepted forms between bars, as they are to be compared: trimmed, none empty, none twice. */
static bool parse_forms(struct arena *arena, struct span text, struct item_key *ret_key)
{
    struct span forms[ITEM_FORMS];
    uint32_t n = 0;
    size_t room = text.n + 1, used = 0;
    char *joined = arena_alloc(arena, room);
    if (!joined)
        return false;
    for (struct span form; next_part(&text, '|', &form); n++) {
        if (n == ITEM_FORMS || !form.n || form.n > FORM_MAX)
            return false;
        for (uint32_t i = 0; i < n; i++) {
            if (forms[i].n == form.n && !memcmp(forms[i].p, form.p, form.n))
                return false;
        }
        forms[n] = form;
        if (n)
            joined[used++] = '|';
        memcpy(joined + used, form.p, form.n);
        used += form.n;
    }
    ret_key->text = (struct span){joined, (uint32_t)used};
    return true;
}

static int by_number(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

bool item_key_parse(struct arena *arena, const struct item *item, struct span text, struct item_key *ret_key)
{
    struct item_key key = {0};
    bool good = false;
    text = trim(text);
    if (!text.n)
        return false;
    switch (item->type) {
    case ITEM_SINGLE_CHOICE:
        good = parse_numbers(item, text, &key) && key.n == 1;
        break;
    case ITEM_MULTIPLE_CHOICE:
        good = parse_numbers(item, text, &key);
        qsort(key.left, key.n, sizeof(key.left[0]), by_number);
        break;
    case ITEM_ORDERING:
        good = parse_numbers(item, text, &key) && key.n == item->n_choices;
        break;
    case ITEM_MATCHING:
        good = parse_pairs(item, text, &key);
        break;
    case ITEM_TRUE_FALSE:
        good = parse_truth(text, &key);
        break;
    case ITEM_NUMERIC:
        good = item_number(arena, text, &key.text);
        break;
    case ITEM_SHORT_TEXT:
        good = parse_forms(arena, text, &key);
        break;
    case ITEM_SITUATION:
    case ITEM_TYPES:
        break;
    }
    if (good)
        *ret_key = key;
    return good;
}

int item_key_text(struct arena *arena, const struct item *item, struct span *ret_text)
{
    const struct item_key *key = &item->key;
    char text[ITEM_CHOICES * 6 + 1];
    int n = 0;
    if (!key->n) {
        *ret_text = key->text.p ? key->text : SPAN("");
        return 0;
    }
    for (uint8_t i = 0; i < key->n; i++) {
        const char *comma = i ? "," : "";
        size_t room = sizeof(text) - (size_t)n;
        if (item->type == ITEM_MATCHING)
            n += snprintf(text + n, room, "%s%u-%u", comma, key->left[i], key->right[i]);
        else
            n += snprintf(text + n, room, "%s%u", comma, key->left[i]);
    }
    return arena_span(arena, (struct span){text, (uint32_t)n}, ret_text);
}
