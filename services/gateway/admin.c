/* admin.c - /metrics, /health and /live on an address of their own, by a second libmicrohttpd daemon in the same loop.
 */
#include "log.h"
#include "request.h"

#include <unistd.h>

enum { PAGE_MAX = 1 << 20, CONNECTIONS = 32, IDLE_SECONDS = 10 };

static enum MHD_Result on_request(void *cls, struct MHD_Connection *http, const char *path, const char *verb,
                                  const char *version, const char *data, size_t *n_data, void **state)
{
    static int seen;
    struct gateway *gw = cls;
    struct buf out;
    unsigned status = 200;
    const char *type = "application/json";
    (void)version;
    (void)data;
    if (strcmp(verb, "GET") != 0 || *n_data)
        return MHD_NO;
    if (!*state) { /* answering at the second call keeps the connection alive */
        *state = &seen;
        return MHD_YES;
    }
    buf_init(&out, PAGE_MAX);
    if (!strcmp(path, "/metrics")) {
        type = "text/plain; version=0.0.4";
        metrics_page(gw, &out);
    } else if (!strcmp(path, "/health")) {
        status = health_page(gw, true, &out);
    } else if (!strcmp(path, "/live")) {
        buf_add_text(&out, "{\"ok\":true}\n");
    } else {
        status = 404;
        buf_add_text(&out, "{\"paths\":[\"/health\",\"/live\",\"/metrics\"]}\n");
    }
    struct MHD_Response *response = NULL;
    if (!out.failed)
        response = MHD_create_response_from_buffer(out.n, out.p, MHD_RESPMEM_MUST_COPY);
    buf_release(&out);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    enum MHD_Result result = MHD_queue_response(http, status, response);
    MHD_destroy_response(response);
    return result;
}

struct MHD_Daemon *admin_daemon_start(struct gateway *gw)
{
    int fd = http_listen(&gw->settings->admin_address, "admin_listen");
    if (fd < 0)
        return NULL;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, gw, MHD_OPTION_EXTERNAL_LOGGER,
                         http_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!daemon) {
        log_error(NO_TRACE, "libmicrohttpd does not start for admin_listen");
        close(fd);
    }
    return daemon;
}
