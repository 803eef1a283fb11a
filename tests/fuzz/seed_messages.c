/*
 * seed_messages.c - writes the seeds of the corpus of fuzz_messages: a valid message of each kind, and hostile frames.
 *
 *     seed_messages DIR
 */
#include "../proto/samples.h"

#include <errno.h>

enum { INPUT_MOST = 1 << 20, PATH_MOST = 4096 };

/* Writes DIR/name: the byte of the message, the byte of the codec, the input. */
static int write_seed(const char *dir, const char *name, size_t message, bool json, struct span input)
{
    char path[PATH_MOST];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = n > 0 && (size_t)n < sizeof path ? fopen(path, "wb") : NULL;
    char head[2] = {(char)message, json};
    bool ok = file && fwrite(head, 1, 2, file) == 2 && fwrite(input.p, 1, input.n, file) == input.n;
    if (file && fclose(file))
        ok = false;
    if (!ok)
        fprintf(stderr, "replay: cannot write %s/%s: %s.\n", dir, name, strerror(errno));
    return !ok;
}

#define BYTES(literal)                                                                                                 \
    {                                                                                                                  \
        literal, (uint32_t)sizeof(literal) - 1                                                                         \
    }

static const struct {
    const char *name;
    bool json;
    struct span bytes;
} hostile[] = {
    {"hostile_array_4g", false, BYTES("\xdd\xff\x00\x00\x00")},
    {"hostile_map_4g", false, BYTES("\xdf\xff\xff\xff\xff")},
    {"hostile_map_pairs_wrap", false, BYTES("\xdf\x80\x00\x00\x00\x01\x02")},
    {"hostile_str_4g", false, BYTES("\x81\x01\xdb\xff\xff\xff\xff")},
    {"hostile_bin_4g", false, BYTES("\x81\x01\xc6\xff\xff\xff\xff")},
    {"hostile_ext_4g", false, BYTES("\x81\x01\xc9\xff\xff\xff\xff\x01")},
    {"hostile_list_4g", false, BYTES("\x81\x01\xdd\xff\xff\xff\xff")},
    {"hostile_unknown_deep", false,
     BYTES("\x81\x64\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x01")},
    {"hostile_unknown_map", false, BYTES("\x82\x64\x82\x01\x02\xc0\xc3\x65\xca\x00\x00\x00\x00")},
    {"hostile_reserved", false, BYTES("\x81\x01\xc1")},
    {"hostile_key_text", false, BYTES("\x81\xa2id\x01")},
    {"hostile_key_negative", false, BYTES("\x81\xff\x01")},
    {"hostile_key_uint64", false, BYTES("\x81\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01")},
    {"hostile_twice", false, BYTES("\x82\x01\x01\x01\x01")},
    {"hostile_trailing", false, BYTES("\x80\x00")},
    {"json_deep_arrays", true, BYTES("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]")},
    {"json_deep_objects", true, BYTES("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}")},
    {"json_numbers", true, BYTES("{\"ok\":[0,-0,1e5,1.5,01,1e999,9007199254740993]}")},
    {"json_escapes", true, BYTES("{\"ok\":\"\\ud83d\\ude00\\u0041\\n\\/\\\\\\ud83d\"}")},
    {"json_nul", true, BYTES("{\"ok\":\"\\u0000\"}")},
    {"json_bad_utf8", true, BYTES("{\"ok\":\"\xc0\xaf\xed\xa0\x80\xff\"}")},
    {"json_bom", true, BYTES("\xef\xbb\xbf{}")},
    {"json_trailing", true, BYTES("{}{}")},
    {"json_words", true, BYTES("{\"ok\":true,\"ok\":false,\"no\":null}")},
    {"json_blanks", true, BYTES(" \t\r\n{ \"ok\" :\ttrue } \n")},
};

int main(int argc, char **argv)
{
    struct chance chance = {2026};
    struct arena arena;
    struct buf text;
    char name[128];
    int status = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: seed_messages DIR\n");
        return 2;
    }
    const char *dir = argv[1];
    arena_init(&arena, INPUT_MOST);
    buf_init(&text, INPUT_MOST);
    for (size_t i = 0; i < proto_n_msgs; i++) {
        bool json = i % 3 == 0; /* the target goes through the other codec anyway */
        arena_clear(&arena);
        buf_clear(&text);
        void *message = sample_message(proto_msgs[i], AIM_SMALL, &chance, &arena);
        if (json)
            msg_to_json(proto_msgs[i], message, &text);
        else
            msg_pack(proto_msgs[i], message, &text);
        snprintf(name, sizeof name, "%s.%s", proto_msgs[i]->name, json ? "json" : "msgpack");
        status |= write_seed(dir, name, i, json, buf_span(&text));
    }
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        /* as the message `empty`, which lets most through, or as event_row */
        const struct msg *desc = hostile[i].json ? &msg_empty : &msg_event_row;
        for (size_t k = 0; k < proto_n_msgs; k++) {
            if (proto_msgs[k] == desc)
                status |= write_seed(dir, hostile[i].name, k, hostile[i].json, hostile[i].bytes);
        }
    }
    arena_release(&arena);
    buf_release(&text);
    return status;
}
