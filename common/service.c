/*
 * service.c - service_run: the life of a service process. Options, configuration, log, statements, threads, drain.
 *
 *   service --conf FILE     run
 *   service --check ...     do everything up to binding, then exit 0, or say what is wrong and exit 1
 *   service --help          configuration rows with bounds
 */
#include "access_sql.h"
#include "audit_sql.h"
#include "calendar_sql.h"
#include "events_sql.h"
#include "jws.h"
#include "org_sql.h"
#include "cache.h"
#include "runtime.h"
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ROW(name, type, min, max, preset, doc)                                                                         \
    {                                                                                                                  \
#name, type, min, max, preset, doc, offsetof(struct service_conf, name)                                        \
    }
static const struct conf_row common_rows[] = {
    ROW(log_level, CONF_TEXT, 4, 5, "info", "debug, info, warn or error."),
    ROW(database, CONF_TEXT, 1, 1000, "dbname=hocvu", "PostgreSQL conninfo of this service's role, without password."),
    ROW(database_password, CONF_SECRET, 0, 0, "", "Password of that role."),
    BUS_CONF_ROWS(struct service_conf, bus),
    ROW(instance, CONF_INT, 1, ZSOCK_REPLICAS, "1",
        "Which process of this service this is; its sockets in bus_dir are called after it, if it is not the first."),
    ROW(listen_call, CONF_TEXT, 0, 200, "", "Address for calls; a socket in bus_dir when empty. TCP needs CURVE keys."),
    ROW(listen_events, CONF_TEXT, 0, 200, "", "Address for event wake-ups; a socket in bus_dir when empty."),
    ROW(admin_listen, CONF_TEXT, 0, 60, "", "IPv4 address:port of /health and /metrics; none when empty."),
    ROW(redis, CONF_TEXT, 0, 100, "", "Unix socket of Redis; no cache when empty."),
    ROW(workers, CONF_INT, 0, 64, "0", "Worker threads, a PostgreSQL connection each; 0: as the service says."),
    ROW(in_flight, CONF_INT, 0, 100000, "0", "Calls taken in at once, beyond it BUSY; 0: as the service says."),
    ROW(audit_sign_key, CONF_SECRET, 64, 128, "",
        "File with the Ed25519 key that signs heads of the audit, hex; without it they are not signed."),
    {.name = NULL},
};

struct options {
    const char *conf_path;
    bool check;
};

void trouble_set(struct runtime *rt, enum trouble bit, bool on)
{
    if (on)
        rt->trouble |= (int)bit;
    else
        rt->trouble &= ~(int)bit;
}

void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

void cond_wait_ms(pthread_cond_t *cond, pthread_mutex_t *lock, uint32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(cond, lock, &until);
}

int fail(struct ctx *ctx, int code, const char *field)
{
    ctx->fault = (struct fault){code, field};
    return code;
}

void batch_fail(struct batch *batch, size_t i, int code, const char *field)
{
    batch->fault[i] = (struct fault){code, field};
}

/* As reply_header.retry_ms is declared. */
enum { LATER_MAX_MS = 600000 };

void later(struct ctx *ctx, uint32_t retry_ms)
{
    ctx->retry_ms = retry_ms < LATER_MAX_MS ? retry_ms : LATER_MAX_MS;
}

void batch_later(struct batch *batch, size_t i, uint32_t retry_ms)
{
    if (batch->retry_ms)
        batch->retry_ms[i] = retry_ms < LATER_MAX_MS ? retry_ms : LATER_MAX_MS;
}

static void print_help(const struct service *service)
{
    printf("%s - %s\n\nUsage: %s --conf FILE [--check]\n\n"
           "Rows of the file, `name = value`; HOCVU_<NAME> in the environment wins:\n\n",
           service->name, service->doc, service->name);
    if (service->conf)
        conf_help(service->conf);
    conf_help(common_rows);
    if (service->help)
        service->help();
}

/* Returns -1 to go on, or an exit status. */
static int read_options(const struct service *service, int argc, char **argv, struct options *ret_options)
{
    static const struct option known[] = {
        {"conf", required_argument, NULL, 'f'},
        {"check", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'f':
            ret_options->conf_path = optarg;
            break;
        case 'c':
            ret_options->check = true;
            break;
        case 'h':
            print_help(service);
            return 0;
        case 'v':
            printf("%s of hocvu, wire of %zu messages\n", service->name, proto_n_msgs);
            return 0;
        default:
            return 2;
        }
    }
    return -1;
}

static int load(struct runtime *rt, const struct options *options)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    const struct service *service = rt->service;
    int result = conf_load(common_rows, service->conf, &rt->conf, options->conf_path);
    rt->service_conf = calloc(1, service->conf_size ? service->conf_size : 1);
    if (!rt->service_conf)
        return -1;
    if (service->conf && conf_load(service->conf, common_rows, rt->service_conf, options->conf_path) < 0)
        result = -1;
    if (result < 0)
        return -1;
    int level = -1;
    for (int i = 0; i < 4; i++) {
        if (!strcmp(rt->conf.log_level, levels[i]))
            level = i;
    }
    if (level < 0) {
        fprintf(stderr, "configuration: log_level: must be debug, info, warn or error\n");
        return -1;
    }
    log_init(service->name, (enum log_level)level);
    struct span key = {rt->conf.audit_sign_key.bytes, (uint32_t)rt->conf.audit_sign_key.n};
    rt->audit_signs = key.n > 0;
    if (key.n && jws_secret_parse(key, rt->audit_secret) < 0) {
        fprintf(stderr, "configuration: audit_sign_key: must name a file with an Ed25519 key in hex.\n");
        return -1;
    }
    return service->check ? service->check(rt->service_conf) : 0;
}

/* Statements: the skeleton's, the organisation's copy and the audit where there are, the service's own. */
static int set_statements(struct runtime *rt)
{
    size_t n = 0;
    rt->sql[n++] = events_sql;
    if (rt->service->org)
        rt->sql[n++] = org_sql;
    if (rt->service->audit)
        rt->sql[n++] = audit_sql;
    rt->sql[n++] = access_sql;
    if (rt->service->calendar)
        rt->sql[n++] = calendar_sql;
    if (rt->service->sql)
        rt->sql[n++] = rt->service->sql;
    for (size_t i = 0; i < n; i++) {
        for (struct stmt *const *stmt = rt->sql[i]; *stmt; stmt++) {
            if (stmt_parse(*stmt) < 0)
                return -1;
        }
    }
    int n_name = snprintf(rt->application, sizeof(rt->application), "hocvu %s", rt->service->name);
    if (rt->conf.instance > 1)
        snprintf(rt->application + n_name, sizeof(rt->application) - (size_t)n_name, ".%d", (int)rt->conf.instance);
    rt->pg_conf = (struct pg_conf){.database = rt->conf.database,
                                   .password = rt->conf.database_password.bytes,
                                   .application = rt->application,
                                   .statement_ms = rt->service->limits->deadline_ms - 1000,
                                   .sql = rt->sql};
    rt->background_pg_conf = rt->pg_conf;
    if (rt->service->by_index)
        rt->pg_conf.settings = PG_BY_INDEX;
    rt->background_pg_conf.statement_ms = 60000; /* nobody waits for events and ticks */
    return 0;
}

int binding_of(const struct runtime *rt, uint16_t method)
{
    for (size_t i = 0; i < rt->n_bindings; i++) {
        if (rt->service->bindings[i].number == method)
            return (int)i;
    }
    return -1;
}

static int set_bindings(struct runtime *rt)
{
    const struct service *service = rt->service;
    while (service->bindings[rt->n_bindings].number)
        rt->n_bindings++;
    rt->methods = calloc(rt->n_bindings, sizeof(*rt->methods));
    rt->metrics = calloc(rt->n_bindings, sizeof(*rt->metrics));
    rt->queue_of = calloc(rt->n_bindings, sizeof(*rt->queue_of));
    rt->queues = calloc(rt->n_bindings + 2, sizeof(*rt->queues));
    rt->first = calloc(rt->n_bindings, sizeof(*rt->first));
    rt->loads = calloc(rt->n_bindings, sizeof(*rt->loads));
    if (!rt->methods || !rt->metrics || !rt->queue_of || !rt->queues || !rt->first || !rt->loads)
        return -1;
    rt->n_queues = 1;
    for (size_t i = 0; i < rt->n_bindings; i++) {
        rt->methods[i] = method_find(service->bindings[i].number);
        if (rt->methods[i]->batch)
            rt->queue_of[i] = (uint16_t)rt->n_queues++;
    }
    for (size_t i = 0; i < rt->n_queues; i++)
        rt->queues[i].last = &rt->queues[i].first;
    return 0;
}

/* After the workers are known: what service.h says of `first`, held. */
static int set_first(struct runtime *rt)
{
    for (const uint16_t *number = rt->service->first; number && *number; number++) {
        int binding = binding_of(rt, *number);
        if (binding < 0 || !rt->methods[binding]->batch || rt->n_first == rt->n_bindings) {
            log_error(NO_TRACE, "method %#x cannot come first: it is no batch method of this service", *number);
            return -1;
        }
        rt->first[rt->n_first++] = rt->queue_of[binding];
        rt->queues[rt->queue_of[binding]].preferred = true;
    }
    if (rt->workers > rt->n_first)
        return 0;
    log_error(NO_TRACE, "workers = %u: %zu methods come first, so %zu workers are needed at least", rt->workers,
              rt->n_first, rt->n_first + 1);
    return -1;
}

/* After the workers are known: what service.h says of `slow`, held. */
static int set_slow(struct runtime *rt)
{
    enum { KEPT = 4 };
    struct queue *queue = &rt->queues[rt->n_queues];
    if (!rt->service->slow)
        return 0;
    for (const uint16_t *number = rt->service->slow; *number; number++) {
        int binding = binding_of(rt, *number);
        if (binding < 0 || rt->methods[binding]->batch) {
            log_error(NO_TRACE, "method %#x cannot be slow: it is no single method of this service", *number);
            return -1;
        }
        rt->queue_of[binding] = (uint16_t)rt->n_queues;
    }
    queue->last = &queue->first;
    queue->most = rt->workers > KEPT + 1 ? rt->workers - KEPT : 1;
    rt->n_queues++;
    return 0;
}

/* The first connection compares statements with descriptors: drift fails the boot, not a user. */
static int first_connection(struct runtime *rt, bool check)
{
    struct pg pg;
    enum pg_state state;
    pg_init(&pg, &rt->pg_conf);
    while ((state = pg_ensure(&pg)) == PG_AWAY && !check) {
        sigset_t set;
        struct timespec wait = {0, 100000000};
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        if (sigtimedwait(&set, NULL, &wait) > 0)
            break;
    }
    pg_release(&pg);
    return state == PG_READY ? 0 : -1;
}

static int run_threads(struct runtime *rt)
{
    pthread_t workers[64], jobs[JOBS_MOST], relay, follow;
    struct job_start starts[JOBS_MOST];
    uint16_t started = 0;
    size_t n_jobs = 0;
    int result = -1;
    bool relaying = !pthread_create(&relay, NULL, relay_thread, rt);
    bool following = !pthread_create(&follow, NULL, follow_thread, rt);
    while (started < rt->workers && !pthread_create(&workers[started], NULL, worker_thread, rt))
        started++;
    const struct job *job = rt->service->jobs;
    for (; job && job->run && n_jobs < JOBS_MOST; job++) {
        starts[n_jobs] = (struct job_start){rt, job};
        if (pthread_create(&jobs[n_jobs], NULL, job_thread, &starts[n_jobs]))
            break;
        n_jobs++;
    }
    bool working = !job || !job->run;
    struct admin *admin = *rt->conf.admin_listen ? admin_start(rt) : NULL;
    if (relaying && following && working && started == rt->workers && (admin || !*rt->conf.admin_listen))
        result = router_run(rt);
    rt->stopping = true;
    pthread_mutex_lock(&rt->lock);
    workers_wake(rt);
    pthread_mutex_unlock(&rt->lock);
    admin_stop(admin);
    jobs_stop(rt);
    for (uint16_t i = 0; i < started; i++)
        pthread_join(workers[i], NULL);
    for (size_t i = 0; i < n_jobs; i++)
        pthread_join(jobs[i], NULL);
    relay_wake(rt);
    if (relaying)
        pthread_join(relay, NULL);
    if (following)
        pthread_join(follow, NULL);
    return result;
}

static int run(struct runtime *rt)
{
    if (first_connection(rt, false) < 0)
        return -1;
    if (rt->service->start && rt->service->start(rt->service_conf) < 0)
        return -1;
    cache_configure(rt->conf.redis);
    rt->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rt->zmq = zmq_ctx_new();
    if (rt->wake_fd < 0 || !rt->zmq)
        return -1;
    zmq_ctx_set(rt->zmq, ZMQ_BLOCKY, 0);
    bool curve = !strncmp(rt->conf.listen_call, "tcp://", 6) || !strncmp(rt->conf.listen_events, "tcp://", 6);
    rt->zap = curve ? zap_start(rt->zmq, &rt->conf.bus) : NULL;
    int result = curve && !rt->zap ? -1 : run_threads(rt);
    zmq_ctx_shutdown(rt->zmq);
    zap_stop(rt->zap);
    zmq_ctx_term(rt->zmq);
    close(rt->wake_fd);
    return result;
}

static void release(struct runtime *rt)
{
    for (size_t i = 0; i < rt->n_queues; i++) {
        while (rt->queues[i].first) { /* calls that nobody waited for any more */
            struct call *call = rt->queues[i].first;
            rt->queues[i].first = call->next;
            zmq_msg_close(&call->head);
            zmq_msg_close(&call->body);
            free(call);
        }
    }
    while (rt->outgoing) {
        struct replies *next = rt->outgoing->next;
        buf_release(&rt->outgoing->bytes);
        free(rt->outgoing);
        rt->outgoing = next;
    }
    for (size_t i = 0; i < sizeof(rt->sql) / sizeof(rt->sql[0]) && rt->sql[i]; i++) {
        for (struct stmt *const *stmt = rt->sql[i]; *stmt; stmt++) {
            free((*stmt)->prepared);
            (*stmt)->prepared = NULL;
        }
    }
    if (rt->service->release && rt->service_conf)
        rt->service->release(rt->service_conf);
    if (rt->service->conf && rt->service_conf)
        conf_release(rt->service->conf, rt->service_conf);
    conf_release(common_rows, &rt->conf);
    free(rt->service_conf);
    free(rt->methods);
    free(rt->metrics);
    free(rt->queue_of);
    free(rt->queues);
    free(rt->first);
    free(rt->loads);
}

int service_run(const struct service *service, int argc, char **argv)
{
    struct runtime rt = {.service = service, .wake_fd = -1};
    struct options options = {0};
    sigset_t set;
    log_init(service->name, LOG_INFO);
    int status = read_options(service, argc, argv, &options);
    if (status >= 0)
        return status;
    /* Threads inherit this: signals are read by the I/O thread alone. */
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 2); /* many threads, little memory: two heaps are enough, arenas do the work */
    pthread_mutex_init(&rt.lock, NULL);
    pthread_mutex_init(&rt.relay_lock, NULL);
    cond_init(&rt.relay_wake);
    pthread_mutex_init(&rt.job_lock, NULL);
    cond_init(&rt.job_wake);
    admin_init(&rt);
    status = sodium_init() < 0 || load(&rt, &options) < 0 || set_bindings(&rt) < 0 || set_statements(&rt) < 0;
    if (!status) {
        rt.workers = (uint16_t)(rt.conf.workers ? rt.conf.workers : service->limits->workers);
        rt.max_packed = proto_max_packed();
        rt.in_flight_limit = (uint32_t)(rt.conf.in_flight ? rt.conf.in_flight : service->limits->in_flight);
        status = set_first(&rt) < 0 || set_slow(&rt) < 0;
    }
    if (!status) {
        status = options.check ? first_connection(&rt, true) < 0 : run(&rt) < 0;
        if (options.check && !status)
            log_info(NO_TRACE, "configuration, database and statements agree");
    }
    release(&rt);
    return status;
}
