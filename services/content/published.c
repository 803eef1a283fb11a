/*
 * published.c - what learners read. A published version never changes, so its packed message is kept in Redis without
 * ever being taken back; the format number in the key changes when the message's form does. Redis away, the key absent,
 * or bytes that are not this message: PostgreSQL answers.
 */
#include "content.h"
#include "cache.h"

static char *cache_key(struct ctx *ctx, const char *what, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    return arena_printf(ctx->arena, "content:%s:1:%s", what, text);
}

static bool cache_find(struct ctx *ctx, const char *key, const struct msg *desc, void *ret_message)
{
    struct cache *cache = cache_mine();
    struct fault fault;
    struct span bytes;
    if (!cache || !key || !cache_get(cache, ctx->arena, key, &bytes))
        return false;
    if (!msg_unpack(desc, ret_message, ctx->arena, bytes, &fault))
        return true;
    memset(ret_message, 0, desc->size);
    return false;
}

static void cache_keep(struct ctx *ctx, const char *key, const struct msg *desc, const void *message)
{
    const struct content_conf *conf = ctx->conf;
    struct cache *cache = cache_mine();
    struct buf packed;
    if (!cache || !key)
        return;
    buf_init(&packed, msg_max_packed(desc));
    msg_pack(desc, message, &packed);
    if (!packed.failed)
        cache_put(cache, key, buf_span(&packed), (uint32_t)conf->cache_seconds);
    buf_release(&packed);
}

int on_programmes(struct ctx *ctx, const struct empty *req, struct programme_list *ret_reply)
{
    (void)req;
    return pg_list(ctx, &SQL_programmes, NULL, 200, &ret_reply->programmes, &ret_reply->n_programmes);
}

int on_programme_get(struct ctx *ctx, const struct version_ref *req, struct programme *ret_reply)
{
    char *key = cache_key(ctx, "programme", &req->version_id);
    if (cache_find(ctx, key, &msg_programme, ret_reply))
        return 0;
    int code = pg_call(ctx, &SQL_programme_find, req, ret_reply);
    if (!code)
        code = pg_list(ctx, &SQL_programme_lessons, req, 200, &ret_reply->lessons, &ret_reply->n_lessons);
    if (!code)
        cache_keep(ctx, key, &msg_programme, ret_reply);
    return code;
}

int on_lesson_get(struct ctx *ctx, const struct lesson_query *req, struct lesson *ret_reply)
{
    char *key = cache_key(ctx, "lesson", &req->lesson_id);
    if (cache_find(ctx, key, &msg_lesson, ret_reply))
        return 0;
    int code = pg_call(ctx, &SQL_lesson_find, req, ret_reply);
    if (!code)
        cache_keep(ctx, key, &msg_lesson, ret_reply);
    return code;
}
