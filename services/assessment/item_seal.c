/*
 * item_seal.c - the stored order of choices, and the digest by which a changed item is told from an unchanged one
 * without reading a key. Both are BLAKE2b with the service's key, told apart by their personalisation.
 */
#include "item_check.h"
#include "buf.h"
#include <sodium.h>

enum { KEY = 32, RANK = 16 };

static const uint8_t no_salt[crypto_generichash_blake2b_SALTBYTES];
static const uint8_t for_order[crypto_generichash_blake2b_PERSONALBYTES + 1] = "hocvu-item-order";
static const uint8_t for_digest[crypto_generichash_blake2b_PERSONALBYTES + 1] = "hocvu-item-text1";

struct ranked {
    uint8_t rank[RANK];
    uint8_t number; /* before; 1 to 10 */
    struct span text;
};

static int by_rank(const void *a, const void *b)
{
    return memcmp(((const struct ranked *)a)->rank, ((const struct ranked *)b)->rank, RANK);
}

static void put_part(crypto_generichash_blake2b_state *state, struct span text)
{
    const uint8_t length[4] = {(uint8_t)(text.n >> 24), (uint8_t)(text.n >> 16), (uint8_t)(text.n >> 8),
                               (uint8_t)text.n};
    crypto_generichash_blake2b_update(state, length, sizeof(length));
    if (text.n)
        crypto_generichash_blake2b_update(state, (const uint8_t *)text.p, text.n);
}

static void begin(crypto_generichash_blake2b_state *state, const uint8_t key[KEY], size_t length,
                  const uint8_t *personal)
{
    if (crypto_generichash_blake2b_init_salt_personal(state, key, KEY, length, no_salt, personal))
        abort(); /* only wrong lengths, which are constants, make it fail */
}

/* Orders the texts and says in ret_now[n] which number the one with the number n has now. */
static void arrange(const uint8_t key[KEY], struct span code, struct span part, struct span *texts, uint8_t n,
                    uint8_t ret_now[ITEM_CHOICES + 1])
{
    struct ranked all[ITEM_CHOICES];
    for (uint8_t i = 0; i < n; i++) {
        crypto_generichash_blake2b_state state;
        begin(&state, key, RANK, for_order);
        put_part(&state, code);
        put_part(&state, part);
        put_part(&state, texts[i]);
        crypto_generichash_blake2b_final(&state, all[i].rank, RANK);
        all[i].number = (uint8_t)(i + 1);
        all[i].text = texts[i];
    }
    qsort(all, n, sizeof(all[0]), by_rank);
    for (uint8_t i = 0; i < n; i++) {
        texts[i] = all[i].text;
        ret_now[all[i].number] = (uint8_t)(i + 1);
    }
}

static int by_number(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

void item_arrange(const uint8_t key[KEY], struct item *item)
{
    uint8_t now[ITEM_CHOICES + 1] = {0};
    struct item_key *k = &item->key;
    if (item->type == ITEM_MATCHING) {
        arrange(key, item->code, SPAN("targets"), item->targets, item->n_targets, now);
        for (uint8_t i = 0; i < k->n; i++)
            k->right[i] = now[k->right[i]];
        return;
    }
    if (!item->n_choices)
        return;
    arrange(key, item->code, SPAN("choices"), item->choices, item->n_choices, now);
    for (uint8_t i = 0; i < k->n; i++)
        k->left[i] = now[k->left[i]];
    if (item->type != ITEM_ORDERING)
        qsort(k->left, k->n, sizeof(k->left[0]), by_number);
}

static void put_list(crypto_generichash_blake2b_state *state, const struct span *texts, uint8_t n)
{
    put_part(state, (struct span){(const char *)&n, 1});
    for (uint8_t i = 0; i < n; i++)
        put_part(state, texts[i]);
}

int item_digest(struct arena *arena, const uint8_t key[KEY], const struct item *item, uint8_t ret_digest[ITEM_DIGEST])
{
    const char numbers[] = {(char)item->type, (char)item->level, (char)item->difficulty, (char)item->partial};
    struct span key_text;
    if (item_key_text(arena, item, &key_text))
        return -1;
    crypto_generichash_blake2b_state state;
    begin(&state, key, ITEM_DIGEST, for_digest);
    put_part(&state, (struct span){numbers, sizeof(numbers)});
    const struct span texts[] = {item->code, item->skill_group, item->pool,      item->situation,   item->stem,
                                 key_text,   item->match,       item->tolerance, item->explanation, item->source};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        put_part(&state, texts[i]);
    put_list(&state, item->positions, item->n_positions);
    put_list(&state, item->choices, item->n_choices);
    put_list(&state, item->targets, item->n_targets);
    crypto_generichash_blake2b_final(&state, ret_digest, ITEM_DIGEST);
    return 0;
}
