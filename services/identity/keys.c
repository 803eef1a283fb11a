/*
 * keys.c - the keys of personal numbers, changed while the service runs. `hocvu keys rotate` writes the files, tells
 * every process to read them again, then opens the boxes page by page (the service cannot), and sends back what it
 * sealed anew. Until the last row has been moved, numbers are looked for by the present key and the one before.
 */
#include "identity.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_FILE = 2 * SEAL_KEY_BYTES + 2, WAITING_MOST = 1000000 };

/* Keys that were read while the process runs; handlers may still have older ones in hand, so none is freed. */
struct held_keys {
    struct seal_keys keys;
    struct held_keys *older;
};
static struct held_keys *_Atomic all_held;

const struct seal_keys *seal_keys_now(const struct ctx *ctx)
{
    const struct identity_conf *conf = identity_conf(ctx);
    const struct held_keys *now = conf->keys_now;
    return now ? &now->keys : &conf->keys_at_start;
}

int person_key_make(struct ctx *ctx, struct span digits, struct person_key *ret_key)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    unsigned char *hashes = arena_alloc(ctx->arena, 2 * SEAL_HASH_BYTES), *before = hashes + SEAL_HASH_BYTES;
    if (!hashes)
        return fail(ctx, ERR_TOO_LARGE, "national_id");
    national_hash(keys, digits, hashes);
    *ret_key = (struct person_key){.national_hash = {(const char *)hashes, SEAL_HASH_BYTES}};
    if (national_hash_before(keys, digits, before))
        PUT_FIELD(ret_key, person_key, hash_before, ((struct span){(const char *)before, SEAL_HASH_BYTES}));
    return 0;
}

/* The hex of a key's file. 0, 1: there is no such file, -1. */
static int read_hex(const char *path, char text[KEY_FILE], struct span *ret_hex)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 1 : -1;
    ssize_t n = read(fd, text, KEY_FILE);
    close(fd);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    *ret_hex = (struct span){text, n > 0 ? (uint32_t)n : 0};
    return n < 0 ? -1 : 0;
}

int keys_read_before(const char *path, struct seal_keys *keys)
{
    char text[KEY_FILE];
    struct span hex;
    int result = path && *path ? read_hex(path, text, &hex) : 1;
    if (!result)
        result = seal_keys_before(keys, hex);
    sodium_memzero(text, sizeof(text));
    return result < 0 ? -1 : 0;
}

/* All three files anew. 0 or -1. */
static int read_keys(const struct identity_conf *conf, struct seal_keys *ret_keys)
{
    char hash_text[KEY_FILE], box_text[KEY_FILE];
    struct span hash, box;
    int result = read_hex(conf->national_hash_key.path, hash_text, &hash) ||
                         read_hex(conf->national_box_key.path, box_text, &box) ||
                         seal_keys_parse(ret_keys, hash, box) < 0
                     ? -1
                     : keys_read_before(conf->national_hash_key_before, ret_keys);
    sodium_memzero(hash_text, sizeof(hash_text));
    return result;
}

static int state_of(struct ctx *ctx, struct keys_state *ret_state)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    struct keys_ids ids = {
        .hash_key = {keys->hash_key_id, SEAL_KEY_ID}, .box_key = {keys->box_key_id, SEAL_KEY_ID}, .most = WAITING_MOST};
    struct keys_waiting waiting;
    int code = pg_call(ctx, &SQL_keys_count, &ids, &waiting);
    if (code)
        return code;
    *ret_state = (struct keys_state){.hash_key = ids.hash_key, .box_key = ids.box_key, .waiting = waiting.waiting};
    if (keys->has_before)
        PUT_FIELD(ret_state, keys_state, before, ((struct span){keys->before_key_id, SEAL_KEY_ID}));
    return 0;
}

int on_keys_now(struct ctx *ctx, const struct empty *req, struct keys_state *ret_reply)
{
    (void)req;
    return state_of(ctx, ret_reply);
}

static int note_keys(struct ctx *ctx, const struct seal_keys *keys)
{
    char detail[200];
    int n = snprintf(detail, sizeof(detail), "{\"hash_key\": \"%s\", \"box_key\": \"%s\", \"before\": \"%s\"}",
                     keys->hash_key_id, keys->box_key_id, keys->has_before ? keys->before_key_id : "");
    return audit_note(ctx, "keys_reloaded", NULL, (struct span){detail, (uint32_t)n});
}

int on_keys_reload(struct ctx *ctx, const struct empty *req, struct keys_state *ret_reply)
{
    /* The one part of the configuration that may change while the process runs. */
    struct identity_conf *conf = (struct identity_conf *)(uintptr_t)identity_conf(ctx);
    struct held_keys *fresh = calloc(1, sizeof(*fresh));
    struct sealer sealer;
    (void)req;
    if (!fresh)
        return fail(ctx, ERR_TOO_LARGE, "keys");
    if (read_keys(conf, &fresh->keys) < 0 || sealer_init(&sealer, &fresh->keys) < 0) {
        free(fresh);
        return audit_refuse(ctx, "keys_refused", NULL, "a key's file cannot be read or holds no key", ERR_INVALID,
                            "national_hash_key");
    }
    sealer_release(&sealer);
    int code = note_keys(ctx, &fresh->keys);
    if (code) {
        free(fresh);
        return code;
    }
    fresh->older = all_held;
    while (!atomic_compare_exchange_weak(&all_held, &fresh->older, fresh))
        ;
    conf->keys_now = fresh;
    return state_of(ctx, ret_reply);
}

int on_keys_page(struct ctx *ctx, const struct keys_query *req, struct sealed_rows *ret_reply)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    struct keys_ids ids = {.hash_key = {keys->hash_key_id, SEAL_KEY_ID},
                           .box_key = {keys->box_key_id, SEAL_KEY_ID},
                           .after = req->after,
                           .most = req->most,
                           .all = HAS(req, keys_query, all) && req->all};
    return pg_list(ctx, &SQL_keys_look, &ids, req->most, &ret_reply->rows, &ret_reply->n_rows);
}

static bool is(struct span text, const char *id)
{
    return text.n == SEAL_KEY_ID && !memcmp(text.p, id, SEAL_KEY_ID);
}

int on_keys_put(struct ctx *ctx, const struct sealed_moves *req, struct sealed_moved *ret_reply)
{
    const struct seal_keys *keys = seal_keys_now(ctx);
    struct keys_row *rows = arena_alloc(ctx->arena, req->n_rows * sizeof(*rows));
    struct keys_done *done;
    struct keys_turn turn;
    uint32_t n = 0;
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "rows");
    if (!is(req->hash_key, keys->hash_key_id))
        return fail(ctx, ERR_STATE, "hash_key");
    if (!is(req->box_key, keys->box_key_id))
        return fail(ctx, ERR_STATE, "box_key");
    for (uint32_t i = 0; i < req->n_rows; i++)
        rows[i] = (struct keys_row){.id = req->rows[i].id,
                                    .hash_key_old = req->rows[i].hash_key_old,
                                    .box_key_old = req->rows[i].box_key_old,
                                    .national_hash = req->rows[i].national_hash,
                                    .national_box = req->rows[i].national_box,
                                    .hash_key = req->hash_key,
                                    .box_key = req->box_key};
    int code = pg_begin(ctx);
    if (!code)
        code = pg_call(ctx, &SQL_keys_lock, NULL, &turn);
    if (!code && !turn.locked)
        return fail(ctx, ERR_BUSY, "import");
    if (!code)
        code = pg_bulk(ctx, &SQL_keys_move, rows, req->n_rows, 1, &done, &n);
    if (!code)
        code = pg_commit(ctx);
    if (!code)
        ret_reply->moved = n ? done[0].moved : 0;
    return code;
}
