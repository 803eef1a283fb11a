/*
 * keys_token.c - `hocvu keys rotate token_sign DIR`: the key of access tokens, changed in two steps so that every
 * gateway knows a key before identity signs with it. No file says how far it is: that follows from which files are
 * there.
 *
 *   token_sign_next.key .pub    the pair to come; gateways take its tokens
 *   token_sign.key .pub         the pair in use
 *   token_sign_before.pub       the key before; gateways take its tokens while some live
 *
 * Each step ends with the word to run `deploy/stack up`, which writes the keys that there are into the
 * configurations of gateway and identity and restarts what changed. Broken off, the same command goes on.
 */
#include "keys.h"
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TOKENS_LIVE_S = 3600 /* at most: access_minutes of identity */ };

/* The files, in the order of their lives. */
struct files {
    char next_key[PATH_MAX], next_pub[PATH_MAX], key[PATH_MAX], pub[PATH_MAX], before[PATH_MAX];
};

static int name_files(struct files *f, const char *dir)
{
    return keys_path(f->next_key, dir, "token_sign_next", ".key") < 0 ||
                   keys_path(f->next_pub, dir, "token_sign_next", ".pub") < 0 ||
                   keys_path(f->key, dir, "token_sign", ".key") < 0 ||
                   keys_path(f->pub, dir, "token_sign", ".pub") < 0 ||
                   keys_path(f->before, dir, "token_sign_before", ".pub") < 0
               ? -1
               : 0;
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Seconds since the file changed; -1: there is none. */
static long long age(const char *path)
{
    struct stat status;
    return stat(path, &status) ? -1 : (long long)(time(NULL) - status.st_ctime);
}

static int begin(const struct files *f, const char *dir)
{
    long long passed = age(f->before);
    if (passed >= 0 && passed < TOKENS_LIVE_S) {
        fprintf(stderr, "hocvu: tokens by the key before may still live: come back in %lld minutes.\n",
                (TOKENS_LIVE_S - passed) / 60 + 1);
        return -1;
    }
    if (passed >= 0 && unlink(f->before))
        return keys_trouble(f->before);
    if (keys_sign_pair(dir, "token_sign_next") < 0)
        return -1;
    puts("The next key is made. Run deploy/stack up, so that the gateways know it, and then this command again.");
    return 0;
}

/* The old public key stays beside the new pair; its secret half is gone when this is done. */
static int replace(const struct files *f)
{
    if (is_there(f->next_key)) {
        if ((unlink(f->before) && errno != ENOENT) || link(f->pub, f->before))
            return keys_trouble(f->before);
        if (rename(f->next_key, f->key))
            return keys_trouble(f->key);
    }
    if (rename(f->next_pub, f->pub))
        return keys_trouble(f->pub);
    puts("The next key is in use from the next deploy/stack up on: run it now. Gateways take tokens by the key before "
         "for\n"
         "as long as they live; this command, an hour from now or later, forgets it and makes the next one.");
    return 0;
}

int keys_rotate_token(const char *dir)
{
    struct files files;
    if (name_files(&files, dir) < 0)
        return 1;
    if (!is_there(files.key) || (!is_there(files.pub) && !is_there(files.next_pub))) {
        fprintf(stderr, "hocvu: %s holds no token_sign pair; hocvu keys init makes it.\n", dir);
        return 1;
    }
    return (is_there(files.next_pub) ? replace(&files) : begin(&files, dir)) < 0 ? 1 : 0;
}
