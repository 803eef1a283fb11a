/*
 * sync_test.h - the sender against a real receiver (receiver.mjs): a database with two units and a person, receivers of
 * the configuration whose paths say how they behave, and what arrived there.
 */
#ifndef TESTS_SYNC_SYNC_TEST_H
#define TESTS_SYNC_SYNC_TEST_H

#include "known.h"
#include "sql.h"
#include "sync.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NATION = 1, PROVINCE = 2, LAN = 20, BINH = 21, LOG_MOST = 4 << 20 };
#define TEST_KEY "a key of thirty-two letters, more"

struct sync_test {
    struct harness *h;
    struct sync_conf conf;
    char dir[200];
    pid_t receiver;
    int port;
    bool tls;
    char box_hex[65]; /* secret key of numbers; empty: none */
    char *log;        /* as last read */
};

static inline void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
    close(fd);
}

/* A self-signed certificate for 127.0.0.1. */
static inline void make_certificate(const struct sync_test *t)
{
    char command[1200];
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 "
             "-addext subjectAltName=IP:127.0.0.1 -keyout %s/tls.key -out %s/tls.pem 2>/dev/null",
             t->dir, t->dir);
    cr_assert_eq(system(command), 0, "openssl makes no certificate");
}

static inline void receiver_start(struct sync_test *t)
{
    int out[2];
    char log[300], cert[300], key[300], line[64] = "";
    snprintf(log, sizeof(log), "LOG=%s/log", t->dir);
    snprintf(cert, sizeof(cert), "TLS_CERT=%s%s", t->tls ? t->dir : "", t->tls ? "/tls.pem" : "");
    snprintf(key, sizeof(key), "TLS_KEY=%s/tls.key", t->dir);
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    t->receiver = fork();
    if (!t->receiver) {
        char *env[] = {"KEY=" TEST_KEY, "KEY_ID=k1", log, cert, key, NULL};
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out[1], 1);
        execvpe("node", (char *const[]){"node", "tests/services/sync/receiver.mjs", NULL}, env);
        _exit(127);
    }
    close(out[1]);
    cr_assert(t->receiver > 0 && read(out[0], line, sizeof(line) - 1) > 0 && sscanf(line, "port %d", &t->port) == 1,
              "the receiver does not start: %s", line);
    close(out[0]);
}

/* A receiver of the configuration, before sync_test_ready: `rows` are more lines of its file. */
static inline void add_target(const struct sync_test *t, const char *name, const char *path, const char *rows)
{
    char file[300], text[1200];
    snprintf(file, sizeof(file), "%s/etc/%s.conf", t->dir, name);
    snprintf(text, sizeof(text), "receiver = %s://127.0.0.1:%d%s\nkey_id = k1\nkey = %s/key\n%s",
             t->tls ? "https" : "http", t->port, path, t->dir, rows);
    write_file(file, text);
}

static inline struct sync_test *sync_test_open(bool tls)
{
    struct sync_test *t = calloc(1, sizeof(*t));
    char path[300];
    cr_assert(t);
    t->tls = tls;
    t->log = calloc(1, LOG_MOST);
    const char *tmp = getenv("HOCVU_TEST_TMP");
    snprintf(t->dir, sizeof(t->dir), "%s/sync.XXXXXX", tmp ? tmp : "/tmp");
    cr_assert(t->log && mkdtemp(t->dir));
    snprintf(path, sizeof(path), "%s/etc", t->dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/key", t->dir);
    write_file(path, TEST_KEY "\n");
    if (tls)
        make_certificate(t);
    receiver_start(t);
    return t;
}

/* Reads the receivers' files, opens the database. Waits are short: what fails is tried again after milliseconds. */
static inline void sync_test_ready(struct sync_test *t)
{
    char dir[300];
    snprintf(dir, sizeof(dir), "%s/etc", t->dir);
    t->conf = (struct sync_conf){.target_dir = strdup(dir),
                                 .patience_hours = 168,
                                 .keep_sent_days = 30,
                                 .keep_dead_days = 365,
                                 .retry_ms = 2,
                                 .hold_ms = 2};
    t->conf.box_key = (struct conf_secret){.bytes = t->box_hex, .n = strlen(t->box_hex)};
    cr_assert_eq(sync_check(&t->conf), 0);
    t->h = harness_open("sync", service_sql, true, &t->conf);
}

static inline void sync_test_close(struct sync_test *t)
{
    char command[300];
    if (t->h)
        harness_close(t->h);
    kill(t->receiver, SIGKILL);
    waitpid(t->receiver, NULL, 0);
    sync_release(&t->conf);
    free((void *)(uintptr_t)t->conf.target_dir);
    snprintf(command, sizeof(command), "rm -rf '%s'", t->dir);
    cr_assert_eq(system(command), 0);
    free(t->log);
    free(t);
}

/* --- what others announce --- */

static inline struct person_fact tenure(uint32_t person, uint32_t nr, const char *name)
{
    return (struct person_fact){.person_id = U(person),
                                .tenure_id = U(1000 * person + nr),
                                .full_name = S(name),
                                .unit_id = U(PROVINCE),
                                .position = SPAN("Chuyên viên"),
                                .kind = SPAN("principal"),
                                .valid_from = 18262};
}

static inline void know_people(struct harness *h, struct person_fact *people, uint32_t n)
{
    cr_assert_eq(harness_event(h, follow_people_changed, &(struct person_facts){.people = people, .n_people = n}), 0);
}

/* One item about this person, of a kind that says little. */
static inline void linked(struct harness *h, uint32_t person)
{
    struct link_fact fact = {.person_id = U(person), .linked_at = now_us(), .provider = SPAN("openid")};
    cr_assert_eq(harness_event(h, follow_person_linked, &fact), 0);
}

static inline void certified(struct harness *h, uint32_t person, const char *number)
{
    struct certificate_fact fact = {.certificate_id = U(person + 500),
                                    .number = S(number),
                                    .person_id = U(person),
                                    .programme_id = U(10),
                                    .attempt_id = U(11),
                                    .at = now_us()};
    cr_assert_eq(harness_event(h, follow_certificate_issued, &fact), 0);
}

/* --- the sender, and what came of it --- */

static inline void send_now(struct sync_test *t)
{
    cr_assert_eq(items_send(&t->h->ctx), 0, "about %s", t->h->ctx.fault.field);
}

/* Sends until nothing waits, or so often. */
static inline void send_often(struct sync_test *t, int times)
{
    for (int i = 0; i < times; i++) {
        send_now(t);
        usleep(5000);
    }
}

static inline int count(struct sync_test *t, const char *where)
{
    return (int)strtol(harness_get(t->h, "SELECT count(*) FROM item WHERE %s", where), NULL, 10);
}

/* The receiver's log, whole. */
static inline const char *received(struct sync_test *t)
{
    char path[300];
    snprintf(path, sizeof(path), "%s/log", t->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, t->log, LOG_MOST - 1);
    if (fd >= 0)
        close(fd);
    cr_assert(n >= 0);
    t->log[n] = '\0';
    return t->log;
}

/* How often `text` stands in what was received. */
static inline int times_received(struct sync_test *t, const char *text)
{
    int n = 0;
    for (const char *at = received(t); (at = strstr(at, text)); at += strlen(text))
        n++;
    return n;
}

#endif
