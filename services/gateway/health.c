/* health.c - who of the services is well, as the last answers to service_health say. */
#include "request.h"

static void add_details(const struct upstream *upstream, struct buf *out)
{
    const struct upstream_health *health = &upstream->health;
    buf_printf(
        out, ",\"in_flight\":%u,\"events_head\":%llu,\"events_behind\":%llu,\"trouble\":", (unsigned)health->in_flight,
        (unsigned long long)health->events_head, (unsigned long long)health->events_behind);
    json_add_string(out, (struct span){health->trouble, (uint32_t)strlen(health->trouble)});
}

unsigned health_page(const struct gateway *gw, bool details, struct buf *out)
{
    bool all = true;
    for (size_t i = 0; i < proto_n_services; i++)
        all &= upstream_healthy(&gw->upstreams.by_service[proto_services[i].number], gw->now);
    buf_printf(out, "{\"healthy\":%s,\"services\":[", all ? "true" : "false");
    for (size_t i = 0; i < proto_n_services; i++) {
        const struct upstream *upstream = &gw->upstreams.by_service[proto_services[i].number];
        buf_printf(out, "%s{\"service\":\"%s\",\"healthy\":%s", i ? "," : "", upstream->row->name,
                   upstream_healthy(upstream, gw->now) ? "true" : "false");
        if (details)
            add_details(upstream, out);
        buf_add_char(out, '}');
    }
    buf_add_text(out, "]}\n");
    return all ? 200 : 503;
}
