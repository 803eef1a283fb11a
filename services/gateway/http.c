/*
 * http.c - libmicrohttpd for the public interface: its callbacks, and the socket it listens on.
 *
 * It is driven by our loop (loop.c). A request that waits for a service is suspended, which takes its connection out of
 * the loop; the answer is queued and the connection resumed in the same thread. libmicrohttpd does not look at a
 * suspended connection, so a client that goes away meanwhile is noticed when the answer is sent, and the request ends
 * like any other, by on_completed.
 */
#include "log.h"
#include "reply.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 12288, /* headers and answer headers of one request; more is 431 */
    SMALL_BODY = 65536,       /* a refused body of this size is read to its end, so that the connection can live on */
    BACKLOG = 1024,
};

/* Refused by the headers alone. Does the answer wait until the body has been read? */
static enum MHD_Result refuse_early(struct request *request)
{
    const struct request_headers *headers = &request->headers;
    bool wait = !headers->ambiguous && !headers->chunked && !headers->expects && headers->size <= SMALL_BODY;
    return wait ? MHD_YES : request_run(request);
}

static struct client *client_of(struct MHD_Connection *http)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(http, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static enum MHD_Result on_first(struct gateway *gw, struct MHD_Connection *http, const char *path, const char *verb,
                                void **ret_request)
{
    struct client *client = client_of(http);
    struct request *request = client ? request_new(gw, http) : NULL;
    if (!request)
        return MHD_NO;
    *ret_request = request;
    request->client = client;
    request->verb = verb_of(verb);
    request->head = !strcmp(verb, "HEAD");
    client_milestone(&gw->clients, client, gw->now.mono);
    request->code = request_admit(request, path);
    return request->code ? refuse_early(request) : MHD_YES;
}

/* Called first with the headers, then with each piece of the body, then once more at its end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *http, const char *path, const char *verb,
                                  const char *version, const char *data, size_t *n_data, void **state)
{
    struct request *request = *state;
    (void)version;
    if (!request)
        return on_first(cls, http, path, verb, state);
    if (*n_data) {
        size_t n = *n_data;
        *n_data = 0;
        return request_take_body(request, data, n) < 0 ? MHD_NO : MHD_YES;
    }
    return request->answered ? MHD_YES : request_run(request);
}

static void on_completed(void *cls, struct MHD_Connection *http, void **state, enum MHD_RequestTerminationCode why)
{
    struct gateway *gw = cls;
    struct request *request = *state;
    (void)http;
    (void)why;
    if (!request)
        return;
    *state = NULL;
    client_milestone(&gw->clients, request->client, gw->now.mono);
    request_free(request);
}

static void on_connection(void *cls, struct MHD_Connection *http, void **state,
                          enum MHD_ConnectionNotificationCode what)
{
    struct gateway *gw = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *state = client_new(&gw->clients, http, gw->now.mono);
    } else {
        client_free(&gw->clients, *state);
        *state = NULL;
    }
}

/* Percent-decoding waits until the path is split, so that %2F is no slash and %00 ends nothing. */
static size_t keep_encoded(void *cls, struct MHD_Connection *http, char *text)
{
    (void)cls;
    (void)http;
    return strlen(text);
}

void http_log(void *cls, const char *format, va_list args)
{
    char text[512];
    (void)cls;
    if (!log_wants(LOG_DEBUG))
        return;
    vsnprintf(text, sizeof(text), format, args);
    log_debug(NO_TRACE, "libmicrohttpd: %s", text);
}

int http_listen(const struct sockaddr_in *address, const char *row)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    /* Accepted sockets inherit TCP_NODELAY. */
    if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
        !setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) &&
        !bind(fd, (const struct sockaddr *)address, sizeof(*address)) && !listen(fd, BACKLOG))
        return fd;
    log_error(NO_TRACE, "cannot listen on port %d: %s; choose another %s, or stop what has it",
              ntohs(address->sin_port), strerror(errno), row);
    if (fd >= 0)
        close(fd);
    return -1;
}

struct MHD_Daemon *http_start(struct gateway *gw)
{
    const struct settings *settings = gw->settings;
    int fd = http_listen(&settings->listen_address, "listen");
    if (fd < 0)
        return NULL;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)settings->connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)settings->idle_seconds, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, gw},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, gw},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_encoded, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL}, /* HTTP/1.1 without Host is refused */
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, gw,
        MHD_OPTION_EXTERNAL_LOGGER, http_log, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!daemon) {
        log_error(NO_TRACE, "libmicrohttpd does not start");
        close(fd);
    }
    return daemon;
}
