/*
 * item_check.c - the rules of items, type by type: what is needed, what is allowed, what is well-formed. A fault names
 * the field and says in a sentence what to do.
 */
#include "item_check.h"
#include "codec.h"
#include "nfc.h"
#include <ctype.h>

/* What each type has. Anything else that an author filled in is refused, because it was meant for something. */
static const struct rule {
    const char *name;
    uint8_t least_choices; /* 0: it has none */
    bool targets, key, partial, tolerance, match;
} rules[ITEM_TYPES] = {
    [ITEM_SINGLE_CHOICE] = {"single_choice", 2, .key = true},
    [ITEM_MULTIPLE_CHOICE] = {"multiple_choice", 2, .key = true, .partial = true},
    [ITEM_TRUE_FALSE] = {"true_false", 0, .key = true},
    [ITEM_MATCHING] = {"matching", 2, .targets = true, .key = true, .partial = true},
    [ITEM_ORDERING] = {"ordering", 2, .key = true, .partial = true},
    [ITEM_NUMERIC] = {"numeric", 0, .key = true, .tolerance = true},
    [ITEM_SHORT_TEXT] = {"short_text", 0, .key = true, .match = true},
    [ITEM_SITUATION] = {.name = "situation"},
};

enum { LEAST_TARGETS = 2, DEFAULT_DIFFICULTY = 50 };

struct check {
    struct arena *arena;
    const struct item_source *source;
    struct item *item;
    struct item_fault *fault;
};

static int wrong(struct check *c, int code, const char *field, uint8_t number, const char *vi, const char *en)
{
    *c->fault = (struct item_fault){code, field, number, vi, en};
    return code;
}

static int unused(struct check *c, const char *field, uint8_t number)
{
    return wrong(c, ERR_INVALID, field, number, "Loại câu hỏi này không dùng trường này. Hãy để trống.",
                 "This type of item has no use for this. Leave it empty.");
}

const char *item_type_name(enum item_type type)
{
    return rules[type].name;
}

bool item_code_valid(struct span code)
{
    for (uint32_t i = 0; i < code.n; i++) {
        unsigned char c = (unsigned char)code.p[i];
        bool plain = c < 0x80 && isalnum(c);
        if (!plain && !(i && (c == '.' || c == '_' || c == '-')))
            return false;
    }
    return code.n > 0;
}

/* Line ends as LF, ends trimmed. Returns -1 when the arena is full. */
static int plain_lines(struct arena *arena, struct span text, struct span *ret_text)
{
    while (text.n && isspace((unsigned char)text.p[0]))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && isspace((unsigned char)text.p[text.n - 1]))
        text.n--;
    if (text.n && memchr(text.p, '\r', text.n)) {
        char *p = arena_alloc(arena, text.n);
        uint32_t n = 0;
        if (!p)
            return -1;
        for (uint32_t i = 0; i < text.n; i++) {
            if (text.p[i] == '\r')
                p[n++] = '\n';
            else if (text.p[i] != '\n' || !i || text.p[i - 1] != '\r')
                p[n++] = text.p[i];
        }
        text = (struct span){p, n};
    }
    *ret_text = text;
    return 0;
}

static bool has_control(struct span text, bool lines)
{
    for (uint32_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if ((c < 0x20 || c == 0x7f) && !(lines && (c == '\n' || c == '\t')))
            return true;
    }
    return false;
}

/* A text in the form in which it is stored; its bounds are those of the message's field. */
static int take_text(struct check *c, const struct msg *msg, const char *column, const char *field, uint8_t number,
                     bool lines, struct span text, struct span *ret_text)
{
    const struct field *bounds = msg_field(msg, column, strlen(column));
    struct span taken;
    if (!utf8_valid(text))
        return wrong(c, ERR_INVALID, field, number, "Văn bản này không phải UTF-8.", "This text is not UTF-8.");
    if (plain_lines(c->arena, text, &text) || nfc(c->arena, text, &taken))
        return wrong(c, ERR_TOO_LARGE, field, number, "Nội dung quá lớn.", "The content is too large.");
    if (has_control(taken, lines))
        return wrong(c, ERR_INVALID, field, number, "Văn bản có ký tự điều khiển. Hãy xóa ký tự ẩn.",
                     "The text holds control characters. Remove hidden characters.");
    if ((int64_t)taken.n > bounds->max)
        return wrong(c, ERR_INVALID, field, number, "Văn bản quá dài. Hãy rút ngắn.",
                     "The text is too long. Shorten it.");
    if (bounds->min > 0 && bounds->required && !taken.n)
        return wrong(c, ERR_MISSING, field, number, "Không được để trống.", "This may not be empty.");
    *ret_text = taken;
    return 0;
}

static int take_field(struct check *c, const char *field, bool lines, struct span text, struct span *ret_text)
{
    return take_text(c, &msg_item_source, field, field, 0, lines, text, ret_text);
}

static int take_code(struct check *c, const char *field, struct span text, struct span *ret_code)
{
    int code = take_field(c, field, false, text, ret_code);
    if (!code && ret_code->n && !item_code_valid(*ret_code))
        return wrong(
            c, ERR_INVALID, field, 0,
            "Mã chỉ gồm chữ cái không dấu, chữ số, dấu chấm, gạch dưới, gạch nối; bắt đầu bằng chữ hoặc số.",
            "A code has plain letters, digits, dots, underscores and hyphens, and begins with a letter or digit.");
    return code;
}

static int take_type(struct check *c)
{
    unsigned type = 0;
    while (type < ITEM_TYPES && !span_is(c->source->type, rules[type].name))
        type++;
    if (type == ITEM_TYPES)
        return wrong(
            c, ERR_INVALID, "type", 0,
            "Loại phải là single_choice, multiple_choice, true_false, matching, ordering, numeric, short_text "
            "hoặc situation.",
            "The type is single_choice, multiple_choice, true_false, matching, ordering, numeric, short_text or "
            "situation.");
    c->item->type = (enum item_type)type;
    return 0;
}

static int by_text(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order ? order : (x->n > y->n) - (x->n < y->n);
}

/* Codes between bars, sorted, each kept once. */
static int take_positions(struct check *c)
{
    struct span text = HAS(c->source, item_source, positions) ? c->source->positions : SPAN("");
    struct item *item = c->item;
    int code = take_field(c, "positions", false, text, &text);
    uint8_t n = 0;
    for (uint32_t begin = 0, i = 0; !code && text.n && i <= text.n; i++) {
        if (i < text.n && text.p[i] != '|')
            continue;
        struct span position = {text.p + begin, i - begin};
        begin = i + 1;
        while (position.n && *position.p == ' ')
            position = (struct span){position.p + 1, position.n - 1};
        while (position.n && position.p[position.n - 1] == ' ')
            position.n--;
        if (n == ITEM_POSITIONS || position.n > 32 || !item_code_valid(position))
            return wrong(c, ERR_INVALID, "positions", 0, "Ghi mã vị trí việc làm, tối đa 20 mã, cách nhau bằng dấu |.",
                         "Write codes of job positions, 20 at most, separated by |.");
        item->positions[n++] = position;
    }
    if (n)
        qsort(item->positions, n, sizeof(item->positions[0]), by_text);
    for (uint8_t i = 0; i < n; i++) {
        if (!i || !span_equal(item->positions[i], item->positions[item->n_positions - 1]))
            item->positions[item->n_positions++] = item->positions[i];
    }
    return code;
}

/* The first number that no choice has; 0: all of 1 to n are there, hence each once. */
static uint8_t gap(const struct choice *from, uint32_t n)
{
    for (uint8_t number = 1; number <= n; number++) {
        uint32_t i = 0;
        while (i < n && from[i].number != number)
            i++;
        if (i == n)
            return number;
    }
    return 0;
}

/* Choices with the numbers 1 to n, in any order of sending. */
static int take_choices(struct check *c, const char *field, const struct choice *from, uint32_t n, struct span *texts)
{
    uint8_t missing = gap(from, n);
    if (missing)
        return wrong(c, ERR_INVALID, field, missing,
                     "Các phương án phải được đánh số liên tục từ 1, không bỏ trống giữa chừng.",
                     "Choices are numbered from 1 on, without a gap.");
    for (uint32_t i = 0; i < n; i++) {
        uint8_t number = from[i].number;
        int code = take_text(c, &msg_choice, "text", field, number, true, from[i].text, &texts[number - 1]);
        if (code)
            return code;
    }
    for (uint8_t a = 0; a < n; a++) {
        for (uint8_t b = (uint8_t)(a + 1); b < n; b++) {
            if (span_equal(texts[a], texts[b]))
                return wrong(c, ERR_INVALID, field, (uint8_t)(b + 1),
                             "Sửa phương án này: nó trùng với một phương án khác.",
                             "Change this choice: it is the same as another one.");
        }
    }
    return 0;
}

static int check_choices(struct check *c)
{
    const struct item_source *s = c->source;
    const struct rule *rule = &rules[c->item->type];
    if (s->n_choices && !rule->least_choices)
        return unused(c, "choices", s->choices[0].number);
    if (s->n_targets && !rule->targets)
        return unused(c, "targets", s->targets[0].number);
    if (s->n_choices > ITEM_CHOICES || s->n_targets > ITEM_CHOICES)
        return wrong(c, ERR_INVALID, s->n_choices > ITEM_CHOICES ? "choices" : "targets", 0,
                     "Mỗi câu có tối đa 10 phương án.", "An item has 10 choices at most.");
    int code = take_choices(c, "choices", s->choices, s->n_choices, c->item->choices);
    if (!code && s->n_choices < rule->least_choices)
        code = wrong(c, ERR_MISSING, "choices", (uint8_t)(s->n_choices + 1), "Cần ít nhất hai phương án.",
                     "At least two choices are needed.");
    if (!code)
        code = take_choices(c, "targets", s->targets, s->n_targets, c->item->targets);
    if (!code && rule->targets && s->n_targets < LEAST_TARGETS)
        code = wrong(c, ERR_MISSING, "targets", (uint8_t)(s->n_targets + 1), "Cần ít nhất hai phương án ở vế phải.",
                     "At least two targets are needed.");
    c->item->n_choices = (uint8_t)s->n_choices;
    c->item->n_targets = (uint8_t)s->n_targets;
    return code;
}

/* What to write as a key of each type. */
static const struct {
    const char *vi, *en;
} key_words[ITEM_TYPES] = {
    [ITEM_SINGLE_CHOICE] = {"Ghi số thứ tự của phương án đúng, ví dụ 2.", "Write the number of the right choice: 2."},
    [ITEM_MULTIPLE_CHOICE] = {"Ghi số thứ tự của các phương án đúng, cách nhau bằng dấu phẩy, ví dụ 1,3.",
                              "Write the numbers of the right choices, separated by commas: 1,3."},
    [ITEM_TRUE_FALSE] = {"Ghi true (đúng) hoặc false (sai).", "Write true or false."},
    [ITEM_MATCHING] = {"Ghi mỗi phương án vế trái một lần kèm phương án vế phải, ví dụ 1-2,2-1.",
                       "Write each choice once with its target: 1-2,2-1."},
    [ITEM_ORDERING] = {"Ghi tất cả số thứ tự theo trình tự đúng, ví dụ 3,1,2.",
                       "Write all numbers in the right order: 3,1,2."},
    [ITEM_NUMERIC] = {"Ghi một số thập phân, không có dấu phân cách hàng nghìn, ví dụ 3,14.",
                      "Write a decimal number without separators of thousands: 3.14."},
    [ITEM_SHORT_TEXT] = {"Ghi các cách trả lời được chấp nhận, tối đa 20, khác nhau, cách nhau bằng dấu |.",
                         "Write the accepted forms, 20 at most, all different, separated by |."},
};

static int check_key(struct check *c)
{
    const struct item_source *s = c->source;
    struct item *item = c->item;
    struct span text = HAS(s, item_source, key) ? s->key : SPAN("");
    int code = take_field(c, "key", false, text, &text);
    if (code)
        return code;
    if (!rules[item->type].key)
        return text.n ? unused(c, "key", 0) : 0;
    if (!item_key_parse(c->arena, item, text, &item->key))
        return wrong(c, text.n ? ERR_INVALID : ERR_MISSING, "key", 0, key_words[item->type].vi,
                     key_words[item->type].en);
    return 0;
}

/* `0.01`, `1%`; zero is the same as none. */
static int take_tolerance(struct check *c, struct span text)
{
    struct span number;
    int code = take_field(c, "tolerance", false, text, &text);
    bool percent = text.n && text.p[text.n - 1] == '%';
    if (code || !text.n)
        return code;
    if (!item_number(c->arena, (struct span){text.p, text.n - percent}, &number) || number.p[0] == '-')
        return wrong(c, ERR_INVALID, "tolerance", 0, "Ghi sai số cho phép, ví dụ 0,01 hoặc 1%.",
                     "Write the tolerance as 0.01 or 1%.");
    if (span_is(number, "0"))
        return 0;
    const char *canonical = arena_printf(c->arena, "%s%s", number.p, percent ? "%" : "");
    if (!canonical)
        return wrong(c, ERR_TOO_LARGE, "tolerance", 0, "Nội dung quá lớn.", "The content is too large.");
    c->item->tolerance = (struct span){canonical, number.n + percent};
    return 0;
}

static int take_match(struct check *c, struct span text)
{
    static const char *const words[] = {"exact", "case", "tone", "case_tone"};
    if (!text.n)
        text = SPAN("case");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_is(text, words[i])) {
            c->item->match = text;
            return 0;
        }
    }
    return wrong(c, ERR_INVALID, "match", 0, "Ghi exact, case, tone hoặc case_tone.",
                 "Write exact, case, tone or case_tone.");
}

static int check_grading(struct check *c)
{
    const struct item_source *s = c->source;
    const struct rule *rule = &rules[c->item->type];
    bool partial = HAS(s, item_source, partial) && s->partial;
    struct span tolerance = HAS(s, item_source, tolerance) ? s->tolerance : SPAN("");
    struct span match = HAS(s, item_source, match) ? s->match : SPAN("");
    if (partial && !rule->partial)
        return unused(c, "partial", 0);
    if (tolerance.n && !rule->tolerance)
        return unused(c, "tolerance", 0);
    if (match.n && !rule->match)
        return unused(c, "match", 0);
    c->item->partial = partial;
    int code = rule->tolerance ? take_tolerance(c, tolerance) : 0;
    return code || !rule->match ? code : take_match(c, match);
}

static int check_numbers(struct check *c)
{
    const struct item_source *s = c->source;
    c->item->level = s->level;
    c->item->difficulty = HAS(s, item_source, difficulty) ? s->difficulty : DEFAULT_DIFFICULTY;
    if (s->level < 1 || s->level > 8)
        return wrong(c, ERR_INVALID, "level", 0, "Ghi mức từ 1 đến 8.", "Write a level from 1 to 8.");
    if (c->item->difficulty < 1 || c->item->difficulty > 99)
        return wrong(c, ERR_INVALID, "difficulty", 0,
                     "Ghi độ khó từ 1 đến 99, phần trăm người học dự kiến trả lời đúng.",
                     "Write 1 to 99, the share of learners expected to answer rightly, percent.");
    return 0;
}

static int check_situation(struct check *c)
{
    struct item *item = c->item;
    if (item->type == ITEM_SITUATION && item->situation.n)
        return unused(c, "situation", 0);
    if (item->type == ITEM_SITUATION && item->explanation.n)
        return unused(c, "explanation", 0);
    if (item->situation.n && span_equal(item->situation, item->code))
        return wrong(c, ERR_INVALID, "situation", 0, "Một câu hỏi không thể là tình huống của chính nó.",
                     "An item cannot be its own situation.");
    return 0;
}

int item_check(struct arena *arena, const struct item_source *source, struct item *ret_item,
               struct item_fault *ret_fault)
{
    struct item item = {.code = SPAN(""), .tolerance = SPAN(""), .match = SPAN("")};
    struct check c = {arena, source, &item, ret_fault};
    const struct item_source *s = source;
    int code = take_code(&c, "code", s->code, &item.code);
    if (!code)
        code = take_type(&c);
    if (!code)
        code = take_code(&c, "skill_group", s->skill_group, &item.skill_group);
    if (!code)
        code = check_numbers(&c);
    if (!code)
        code = take_code(&c, "pool", HAS(s, item_source, pool) ? s->pool : SPAN(""), &item.pool);
    if (!code && !item.pool.n)
        item.pool = SPAN("main");
    if (!code)
        code = take_positions(&c);
    if (!code)
        code = take_code(&c, "situation", HAS(s, item_source, situation) ? s->situation : SPAN(""), &item.situation);
    if (!code)
        code = take_field(&c, "stem", true, s->stem, &item.stem);
    if (!code)
        code = take_field(&c, "explanation", true, HAS(s, item_source, explanation) ? s->explanation : SPAN(""),
                          &item.explanation);
    if (!code)
        code = take_field(&c, "source", false, HAS(s, item_source, source) ? s->source : SPAN(""), &item.source);
    if (!code)
        code = check_situation(&c);
    if (!code)
        code = check_choices(&c);
    if (!code)
        code = check_key(&c);
    if (!code)
        code = check_grading(&c);
    if (!code)
        *ret_item = item;
    return code;
}
