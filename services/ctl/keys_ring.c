/* keys_ring.c - keys of personal numbers by their ids, see keys_ring.h. */
#include "keys_ring.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX = 2 * KEY + 1 };

static int read_key(const char *path, unsigned char ret_key[KEY])
{
    char hex[HEX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, hex, HEX - 1);
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return keys_trouble(path);
    int result = seal_key_parse((struct span){hex, (uint32_t)n}, ret_key);
    sodium_memzero(hex, sizeof(hex));
    if (result < 0)
        fprintf(stderr, "hocvu: %s does not hold a key: 64 hex digits. Restore it from the backup.\n", path);
    return result;
}

static void hex_line(const unsigned char key[KEY], char text[HEX + 1])
{
    sodium_bin2hex(text, HEX, key, KEY);
    text[HEX - 1] = '\n';
    text[HEX] = '\0';
}

/* The id of a box key is its public half's. */
static int id_of(bool box, const unsigned char key[KEY], char ret_id[SEAL_KEY_ID + 1])
{
    unsigned char public[KEY];
    if (box && crypto_scalarmult_base(public, key))
        return -1;
    seal_key_id(box ? public : key, ret_id);
    return 0;
}

static int ring_put(const char *dir, bool box, const unsigned char key[KEY])
{
    char path[PATH_MAX], name[64], id[SEAL_KEY_ID + 1], text[HEX + 1];
    if (id_of(box, key, id) < 0)
        return -1;
    snprintf(name, sizeof(name), "ring/%s.%s", box ? "national_box" : "national_hash", id);
    if (keys_path(path, dir, name, ".key") < 0)
        return -1;
    hex_line(key, text);
    int result = keys_write_once(path, text);
    sodium_memzero(text, sizeof(text));
    return result;
}

/* The present keys into the ring. */
static int ring_keep(const char *dir)
{
    static const char *const names[] = {"national_hash", "national_box"};
    char path[PATH_MAX];
    unsigned char key[KEY];
    struct stat status;
    int result = 0;
    if (keys_path(path, dir, "ring", "") < 0)
        return -1;
    if (mkdir(path, 0700) && errno != EEXIST)
        return keys_trouble(path);
    if (geteuid() == 0 && (stat(dir, &status) || chown(path, status.st_uid, status.st_gid)))
        return keys_trouble(path);
    for (int i = 0; !result && i < 2; i++) {
        result = keys_path(path, dir, names[i], ".key");
        if (!result)
            result = read_key(path, key);
        if (!result)
            result = ring_put(dir, i == 1, key);
    }
    sodium_memzero(key, sizeof(key));
    return result;
}

/* national_hash.<id>.key, national_box.<id>.key; other files are none of ours. */
static int ring_add(struct ring *ring, const char *dir, const char *name)
{
    char path[PATH_MAX], kind[32], id[SEAL_KEY_ID + 1], wanted[SEAL_KEY_ID + 1];
    if (sscanf(name, "%31[a-z_].%8[0-9a-f].key", kind, id) != 2)
        return 0;
    bool box = !strcmp(kind, "national_box");
    uint32_t *n = box ? &ring->n_box : &ring->n_hash;
    if ((!box && strcmp(kind, "national_hash") != 0) || *n == RING_MOST)
        return 0;
    struct ring_key *into = box ? &ring->box[*n] : &ring->hash[*n];
    if (keys_path(path, dir, "ring/", name) < 0 || read_key(path, into->key) < 0)
        return -1;
    if (id_of(box, into->key, wanted) < 0 || strcmp(wanted, id) != 0) {
        fprintf(stderr, "hocvu: %s holds another key than its name says.\n", path);
        return -1;
    }
    snprintf(into->id, sizeof(into->id), "%s", id);
    ++*n;
    return 0;
}

int ring_open(struct ring *ring, const char *dir)
{
    char path[PATH_MAX];
    int result = 0;
    *ring = (struct ring){0};
    if (ring_keep(dir) < 0 || keys_path(path, dir, "ring", "") < 0)
        return -1;
    DIR *entries = opendir(path);
    if (!entries)
        return keys_trouble(path);
    for (struct dirent *entry; !result && (entry = readdir(entries));)
        result = ring_add(ring, dir, entry->d_name);
    closedir(entries);
    return result;
}

void ring_release(struct ring *ring)
{
    sodium_memzero(ring, sizeof(*ring));
}

static const struct ring_key *find(const struct ring_key *keys, uint32_t n, struct span id)
{
    for (uint32_t i = 0; i < n && id.n == SEAL_KEY_ID; i++) {
        if (!memcmp(keys[i].id, id.p, SEAL_KEY_ID))
            return &keys[i];
    }
    return NULL;
}

const struct ring_key *ring_hash(const struct ring *ring, struct span id)
{
    return find(ring->hash, ring->n_hash, id);
}

const struct ring_key *ring_box(const struct ring *ring, struct span id)
{
    return find(ring->box, ring->n_box, id);
}

/* One file in the place of another, whole or not at all. */
static int replace(const char *dir, const char *name, const char *ending, const unsigned char key[KEY])
{
    char path[PATH_MAX], aside[PATH_MAX], text[HEX + 1];
    if (keys_path(path, dir, name, ending) < 0 || keys_path(aside, dir, name, ".next") < 0)
        return -1;
    unlink(aside);
    hex_line(key, text);
    int result = keys_write_once(aside, text);
    sodium_memzero(text, sizeof(text));
    if (!result && rename(aside, path))
        result = keys_trouble(path);
    return result;
}

int ring_new_hash(const char *dir)
{
    char path[PATH_MAX];
    unsigned char old[KEY], fresh[KEY];
    if (keys_path(path, dir, "national_hash", ".key") < 0 || read_key(path, old) < 0)
        return -1;
    randombytes_buf(fresh, sizeof(fresh));
    /* The present one last: until it stands there, nothing has changed. */
    int result = ring_put(dir, false, fresh);
    if (!result)
        result = replace(dir, "national_hash_before", ".key", old);
    if (!result)
        result = replace(dir, "national_hash", ".key", fresh);
    sodium_memzero(old, sizeof(old));
    sodium_memzero(fresh, sizeof(fresh));
    return result;
}

int ring_new_box(const char *dir)
{
    unsigned char public[KEY], secret[KEY];
    if (crypto_box_keypair(public, secret))
        return -1;
    int result = ring_put(dir, true, secret);
    if (!result)
        result = replace(dir, "national_box", ".key", secret);
    if (!result)
        result = replace(dir, "national_box", ".pub", public);
    sodium_memzero(secret, sizeof(secret));
    return result;
}

int ring_finish(const char *dir)
{
    char path[PATH_MAX];
    if (keys_path(path, dir, "national_hash_before", ".key") < 0)
        return -1;
    return unlink(path) && errno != ENOENT ? keys_trouble(path) : 0;
}

enum ring_verdict ring_read(const struct ring *ring, const struct sealed_row *row, char ret_digits[NATIONAL_DIGITS])
{
    const struct ring_key *box = ring_box(ring, row->box_key), *hash = ring_hash(ring, row->hash_key);
    unsigned char wanted[SEAL_HASH_BYTES];
    if (!box)
        return RING_NO_BOX_KEY;
    if (seal_open(box->key, row->national_box, ret_digits) < 0)
        return RING_DAMAGED;
    if (!hash)
        return RING_NO_HASH_KEY;
    struct seal_keys keys = {0};
    memcpy(keys.hash_key, hash->key, KEY);
    national_hash(&keys, (struct span){ret_digits, NATIONAL_DIGITS}, wanted);
    sodium_memzero(&keys, sizeof(keys));
    bool same = row->national_hash.n == SEAL_HASH_BYTES && !memcmp(wanted, row->national_hash.p, SEAL_HASH_BYTES);
    return same ? RING_READABLE : RING_DAMAGED;
}
