/*
 * keys_rotate.c - `hocvu keys rotate national_box|national_hash DIR` and `hocvu keys check DIR [--dump FILE]`.
 *
 * Changing a key interrupts nobody and can be broken off at any time; the same command goes on:
 *
 *   1. the new key goes into DIR/ring and into the place of the present one; of a hash key, the old one beside it
 *   2. every process of identity reads the keys again; calls that began before have ended when we go on
 *   3. page by page: open the box with the ring, hash and seal by the present keys, send back
 *   4. when no row of an older key is left, the key before is used no more; in the ring it stays, for backups
 *
 * Digits are in the memory of this process only, which leaves no core, and go nowhere.
 */
#include "keys_ring.h"
#include "pace.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 500,
    CALLS_END_S = 6, /* longer than a call may take */
    BUSY_WAITS_S = 600,
    LINE_MOST = 1024,
};

const char keys_help[] =
    "usage: hocvu keys init DIR\n"
    "       hocvu keys rotate national_box|national_hash|token_sign DIR\n"
    "       hocvu keys check DIR [--dump FILE]\n\n"
    "DIR is secrets/ of the installation. init makes the keys that are not there yet.\n\n"
    "rotate makes a new key for the boxes or the hashes of personal numbers and seals every number anew, while the\n"
    "service runs. Broken off, the same command goes on. Every key that was ever used stays in DIR/ring: keep it with\n"
    "the backups, in another place. token_sign, the key of access tokens, is changed in two steps; each says what to "
    "do\n"
    "next, and nobody is logged out.\n\n"
    "check opens every box with the ring and compares its hash; with --dump those of a backup: lines\n"
    "  hash_key,national_hash in hex,box_key,national_box in hex\n"
    "as COPY (SELECT hash_key, encode(national_hash, 'hex'), box_key, encode(national_box, 'hex') FROM "
    "identity.person)\n"
    "TO STDOUT (FORMAT csv) writes them. It says which keys the ring lacks; exit code 1 when it lacks one.\n";

/* What one run holds. */
struct rotation {
    struct bus *bus;
    const char *dir;
    unsigned instances;
    struct ring ring;
    struct keys_state state; /* its texts below */
    char hash_key[SEAL_KEY_ID + 1], box_key[SEAL_KEY_ID + 1], before[SEAL_KEY_ID + 1];
    struct seal_keys keys; /* the present ones */
    struct sealer sealer;
    uint32_t moved, unread;
};

static void take_state(struct rotation *r, const struct keys_state *state)
{
    snprintf(r->hash_key, sizeof(r->hash_key), "%.*s", (int)state->hash_key.n, state->hash_key.p);
    snprintf(r->box_key, sizeof(r->box_key), "%.*s", (int)state->box_key.n, state->box_key.p);
    r->before[0] = '\0';
    if (HAS(state, keys_state, before))
        snprintf(r->before, sizeof(r->before), "%.*s", (int)state->before.n, state->before.p);
    r->state = *state;
}

/* Every process that is there reads its keys again (or only says which it has); they must agree. */
static int tell_all(struct rotation *r, bool reload)
{
    unsigned told = 0;
    char hash_key[SEAL_KEY_ID + 1] = "", box_key[SEAL_KEY_ID + 1] = "";
    for (unsigned i = 1; i <= r->instances; i++) {
        struct empty none = {0};
        struct keys_state state;
        bus_pin(r->bus, i);
        int code = reload ? call_keys_reload(r->bus, &none, &state) : call_keys_now(r->bus, &none, &state);
        bus_pin(r->bus, 0);
        if (code == ERR_UNAVAILABLE)
            continue; /* it does not run; when it starts, it reads the files */
        if (code) {
            ctl_bus_fault(r->bus, "a process of identity does not read its keys again");
            return -1;
        }
        take_state(r, &state);
        if (told++ && (strcmp(hash_key, r->hash_key) != 0 || strcmp(box_key, r->box_key) != 0)) {
            fprintf(stderr, "hocvu: the processes of identity do not have the same keys. Start this command again.\n");
            return -1;
        }
        snprintf(hash_key, sizeof(hash_key), "%s", r->hash_key);
        snprintf(box_key, sizeof(box_key), "%s", r->box_key);
    }
    if (!told)
        fprintf(stderr, "hocvu: no process of identity answers.\n");
    return told ? 0 : -1;
}

/* The ring, and the keys to seal with: those that the service says it uses. */
static int open_ring(struct rotation *r)
{
    ring_release(&r->ring);
    if (ring_open(&r->ring, r->dir) < 0)
        return -1;
    const struct ring_key *hash = ring_hash(&r->ring, (struct span){r->hash_key, SEAL_KEY_ID});
    const struct ring_key *box = ring_box(&r->ring, (struct span){r->box_key, SEAL_KEY_ID});
    if (!hash || !box) {
        fprintf(stderr, "hocvu: %s is not the directory of the keys that identity uses (%s, %s).\n", r->dir,
                r->hash_key, r->box_key);
        return -1;
    }
    memcpy(r->keys.hash_key, hash->key, KEY);
    return crypto_scalarmult_base(r->keys.box_public, box->key) ? -1 : sealer_init(&r->sealer, &r->keys);
}

/* Rows on their way back; what a reply says lives until the next call only. */
struct page {
    struct sealed_move moves[PAGE];
    unsigned char hash[PAGE][SEAL_HASH_BYTES], box[PAGE][SEAL_BOX_BYTES];
    char ids[PAGE][2][SEAL_KEY_ID];
    uint32_t n;
};

static void add_row(struct rotation *r, struct page *page, const struct sealed_row *row)
{
    char digits[NATIONAL_DIGITS];
    uint32_t i = page->n;
    enum ring_verdict verdict = ring_read(&r->ring, row, digits);
    if (verdict == RING_NO_BOX_KEY || verdict == RING_DAMAGED) {
        if (!r->unread++)
            fprintf(stderr, "hocvu: a box of key %.*s cannot be opened%s.\n", (int)row->box_key.n, row->box_key.p,
                    verdict == RING_NO_BOX_KEY ? ": the ring lacks the key" : ", or its hash is another number's");
        return;
    }
    national_hash(&r->keys, (struct span){digits, NATIONAL_DIGITS}, page->hash[i]);
    seal(&r->sealer, (struct span){digits, NATIONAL_DIGITS}, page->box[i]);
    sodium_memzero(digits, sizeof(digits));
    memcpy(page->ids[i][0], row->hash_key.p, SEAL_KEY_ID);
    memcpy(page->ids[i][1], row->box_key.p, SEAL_KEY_ID);
    page->moves[i] = (struct sealed_move){.id = row->id,
                                          .hash_key_old = {page->ids[i][0], SEAL_KEY_ID},
                                          .box_key_old = {page->ids[i][1], SEAL_KEY_ID},
                                          .national_hash = {(const char *)page->hash[i], SEAL_HASH_BYTES},
                                          .national_box = {(const char *)page->box[i], SEAL_BOX_BYTES}};
    page->n++;
}

static int send_page(struct rotation *r, struct page *page)
{
    struct sealed_moves moves = {.hash_key = {r->hash_key, SEAL_KEY_ID},
                                 .box_key = {r->box_key, SEAL_KEY_ID},
                                 .rows = page->moves,
                                 .n_rows = page->n};
    struct pace pace = pace_begin(BUSY_WAITS_S);
    struct sealed_moved moved;
    int code;
    bool said = false;
    while ((code = call_keys_put(r->bus, &moves, &moved)) == ERR_BUSY || code == ERR_UNAVAILABLE ||
           code == ERR_DEADLINE) {
        if (!said)
            fprintf(stderr, "hocvu: waiting for an import, or for identity to come back\n");
        said = true;
        if (!pace_wait(&pace, 1))
            break;
    }
    if (code)
        ctl_bus_fault(r->bus, "numbers sealed anew were not taken");
    else
        r->moved += moved.moved;
    return code ? -1 : 0;
}

/* All rows of other keys, once through. */
static int move_rows(struct rotation *r)
{
    struct page *page = calloc(1, sizeof(*page));
    struct keys_query query = {.most = PAGE};
    struct sealed_rows rows;
    int result = page ? 0 : -1;
    do {
        rows.n_rows = 0;
        if (!result && call_keys_page(r->bus, &query, &rows)) {
            ctl_bus_fault(r->bus, "sealed numbers cannot be read");
            result = -1;
        }
        uint32_t n = result ? 0 : rows.n_rows;
        for (uint32_t i = 0; i < n; i++)
            add_row(r, page, &rows.rows[i]);
        if (n)
            query.after = rows.rows[n - 1].id;
        if (!result && page->n)
            result = send_page(r, page);
        if (page)
            page->n = 0;
        rows.n_rows = n;
        if (!result && isatty(STDERR_FILENO))
            fprintf(stderr, "\r%u numbers sealed anew ", r->moved);
    } while (!result && rows.n_rows == PAGE);
    if (isatty(STDERR_FILENO))
        fputc('\n', stderr);
    free(page);
    return result;
}

static void sleep_s(unsigned seconds)
{
    struct timespec wait = {(time_t)seconds, 0};
    while (nanosleep(&wait, &wait) && errno == EINTR)
        ;
}

/* From the files as they are to the last row. */
static int rotate(struct rotation *r, bool box)
{
    /* First what was broken off: files that a process has not read yet, rows that were not moved yet. */
    if (tell_all(r, true) < 0)
        return -1;
    if (r->state.waiting) {
        printf("%u numbers wait from a change that was broken off; that one goes on.\n", r->state.waiting);
    } else {
        if (open_ring(r) < 0 || (r->before[0] && ring_finish(r->dir) < 0) ||
            (box ? ring_new_box(r->dir) : ring_new_hash(r->dir)) < 0 || tell_all(r, true) < 0)
            return -1;
    }
    sleep_s(CALLS_END_S);
    if (tell_all(r, false) < 0 || open_ring(r) < 0)
        return -1;
    printf("Keys in use: hashes %s, boxes %s.\n", r->hash_key, r->box_key);
    fflush(stdout);
    /* Twice: a login or an import may have stored a number by the old key while we passed it. */
    for (int i = 0; i < 3 && r->state.waiting; i++) {
        if (move_rows(r) < 0 || tell_all(r, false) < 0)
            return -1;
    }
    if (r->state.waiting) {
        fprintf(stderr, "hocvu: %u numbers are still sealed by other keys.\n", r->state.waiting);
        return -1;
    }
    if (ring_finish(r->dir) < 0 || tell_all(r, true) < 0)
        return -1;
    printf("%u numbers sealed anew. Keep %s/ring with the backups: older ones need its keys.\n", r->moved, r->dir);
    return 0;
}

static int begin(struct ctl *ctl, struct rotation *r)
{
    prctl(PR_SET_DUMPABLE, 0);
    r->bus = ctl_bus(ctl);
    if (!r->bus)
        return -1;
    r->instances = zsock_replicas(&ctl_conf(ctl)->bus, "identity");
    return 0;
}

static void end(struct rotation *r)
{
    sealer_release(&r->sealer);
    sodium_memzero(&r->keys, sizeof(r->keys));
    ring_release(&r->ring);
}

/* One change at a time, or a key would be replaced before anybody has used it. Held until the process ends. */
static int lock(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return keys_trouble(dir);
    if (!flock(fd, LOCK_EX | LOCK_NB))
        return 0;
    close(fd);
    fprintf(stderr, "hocvu: keys in %s are being changed by another command already.\n", dir);
    return -1;
}

int keys_rotate(struct ctl *ctl, int argc, char **argv)
{
    static struct rotation r;
    bool box = argc == 3 && !strcmp(argv[1], "national_box");
    if (argc == 3 && !strcmp(argv[1], "token_sign"))
        return keys_rotate_token(argv[2]);
    if (argc != 3 || (!box && strcmp(argv[1], "national_hash") != 0)) {
        fputs(keys_help, stderr);
        return 2;
    }
    r.dir = argv[2];
    int result = lock(r.dir) < 0 || begin(ctl, &r) < 0 ? -1 : rotate(&r, box);
    end(&r);
    return result < 0 ? 1 : 0;
}

/* What `check` has found. */
struct findings {
    uint64_t readable, damaged, unknown;
    char lacking[RING_MOST][SEAL_KEY_ID + 1];
    uint32_t n_lacking;
};

static void lack(struct findings *f, struct span id)
{
    f->unknown++;
    for (uint32_t i = 0; i < f->n_lacking; i++) {
        if (id.n == SEAL_KEY_ID && !memcmp(f->lacking[i], id.p, SEAL_KEY_ID))
            return;
    }
    if (f->n_lacking < RING_MOST)
        snprintf(f->lacking[f->n_lacking++], SEAL_KEY_ID + 1, "%.*s", (int)id.n, id.p);
}

static void check_row(const struct ring *ring, const struct sealed_row *row, struct findings *f)
{
    char digits[NATIONAL_DIGITS];
    switch (ring_read(ring, row, digits)) {
    case RING_READABLE:
        f->readable++;
        break;
    case RING_DAMAGED:
        f->damaged++;
        break;
    case RING_NO_BOX_KEY:
        lack(f, row->box_key);
        break;
    case RING_NO_HASH_KEY:
        lack(f, row->hash_key);
        break;
    }
    sodium_memzero(digits, sizeof(digits));
}

static int check_database(struct rotation *r, struct findings *f)
{
    struct keys_query query = {.most = PAGE};
    struct sealed_rows rows;
    PUT_FIELD(&query, keys_query, all, true);
    do {
        if (call_keys_page(r->bus, &query, &rows)) {
            ctl_bus_fault(r->bus, "sealed numbers cannot be read");
            return -1;
        }
        for (uint32_t i = 0; i < rows.n_rows; i++)
            check_row(&r->ring, &rows.rows[i], f);
        if (rows.n_rows)
            query.after = rows.rows[rows.n_rows - 1].id;
    } while (rows.n_rows == PAGE);
    return 0;
}

static int check_dump(struct rotation *r, const char *path, struct findings *f)
{
    char line[LINE_MOST], hash_key[SEAL_KEY_ID + 1], box_key[SEAL_KEY_ID + 1], hash_hex[65], box_hex[169];
    unsigned char hash[SEAL_HASH_BYTES], box[SEAL_BOX_BYTES];
    FILE *file = fopen(path, "re");
    if (!file)
        return keys_trouble(path);
    while (fgets(line, sizeof(line), file)) {
        size_t n_hash = 0, n_box = 0;
        if (sscanf(line, "%8[0-9a-f],%64[0-9a-f],%8[0-9a-f],%168[0-9a-f]", hash_key, hash_hex, box_key, box_hex) != 4 ||
            sodium_hex2bin(hash, sizeof(hash), hash_hex, strlen(hash_hex), NULL, &n_hash, NULL) ||
            sodium_hex2bin(box, sizeof(box), box_hex, strlen(box_hex), NULL, &n_box, NULL)) {
            f->damaged++;
            continue;
        }
        struct sealed_row row = {.national_hash = {(const char *)hash, (uint32_t)n_hash},
                                 .hash_key = {hash_key, SEAL_KEY_ID},
                                 .national_box = {(const char *)box, (uint32_t)n_box},
                                 .box_key = {box_key, SEAL_KEY_ID}};
        check_row(&r->ring, &row, f);
    }
    fclose(file);
    return 0;
}

int keys_check(struct ctl *ctl, int argc, char **argv)
{
    static struct rotation r;
    static struct findings f;
    bool dump = argc == 4 && !strcmp(argv[2], "--dump");
    if (argc != 2 && !dump) {
        fputs(keys_help, stderr);
        return 2;
    }
    prctl(PR_SET_DUMPABLE, 0);
    int result = ring_open(&r.ring, argv[1]);
    if (!result)
        result = dump ? check_dump(&r, argv[3], &f) : begin(ctl, &r);
    if (!result && !dump)
        result = check_database(&r, &f);
    end(&r);
    if (result)
        return 1;
    printf("%llu numbers readable, %llu damaged, %llu of keys that the ring lacks\n", (unsigned long long)f.readable,
           (unsigned long long)f.damaged, (unsigned long long)f.unknown);
    for (uint32_t i = 0; i < f.n_lacking; i++)
        printf("the ring lacks key %s\n", f.lacking[i]);
    return f.damaged || f.unknown ? 1 : 0;
}
