/* status.c - `hocvu status`: asks every service on the bus how it is and prints a table. */
#include "ctl.h"
#include <inttypes.h>

/* True when the service answered and is well. */
static bool show(struct bus *bus, const struct service_row *service)
{
    struct empty in = {0};
    struct health health;
    if (bus_call_service(bus, service->number, M_service_health, &msg_empty, &in, &msg_health, &health)) {
        printf("%-14s %-8s %9s %10s %10s  %s\n", service->name, "silent", "-", "-", "-",
               err_find(bus_fault(bus)->code)->en);
        return false;
    }
    struct span trouble = HAS(&health, health, trouble) ? health.trouble : SPAN("");
    printf("%-14s %-8s %9" PRIu32 " %10" PRIu64 " %10" PRIu64 "  %.*s\n", service->name,
           health.healthy ? "well" : "unwell", health.in_flight, health.events_head, health.events_behind,
           (int)trouble.n, trouble.p);
    return health.healthy;
}

int status_command(struct ctl *ctl, int argc, char **argv)
{
    bool well = true;
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: hocvu status\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    printf("%-14s %-8s %9s %10s %10s\n", "service", "state", "in flight", "events", "behind");
    for (size_t i = 0; i < proto_n_services; i++)
        well &= show(bus, &proto_services[i]);
    if (well)
        (void)calendar_reaches(ctl, bus, false); /* a warning alone: no service is unwell for it */
    return well ? 0 : 1;
}
