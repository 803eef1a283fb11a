/*
 * keys.h - key files of an installation, for the commands that make and change them. Paths are made of a directory, a
 * name and an ending; every function prints its fault and returns -1.
 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

#include "ctl.h"
#include <limits.h>

enum { KEY = 32 };

int keys_trouble(const char *path);
MUST_CHECK int keys_path(char path[PATH_MAX], const char *dir, const char *name, const char *ending);
/* Writes aside and links into place: a key is never half written, and one that is there is never replaced. */
MUST_CHECK int keys_write_once(const char *path, const char *text);

/* The Ed25519 pair of this name: made when it is not there, the public half restored when only that is gone. */
MUST_CHECK int keys_sign_pair(const char *dir, const char *name);

/* hocvu keys rotate token_sign DIR. Exit code. */
int keys_rotate_token(const char *dir);
/* hocvu keys rotate ..., hocvu keys check ...; argv[0] is that word. Exit codes. */
int keys_rotate(struct ctl *ctl, int argc, char **argv);
int keys_check(struct ctl *ctl, int argc, char **argv);

#endif
