/* conf.c - configuration of this service, and the receivers: one file each in target_dir. */
#include "sync.h"
#include "url.h"
#include <ctype.h>
#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct sync_conf, name)                                           \
    }
const struct conf_row sync_conf_rows[] = {
    ROW(target_dir, CONF_TEXT, 0, 500, "",
        "Directory with one file <name>.conf for each receiver; nothing goes out when it is empty. Rows of these "
        "files: "
        "receiver, key_id, key, kinds, paused, ca_file, at_once, connect_ms, total_ms."),
    ROW(patience_hours, CONF_INT, 1, 8760, "168", "An item that is not taken for so long is given up."),
    ROW(retry_ms, CONF_INT, 1, 3600000, "5000",
        "Wait after an item's first failure; doubled with each, up to an hour."),
    ROW(hold_ms, CONF_INT, 1, 3600000, "5000",
        "Rest for a receiver that fails five times in a row; doubled with each failure more, up to five minutes."),
    ROW(box_key, CONF_SECRET, 64, 64, "",
        "File with the SECRET half of the key of the boxes in which personal numbers are brought here, hex; only where "
        "a "
        "receiver is told numbers."),
    ROW(keep_sent_days, CONF_INT, 1, 3650, "30", "Days that items are kept after they were sent."),
    ROW(keep_dead_days, CONF_INT, 1, 3650, "365", "Days that items are kept after they were given up."),
    {.name = NULL},
};
#undef ROW

#define ROW(name, member, type, min, max, preset, doc)                                                                 \
    {                                                                                                                  \
        name, type, min, max, preset, doc, offsetof(struct target, member)                                             \
    }
const struct conf_row target_rows[] = {
    ROW("receiver", receiver, CONF_TEXT, 1, 500, "", "Its https URL (http on the loopback address only)."),
    ROW("key_id", key_id, CONF_TEXT, 1, 64, "", "Name of the key, sent as X-Hocvu-Key."),
    ROW("key", key, CONF_SECRET, 0, 4096, "", "File with the key of the signature, at least 16 bytes."),
    ROW("kinds", kinds_text, CONF_TEXT, 1, 300, "all",
        "What it is told: all, or with blanks between them unit_changed, tenures_changed, person_linked, "
        "person_merged, certificate_issued, certificate_revoked; who is told of persons is told person_restricted and "
        "person_erased in any case."),
    ROW("numbers", numbers_text, CONF_TEXT, 2, 3, "no",
        "yes: it is told personal numbers (hocvu sync numbers brings them)."),
    ROW("paused", paused_text, CONF_TEXT, 2, 3, "no", "yes: items are made and wait."),
    ROW("ca_file", ca_file, CONF_TEXT, 0, 500, "", "Certificates that may vouch for it; the system's when empty."),
    ROW("at_once", at_once, CONF_INT, 1, AT_ONCE_MOST, "8", "Calls at the same time."),
    ROW("connect_ms", connect_ms, CONF_INT, 50, 30000, "3000", "Longest wait for a connection."),
    ROW("total_ms", total_ms, CONF_INT, 100, 120000, "10000", "Longest time of a call."),
    {.name = NULL},
};
#undef ROW

const char *const kind_names[N_KINDS] = {"unit_changed",      "tenures_changed",    "person_linked",
                                         "person_merged",     "certificate_issued", "certificate_revoked",
                                         "person_restricted", "person_erased"};

static int wrong(const struct target *target, const char *row, const char *sentence)
{
    fprintf(stderr, "configuration: %s.conf: %s: %s\n", target->name, row, sentence);
    return -1;
}

static int read_kinds(struct target *target)
{
    const char *at = target->kinds_text;
    if (!strcmp(at, "all")) {
        target->kinds = (1u << N_KINDS) - 1;
        return 0;
    }
    while (*at) {
        size_t n = strcspn(at, " ,");
        unsigned kind = 0;
        while (kind < N_KINDS && (strlen(kind_names[kind]) != n || strncmp(at, kind_names[kind], n) != 0))
            kind++;
        if (n && kind == N_KINDS)
            return wrong(target, "kinds",
                         "is not all, nor a list of unit_changed, tenures_changed, person_linked, "
                         "person_merged, certificate_issued, certificate_revoked, person_restricted, person_erased.");
        if (n)
            target->kinds |= 1u << kind;
        at += n + strspn(at + n, " ,");
    }
    return target->kinds ? 0 : wrong(target, "kinds", "names nothing.");
}

/* What a header line may hold without quoting. */
static bool is_token(const char *text)
{
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr("-._~", *text))
            return false;
    }
    return true;
}

static int read_switch(const struct target *target, const char *row, const char *text, bool *ret_on)
{
    *ret_on = !strcmp(text, "yes");
    return *ret_on || !strcmp(text, "no") ? 0 : wrong(target, row, "is yes or no.");
}

static int check_target(const struct sync_conf *conf, struct target *target)
{
    int result = read_kinds(target);
    if (!url_may_be_called(target->receiver))
        result = wrong(target, "receiver", "must be an https URL without a user, or http on the loopback address.");
    if (!is_token(target->key_id))
        result = wrong(target, "key_id", "may have letters, digits and -._~ only.");
    if (target->key.n < KEY_LEAST)
        result = wrong(target, "key", "must name a file with at least 16 bytes.");
    if (read_switch(target, "paused", target->paused_text, &target->paused) < 0 ||
        read_switch(target, "numbers", target->numbers_text, &target->numbers) < 0)
        result = -1;
    if (target->numbers && !conf->has_box)
        result = wrong(target, "numbers", "needs the row box_key of sync.conf (hocvu keys init makes the key).");
    return result;
}

/* A file of the directory; 0 also for one that is none of ours. */
static int read_target(struct sync_conf *conf, const char *file)
{
    char path[PATH_MAX];
    size_t n = strlen(file);
    if (n < 6 || strcmp(file + n - 5, ".conf") != 0 || *file == '.')
        return 0;
    struct target *target = &conf->targets[conf->n_targets];
    if (n - 5 >= sizeof(target->name)) {
        fprintf(stderr, "configuration: target_dir: %s: the name of a receiver has at most 32 letters\n", file);
        return -1;
    }
    if (conf->n_targets == TARGETS_MOST) {
        fprintf(stderr, "configuration: target_dir: there are more than %d receivers\n", TARGETS_MOST);
        return -1;
    }
    conf->n_targets++;
    memcpy(target->name, file, n - 5);
    snprintf(path, sizeof(path), "%s/%s", conf->target_dir, file);
    if (!is_token(target->name))
        return wrong(target, "target_dir", "the name of a receiver has letters, digits and -._~ only.");
    char prefix[60];
    snprintf(prefix, sizeof(prefix), "hocvu_sync_%s_", target->name);
    if (conf_load_as(prefix, target_rows, NULL, target, path) < 0) {
        fprintf(stderr, "configuration: these faults are in %s\n", path);
        return -1;
    }
    return check_target(conf, target);
}

static int read_box_key(struct sync_conf *conf)
{
    unsigned char public[SEAL_KEY_BYTES];
    struct span hex = {conf->box_key.bytes, (uint32_t)conf->box_key.n};
    if (seal_key_parse(hex, conf->box_secret) < 0 || crypto_scalarmult_base(public, conf->box_secret) < 0) {
        fprintf(stderr, "configuration: box_key: must name a file with 64 hex digits (hocvu keys init makes it).\n");
        return -1;
    }
    seal_key_id(public, conf->box_id);
    conf->has_box = true;
    return 0;
}

int sync_check(void *conf)
{
    struct sync_conf *c = conf;
    struct dirent **files;
    int result = 0;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(c->targets = calloc(TARGETS_MOST + 1, sizeof(*c->targets)))) {
        fprintf(stderr, "configuration: out of memory\n");
        return -1;
    }
    if (c->box_key.n && read_box_key(c) < 0)
        result = -1;
    if (!*c->target_dir)
        return result;
    int n = scandir(c->target_dir, &files, NULL, alphasort);
    if (n < 0) {
        fprintf(stderr, "configuration: target_dir: %s: %s\n", c->target_dir, strerror(errno));
        return -1;
    }
    for (int i = 0; i < n; i++) {
        if (read_target(c, files[i]->d_name) < 0)
            result = -1;
        free(files[i]);
    }
    free(files);
    return result;
}

void sync_help(void)
{
    printf("\nRows of <target_dir>/<name>.conf, one file for each receiver; HOCVU_SYNC_<NAME>_<ROW> in the environment "
           "wins:\n\n");
    conf_help(target_rows);
}

void sync_release(void *conf)
{
    struct sync_conf *c = conf;
    for (size_t i = 0; i < c->n_targets; i++)
        conf_release(target_rows, &c->targets[i]);
    free(c->targets);
    c->targets = NULL;
    c->n_targets = 0;
}

const struct target *target_find(const struct sync_conf *conf, struct span name)
{
    for (size_t i = 0; i < conf->n_targets; i++) {
        if (strlen(conf->targets[i].name) == name.n && !memcmp(conf->targets[i].name, name.p, name.n))
            return &conf->targets[i];
    }
    return NULL;
}
