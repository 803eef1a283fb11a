/*
 * keys.c - `hocvu keys init DIR`: the keys of an installation, each made once. Those of personal numbers are changed by
 * keys_rotate.c, which keeps every one that was ever used in DIR/ring.
 *
 *   token_sign.key .pub        Ed25519, access tokens        certificate_sign.key .pub   Ed25519, certificates
 *   national_hash.key          keyed hash of national ids    national_box.key .pub       X25519, sealed national ids
 *   receipt.key                keyed hash of receipts        attempt_sign.key .pub       Ed25519, heads and dossiers
 *   audit_sign.key .pub        Ed25519, heads of audits
 *   refresh.key                keyed hash of refresh tokens  sync_box.key .pub           X25519, numbers for receivers
 *   curve/<process>.key        CURVE pair for TCP on the bus
 *   curve/known                names and public keys of all processes, derived from the pairs
 *
 * Keys are lower-case hex on one line; of an Ed25519 pair the .key is the seed of RFC 8032 (32 bytes). CURVE pairs are
 * two lines of Z85, public and secret.
 */
#include "keys.h"
#include "ctl.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { HEX = 2 * KEY + 1, Z85 = 41 };

enum key_kind { RANDOM, SIGN_PAIR, BOX_PAIR };

static const struct {
    const char *name;
    enum key_kind kind;
} keys[] = {
    {"token_sign", SIGN_PAIR}, {"certificate_sign", SIGN_PAIR}, {"national_hash", RANDOM}, {"national_box", BOX_PAIR},
    {"receipt", RANDOM},       {"attempt_sign", SIGN_PAIR},     {"audit_sign", SIGN_PAIR}, {"refresh", RANDOM},
    {"sync_box", BOX_PAIR},
};

/* Processes that speak on the bus but are no service of it. */
static const char *const clients[] = {"gateway", "hocvu"};

int keys_trouble(const char *path)
{
    fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
    return -1;
}

int keys_path(char path[PATH_MAX], const char *dir, const char *name, const char *ending)
{
    int n = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, ending);
    if (n > 0 && n < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return keys_trouble(dir);
}

/* A file that root makes belongs to the owner of its directory, as the service that reads it does. */
static int own_as_directory(int fd, const char *path)
{
    char dir[PATH_MAX];
    struct stat status;
    const char *slash = strrchr(path, '/');
    if (geteuid() != 0)
        return 0;
    int n = snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    return n < 0 || n >= (int)sizeof(dir) || stat(dir, &status) || fchown(fd, status.st_uid, status.st_gid) ? -1 : 0;
}

int keys_write_once(const char *path, const char *text)
{
    char aside[PATH_MAX];
    if (keys_path(aside, path, "", "") < 0)
        return -1;
    int n = snprintf(aside, sizeof(aside), "%s.%ld.new", path, (long)getpid());
    if (n < 0 || n >= (int)sizeof(aside))
        return -1;
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return keys_trouble(aside);
    size_t length = strlen(text);
    int failed = write(fd, text, length) != (ssize_t)length || own_as_directory(fd, path) || fsync(fd);
    failed |= close(fd);
    if (!failed && link(aside, path) && errno != EEXIST)
        failed = 1;
    if (failed)
        keys_trouble(path);
    unlink(aside);
    return failed ? -1 : 0;
}

/* First `n` bytes of a file with a NUL behind them. 1: there is no such file. */
static int read_text(const char *path, char *ret_text, size_t n)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? 1 : keys_trouble(path);
    size_t got = fread(ret_text, 1, n, file);
    fclose(file);
    ret_text[got] = '\0';
    return 0;
}

static int write_hex_once(const char *path, const uint8_t key[KEY])
{
    char hex[HEX + 1];
    sodium_bin2hex(hex, HEX, key, KEY);
    hex[HEX - 1] = '\n';
    hex[HEX] = '\0';
    int result = keys_write_once(path, hex);
    sodium_memzero(hex, sizeof(hex));
    return result;
}

/* The key of the file, made if there is none. */
static int key_of(const char *path, uint8_t ret_key[KEY])
{
    char hex[HEX];
    size_t n = 0;
    int got = read_text(path, hex, HEX - 1);
    if (got > 0) {
        randombytes_buf(ret_key, KEY);
        return write_hex_once(path, ret_key);
    }
    if (got < 0 || sodium_hex2bin(ret_key, KEY, hex, HEX - 1, NULL, &n, NULL) || n != KEY) {
        fprintf(stderr, "hocvu: %s does not hold a key: 64 hex digits. Restore it from the backup.\n", path);
        return -1;
    }
    sodium_memzero(hex, sizeof(hex));
    return 0;
}

static int make_key(const char *dir, const char *name, enum key_kind kind)
{
    char path[PATH_MAX];
    uint8_t secret[KEY], public[KEY], expanded[crypto_sign_SECRETKEYBYTES];
    if (keys_path(path, dir, name, ".key") < 0 || key_of(path, secret) < 0)
        return -1;
    if (kind == SIGN_PAIR)
        crypto_sign_seed_keypair(public, expanded, secret);
    if (kind == BOX_PAIR && crypto_scalarmult_base(public, secret)) {
        fprintf(stderr, "hocvu: %s is not a key. Restore it from the backup.\n", path);
        return -1;
    }
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(expanded, sizeof(expanded));
    if (kind == RANDOM)
        return 0;
    return keys_path(path, dir, name, ".pub") < 0 ? -1 : write_hex_once(path, public);
}

/* Makes the CURVE pair of a process if there is none and adds its line to `known`. */
int keys_sign_pair(const char *dir, const char *name)
{
    return make_key(dir, name, SIGN_PAIR);
}

static int make_curve(const char *dir, const char *name, struct buf *known)
{
    char path[PATH_MAX], public[Z85], secret[Z85], pair[2 * Z85 + 1];
    if (keys_path(path, dir, name, ".key") < 0)
        return -1;
    int got = read_text(path, pair, 2 * Z85);
    if (got > 0) {
        if (zmq_curve_keypair(public, secret))
            return keys_trouble("CURVE keys");
        snprintf(pair, sizeof(pair), "%s\n%s\n", public, secret);
        got = keys_write_once(path, pair);
    }
    if (got < 0 || strlen(pair) != 2 * Z85 || pair[Z85 - 1] != '\n') {
        fprintf(stderr, "hocvu: %s does not hold a CURVE pair. Restore it, or remove it to get a new one.\n", path);
        return -1;
    }
    buf_printf(known, "%s %.*s\n", name, Z85 - 1, pair);
    sodium_memzero(pair, sizeof(pair));
    return 0;
}

/* The list of public keys is derived, so it is the one file that is written anew when a process has been added. */
static int write_known(const char *dir, struct buf *known)
{
    char path[PATH_MAX], aside[PATH_MAX];
    buf_add(known, "", 1);
    if (known->failed || keys_path(path, dir, "known", "") < 0 || keys_path(aside, dir, "known", ".new") < 0)
        return -1;
    unlink(aside);
    if (keys_write_once(aside, known->p) < 0)
        return -1;
    return rename(aside, path) ? keys_trouble(path) : 0;
}

static int make_curves(const char *dir)
{
    char curve[PATH_MAX];
    struct buf known;
    int result = 0;
    if (keys_path(curve, dir, "curve", "") < 0)
        return -1;
    if (mkdir(curve, 0700) && errno != EEXIST)
        return keys_trouble(curve);
    buf_init(&known, 1 << 16);
    for (size_t i = 0; i < proto_n_services && !result; i++)
        result = make_curve(curve, proto_services[i].name, &known);
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]) && !result; i++)
        result = make_curve(curve, clients[i], &known);
    if (!result)
        result = write_known(curve, &known);
    buf_release(&known);
    return result;
}

int keys_command(struct ctl *ctl, int argc, char **argv)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "hocvu: libsodium cannot start\n");
        return 1;
    }
    if (argc >= 2 && !strcmp(argv[1], "rotate"))
        return keys_rotate(ctl, argc - 1, argv + 1);
    if (argc >= 2 && !strcmp(argv[1], "check"))
        return keys_check(ctl, argc - 1, argv + 1);
    if (argc != 3 || strcmp(argv[1], "init") != 0) {
        fputs(keys_help, stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (make_key(argv[2], keys[i].name, keys[i].kind) < 0)
            return 1;
    }
    return make_curves(argv[2]) < 0 ? 1 : 0;
}
