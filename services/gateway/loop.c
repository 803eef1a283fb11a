/*
 * loop.c - the one thread and its one epoll loop: clients (libmicrohttpd) on one side, services (ZeroMQ) on the other.
 *
 * A turn: wait; read replies, which queues answers; let libmicrohttpd send them and read what clients sent next; send
 * the calls that came of it, one message per service. Under load a turn carries many requests, and the cost of waking
 * somebody up is shared by all of them; with one client a turn carries one request and delays nothing.
 */
#include "log.h"
#include "reply.h"
#include "service.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

enum {
    TICK_US = 1000000,
    EAGER_TICK_US = 100000, /* while a service is not well, so that its return is noticed soon */
    EXPIRY_MS = 50,         /* how late a deadline may be noticed */
    DRAIN_US = 5000000,     /* what is in flight may take this long after SIGTERM */
    PRUNE_US = 60000000,
    OTHER_FILES = 40,       /* descriptors that are no connections of clients */
    FILES_PER_REPLICA = 24, /* of every service: socket, monitor, connection */
    ADDRESS_SETS = 1024,    /* of four buckets of 32 bytes */
    ACCOUNT_SETS = 16384,   /* the same; there are more accounts than addresses */
    LARGE_BYTES = 1 << 18,  /* memory of this size comes from the kernel and goes back to it: uploads are rare */
};

struct loop {
    struct gateway gw;
    void *zmq;
    int epoll, signals;
    bool http_due, admin_due, stop;
    int64_t next_tick, next_revocations, next_prune; /* mono_us */
};

/* --- by the clock --- */

static void ask_revocations(struct gateway *gw);

static void revocations_told(void *owner, const struct reply_header *reply, struct span body)
{
    struct gateway *gw = owner;
    struct revocation_list list;
    struct fault fault;
    gw->revocations_asked = false;
    if (reply->code)
        return; /* the age of what we know is a metric; tokens end by themselves */
    arena_clear(&gw->replying);
    if (msg_unpack(&msg_revocation_list, &list, &gw->replying, body, &fault))
        log_error(NO_TRACE, "identity's list of ended sessions cannot be read: %s", err_find(fault.code)->name);
    else if (revoked_take(&gw->revoked, &list, gw->now.mono))
        ask_revocations(gw);
}

static void ask_revocations(struct gateway *gw)
{
    struct call_header head = {.method = M_revocations, .trace = SPAN("")};
    struct revocation_query query = revoked_query(&gw->revoked, gw->now.wall);
    if (!gw->revocations_asked)
        gw->revocations_asked = !upstream_call(&gw->upstreams, SERVICE_identity, true, &head, &msg_revocation_query,
                                               &query, &gw->now, revocations_told, gw);
}

static void tick(struct loop *loop)
{
    struct gateway *gw = &loop->gw;
    bool all_well = upstreams_ask_health(&gw->upstreams, &gw->now);
    loop->next_tick = gw->now.mono + (all_well ? TICK_US : EAGER_TICK_US);
    if (!gw->revoked.answered_us)
        ask_revocations(gw);
    if (gw->now.mono >= loop->next_prune) {
        loop->next_prune = gw->now.mono + PRUNE_US;
        revoked_prune(&gw->revoked, gw->now.wall);
    }
    clients_sweep(&gw->clients, gw->now.mono);
    loop->http_due = loop->admin_due = true; /* libmicrohttpd's own time limits */
}

/* --- a turn --- */

static int sleep_ms(const struct loop *loop)
{
    const struct gateway *gw = &loop->gw;
    if (loop->http_due || loop->admin_due || gw->resumed || upstreams_busy(&gw->upstreams))
        return 0;
    int64_t next = loop->next_tick < loop->next_revocations ? loop->next_tick : loop->next_revocations;
    int64_t left = (next - gw->now.mono) / 1000 + 1;
    int64_t most = gw->n_suspended ? EXPIRY_MS : TICK_US / 1000;
    return (int)(left < 0 ? 0 : left < most ? left : most);
}

/* Runs a daemon; true when it has more to do at once. What it has read but not handled wakes nobody up. */
static bool run_daemon(struct MHD_Daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG ms;
    MHD_run(daemon);
    return MHD_get_timeout(daemon, &ms) == MHD_YES && ms == 0;
}

static void wait_for_events(struct loop *loop)
{
    struct epoll_event events[32];
    struct gateway *gw = &loop->gw;
    int n = epoll_wait(loop->epoll, events, 32, sleep_ms(loop));
    gw->now = moment_now();
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &gw->http)
            loop->http_due = true;
        else if (events[i].data.ptr == &gw->admin)
            loop->admin_due = true;
        else if (events[i].data.ptr == &loop->signals)
            loop->stop = true;
        else
            upstream_ready(events[i].data.ptr);
    }
}

static void turn(struct loop *loop)
{
    struct gateway *gw = &loop->gw;
    wait_for_events(loop);
    if (gw->now.mono >= loop->next_tick)
        tick(loop);
    if (gw->now.mono >= loop->next_revocations) {
        loop->next_revocations = gw->now.mono + REVOKED_ASK_US;
        ask_revocations(gw);
    }
    upstreams_receive(&gw->upstreams);
    upstreams_expire(&gw->upstreams, gw->now.mono);
    if (loop->http_due || gw->resumed) {
        gw->resumed = false;
        loop->http_due = run_daemon(gw->http);
    }
    if (loop->admin_due)
        loop->admin_due = gw->admin && run_daemon(gw->admin);
    upstreams_flush(&gw->upstreams);
    upstreams_receive(&gw->upstreams);
}

/* --- opening and closing --- */

static int watch(struct loop *loop, int fd, void *what)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};
    return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int watch_daemon(struct loop *loop, struct MHD_Daemon **daemon)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(*daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? watch(loop, info->epoll_fd, daemon) : -1;
}

/* SIGTERM and SIGINT arrive as bytes to read, between turns. Blocked before ZeroMQ's thread starts and inherits it. */
static int open_signals(struct loop *loop)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop->signals < 0 ? -1 : watch(loop, loop->signals, &loop->signals);
}

static void raise_file_limit(const struct settings *settings)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)(settings->connections + OTHER_FILES + FILES_PER_REPLICA * settings->bus.replicas);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return;
    limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < need)
        log_warn(NO_TRACE, "the limit of open files is %llu; connections = %lld needs %llu",
                 (unsigned long long)limit.rlim_cur, (long long)settings->connections, (unsigned long long)need);
}

/* What needs no socket, and what --check looks at. */
static int open_parts(struct gateway *gw)
{
    const struct settings *settings = gw->settings;
    arena_init(&gw->building, 4 * proto_max_packed());
    arena_init(&gw->replying, 4 * proto_max_packed());
    revoked_init(&gw->revoked, gw->now.wall);
    gw->clients.patience_us = 4 * settings->idle_seconds * 1000000;
    if (routes_open(&gw->routes) < 0 || metrics_open(&gw->metrics, gw->routes.n) < 0 ||
        auth_open(&gw->auth, settings->token_keys, settings->n_token_keys, (size_t)settings->tokens_kept) < 0 ||
        ratelimit_open(&gw->addresses, ADDRESS_SETS, settings->rate_per_second, settings->rate_burst) < 0 ||
        ratelimit_open(&gw->accounts, ACCOUNT_SETS, settings->account_per_second, settings->account_burst) < 0)
        return -1;
    return pages_open(&gw->pages, settings->static_dir, settings->api_dir);
}

static int open_sockets(struct loop *loop)
{
    struct gateway *gw = &loop->gw;
    const struct settings *settings = gw->settings;
    raise_file_limit(settings);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0 || open_signals(loop) < 0)
        return -1;
    loop->zmq = zmq_ctx_new();
    if (!loop->zmq ||
        upstreams_open(&gw->upstreams, loop->zmq, &settings->bus, loop->epoll, (uint32_t)settings->in_flight) < 0)
        return -1;
    gw->http = http_start(gw);
    if (!gw->http || watch_daemon(loop, &gw->http) < 0)
        return -1;
    if (!*settings->admin_listen)
        return 0;
    gw->admin = admin_daemon_start(gw);
    return gw->admin ? watch_daemon(loop, &gw->admin) : -1;
}

static void close_all(struct loop *loop)
{
    struct gateway *gw = &loop->gw;
    if (gw->http)
        MHD_stop_daemon(gw->http);
    if (gw->admin)
        MHD_stop_daemon(gw->admin);
    upstreams_close(&gw->upstreams);
    if (loop->zmq)
        zmq_ctx_term(loop->zmq);
    if (loop->signals > 0)
        close(loop->signals);
    if (loop->epoll > 0)
        close(loop->epoll);
    while (gw->free_requests) {
        struct request *request = gw->free_requests;
        gw->free_requests = request->next;
        buf_release(&request->body);
        free(request);
    }
    answers_release(gw);
    pages_close(&gw->pages);
    ratelimit_close(&gw->addresses);
    ratelimit_close(&gw->accounts);
    revoked_release(&gw->revoked);
    auth_close(&gw->auth);
    metrics_close(&gw->metrics);
    routes_close(&gw->routes);
    arena_release(&gw->building);
    arena_release(&gw->replying);
}

/* After SIGTERM: no new connections; what was asked is answered, and its connection closed. */
static void drain(struct loop *loop)
{
    struct gateway *gw = &loop->gw;
    int64_t until = gw->now.mono + DRAIN_US;
    log_info(NO_TRACE, "stopping: finishing %zu requests", gw->n_requests);
    MHD_socket listening = MHD_quiesce_daemon(gw->http);
    if (listening != MHD_INVALID_SOCKET)
        close(listening); /* who comes now is refused by the kernel and may try elsewhere */
    gw->draining = true;
    while (gw->n_requests && gw->now.mono < until)
        turn(loop);
    if (gw->n_suspended)
        log_warn(NO_TRACE, "stopping with %zu requests unanswered", gw->n_suspended);
    upstreams_abandon(&gw->upstreams);
    MHD_run(gw->http); /* sends these answers; libmicrohttpd does not stop over suspended connections */
}

int gateway_run(const struct settings *settings, bool check)
{
    static struct loop loop; /* its parts point at each other */
    struct gateway *gw = &loop.gw;
    gw->settings = settings;
    gw->now = moment_now();
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    int result = open_parts(gw);
    if (!result && !check)
        result = open_sockets(&loop);
    if (!result && !check) {
        log_info(NO_TRACE, "ready on http://%s", settings->listen);
        while (!loop.stop)
            turn(&loop);
        drain(&loop);
    }
    close_all(&loop);
    return result ? EXIT_FAILURE : EXIT_SUCCESS;
}
