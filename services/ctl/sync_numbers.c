/*
 * sync_numbers.c - `hocvu sync numbers DIR`: brings personal numbers to the process that tells them to receivers.
 *
 * Identity keeps numbers in boxes that no service can open; who holds secrets/ can. Here those that are wanted are
 * opened by the ring and sealed to sync's key. Digits are in the memory of this process only, which leaves no core.
 */
#include "keys_ring.h"
#include <errno.h>
#include <sodium.h>
#include <sys/prctl.h>

enum { PAGE = 500, HEX_MOST = 80 };

struct bringing {
    struct bus *bus;
    struct ring ring;
    struct seal_keys keys; /* the public half of sync's key, and its id */
    struct sealer sealer;
    struct uuid wanted[PAGE]; /* in order */
    uint32_t n_wanted, next;  /* the first that has not been looked for */
    struct number_brought brought[PAGE];
    unsigned char box[PAGE][SEAL_BOX_BYTES];
    uint32_t n_brought;
    uint64_t total, unread;
};

static int read_public(struct bringing *b, const char *dir)
{
    char path[PATH_MAX], hex[HEX_MOST] = "";
    if (keys_path(path, dir, "sync_box", ".pub") < 0)
        return -1;
    FILE *file = fopen(path, "re");
    bool read = file && fgets(hex, sizeof(hex), file);
    if (file)
        fclose(file);
    if (!read)
        return keys_trouble(path);
    if (seal_key_parse((struct span){hex, (uint32_t)strcspn(hex, "\r\n")}, b->keys.box_public) < 0 ||
        sealer_init(&b->sealer, &b->keys) < 0) {
        fprintf(stderr, "hocvu: %s is no public key.\n", path);
        return -1;
    }
    seal_key_id(b->keys.box_public, b->keys.box_key_id);
    return 0;
}

static int call_failed(const struct bringing *b, const char *what)
{
    ctl_bus_fault(b->bus, what);
    return -1;
}

/* The next people whose number is wanted; 0 of them: that was all. */
static int ask_wanted(struct bringing *b, bool all)
{
    struct numbers_query query = {.after = b->n_wanted ? b->wanted[b->n_wanted - 1] : (struct uuid){{0}}};
    struct numbers_wanted wanted;
    if (all)
        PUT_FIELD(&query, numbers_query, all, true);
    if (call_sync_wanted(b->bus, &query, &wanted))
        return call_failed(b, "whose numbers are wanted");
    for (uint32_t i = 0; i < wanted.n_people; i++)
        b->wanted[i] = wanted.people[i].person_id;
    b->n_wanted = wanted.n_people;
    b->next = 0;
    return 0;
}

static void take_row(struct bringing *b, const struct sealed_row *row)
{
    char digits[NATIONAL_DIGITS];
    enum ring_verdict verdict = ring_read(&b->ring, row, digits);
    if (verdict != RING_READABLE && verdict != RING_NO_HASH_KEY) {
        if (!b->unread++)
            fprintf(stderr, "hocvu: a box of key %.*s cannot be opened.\n", (int)row->box_key.n, row->box_key.p);
        return;
    }
    uint32_t i = b->n_brought++;
    seal(&b->sealer, (struct span){digits, NATIONAL_DIGITS}, b->box[i]);
    sodium_memzero(digits, sizeof(digits));
    b->brought[i] = (struct number_brought){.person_id = row->id, .box = {(const char *)b->box[i], SEAL_BOX_BYTES}};
}

/* The id before this one: a page that begins after it begins here. */
static struct uuid before(struct uuid id)
{
    for (int i = 15; i >= 0 && id.b[i]-- == 0; i--)
        ;
    return id;
}

/* Reads identity's pages from each wanted id on, and takes those that are wanted. */
static int look_for(struct bringing *b)
{
    while (b->next < b->n_wanted) {
        struct keys_query query = {.after = before(b->wanted[b->next]), .most = PAGE};
        struct sealed_rows page;
        PUT_FIELD(&query, keys_query, all, true);
        if (call_keys_page(b->bus, &query, &page))
            return call_failed(b, "identity's boxes");
        for (uint32_t i = 0; i < page.n_rows && b->next < b->n_wanted; i++) {
            const struct sealed_row *row = &page.rows[i];
            while (b->next < b->n_wanted && memcmp(&b->wanted[b->next], &row->id, sizeof(row->id)) < 0)
                b->next++; /* has no number */
            if (b->next < b->n_wanted && !memcmp(&b->wanted[b->next], &row->id, sizeof(row->id))) {
                take_row(b, row);
                b->next++;
            }
        }
        if (page.n_rows < PAGE)
            b->next = b->n_wanted;
    }
    return 0;
}

static int bring(struct bringing *b)
{
    struct numbers_brought brought = {
        .box_key = {b->keys.box_key_id, SEAL_KEY_ID}, .numbers = b->brought, .n_numbers = b->n_brought};
    struct sync_count count;
    if (!b->n_brought)
        return 0;
    if (call_sync_numbers(b->bus, &brought, &count))
        return call_failed(b, "the numbers");
    b->total += b->n_brought;
    b->n_brought = 0;
    return 0;
}

static int run(struct bringing *b, bool all)
{
    do {
        if (ask_wanted(b, all) < 0 || look_for(b) < 0 || bring(b) < 0)
            return -1;
    } while (b->n_wanted == PAGE);
    return 0;
}

int sync_numbers(struct ctl *ctl, int argc, char **argv)
{
    bool all = argc > 1;
    struct bringing *b = sodium_init() < 0 ? NULL : calloc(1, sizeof(*b));
    int code = 1;
    prctl(PR_SET_DUMPABLE, 0);
    if (b && (b->bus = ctl_bus(ctl)) && ring_open(&b->ring, argv[0]) == 0 && read_public(b, argv[0]) == 0 &&
        run(b, all) == 0) {
        printf("numbers brought: %llu\n", (unsigned long long)b->total);
        code = b->unread ? 1 : 0;
    }
    if (b) {
        ring_release(&b->ring);
        sealer_release(&b->sealer);
        sodium_memzero(b, sizeof(*b));
    }
    free(b);
    return code;
}
