/* test_zsock.c - where the processes of a service are found, and a blocking call when one of them is lost. */
#include "bus.h"
#include "log.h"
#include "service.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

static const char *endpoint(const struct bus_conf *conf, const char *service, unsigned instance,
                            enum zsock_channel channel)
{
    static char text[ZSOCK_ENDPOINT_MAX];
    return zsock_endpoint(conf, service, instance, channel, text) < 0 ? "none" : text;
}

Test(zsock, on_this_host)
{
    struct bus_conf conf = {.bus_dir = "run", .replicas = 3, .peers = ""}, one = {.bus_dir = "run", .peers = ""};
    cr_expect_eq(zsock_replicas(&conf, "learning"), 3);
    cr_expect_eq(zsock_replicas(&one, "learning"), 1);
    cr_expect_str_eq(endpoint(&conf, "learning", 1, ZSOCK_CALL), "ipc://run/learning.call");
    cr_expect_str_eq(endpoint(&conf, "learning", 1, ZSOCK_EVENTS), "ipc://run/learning.events");
    cr_expect_str_eq(endpoint(&conf, "learning", 3, ZSOCK_CALL), "ipc://run/learning.3.call");
    cr_expect_str_eq(endpoint(&conf, "learning", 3, ZSOCK_EVENTS), "ipc://run/learning.3.events");
}

Test(zsock, elsewhere)
{
    struct bus_conf conf = {.bus_dir = "run",
                            .replicas = 4,
                            .peers = "learning=tcp://a:1,tcp://b:2|tcp://a:3,tcp://b:4 content=tcp://c:5|tcp://c:6"};
    cr_expect_eq(zsock_replicas(&conf, "learning"), 2);
    cr_expect_eq(zsock_replicas(&conf, "content"), 1);
    cr_expect_eq(zsock_replicas(&conf, "identity"), 4, "on this host");
    cr_expect_str_eq(endpoint(&conf, "learning", 1, ZSOCK_CALL), "tcp://a:1");
    cr_expect_str_eq(endpoint(&conf, "learning", 2, ZSOCK_CALL), "tcp://b:2");
    cr_expect_str_eq(endpoint(&conf, "learning", 1, ZSOCK_EVENTS), "tcp://a:3");
    cr_expect_str_eq(endpoint(&conf, "learning", 2, ZSOCK_EVENTS), "tcp://b:4");
    cr_expect_str_eq(endpoint(&conf, "learning", 3, ZSOCK_CALL), "none");
    cr_expect_str_eq(endpoint(&conf, "content", 1, ZSOCK_CALL), "tcp://c:5");
    cr_expect_str_eq(endpoint(&conf, "identity", 2, ZSOCK_CALL), "ipc://run/identity.2.call");
}

/* --- a process that takes one call and either answers or is gone --- */

struct process {
    void *zmq;
    const struct bus_conf *conf;
    unsigned instance;
    bool answers;
    _Atomic int taken;
    void *socket;
};

static void process_bind(struct process *process)
{
    process->socket = zsock_bind(process->zmq, ZMQ_ROUTER, process->conf,
                                 endpoint(process->conf, "learning", process->instance, ZSOCK_CALL));
    cr_assert(process->socket);
}

static void answer(const struct process *process, const uint8_t *peer, size_t n_peer, struct span head)
{
    struct health health = {.healthy = true, .service = SPAN("learning")};
    struct call_header call;
    struct arena arena;
    struct fault fault;
    struct buf frame;
    arena_init(&arena, 65536);
    buf_init(&frame, 4096);
    if (msg_unpack(&msg_call_header, &call, &arena, head, &fault))
        abort();
    struct reply_header reply = {.call_id = call.call_id};
    msg_pack(&msg_reply_header, &reply, &frame);
    zmq_send(process->socket, peer, n_peer, ZMQ_SNDMORE);
    zmq_send(process->socket, frame.p, frame.n, ZMQ_SNDMORE);
    buf_clear(&frame);
    msg_pack(&msg_health, &health, &frame);
    zmq_send(process->socket, frame.p, frame.n, 0);
    buf_release(&frame);
    arena_release(&arena);
}

/* Until the context ends, or until its first call if it does not answer. */
static void *process_run(void *arg)
{
    struct process *process = arg;
    uint8_t peer[255];
    char head[4096], body[4096];
    for (;;) {
        int n_peer = zmq_recv(process->socket, peer, sizeof(peer), 0);
        int n_head = n_peer < 0 ? -1 : zmq_recv(process->socket, head, sizeof(head), 0);
        if (n_head < 0 || zmq_recv(process->socket, body, sizeof(body), 0) < 0)
            break;
        process->taken++;
        if (!process->answers)
            break;
        answer(process, peer, (size_t)n_peer, (struct span){head, (uint32_t)n_head});
    }
    zmq_close(process->socket);
    return NULL;
}

static int ask(struct bus *bus)
{
    struct empty none = {0};
    struct health health;
    return bus_call_service(bus, SERVICE_learning, M_service_health, &msg_empty, &none, &msg_health, &health);
}

Test(zsock, a_blocking_call_does_not_wait_for_a_process_that_is_lost)
{
    enum { CALLS = 12 };
    char dir[] = "/tmp/zsock.XXXXXX";
    cr_assert(mkdtemp(dir));
    log_init("test", LOG_ERROR);
    void *zmq = zmq_ctx_new();
    struct bus_conf conf = {.bus_dir = dir, .replicas = 3, .peers = ""}; /* the third one is never there */
    struct process processes[2] = {{.zmq = zmq, .conf = &conf, .instance = 1, .answers = true},
                                   {.zmq = zmq, .conf = &conf, .instance = 2}};
    pthread_t threads[2];
    struct bus *bus = bus_new(zmq, &conf, 4000);
    for (int i = 0; i < 2; i++) {
        process_bind(&processes[i]);
        cr_assert_eq(pthread_create(&threads[i], NULL, process_run, &processes[i]), 0);
    }
    int failed = 0;
    for (int i = 0; i < CALLS; i++) {
        int64_t begun = mono_us();
        int code = ask(bus);
        cr_expect(code == 0 || code == ERR_UNAVAILABLE, "code %d", code);
        cr_expect_lt(mono_us() - begun, 1500000, "not at the deadline");
        failed += code != 0;
        usleep(20000);
    }
    cr_expect_eq(processes[1].taken, 1, "calls are dealt");
    cr_expect_eq(failed, 1, "only its call fails");
    cr_expect_eq(processes[0].taken, CALLS - 1);
    bus_free(bus);
    zmq_ctx_shutdown(zmq);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    zmq_ctx_term(zmq);
    for (unsigned i = 1; i <= 2; i++)
        unlink(endpoint(&conf, "learning", i, ZSOCK_CALL) + 6);
    rmdir(dir);
}
