/* health.c - who of the services is well, as the last answers to service_health say. */
#include "request.h"

/* Of one process of the service. */
static void add_process(const struct upstream_link *link, struct buf *out)
{
    const struct upstream_health *health = &link->health;
    buf_printf(out, "{\"instance\":%u,\"in_flight\":%u,\"events_head\":%llu,\"events_behind\":%llu,\"trouble\":",
               link->instance, (unsigned)health->in_flight, (unsigned long long)health->events_head,
               (unsigned long long)health->events_behind);
    json_add_string(out, (struct span){health->trouble, (uint32_t)strlen(health->trouble)});
    buf_add_char(out, '}');
}

/* Those that are there; the first one in any case, for what it said last. */
static void add_details(const struct upstream *upstream, struct buf *out)
{
    buf_add_text(out, ",\"processes\":[");
    for (size_t i = 0; i < upstream->n_links; i++) {
        if (i && !upstream->links[i].there)
            continue;
        if (i)
            buf_add_char(out, ',');
        add_process(&upstream->links[i], out);
    }
    buf_add_char(out, ']');
}

unsigned health_page(const struct gateway *gw, bool details, struct buf *out)
{
    bool all = true;
    for (size_t i = 0; i < proto_n_services; i++)
        all &= upstream_healthy(&gw->upstreams.by_service[proto_services[i].number], gw->now.mono);
    buf_printf(out, "{\"healthy\":%s,\"services\":[", all ? "true" : "false");
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct upstream *upstream = &gw->upstreams.by_service[proto_services[i].number];
        buf_printf(out, "%s{\"service\":\"%s\",\"healthy\":%s", i ? "," : "", upstream->row->name,
                   upstream_healthy(upstream, gw->now.mono) ? "true" : "false");
        if (details)
            add_details(upstream, out);
        buf_add_char(out, '}');
    }
    buf_add_text(out, "]}\n");
    return all ? 200 : 503;
}
