/*
 * fuzz_messages.c - one fuzz target over every message: the first byte picks the message, the second the codec, the
 * rest is its input.
 *
 * What is read must be valid by its rows; written and read again it must say the same in the same bytes; and the same
 * must hold through the other codec. What is refused must say why. A message that is added to proto/ is covered at
 * once.
 */
#include "codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void give_up(const struct msg *desc, const char *what, const struct fault *fault)
{
    fprintf(stderr, "%s: %s (%d %s)\n", desc->name, what, fault->code, fault->field ? fault->field : "");
    abort();
}

static int read_message(bool json, const struct msg *desc, void *message, struct arena *arena, struct span in,
                        struct fault *ret_fault)
{
    return json ? msg_from_json(desc, message, arena, in, ret_fault) : msg_unpack(desc, message, arena, in, ret_fault);
}

/* Writes the message in one form into `out`, reads it from there, and writes what was read in both forms. */
static void there_and_back(bool json, const struct msg *desc, const void *message, struct arena *arena, struct buf *out,
                           struct buf *ret_packed, struct buf *ret_json)
{
    struct fault fault = {0};
    void *back = arena_alloc(arena, desc->size);
    buf_clear(out);
    if (json)
        msg_to_json(desc, message, out);
    else
        msg_pack(desc, message, out);
    if (!back || out->failed)
        give_up(desc, "does not fit the memory of this test", &fault);
    if (read_message(json, desc, back, arena, buf_span(out), &fault))
        give_up(desc, json ? "cannot read its own JSON" : "cannot read its own MessagePack", &fault);
    buf_clear(ret_packed);
    buf_clear(ret_json);
    msg_pack(desc, back, ret_packed);
    msg_to_json(desc, back, ret_json);
    if (ret_packed->failed || ret_json->failed)
        give_up(desc, "cannot write what it has read", &fault);
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->n == b->n && !memcmp(a->p, b->p, a->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct arena arena;
    static struct buf out, packed[2], json[2];
    if (!arena.max) {
        arena_init(&arena, MEMORY);
        buf_init(&out, MEMORY);
        for (int i = 0; i < 2; i++) {
            buf_init(&packed[i], MEMORY);
            buf_init(&json[i], MEMORY);
        }
    }
    if (n < 2)
        return 0;
    const struct msg *desc = proto_msgs[data[0] % proto_n_msgs];
    bool is_json = data[1] & 1;
    struct span in = {(const char *)data + 2, (uint32_t)(n - 2)};
    struct fault fault = {0};
    arena_clear(&arena);
    void *message = arena_alloc(&arena, desc->size);
    int code = read_message(is_json, desc, message, &arena, in, &fault);
    if (code) {
        if (code != fault.code || !fault.field || !*err_find(code)->name)
            give_up(desc, "refuses without saying why", &fault);
        return 0;
    }
    if (msg_check(desc, message, &fault))
        give_up(desc, "reads what its rows do not allow", &fault);
    there_and_back(is_json, desc, message, &arena, &out, &packed[0], &json[0]);
    there_and_back(!is_json, desc, message, &arena, &out, &packed[1], &json[1]);
    if (!same(&packed[0], &packed[1]) || !same(&json[0], &json[1]))
        give_up(desc, "says something else through the other codec", &fault);
    there_and_back(is_json, desc, message, &arena, &out, &packed[1], &json[1]);
    if (!same(&packed[0], &packed[1]) || !same(&json[0], &json[1]) || !same(&out, is_json ? &json[1] : &packed[1]))
        give_up(desc, "is not stable", &fault);
    if (packed[0].n > msg_max_packed(desc))
        give_up(desc, "takes more bytes than msg_max_packed says", &fault);
    return 0;
}
