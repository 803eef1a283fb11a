/* admin.c - /health and /metrics of a service process, on an address of its own, by a libmicrohttpd thread. */
#include "admin_page.h"
#include "runtime.h"
#include <errno.h>
#include <microhttpd.h>

enum { PAGE_MAX = 1 << 18 };

struct admin {
    struct MHD_Daemon *daemon;
    struct runtime *rt;
};

static uint64_t behind(struct runtime *rt)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        uint64_t head = rt->follow_head[i], seq = rt->follow_seq[i];
        sum += head > seq ? head - seq : 0;
    }
    return sum;
}

static const char *trouble_text(int trouble)
{
    return trouble & TROUBLE_DRIFT      ? "statements and messages do not agree; deploy the migrations, then restart"
           : trouble & TROUBLE_DATABASE ? "PostgreSQL cannot be reached"
           : trouble & TROUBLE_RELAY    ? "events are not being numbered"
           : trouble & TROUBLE_FOLLOW   ? "events of another service cannot be applied; see the log"
                                        : "";
}

static struct runtime *the_runtime; /* for the health method; set once before threads start */

void admin_init(struct runtime *rt)
{
    the_runtime = rt;
}

int on_service_health(struct ctx *ctx, const struct empty *req, struct health *ret_health)
{
    struct runtime *rt = the_runtime;
    (void)ctx;
    (void)req;
    const char *trouble = trouble_text(rt->trouble);
    *ret_health = (struct health){.healthy = !rt->trouble,
                                  .service = {rt->service->name, (uint32_t)strlen(rt->service->name)},
                                  .in_flight = rt->in_flight,
                                  .events_head = rt->events_head,
                                  .events_behind = behind(rt)};
    if (*trouble)
        PUT_FIELD(ret_health, health, trouble, ((struct span){trouble, (uint32_t)strlen(trouble)}));
    return 0;
}

static void add_methods(struct runtime *rt, struct buf *out)
{
    metrics_head(out, "hocvu_calls_total", "counter", "Calls answered, by method and outcome.");
    for (size_t i = 0; i < rt->n_bindings; i++) {
        struct method_metrics *m = &rt->metrics[i];
        const char *name = rt->methods[i]->name;
        buf_printf(out, "hocvu_calls_total{method=\"%s\",outcome=\"ok\"} %llu\n", name, (unsigned long long)m->ok);
        buf_printf(out, "hocvu_calls_total{method=\"%s\",outcome=\"error\"} %llu\n", name,
                   (unsigned long long)m->failed);
        buf_printf(out, "hocvu_calls_total{method=\"%s\",outcome=\"busy\"} %llu\n", name, (unsigned long long)m->busy);
    }
    metrics_head(out, "hocvu_runs_total", "counter", "Runs of handlers; calls per run is the batch size.");
    for (size_t i = 0; i < rt->n_bindings; i++)
        buf_printf(out, "hocvu_runs_total{method=\"%s\"} %llu\n", rt->methods[i]->name,
                   (unsigned long long)rt->metrics[i].runs);
    metrics_head(out, "hocvu_call_seconds", "histogram", "Time from arrival to the finished reply.");
    for (size_t i = 0; i < rt->n_bindings; i++) {
        struct method_metrics *m = &rt->metrics[i];
        const char *name = rt->methods[i]->name;
        uint64_t sum = 0;
        for (int b = 0; b < LATENCY_BUCKETS; b++) {
            sum += m->bucket[b];
            buf_printf(out, "hocvu_call_seconds_bucket{method=\"%s\",le=\"%g\"} %llu\n", name,
                       latency_bounds_us[b] / 1e6, (unsigned long long)sum);
        }
        buf_printf(out, "hocvu_call_seconds_bucket{method=\"%s\",le=\"+Inf\"} %llu\n", name,
                   (unsigned long long)m->calls);
        buf_printf(out, "hocvu_call_seconds_sum{method=\"%s\"} %.6f\n", name, (double)m->us / 1e6);
        buf_printf(out, "hocvu_call_seconds_count{method=\"%s\"} %llu\n", name, (unsigned long long)m->calls);
    }
}

static void add_number(struct buf *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    metrics_head(out, name, kind, help);
    buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void add_metrics(struct runtime *rt, struct buf *out)
{
    add_methods(rt, out);
    add_number(out, "hocvu_healthy", "gauge", "1 when ready to answer.", rt->trouble ? 0 : 1);
    add_number(out, "hocvu_in_flight", "gauge", "Calls being answered.", rt->in_flight);
    add_number(out, "hocvu_expired_total", "counter", "Calls dropped because their deadline had passed.", rt->expired);
    add_number(out, "hocvu_malformed_total", "counter", "Frames that were not calls.", rt->malformed);
    add_number(out, "hocvu_undeliverable_total", "counter", "Replies whose caller was gone.", rt->undeliverable);
    add_number(out, "hocvu_events_head", "gauge", "Highest event number given out.", rt->events_head);
    add_number(out, "hocvu_events_stamped_total", "counter", "Events numbered by this process.", rt->events_stamped);
    metrics_head(out, "hocvu_events_behind", "gauge", "Events of a producer known but not yet applied.");
    for (size_t i = 0; i < SERVICE_COUNT_LIMIT; i++) {
        const struct service_row *row = service_find((uint8_t)i);
        uint64_t head = rt->follow_head[i], seq = rt->follow_seq[i];
        if (row && head)
            buf_printf(out, "hocvu_events_behind{producer=\"%s\"} %llu\n", row->name,
                       (unsigned long long)(head > seq ? head - seq : 0));
    }
    if (rt->service->metrics)
        rt->service->metrics(rt->service_conf, out);
    metrics_memory(out);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *verb,
                                  const char *version, const char *data, size_t *data_size, void **request)
{
    struct runtime *rt = ((struct admin *)cls)->rt;
    unsigned status = 200;
    const char *type = "application/json";
    struct buf out;
    (void)version;
    (void)data;
    (void)request;
    if (strcmp(verb, "GET") || *data_size)
        return MHD_NO;
    buf_init(&out, PAGE_MAX);
    if (!strcmp(url, "/metrics")) {
        type = "text/plain; version=0.0.4";
        add_metrics(rt, &out);
    } else if (!strcmp(url, "/health")) {
        status = rt->trouble ? 503 : 200;
        buf_printf(&out, "{\"service\":\"%s\",\"healthy\":%s,\"events_behind\":%llu,\"trouble\":\"%s\"}\n",
                   rt->service->name, rt->trouble ? "false" : "true", (unsigned long long)behind(rt),
                   trouble_text(rt->trouble));
    } else {
        status = 404;
        buf_add_text(&out, "{\"paths\":[\"/health\",\"/metrics\"]}\n");
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(out.n, out.p, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;
    if (response) {
        MHD_add_response_header(response, "Content-Type", type);
        result = MHD_queue_response(connection, status, response);
        MHD_destroy_response(response);
    }
    buf_release(&out);
    return result;
}

struct admin *admin_start(struct runtime *rt)
{
    struct sockaddr_in address = {0};
    struct admin *admin = calloc(1, sizeof(*admin));
    if (!admin || admin_address(rt->conf.admin_listen, &address) < 0) {
        log_error(NO_TRACE, "admin_listen must be address:port, such as 127.0.0.1:8411");
        free(admin);
        return NULL;
    }
    admin->rt = rt;
    admin->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, on_request, admin,
                                     MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, 32u,
                                     MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    if (!admin->daemon) {
        log_error(NO_TRACE, "cannot listen on %s: %s; choose another admin_listen", rt->conf.admin_listen,
                  strerror(errno));
        free(admin);
        return NULL;
    }
    return admin;
}

void admin_stop(struct admin *admin)
{
    if (!admin)
        return;
    MHD_stop_daemon(admin->daemon);
    free(admin);
}
