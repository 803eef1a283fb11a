/*
 * paper.c - lays the paper of an attempt before its learner: never a key, and nothing about right or wrong.
 *
 * Forms and items never change, so this process keeps them: a start of many at once reads each form once. What is kept
 * is bounded; when it is full all of it is dropped, and read again as it is asked for.
 */
#include "paper.h"
#include "rows.h"
#include "sql.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

enum {
    CHOICES = 10,
    KEPT_BYTES = 32 << 20, /* 600 forms of 40 items of 1 kB */
    KEPT_FORMS = 2048,     /* a power of two; at most half are used */
};

/* A form as it is kept: one piece of memory, spans point into it. */
struct kept_item {
    struct uuid situation_id; /* zero: none */
    struct span type, stem, situation;
    struct span choice[CHOICES], target[CHOICES];
    uint8_t n_choices, n_targets;
};
struct kept_form {
    struct uuid form_id;
    uint32_t n;
    size_t bytes;
    struct kept_item item[];
};

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct kept_form *form[KEPT_FORMS]; /* open addressing by the id's last bytes, which are random */
    size_t n, bytes;
} kept;

static size_t kept_slot(const struct uuid *form_id)
{
    uint32_t hash;
    memcpy(&hash, form_id->b + 12, sizeof(hash));
    size_t i = hash % KEPT_FORMS;
    while (kept.form[i] && !uuid_equal(&kept.form[i]->form_id, form_id))
        i = (i + 1) % KEPT_FORMS;
    return i;
}

/* Takes over `form`; another thread may have brought the same one meanwhile. */
static void keep(struct kept_form *form)
{
    pthread_mutex_lock(&kept_lock);
    if (kept.bytes + form->bytes > KEPT_BYTES || kept.n >= KEPT_FORMS / 2) {
        for (size_t i = 0; i < KEPT_FORMS; i++) {
            free(kept.form[i]);
            kept.form[i] = NULL;
        }
        kept.n = kept.bytes = 0;
    }
    struct kept_form **slot = &kept.form[kept_slot(&form->form_id)];
    if (*slot) {
        free(form);
    } else {
        *slot = form;
        kept.n++;
        kept.bytes += form->bytes;
    }
    pthread_mutex_unlock(&kept_lock);
}

/* --- reading a form --- */

enum { SEPARATOR = 0x1f };

static uint8_t split(struct span text, struct span ret_parts[CHOICES])
{
    uint8_t n = 0;
    while (text.n && n < CHOICES) {
        const char *end = memchr(text.p, SEPARATOR, text.n);
        uint32_t part = end ? (uint32_t)(end - text.p) : text.n;
        ret_parts[n++] = (struct span){text.p, part};
        part += end != NULL;
        text = (struct span){text.p + part, text.n - part};
    }
    return n;
}

/* Copies the bytes of a span to *at and moves on. */
static struct span store(char **at, struct span text)
{
    struct span stored = {*at, text.n};
    if (text.n)
        memcpy(*at, text.p, text.n);
    *at += text.n;
    return stored;
}

static struct kept_form *form_make(const struct uuid *form_id, const struct form_item *rows, uint32_t n)
{
    size_t bytes = sizeof(struct kept_form) + n * sizeof(struct kept_item);
    size_t texts = bytes;
    for (uint32_t i = 0; i < n; i++)
        bytes += rows[i].type.n + rows[i].stem.n + rows[i].situation.n + rows[i].choices.n + rows[i].targets.n;
    struct kept_form *form = malloc(bytes);
    if (!form)
        return NULL;
    char *at = (char *)form + texts;
    *form = (struct kept_form){.form_id = *form_id, .n = n, .bytes = bytes};
    for (uint32_t i = 0; i < n; i++) {
        struct kept_item *item = &form->item[i];
        *item = (struct kept_item){.type = store(&at, rows[i].type), .stem = store(&at, rows[i].stem)};
        if (HAS(&rows[i], form_item, situation_id)) {
            item->situation_id = rows[i].situation_id;
            item->situation = store(&at, rows[i].situation);
        }
        item->n_choices = split(store(&at, rows[i].choices), item->choice);
        item->n_targets = split(store(&at, rows[i].targets), item->target);
    }
    return form;
}

static int form_read(struct ctx *ctx, const struct uuid *form_id)
{
    struct form_ref ref = {.form_id = *form_id};
    struct form_item *rows;
    uint32_t n;
    int code = pg_list(ctx, &SQL_form_items, &ref, PAPER_ITEMS_MAX, &rows, &n);
    if (code)
        return code;
    struct kept_form *form = n ? form_make(form_id, rows, n) : NULL;
    if (!form)
        return fail(ctx, n ? ERR_TOO_LARGE : ERR_INTERNAL, "form_id");
    keep(form);
    return 0;
}

/* --- the order --- */

/* Numbers of the seed, as many as any paper needs. */
struct dice {
    uint8_t bytes[4 * (PAPER_ITEMS_MAX + PAPER_ITEMS_MAX * 2 * CHOICES)];
    size_t at;
};

static void dice_init(struct dice *dice, int64_t seed, uint32_t items)
{
    uint8_t key[randombytes_SEEDBYTES] = {0};
    for (int i = 0; i < 8; i++)
        key[i] = (uint8_t)((uint64_t)seed >> (8 * i));
    randombytes_buf_deterministic(dice->bytes, 4 * (size_t)items * (1 + 2 * CHOICES), key);
    dice->at = 0;
}

static uint32_t dice_throw(struct dice *dice, uint32_t sides)
{
    const uint8_t *p = dice->bytes + dice->at;
    dice->at += 4;
    return ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24) % sides;
}

static void shuffle(struct dice *dice, uint16_t *places, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        places[i] = (uint16_t)i;
    for (uint32_t i = n; i-- > 1;) {
        uint32_t other = dice_throw(dice, i + 1);
        uint16_t place = places[i];
        places[i] = places[other];
        places[other] = place;
    }
}

static bool same_block(const struct kept_item *a, const struct kept_item *b)
{
    static const struct uuid none;
    return !uuid_equal(&a->situation_id, &none) && uuid_equal(&a->situation_id, &b->situation_id);
}

/* Gives the choices in the order of the dice, each with its number; false without memory. */
static bool lay_choices(struct arena *arena, struct dice *dice, const struct span *texts, uint8_t n,
                        struct choice **ret_choices, uint32_t *ret_n)
{
    uint16_t order[CHOICES];
    struct choice *choices = arena_alloc(arena, (n ? n : 1) * sizeof(*choices));
    if (!choices)
        return false;
    shuffle(dice, order, n);
    for (uint8_t i = 0; i < n; i++) {
        struct span text;
        if (arena_span(arena, texts[order[i]], &text))
            return false;
        choices[i] = (struct choice){.number = (uint8_t)(order[i] + 1), .text = text};
    }
    *ret_choices = choices;
    *ret_n = n;
    return true;
}

static bool lay_item(struct arena *arena, struct dice *dice, const struct kept_item *item, uint32_t place,
                     struct item_shown *ret_item)
{
    *ret_item = (struct item_shown){.position = (uint16_t)(place + 1)};
    return !arena_span(arena, item->type, &ret_item->type) && !arena_span(arena, item->stem, &ret_item->stem) &&
           lay_choices(arena, dice, item->choice, item->n_choices, &ret_item->choices, &ret_item->n_choices) &&
           lay_choices(arena, dice, item->target, item->n_targets, &ret_item->targets, &ret_item->n_targets);
}

/* Copies, because what is kept may be dropped as soon as the lock is given back. */
static bool lay_form(struct arena *arena, const struct kept_form *form, int64_t seed, struct item_shown *ret_items)
{
    uint32_t first[PAPER_ITEMS_MAX], n_blocks = 0, shown = 0;
    uint16_t blocks[PAPER_ITEMS_MAX];
    struct dice dice;
    dice_init(&dice, seed, form->n);
    for (uint32_t i = 0; i < form->n; i++) {
        if (!i || !same_block(&form->item[i - 1], &form->item[i]))
            first[n_blocks++] = i;
    }
    shuffle(&dice, blocks, n_blocks);
    for (uint32_t b = 0; b < n_blocks; b++) {
        uint32_t begin = first[blocks[b]], end = blocks[b] + 1u < n_blocks ? first[blocks[b] + 1] : form->n;
        for (uint32_t i = begin; i < end; i++, shown++) {
            if (!lay_item(arena, &dice, &form->item[i], i, &ret_items[shown]))
                return false;
            struct span text;
            if (i > begin || !form->item[i].situation.n)
                continue;
            if (arena_span(arena, form->item[i].situation, &text))
                return false;
            PUT_FIELD(&ret_items[shown], item_shown, situation, text);
            PUT_FIELD(&ret_items[shown], item_shown, situation_items, (uint16_t)(end - begin));
        }
    }
    return true;
}

/* 1: laid; 0: not kept; -1: no memory. */
static int lay_kept(struct ctx *ctx, const struct uuid *form_id, int64_t seed, struct item_shown **ret_items,
                    uint32_t *ret_n)
{
    int result = 0;
    pthread_mutex_lock(&kept_lock);
    const struct kept_form *form = kept.form[kept_slot(form_id)];
    if (form) {
        struct item_shown *items = arena_alloc(ctx->arena, form->n * sizeof(*items));
        result = items && lay_form(ctx->arena, form, seed, items) ? 1 : -1;
        if (result > 0) {
            *ret_items = items;
            *ret_n = form->n;
        }
    }
    pthread_mutex_unlock(&kept_lock);
    return result;
}

int paper_lay(struct ctx *ctx, const struct uuid *form_id, int64_t seed, struct item_shown **ret_items, uint32_t *ret_n)
{
    int laid = 0;
    for (int i = 0; i < 3 && !laid; i++) { /* it may be dropped again between reading and laying */
        int code = i ? form_read(ctx, form_id) : 0;
        if (code)
            return code;
        laid = lay_kept(ctx, form_id, seed, ret_items, ret_n);
    }
    return laid > 0 ? 0 : fail(ctx, laid ? ERR_TOO_LARGE : ERR_BUSY, "form_id");
}

/* --- the method --- */

static int add_answers(struct ctx *ctx, struct attempt_paper *paper)
{
    struct attempt_ref ref = {.attempt_id = paper->attempt_id};
    struct answer_last *last;
    uint32_t n;
    int code = pg_list(ctx, &SQL_paper_answers, &ref, PAPER_ITEMS_MAX, &last, &n);
    for (uint32_t i = 0; !code && i < paper->n_items; i++) {
        for (uint32_t k = 0; k < n; k++) {
            if (last[k].position != paper->items[i].position)
                continue;
            PUT_FIELD(&paper->items[i], item_shown, response, last[k].response);
            PUT_FIELD(&paper->items[i], item_shown, revision, last[k].revision);
        }
    }
    return code;
}

int on_attempt_get(struct ctx *ctx, const struct attempt_ref *req, struct attempt_paper *ret_reply)
{
    struct paper_head head;
    int code = pg_call(ctx, &SQL_paper_head, req, &head);
    if (code)
        return code;
    *ret_reply = (struct attempt_paper){.attempt_id = head.attempt_id,
                                        .programme_id = head.programme_id,
                                        .policy_id = head.policy_id,
                                        .number = head.number,
                                        .state = head.state,
                                        .started_at = head.started_at,
                                        .deadline = head.deadline,
                                        .now = head.now,
                                        .other_device = head.other_device,
                                        .answers = head.answers,
                                        .head = head.head};
    code = paper_lay(ctx, &head.form_id, head.seed, &ret_reply->items, &ret_reply->n_items);
    return code || !head.answers ? code : add_answers(ctx, ret_reply);
}
