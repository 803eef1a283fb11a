/*
 * peer.h - a service as a process of its own, and someone who speaks to it over real sockets. A test program says which
 * services it can start: startable[], which ends with NULL.
 */
#ifndef TESTS_COMMON_PEER_H
#define TESTS_COMMON_PEER_H

#include "bus.h"
#include "harness.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

struct startable {
    const char *as;
    const struct service *service;
};
/* Each test program has its own. */
extern const struct startable startable[];

/*
 * A service is started as this program again, with the service's name in the environment: a fork of a process that has
 * threads may only call exec. HOCVU_TEST_LOG is the file to which it logs, standard error otherwise.
 */
__attribute__((constructor)) static void run_as_service(int argc, char **argv)
{
    const char *as = getenv("HOCVU_TEST_SERVICE"), *log = getenv("HOCVU_TEST_LOG");
    if (as && log && !freopen(log, "ae", stderr))
        abort();
    for (size_t i = 0; as && startable[i].as; i++) {
        if (!strcmp(as, startable[i].as))
            exit(service_run(startable[i].service, argc, argv));
    }
}

static inline pid_t spawn(const struct service *service, const char *path, bool check)
{
    pid_t pid = fork();
    cr_assert(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test must not leave it behind */
        for (size_t i = 0; startable[i].as; i++) {
            if (startable[i].service == service)
                setenv("HOCVU_TEST_SERVICE", startable[i].as, 1);
        }
        execl("/proc/self/exe", service->name, "--conf", path, check ? "--check" : NULL, NULL);
        _exit(127);
    }
    return pid;
}

/* --- Starting and speaking. --- */

struct peer {
    char dir[128];
    void *zmq;
    struct bus_conf conf;
    struct bus *bus;
    struct harness *h; /* the database, and the owner's connection to it */
    pid_t pid;
};

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    cr_assert(file && fputs(text, file) >= 0 && !fclose(file));
}

static const char *database_of(struct peer *p)
{
    return harness_get(p->h, "SELECT current_database()");
}

static inline pid_t start(struct peer *p, const struct service *service, const char *more)
{
    char path[256], text[2048];
    snprintf(path, sizeof(path), "%s/%s.conf", p->dir, service->name);
    snprintf(text, sizeof(text), "database = host=%s dbname=%s user=hocvu_%s\nbus_dir = %s\nlog_level = warn\n%s",
             getenv("HOCVU_TEST_PG"), database_of(p), service->name, p->dir, more);
    write_file(path, text);
    return spawn(service, path, false);
}

static inline void wait_ready(struct peer *p, uint8_t service)
{
    struct empty none = {0};
    struct health health;
    int code = ERR_UNAVAILABLE;
    for (int i = 0; i < 200 && code; i++) {
        code = bus_call_service(p->bus, service, M_service_health, &msg_empty, &none, &msg_health, &health);
        if (code)
            usleep(20000);
    }
    cr_assert_eq(code, 0, "the service does not answer: %d", code);
}

static inline struct peer *peer_open(void)
{
    struct peer *p = calloc(1, sizeof(*p));
    cr_assert(p);
    const char *tmp = getenv("HOCVU_TEST_TMP");
    snprintf(p->dir, sizeof(p->dir), "%s/s.XXXXXX", tmp ? tmp : "/tmp");
    cr_assert(mkdtemp(p->dir));
    /* Only the database is wanted of the harness; the statements belong to the child. */
    p->h = harness_open("learning", NULL, false, NULL);
    p->zmq = zmq_ctx_new();
    p->conf = (struct bus_conf){.bus_dir = p->dir, .peers = ""};
    p->bus = bus_new(p->zmq, &p->conf, 3000);
    return p;
}

static inline struct peer *peer_start(const struct service *service)
{
    struct peer *p = peer_open();
    p->pid = start(p, service, "");
    wait_ready(p, service->number);
    return p;
}

static inline int stop(pid_t pid)
{
    int status = -1;
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    return status;
}

static inline void peer_close(struct peer *p)
{
    if (p->pid)
        cr_expect_eq(stop(p->pid), 0, "the service did not end well");
    bus_free(p->bus);
    zmq_ctx_term(p->zmq);
    harness_close(p->h);
    free(p);
}

/* A raw caller, for what the bus client would never send. */
static inline void *raw_open(struct peer *p)
{
    void *socket = zsock_connect(p->zmq, &p->conf, "learning", 1);
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLOUT, 0};
    cr_assert(socket && zmq_poll(&item, 1, 3000) == 1);
    return socket;
}

static struct grant learner = {.roles = LEARNER};

static inline void raw_send(void *socket, uint64_t id, uint16_t method, int64_t deadline, bool with_role,
                            struct uuid lesson, int flags)
{
    struct call_header head = {.call_id = id, .method = method, .deadline = deadline, .trace = SPAN("t")};
    struct lesson_step step = {.lesson_id = lesson};
    struct buf frame;
    PUT_FIELD(&head, call_header, subject, U(5));
    if (with_role) {
        head.grants = &learner;
        head.n_grants = 1;
    }
    buf_init(&frame, 4096);
    msg_pack(&msg_call_header, &head, &frame);
    cr_assert(zmq_send(socket, frame.p, frame.n, ZMQ_SNDMORE) >= 0);
    buf_clear(&frame);
    msg_pack(&msg_lesson_step, &step, &frame);
    cr_assert(zmq_send(socket, frame.p, frame.n, flags) >= 0);
    buf_release(&frame);
}

/* Next pair: the reply's code with its header, or -1 when none comes in time. */
static inline int raw_reply(void *socket, int ms, struct reply_header *ret_head, struct lesson_progress *ret_progress)
{
    static struct arena arena;
    struct fault fault;
    zmq_msg_t head, body;
    zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
    if (!arena.max)
        arena_init(&arena, 1 << 20);
    if (zmq_poll(&item, 1, ms) <= 0)
        return -1;
    zmq_msg_init(&head);
    zmq_msg_init(&body);
    cr_assert(zmq_msg_recv(&head, socket, 0) >= 0 && zmq_msg_recv(&body, socket, 0) >= 0);
    struct span bytes = {zmq_msg_data(&head), (uint32_t)zmq_msg_size(&head)};
    cr_assert_eq(msg_unpack(&msg_reply_header, ret_head, &arena, bytes, &fault), 0);
    bytes = (struct span){zmq_msg_data(&body), (uint32_t)zmq_msg_size(&body)};
    if (!ret_head->code && ret_progress)
        cr_assert_eq(msg_unpack(&msg_lesson_progress, ret_progress, &arena, bytes, &fault), 0);
    zmq_msg_close(&head);
    zmq_msg_close(&body);
    return ret_head->code;
}

static inline int raw_receive(void *socket, int ms, uint64_t *ret_id, struct lesson_progress *ret_progress)
{
    struct reply_header head;
    int code = raw_reply(socket, ms, &head, ret_progress);
    *ret_id = code >= 0 ? head.call_id : 0;
    return code;
}

static inline int64_t soon(void)
{
    return now_us() + 4000000;
}

/* From now on services that are started log to the file `log` in the peer's directory. */
static inline void log_to_file(struct peer *p)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/log", p->dir);
    setenv("HOCVU_TEST_LOG", path, 1);
}

/* Lines of that file which contain the text; "" is in all. */
static inline int count_logged(struct peer *p, const char *text)
{
    char path[256], line[4096];
    int n = 0;
    snprintf(path, sizeof(path), "%s/log", p->dir);
    FILE *file = fopen(path, "re");
    cr_assert(file);
    while (fgets(line, sizeof(line), file))
        n += strstr(line, text) != NULL;
    fclose(file);
    return n;
}

static inline long count(struct peer *p, const char *sql)
{
    return strtol(harness_get(p->h, "%s", sql), NULL, 10);
}

static inline void wait_count(struct peer *p, const char *sql, long wanted)
{
    for (int i = 0; i < 300 && count(p, sql) != wanted; i++)
        usleep(20000);
    cr_assert_eq(count(p, sql), wanted, "%s", sql);
}

#endif
