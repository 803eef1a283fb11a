/*
 * login_load.c - people for BENCH=logins, and browsers that log in: GET /login, the provider's page, GET of the
 * callback with the cookie, over connections that stay open. Each login is of the next person.
 *
 *     login_load seed N NATIONAL_HASH_KEY > FILE     rows `person_id TAB national_hash` for COPY
 *     login_load run PORT FIRST N CONNECTIONS SECONDS  -> logins/s p50 p99 errors logins
 */
#include "service.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 16384, URL_MAX = 4096, LOGINS_MAX = 1 << 20, HASH = 32 };

/* --- people --- */

static int seed(long n, const char *path)
{
    char hex[2 * HASH + 2], digits[32], id[UUID_TEXT];
    unsigned char key[HASH], hash[HASH];
    size_t n_key;
    FILE *file = fopen(path, "re");
    size_t n_hex = file ? fread(hex, 1, 2 * HASH, file) : 0;
    if (file)
        fclose(file);
    if (sodium_hex2bin(key, sizeof(key), hex, n_hex, NULL, &n_key, NULL) != 0 || n_key != HASH)
        return 2;
    for (long i = 0; i < n; i++) {
        struct uuid person = uuid7();
        snprintf(digits, sizeof(digits), "999%09ld", i);
        crypto_generichash(hash, sizeof(hash), (const unsigned char *)digits, 12, key, sizeof(key));
        uuid_format(&person, id);
        printf("%s\t\\\\x%s\n", id, sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash)));
    }
    return fflush(stdout) ? 1 : 0;
}

/* --- a browser --- */

struct run {
    int port;
    long first, people;
    int64_t until;
    atomic_long next, n, errors;
    uint32_t *took_us; /* LOGINS_MAX places */
};

struct browser {
    struct run *run;
    int gateway, provider; /* connections; -1: none */
    char answer[ANSWER_MAX];
};

static int dial(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
        return fd;
    close(fd);
    return -1;
}

/* Reads an answer whole, into b->answer. Its status; 0: the connection broke. */
static int read_answer(struct browser *b, int fd)
{
    size_t n = 0, whole = 0;
    while (!whole || n < whole) {
        ssize_t got = recv(fd, b->answer + n, sizeof(b->answer) - 1 - n, 0);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        b->answer[n] = '\0';
        char *end = strstr(b->answer, "\r\n\r\n"), *length = strcasestr(b->answer, "\r\nContent-Length:");
        if (!whole && end)
            whole = (size_t)(end + 4 - b->answer) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
        if (whole >= sizeof(b->answer))
            return 0;
    }
    return (int)strtol(b->answer + 9, NULL, 10);
}

static int get(struct browser *b, int *fd, int port, const char *path, const char *cookie)
{
    char text[URL_MAX + 1024];
    int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n%s%s%s\r\n",
                     path, cookie ? "Cookie: " : "", cookie ? cookie : "", cookie ? "\r\n" : "");
    if (n < 0 || n >= (int)sizeof(text))
        return 0;
    if (*fd < 0 && (*fd = dial(port)) < 0)
        return 0;
    int status = send(*fd, text, (size_t)n, MSG_NOSIGNAL) == n ? read_answer(b, *fd) : 0;
    if (!status) {
        close(*fd);
        *fd = -1;
    }
    return status;
}

/* A header's value up to `end`. */
static bool header(const struct browser *b, const char *name, const char *end, char *ret_value, size_t room)
{
    const char *at = strcasestr(b->answer, name);
    if (!at)
        return false;
    at += strlen(name);
    size_t n = strcspn(at, end);
    if (n >= room)
        return false;
    memcpy(ret_value, at, n);
    ret_value[n] = '\0';
    return true;
}

/* The path of a URL of this machine, and its port. */
static const char *path_of(const char *url, int *ret_port)
{
    const char *colon = strchr(url, ':');
    colon = colon ? strchr(colon + 1, ':') : NULL;
    char *rest;
    if (!colon)
        return NULL;
    *ret_port = (int)strtol(colon + 1, &rest, 10);
    return rest;
}

static bool log_in(struct browser *b, long person)
{
    char location[URL_MAX], there[URL_MAX + 64], cookie[256];
    int port;
    if (get(b, &b->gateway, b->run->port, "/login/bench", NULL) != 302 ||
        !header(b, "\r\nLocation: ", "\r", location, sizeof(location)) ||
        !header(b, "\r\nSet-Cookie: ", ";", cookie, sizeof(cookie)))
        return false;
    const char *path = path_of(location, &port);
    snprintf(there, sizeof(there), "%s&login_hint=%ld", path ? path : "", person);
    if (!path || get(b, &b->provider, port, there, NULL) != 302 ||
        !header(b, "\r\nLocation: ", "\r", location, sizeof(location)))
        return false;
    path = path_of(location, &port);
    return path && get(b, &b->gateway, b->run->port, path, cookie) == 200 && strstr(b->answer, "\"access_token\"");
}

static void *browse(void *arg)
{
    static atomic_bool told;
    struct browser b = {.run = arg, .gateway = -1, .provider = -1};
    struct run *run = arg;
    while (mono_us() < run->until) {
        long i = atomic_fetch_add(&run->next, 1);
        int64_t began = mono_us();
        if (log_in(&b, run->first + i % run->people)) {
            long at = atomic_fetch_add(&run->n, 1);
            if (at < LOGINS_MAX)
                run->took_us[at] = (uint32_t)(mono_us() - began);
        } else {
            atomic_fetch_add(&run->errors, 1);
            if (!atomic_exchange(&told, true))
                fprintf(stderr, "a login failed: %.600s\n", b.answer);
        }
    }
    if (b.gateway >= 0)
        close(b.gateway);
    if (b.provider >= 0)
        close(b.provider);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int browse_all(struct run *run, int connections, int seconds)
{
    pthread_t threads[256];
    int64_t began = mono_us();
    run->until = began + (int64_t)seconds * 1000000;
    run->took_us = calloc(LOGINS_MAX, sizeof(*run->took_us));
    if (!run->took_us || connections > 256)
        return 1;
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&threads[i], NULL, browse, run))
            return 1;
    }
    for (int i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    double passed = (double)(mono_us() - began) / 1e6;
    long n = atomic_load(&run->n), kept = n < LOGINS_MAX ? n : LOGINS_MAX;
    qsort(run->took_us, (size_t)kept, sizeof(*run->took_us), compare);
    printf("%.1f %.3f %.3f %ld %ld\n", (double)n / passed, kept ? run->took_us[kept / 2] / 1e3 : 0,
           kept ? run->took_us[kept * 99 / 100] / 1e3 : 0, atomic_load(&run->errors), n);
    free(run->took_us);
    return n ? 0 : 1;
}

int main(int argc, char **argv)
{
    static struct run run;
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        return 2;
    if (argc == 4 && !strcmp(argv[1], "seed"))
        return seed(strtol(argv[2], NULL, 10), argv[3]);
    if (argc == 7 && !strcmp(argv[1], "run")) {
        run.port = (int)strtol(argv[2], NULL, 10);
        run.first = strtol(argv[3], NULL, 10);
        run.people = strtol(argv[4], NULL, 10);
        int connections = (int)strtol(argv[5], NULL, 10), seconds = (int)strtol(argv[6], NULL, 10);
        if (run.people > 0 && connections > 0 && seconds > 0)
            return browse_all(&run, connections, seconds);
    }
    fprintf(stderr, "usage: login_load seed N NATIONAL_HASH_KEY | run PORT FIRST N CONNECTIONS SECONDS\n");
    return 2;
}
