/*
 * attempt.c - `hocvu attempt verify FILE`: does the dossier of an attempt prove what it says? It needs the file and a
 * public key of the service, and neither database nor network: everything is computed anew from what the file itself
 * holds.
 *
 * One line per check: "ok", "FAULT" with the first thing that is wrong, or "note" for what is worth knowing and no
 * fault. Exit code 0: sound; 1: a fault; 2: not started (usage, a file that cannot be read).
 */
#include "attempt.h"
#include "ctl.h"
#include "receipt.h"
#include "service.h"
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>

enum { DOSSIER_MAX = 4194304, KEYS_FILE_MAX = 65536, RECEIPTS_MAX = 64 << 20, ARENA_MAX = 256 << 20, KEYS = 16 };

const char attempt_help[] =
    "hocvu attempt verify FILE (--keys JWKS_FILE | --key HEX) [--receipts FILE]\n\n"
    "Checks the dossier of an attempt without database or network: signature, format, order of items and choices as "
    "the\n"
    "seed lays them, every link of the chain of receipts, its head, revisions, results.\n\n"
    "  --keys JWKS_FILE  keys of the service, as GET /v1/attempt-keys gave them\n"
    "  --key HEX         the one public key, 64 hex digits (secrets/attempt_sign.pub)\n"
    "  --receipts FILE   receipts as a client kept them, one JSON object per line: each must be in the chain\n\n"
    "Exit code 0: sound; 1: a fault was found; 2: the check could not be made.\n";

struct options {
    const char *file, *keys, *key, *receipts;
};

/* --- lines --- */

void check_fault(struct verification *v, const char *what, const char *format, ...)
{
    va_list args;
    printf("FAULT   %s: ", what);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    v->faults++;
}

static void say(const char *kind, const char *what, const char *format, ...) PRINTF(3, 4);
static void say(const char *kind, const char *what, const char *format, ...)
{
    va_list args;
    printf("%-7s %s: ", kind, what);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* --- files and keys --- */

/* The whole file without blanks at its end, in the arena. */
static int read_whole(struct arena *arena, const char *path, size_t most, struct span *ret_text)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(most + 1) : NULL;
    size_t n = text ? fread(text, 1, most + 1, file) : 0;
    int wrong = 0;
    if (!file || (text && ferror(file))) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        wrong = -1;
    } else if (!text || n > most) {
        fprintf(stderr, "hocvu: %s is too large.\n", path);
        wrong = -1;
    }
    while (!wrong && n && (text[n - 1] == '\n' || text[n - 1] == '\r' || text[n - 1] == ' '))
        n--;
    if (!wrong && arena_span(arena, (struct span){text, (uint32_t)n}, ret_text) < 0)
        wrong = -1;
    free(text);
    if (file)
        fclose(file);
    return wrong;
}

/* Names are computed, not believed. */
static int read_keys(struct arena *arena, const struct options *options, uint8_t ret_keys[KEYS][JWS_PUBLIC])
{
    struct public_keys set;
    struct fault fault;
    struct span text, x;
    if (options->key) {
        if (!jws_public_parse((struct span){options->key, (uint32_t)strlen(options->key)}, ret_keys[0]))
            return 1;
        fprintf(stderr, "hocvu: --key takes 64 hex digits.\n");
        return -1;
    }
    if (read_whole(arena, options->keys, KEYS_FILE_MAX, &text) < 0)
        return -1;
    int wrong = msg_from_json(&msg_public_keys, &set, arena, text, &fault);
    for (uint32_t i = 0; !wrong && i < set.n_keys; i++) {
        wrong = base64url_parse(arena, set.keys[i].x, &x) || x.n != JWS_PUBLIC;
        if (!wrong)
            memcpy(ret_keys[i], x.p, JWS_PUBLIC);
    }
    if (wrong || !set.n_keys) {
        fprintf(stderr, "hocvu: %s does not hold keys as GET /v1/attempt-keys gives them.\n", options->keys);
        return -1;
    }
    return (int)set.n_keys;
}

/* --- checks --- */

/* Not even the header is parsed: it must be, byte for byte, the one that a key of ours gets. */
static void check_signature(struct verification *v, const struct jws *jws, uint8_t keys[KEYS][JWS_PUBLIC], int n)
{
    for (int i = 0; i < n; i++) {
        char kid[JWS_KID_TEXT];
        jws_kid(keys[i], kid);
        char *header = arena_printf(v->arena, "{\"alg\":\"EdDSA\",\"typ\":\"hocvu-dossier+jwt\",\"kid\":\"%s\"}", kid);
        if (!header || !jws_header_is(jws, (struct span){header, (uint32_t)strlen(header)}))
            continue;
        if (jws_signed_by(jws, keys[i]))
            say("ok", "signature", "Ed25519, key %s", kid);
        else
            check_fault(v, "signature", "key %s did not sign this", kid);
        return;
    }
    check_fault(v, "signature", "none of the keys given signed this");
}

static bool decode(struct verification *v, const struct jws *jws)
{
    struct fault fault = {.field = ""};
    struct span json;
    if (base64url_parse(v->arena, jws->payload, &json) != 0) {
        check_fault(v, "format", "the payload is not base64url");
        return false;
    }
    if (msg_from_json(&msg_dossier, &v->dossier, v->arena, json, &fault) != 0) {
        check_fault(v, "format", "%s (%s)", err_find(fault.code)->en, fault.field);
        return false;
    }
    if (v->dossier.format.n != strlen(DOSSIER_FORMAT) ||
        memcmp(v->dossier.format.p, DOSSIER_FORMAT, v->dossier.format.n) != 0) {
        check_fault(v, "format", "not " DOSSIER_FORMAT);
        return false;
    }
    v->paper = v->dossier.paper;
    v->policy = v->dossier.policies;
    char id[UUID_TEXT];
    uuid_format(&v->paper->attempt_id, id);
    say("ok", "format", DOSSIER_FORMAT ", attempt %s", id);
    return true;
}

/* True while no check since has found a fault. */
static bool passed(const struct verification *v, int faults_before)
{
    return v->faults == faults_before;
}

static void check_receipt(struct verification *v, struct span line, uint32_t number)
{
    struct answer_receipt receipt;
    struct fault fault;
    const struct dossier *d = &v->dossier;
    if (msg_from_json(&msg_answer_receipt, &receipt, v->arena, line, &fault) != 0) {
        check_fault(v, "receipts", "line %u is not a receipt", number);
        return;
    }
    if (!uuid_equal(&receipt.attempt_id, &v->paper->attempt_id)) {
        check_fault(v, "receipts", "line %u is of another attempt", number);
        return;
    }
    const struct answer_entry *entry = receipt.seq <= d->n_answers ? &d->answers[receipt.seq - 1] : NULL;
    if (!entry || entry->position != receipt.position || entry->revision != receipt.revision ||
        entry->saved_at != receipt.saved_at || memcmp(entry->link.p, receipt.link.p, RECEIPT_LINK) != 0)
        check_fault(v, "receipts", "line %u: receipt %u (position %u, revision %u) is missing in the chain", number,
                    receipt.seq, receipt.position, receipt.revision);
}

static void check_receipts(struct verification *v, struct span text)
{
    uint32_t number = 0, receipts = 0;
    int before = v->faults;
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        uint32_t n = end ? (uint32_t)(end - text.p) : text.n;
        struct span line = {text.p, n && text.p[n - 1] == '\r' ? n - 1 : n};
        number++;
        if (line.n) {
            receipts++;
            check_receipt(v, line, number);
        }
        n += end != NULL;
        text = (struct span){text.p + n, text.n - n};
    }
    if (passed(v, before))
        say("ok", "receipts", "%u of %u are in the chain", receipts, receipts);
}

static void check_all(struct verification *v)
{
    static const struct {
        const char *what;
        void (*check)(struct verification *);
    } checks[] = {
        {"shape", check_shape},         {"first link", check_first}, {"order", check_order},
        {"chain", check_chain},         {"head", check_head},        {"revisions", check_revisions},
        {"answers shown", check_shown}, {"results", check_results},  {"facts, appeals", check_about},
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        int before = v->faults;
        v->note[0] = '\0';
        checks[i].check(v);
        if (passed(v, before))
            say(v->is_note ? "note" : "ok", checks[i].what, "%s", v->note);
        v->is_note = false;
    }
}

/* --- the command --- */

static int read_options(int argc, char **argv, struct options *ret_options)
{
    struct options o = {0};
    for (int i = 2; i < argc; i++) {
        const char **value = !strcmp(argv[i], "--keys")       ? &o.keys
                             : !strcmp(argv[i], "--key")      ? &o.key
                             : !strcmp(argv[i], "--receipts") ? &o.receipts
                                                              : NULL;
        if (value && i + 1 < argc && !*value)
            *value = argv[++i];
        else if (!value && argv[i][0] != '-' && !o.file)
            o.file = argv[i];
        else
            return -1;
    }
    if (argc < 2 || strcmp(argv[1], "verify") != 0 || !o.file || !o.keys == !o.key)
        return -1;
    *ret_options = o;
    return 0;
}

static int verify(struct arena *arena, const struct options *options)
{
    struct verification v = {.arena = arena};
    uint8_t keys[KEYS][JWS_PUBLIC];
    struct span text, receipts = {"", 0};
    struct jws jws;
    int n = read_keys(arena, options, keys);
    if (n < 0 || read_whole(arena, options->file, DOSSIER_MAX, &text) < 0 ||
        (options->receipts && read_whole(arena, options->receipts, RECEIPTS_MAX, &receipts) < 0))
        return 2;
    if (jws_split(text, &jws) < 0) {
        check_fault(&v, "format", "not a compact JWS");
    } else {
        check_signature(&v, &jws, keys, n);
        if (decode(&v, &jws)) {
            check_all(&v);
            if (options->receipts)
                check_receipts(&v, receipts);
        }
    }
    if (v.faults)
        printf("%s: %d fault%s\n", options->file, v.faults, v.faults == 1 ? "" : "s");
    else
        printf("%s: sound\n", options->file);
    return v.faults ? 1 : 0;
}

int attempt_command(struct ctl *ctl, int argc, char **argv)
{
    struct options options;
    struct arena arena;
    (void)ctl;
    if (read_options(argc, argv, &options) < 0) {
        fputs(attempt_help, stderr);
        return 2;
    }
    if (sodium_init() < 0) {
        fprintf(stderr, "hocvu: libsodium cannot start\n");
        return 2;
    }
    arena_init(&arena, ARENA_MAX);
    int code = verify(&arena, &options);
    arena_release(&arena);
    fflush(stdout);
    return code;
}
