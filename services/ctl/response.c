/* response.c - right and wrong responses to items of the sample, type by type; see response.h. */
#include "response.h"
#include <ctype.h>

/* Numbers under which the paper shows the options or targets of an item; [0] is that of the first. */
struct numbers {
    uint8_t option[SAMPLE_OPTIONS], target[SAMPLE_TARGETS];
};

/* Is what is shown just these texts, each once, with the numbers 1 to n, each once? */
static bool match_texts(const struct choice *shown, uint32_t n_shown, const struct span *texts, uint32_t n,
                        uint8_t *ret_numbers)
{
    bool seen[SAMPLE_OPTIONS + 1] = {false};
    if (n_shown != n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = 0;
        while (k < n && !span_equal(shown[k].text, texts[i]))
            k++;
        if (k == n || shown[k].number < 1 || shown[k].number > n || seen[shown[k].number])
            return false;
        seen[shown[k].number] = true;
        ret_numbers[i] = shown[k].number;
    }
    return true;
}

static bool match_item(const struct sample_item *item, const struct item_shown *shown, struct numbers *ret_numbers)
{
    const char *name = sample_type_names[item->type];
    return span_is(shown->type, name) &&
           match_texts(shown->choices, shown->n_choices, item->option, item->n_options, ret_numbers->option) &&
           match_texts(shown->targets, shown->n_targets, item->target, item->n_targets, ret_numbers->target);
}

const struct sample_item *response_item(const struct sample *sample, const struct item_shown *shown)
{
    const struct sample_item *item = sample_item_find(sample, shown->stem);
    struct numbers numbers;
    return item && match_item(item, shown, &numbers) ? item : NULL;
}

/* --- Responses that name choices. --- */

/* Options by index, in the order in which a response names them; of matching with the index of the target. */
struct chosen {
    uint32_t n;
    uint8_t option[SAMPLE_OPTIONS], target[SAMPLE_OPTIONS];
};

static void choose(struct chosen *chosen, uint32_t option)
{
    chosen->option[chosen->n++] = (uint8_t)option;
}

static bool is_right(const struct sample_item *item, uint32_t option)
{
    bool right = false;
    for (uint32_t i = 0; i < item->n_right; i++)
        right |= item->right[i] == option + 1;
    return right;
}

static void choose_rightly(const struct sample_item *item, struct chosen *ret_chosen)
{
    for (uint32_t i = 0; i < item->n_right; i++) {
        choose(ret_chosen, item->right[i] - 1u);
        ret_chosen->target[i] = (uint8_t)(item->right_target[i] - 1);
    }
}

/* Wrong options alone, or one of them with a right one: a wrong choice takes away what a right one brings. */
static bool choose_wrongly(const struct sample_item *item, uint64_t random, struct chosen *ret_chosen)
{
    struct chosen wrong = {0};
    for (uint32_t i = 0; i < item->n_options; i++) {
        if (!is_right(item, i))
            choose(&wrong, i);
    }
    if (!wrong.n)
        return false;
    bool several = item->type == TYPE_MULTIPLE_CHOICE;
    if (several && random % 2) {
        *ret_chosen = wrong;
        return true;
    }
    choose(ret_chosen, wrong.option[random / 2 % wrong.n]);
    if (several)
        choose(ret_chosen, item->right[random / 16 % item->n_right] - 1u);
    return true;
}

/* Nothing in its place: places or targets moved on by the same number. */
static bool misplace(const struct sample_item *item, uint64_t random, struct chosen *ret_chosen)
{
    bool pairs = item->type == TYPE_MATCHING;
    uint32_t n = pairs ? item->n_targets : item->n_options;
    if (n < 2)
        return false;
    uint32_t shift = 1 + (uint32_t)(random % (n - 1));
    for (uint32_t i = 0; i < item->n_right; i++) {
        choose(ret_chosen, item->right[pairs ? i : (i + shift) % n] - 1u);
        ret_chosen->target[i] = (uint8_t)((item->right_target[i] - 1u + shift) % n);
    }
    return true;
}

/* As the paper numbers them. Where the order says nothing, the response begins anywhere, with blanks now and then. */
static int write_chosen(struct arena *arena, const struct sample_item *item, const struct numbers *numbers,
                        const struct chosen *chosen, uint64_t random, struct span *ret_response)
{
    char text[SAMPLE_OPTIONS * 8];
    int n = 0;
    uint32_t first = item->type == TYPE_ORDERING ? 0 : (uint32_t)(random % chosen->n);
    const char *comma = random / 8 % 4 ? "," : ", ";
    for (uint32_t i = 0; i < chosen->n; i++) {
        uint32_t at = (first + i) % chosen->n;
        size_t room = sizeof(text) - (size_t)n;
        n += snprintf(text + n, room, "%s%u", i ? comma : "", numbers->option[chosen->option[at]]);
        if (item->type == TYPE_MATCHING)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "-%u", numbers->target[chosen->target[at]]);
    }
    return arena_span(arena, (struct span){text, (uint32_t)n}, ret_response);
}

static int respond_choices(struct arena *arena, const struct sample_item *item, const struct numbers *numbers,
                           bool rightly, uint64_t random, struct span *ret_response)
{
    struct chosen chosen = {0};
    bool places = item->type == TYPE_MATCHING || item->type == TYPE_ORDERING;
    if (rightly)
        choose_rightly(item, &chosen);
    else if (!(places ? misplace(item, random, &chosen) : choose_wrongly(item, random, &chosen)))
        return -1;
    return write_chosen(arena, item, numbers, &chosen, random, ret_response);
}

/* --- The other responses. --- */

/* Rightly also beside the key, as far as the tolerance reaches half; wrongly well outside it. Dot or comma. */
static int respond_number(struct arena *arena, const struct sample_item *item, bool rightly, uint64_t random,
                          struct span *ret_response)
{
    static const double halves[] = {0, 0.5, -0.5};
    char text[64];
    double away = rightly ? item->tolerance * halves[random % 3] : 2 * item->tolerance + 1 + (double)(random % 9);
    int n = snprintf(text, sizeof(text), "%.6f", item->number + away);
    while (n > 1 && text[n - 1] == '0')
        n--;
    n -= text[n - 1] == '.';
    char *dot = memchr(text, '.', (size_t)n);
    if (dot && random / 4 % 2)
        *dot = ',';
    return arena_span(arena, (struct span){text, (uint32_t)n}, ret_response);
}

/* The accepted form with this index, counted round. */
static struct span form_of(struct span forms, uint64_t index)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < forms.n; i++)
        n += forms.p[i] == '|';
    for (index %= n; index; index--) {
        const char *bar = memchr(forms.p, '|', forms.n);
        forms = (struct span){bar + 1, forms.n - (uint32_t)(bar + 1 - forms.p)};
    }
    const char *bar = memchr(forms.p, '|', forms.n);
    return bar ? (struct span){forms.p, (uint32_t)(bar - forms.p)} : forms;
}

/* An accepted form, where capitals do not matter now and then in small letters and with a blank too many. */
static int respond_text(struct arena *arena, const struct sample_item *item, bool rightly, uint64_t random,
                        struct span *ret_response)
{
    if (!rightly)
        return arena_span(arena, random % 2 ? SPAN("không rõ") : SPAN("em chưa học phần này"), ret_response);
    struct span form = form_of(item->key, random);
    bool exact = span_equal(item->match, SPAN("exact")) || span_equal(item->match, SPAN("tone"));
    if (exact || random / 32 % 2)
        return arena_span(arena, form, ret_response);
    char *text = arena_alloc(arena, form.n + 1);
    if (!text)
        return -1;
    for (uint32_t i = 0; i < form.n; i++)
        text[i] = (char)tolower((unsigned char)form.p[i]);
    text[form.n] = ' ';
    *ret_response = (struct span){text, form.n + 1};
    return 0;
}

int response_make(struct arena *arena, const struct sample_item *item, const struct item_shown *shown, bool rightly,
                  uint64_t random, struct span *ret_response)
{
    struct numbers numbers;
    if (!match_item(item, shown, &numbers))
        return -1;
    switch (item->type) {
    case TYPE_SINGLE_CHOICE:
    case TYPE_MULTIPLE_CHOICE:
    case TYPE_MATCHING:
    case TYPE_ORDERING:
        return respond_choices(arena, item, &numbers, rightly, random, ret_response);
    case TYPE_TRUE_FALSE:
        return arena_span(arena, span_equal(item->key, SPAN("true")) == rightly ? SPAN("true") : SPAN("false"),
                          ret_response);
    case TYPE_NUMERIC:
        return respond_number(arena, item, rightly, random, ret_response);
    case TYPE_SHORT_TEXT:
        return respond_text(arena, item, rightly, random, ret_response);
    case TYPE_SITUATION:
    case SAMPLE_TYPES:
        break;
    }
    return -1;
}
