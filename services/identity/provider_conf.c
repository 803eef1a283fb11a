/* provider_conf.c - the providers' configuration files: <provider_dir>/<name>.conf, the rows of all kinds and the
 * kind's own. */
#include "provider.h"
#include "url.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <strings.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct provider_conf, name)                                       \
    }

enum { ROWS_MAX = 64, PATH_MAX_BYTES = 4096 };

const struct adapter *const adapters[] = {&openid_adapter, &vneid_adapter, NULL};

const struct conf_row provider_rows[] = {
    ROW(kind, CONF_TEXT, 1, 16, "openid", "What the provider speaks: openid or vneid."),
    ROW(enabled, CONF_TEXT, 2, 3, "yes", "no: nobody logs in there, and what is linked to it stays."),
    ROW(title_vi, CONF_TEXT, 1, 100, "Tài khoản định danh điện tử", "What its button says, in Vietnamese."),
    ROW(title_en, CONF_TEXT, 1, 100, "Electronic identity", "The same in English."),
    ROW(client_id, CONF_TEXT, 1, 128, "hocvu", "Our name at the provider."),
    ROW(client_secret, CONF_SECRET, 0, 1024, "", "File with our secret at the provider."),
    ROW(redirect_uri, CONF_TEXT, 0, 512, "",
        "Where the provider sends browsers back to, as registered there: <public_url>/login/<name>/callback."),
    ROW(levels, CONF_TEXT, 1, 400, "1,2,3", "Levels of accounts as the provider writes them, lowest first."),
    ROW(required_level, CONF_TEXT, 0, 64, "", "Lowest level that may log in, one of `levels`; empty: not checked."),
    ROW(level_vi, CONF_TEXT, 1, 300,
        "Hãy nâng mức tài khoản định danh theo hướng dẫn của nơi cấp tài khoản, rồi đăng nhập lại.",
        "What a person with too low a level has to do, in Vietnamese."),
    ROW(level_en, CONF_TEXT, 1, 300, "Raise the account's level as its issuer says, then log in again.",
        "The same in English."),
    ROW(skew_s, CONF_INT, 0, 300, "30", "Seconds that the provider's clock may differ from ours."),
    ROW(connect_ms, CONF_INT, 50, 3000, "1000", "Longest wait for a connection to the provider."),
    ROW(total_ms, CONF_INT, 100, 4000, "3500", "Longest wait for the provider within one call."),
    ROW(at_once, CONF_INT, 1, 64, "6", "Most logins that wait for the provider at once; more are refused at once."),
    {0},
};

int provider_wrong(const struct provider *provider, const char *row, const char *sentence)
{
    fprintf(stderr, "configuration: provider %s: %s: %s\n", provider->name, row, sentence);
    return -1;
}

/* The rows of every kind in one table: which kind a file is of is known only when it has been read. */
static const struct conf_row *rows_of_kinds(void)
{
    static struct conf_row rows[ROWS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; adapters[i]; i++) {
        for (const struct conf_row *row = adapters[i]->rows; row->name && n < ROWS_MAX; row++)
            rows[n++] = *row;
    }
    rows[n] = (struct conf_row){0};
    return rows;
}

static size_t largest_conf(void)
{
    size_t most = sizeof(struct provider_conf);
    for (size_t i = 0; adapters[i]; i++)
        most = adapters[i]->conf_size > most ? adapters[i]->conf_size : most;
    return most;
}

static const struct adapter *adapter_find(const char *kind)
{
    for (size_t i = 0; adapters[i]; i++) {
        if (!strcmp(adapters[i]->kind, kind))
            return adapters[i];
    }
    return NULL;
}

static bool yes_or_no(const char *text)
{
    return !strcmp(text, "yes") || !strcmp(text, "no");
}

static int check_common(const struct provider *provider)
{
    const struct provider_conf *c = provider->conf;
    struct span required = {c->required_level, (uint32_t)strlen(c->required_level)};
    int result = 0;
    if (!yes_or_no(c->enabled))
        result = provider_wrong(provider, "enabled", "is yes or no.");
    if (!*c->redirect_uri || !url_may_be_called(c->redirect_uri))
        result = provider_wrong(provider, "redirect_uri", "must be an https URL, or http on the loopback address.");
    if (!c->client_secret.n)
        result = provider_wrong(provider, "client_secret", "must name a file with our secret at the provider.");
    if (required.n && !provider_level(c, required))
        result = provider_wrong(provider, "required_level", "must be one of the row levels.");
    return result;
}

/* Small letters, digits and '-'; it becomes part of a path in which "callback" has a meaning. */
static bool name_good(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n >= 1 && n <= PROVIDER_NAME_MAX && !name[n] && strcmp(name, "callback") != 0;
}

/* Reads the file into the provider's configuration. */
static int read_rows(struct provider *provider, const char *path)
{
    char prefix[PROVIDER_NAME_MAX + 16];
    snprintf(prefix, sizeof(prefix), "hocvu_%s_", provider->name);
    if (conf_load_as(prefix, provider_rows, rows_of_kinds(), provider->conf, path) < 0)
        return -1;
    provider->adapter = adapter_find(provider->conf->kind);
    if (!provider->adapter)
        return provider_wrong(provider, "kind", "there is no such kind of provider.");
    int result = conf_load_as(prefix, provider->adapter->rows, provider_rows, provider->conf, path);
    if (!result && check_common(provider) < 0)
        result = -1;
    if (!result && provider->adapter->check(provider) < 0)
        result = -1;
    return result;
}

struct provider *provider_load(const char *name, const char *path)
{
    struct provider *provider = calloc(1, sizeof(*provider));
    if (!provider)
        return NULL;
    pthread_mutex_init(&provider->lock, NULL);
    provider->conf = calloc(1, largest_conf());
    snprintf(provider->name, sizeof(provider->name), "%s", name);
    if (provider->conf && name_good(name) && http_start() == 0 && read_rows(provider, path) == 0 &&
        provider->adapter->open(provider) == 0)
        return provider;
    fprintf(stderr, "configuration: %s: the provider cannot be used%s\n", path,
            name_good(name) ? " (above)" : ": its name is made of small letters, digits and '-', 32 at most");
    provider_free(provider);
    return NULL;
}

void provider_free(struct provider *provider)
{
    if (!provider)
        return;
    if (provider->adapter && provider->state)
        provider->adapter->close(provider);
    if (provider->conf) {
        conf_release(provider_rows, provider->conf);
        if (provider->adapter)
            conf_release(provider->adapter->rows, provider->conf);
    }
    free(provider->conf);
    pthread_mutex_destroy(&provider->lock);
    free(provider);
}

void providers_release(struct providers *providers)
{
    for (uint32_t i = 0; i < providers->n; i++)
        provider_free(providers->list[i]);
    providers->n = 0;
}

/* <name>.conf: what else lies in the folder is not ours. */
static int is_conf(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 5 && entry->d_name[0] != '.' && !strcmp(entry->d_name + n - 5, ".conf");
}

/* One file of the folder. */
static int add(struct providers *providers, const char *folder, const char *file)
{
    char path[PATH_MAX_BYTES], name[256];
    if (providers->n == PROVIDERS_MAX) {
        fprintf(stderr, "configuration: provider_dir: there are more than %d providers\n", PROVIDERS_MAX);
        return -1;
    }
    if (snprintf(path, sizeof(path), "%s/%s", folder, file) >= (int)sizeof(path))
        return -1;
    snprintf(name, sizeof(name), "%.*s", (int)(strlen(file) - 5), file);
    struct provider *provider = provider_load(name, path);
    if (!provider)
        return -1;
    providers->list[providers->n++] = provider;
    return 0;
}

int providers_load(struct providers *ret_providers, const char *folder)
{
    struct dirent **entries = NULL;
    int result = 0;
    ret_providers->n = 0;
    if (!*folder)
        return 0;
    int n = scandir(folder, &entries, is_conf, alphasort);
    if (n < 0) {
        fprintf(stderr, "configuration: provider_dir: %s: %s\n", folder, strerror(errno));
        return -1;
    }
    for (int i = 0; i < n; i++) {
        if (add(ret_providers, folder, entries[i]->d_name) < 0)
            result = -1;
        free(entries[i]);
    }
    free(entries);
    return result;
}

void providers_help(void)
{
    printf("\nA file <name>.conf in provider_dir is an identity provider called <name>. Rows of every kind:\n\n");
    conf_help(provider_rows);
    for (size_t i = 0; adapters[i]; i++) {
        printf("\nRows of kind %s:\n\n", adapters[i]->kind);
        conf_help(adapters[i]->rows);
    }
}

bool provider_enabled(const struct provider *provider)
{
    return !strcmp(provider->conf->enabled, "yes");
}

struct provider *provider_find(const struct providers *providers, struct span name)
{
    for (uint32_t i = 0; i < providers->n; i++) {
        struct provider *provider = providers->list[i];
        if (strlen(provider->name) == name.n && !memcmp(provider->name, name.p, name.n))
            return provider_enabled(provider) ? provider : NULL;
    }
    return NULL;
}
