/*
 * http_echo.c - limit (a) of BENCH=answers: what libmicrohttpd alone reaches on this machine. One thread, one epoll
 * loop; each request is suspended when its body is complete and resumed at the end of the loop's turn, as the gateway
 * does, and its body is sent back.
 *
 *     http_echo PORT
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>

enum { BODY_MAX = 4096 };

struct request {
    struct request *next;
    struct MHD_Connection *connection;
    size_t n;
    int resumed;
    char body[BODY_MAX];
};

static struct request *suspended;
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *verb,
                                  const char *version, const char *data, size_t *data_size, void **state)
{
    struct request *request = *state;
    (void)cls, (void)url, (void)verb, (void)version;
    if (!request) {
        *state = request = calloc(1, sizeof(*request));
        if (request)
            request->connection = connection;
        return request ? MHD_YES : MHD_NO;
    }
    if (*data_size) {
        size_t n = *data_size < BODY_MAX - request->n ? *data_size : BODY_MAX - request->n;
        memcpy(request->body + request->n, data, n);
        request->n += n;
        *data_size = 0;
        return MHD_YES;
    }
    if (!request->resumed) {
        MHD_suspend_connection(connection);
        request->next = suspended;
        suspended = request;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(request->n, request->body, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "application/json");
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

static void on_done(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    free(*state);
    *state = NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN};
    if (argc != 2)
        return 2;
    address.sin_port = htons((uint16_t)strtol(argv[1], NULL, 10));
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
                                                 NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
                                                 2048u, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_END);
    if (!daemon) {
        perror("http_echo");
        return 1;
    }
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int inner = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, inner, &event);
    for (int due = 0; !stopping;) {
        MHD_UNSIGNED_LONG_LONG timeout;
        epoll_wait(epoll, &event, 1, due ? 0 : 100);
        MHD_run(daemon);
        /* What was read but not handled, and what is resumed now, wakes nobody up: the next turn must not wait. */
        due = MHD_get_timeout(daemon, &timeout) == MHD_YES && timeout == 0;
        for (; suspended; due = 1) {
            struct request *request = suspended;
            suspended = request->next;
            request->resumed = 1;
            MHD_resume_connection(request->connection);
        }
    }
    MHD_stop_daemon(daemon);
    return 0;
}
