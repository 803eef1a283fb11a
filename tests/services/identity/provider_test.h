/*
 * provider_test.h - a provider for tests, loaded from a configuration file as the service loads it; and peers that are
 * programs of their own.
 */
#ifndef IDENTITY_PROVIDER_TEST_H
#define IDENTITY_PROVIDER_TEST_H

#include "http.h"
#include "identity_test.h"
#include "openid.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_SECRET "0123456789abcdefghij._~-"

static struct providers test_providers;
static char test_folder[256]; /* of this process; made once */

static inline const char *test_path(struct arena *arena, const char *name)
{
    if (!*test_folder) {
        snprintf(test_folder, sizeof(test_folder), "%s/idp-%d", getenv("HOCVU_TEST_TMP"), (int)getpid());
        cr_assert_eq(mkdir(test_folder, 0700), 0);
    }
    return arena_printf(arena, "%s/%s", test_folder, name);
}

static inline void put_file(struct arena *arena, const char *name, const char *text)
{
    FILE *file = fopen(test_path(arena, name), "we");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* A provider with these rows, beside a secret and a redirect URI. It joins conf.providers. */
static inline struct provider *add_provider(struct arena *arena, const char *name, const char *rows)
{
    put_file(arena, "secret", CLIENT_SECRET "\n");
    const char *file = arena_printf(arena, "%s.conf", name);
    put_file(arena, file,
             arena_printf(arena,
                          "client_secret = %s\nredirect_uri = http://127.0.0.1:9/login/%s/callback\n"
                          "required_level = 2\n%s",
                          test_path(arena, "secret"), name, rows));
    struct provider *provider = provider_load(name, test_path(arena, file));
    cr_assert(provider, "the provider's configuration is refused");
    test_providers.list[test_providers.n++] = provider;
    conf.providers = &test_providers;
    return provider;
}

static inline int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* Starts `node script` with this environment (and PATH), and waits until it is healthy on `port`. */
static inline pid_t start_peer(struct arena *arena, const char *script, char *const env[], int port)
{
    struct http_reply reply;
    const char *why = "";
    cr_assert_eq(http_start(), 0);
    pid_t pid = fork();
    cr_assert(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execvpe("node", (char *const[]){"node", (char *)(uintptr_t)script, NULL}, env);
        _exit(127);
    }
    struct http_request health = {.url = arena_printf(arena, "http://127.0.0.1:%d/health", port), .connect_ms = 200};
    for (int i = 0; i < 400; i++) {
        health.deadline_us = mono_us() + 500000;
        if (http_send(&health, arena, &reply, &why) == 0 && reply.status == 200)
            return pid;
        usleep(25000);
    }
    cr_assert_fail("%s does not start: %s", script, why);
    return 0;
}

static inline void stop_peer(pid_t *pid)
{
    if (*pid > 0) {
        kill(*pid, SIGKILL);
        waitpid(*pid, NULL, 0);
    }
    *pid = 0;
}

#endif
