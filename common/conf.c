/* conf.c - reads rows from presets, file and environment; all faults are printed before giving up. */
#include "conf.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>

static void fault(const char *name, const char *sentence)
{
    fprintf(stderr, "configuration: %s: %s\n", name, sentence);
}

/* Whole file with a NUL behind it; NULL with errno set. */
static char *read_file(const char *path, size_t max, size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    char *bytes = malloc(max + 2);
    size_t n = 0;
    ssize_t got = 1;
    while (bytes && n <= max && (got = read(fd, bytes + n, max + 1 - n)) > 0)
        n += (size_t)got;
    int saved = errno;
    close(fd);
    if (!bytes || got < 0 || n > max) {
        free(bytes);
        errno = n > max ? EFBIG : saved;
        return NULL;
    }
    bytes[n] = '\0';
    *ret_n = n;
    return bytes;
}

static int set_secret(const struct conf_row *row, struct conf_secret *secret, const char *text)
{
    char *path = strdup(text);
    if (!path)
        return -1;
    free((void *)(uintptr_t)secret->path);
    secret->path = path;
    if (secret->bytes)
        sodium_memzero(secret->bytes, secret->n);
    free(secret->bytes);
    secret->bytes = NULL;
    secret->n = 0;
    if (!*text)
        return 0;
    secret->bytes = read_file(text, CONF_SECRET_MAX, &secret->n);
    if (!secret->bytes) {
        fault(row->name, strerror(errno));
        return -1;
    }
    while (secret->n && (secret->bytes[secret->n - 1] == '\n' || secret->bytes[secret->n - 1] == '\r'))
        secret->bytes[--secret->n] = '\0';
    return 0;
}

static int set(const struct conf_row *row, void *conf, const char *text)
{
    char *at = (char *)conf + row->offset;
    if (row->type == CONF_INT) {
        char *end;
        errno = 0;
        long long value = strtoll(text, &end, 10);
        if (errno || *end || end == text) {
            fault(row->name, "must be a whole number");
            return -1;
        }
        if (value < row->min || value > row->max) {
            fprintf(stderr, "configuration: %s: %lld is not between %lld and %lld\n", row->name, value,
                    (long long)row->min, (long long)row->max);
            return -1;
        }
        *(int64_t *)(void *)at = value;
        return 0;
    }
    if (row->type == CONF_SECRET)
        return set_secret(row, (struct conf_secret *)(void *)at, text);
    int64_t n = (int64_t)strlen(text);
    if (n < row->min || n > row->max) {
        fprintf(stderr, "configuration: %s: must have between %lld and %lld bytes\n", row->name, (long long)row->min,
                (long long)row->max);
        return -1;
    }
    char *copy = strdup(text);
    if (!copy)
        return -1;
    char **value = (char **)(void *)at;
    free(*value);
    *value = copy;
    return 0;
}

static const struct conf_row *row_find(const struct conf_row *rows, const char *name)
{
    for (; rows && rows->name; rows++) {
        if (!strcmp(rows->name, name))
            return rows;
    }
    return NULL;
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        text[--n] = '\0';
    return text;
}

/* The text that counts for each row: the last of preset, file, environment. `texts` borrows from `file`. */
static int read_lines(const struct conf_row *rows, const struct conf_row *others, char *file, const char **texts)
{
    int result = 0;
    char *next = file;
    while (next) {
        char *line = next;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line = trim(line);
        if (!*line || *line == '#')
            continue;
        char *equals = strchr(line, '=');
        if (!equals) {
            fault(line, "is not of the form name = value");
            result = -1;
            continue;
        }
        *equals = '\0';
        const char *name = trim(line);
        const struct conf_row *row = row_find(rows, name);
        if (row) {
            texts[row - rows] = trim(equals + 1);
        } else if (!row_find(others, name)) {
            fault(name, "is not a configuration row; --help lists them");
            result = -1;
        }
    }
    return result;
}

/* Name of the variable that wins over the row: prefix and row in upper case, what no variable may have as `_`. */
static void name_variable(const char *prefix, const char *row, char *ret_name, size_t room)
{
    size_t k = 0;
    for (const char *part = prefix; part; part = part == row ? NULL : row) {
        for (const char *p = part; *p && k + 1 < room; p++)
            ret_name[k++] = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    }
    ret_name[k] = '\0';
}

int conf_load(const struct conf_row *rows, const struct conf_row *others, void *conf, const char *path)
{
    return conf_load_as("hocvu_", rows, others, conf, path);
}

int conf_load_as(const char *prefix, const struct conf_row *rows, const struct conf_row *others, void *conf,
                 const char *path)
{
    size_t n_rows = 0, n = 0;
    int result = 0;
    while (rows[n_rows].name)
        n_rows++;
    const char **texts = calloc(n_rows + 1, sizeof(*texts));
    if (!texts)
        return -1;
    char *file = path ? read_file(path, CONF_FILE_MAX, &n) : NULL;
    if (path && !file) {
        fprintf(stderr, "configuration: %s: %s\n", path, strerror(errno));
        result = -1;
    }
    for (size_t i = 0; i < n_rows; i++)
        texts[i] = rows[i].preset;
    if (file && read_lines(rows, others, file, texts) < 0)
        result = -1;
    for (size_t i = 0; i < n_rows; i++) {
        char variable[120];
        name_variable(prefix, rows[i].name, variable, sizeof(variable));
        const char *text = getenv(variable);
        if (set(&rows[i], conf, text ? text : texts[i]) < 0)
            result = -1;
    }
    free(file);
    free(texts);
    return result;
}

void conf_help(const struct conf_row *rows)
{
    for (; rows && rows->name; rows++) {
        printf("  %s", rows->name);
        if (rows->type == CONF_INT)
            printf(" = %s   (%lld to %lld)\n", rows->preset, (long long)rows->min, (long long)rows->max);
        else
            printf(" = %s%s\n", *rows->preset ? rows->preset : "\"\"",
                   rows->type == CONF_SECRET ? "   (path of a file)" : "");
        printf("      %s\n", rows->doc);
    }
}

void conf_release(const struct conf_row *rows, void *conf)
{
    for (; rows && rows->name; rows++) {
        char *at = (char *)conf + rows->offset;
        if (rows->type == CONF_TEXT) {
            free(*(char **)(void *)at);
            *(char **)(void *)at = NULL;
        } else if (rows->type == CONF_SECRET) {
            struct conf_secret *secret = (struct conf_secret *)(void *)at;
            if (secret->bytes)
                sodium_memzero(secret->bytes, secret->n);
            free(secret->bytes);
            free((void *)(uintptr_t)secret->path);
            *secret = (struct conf_secret){0};
        }
    }
}
