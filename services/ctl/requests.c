/* requests.c - `hocvu requests`: open requests of persons about their data, without names, the next due first. */
#include "ctl.h"
#include "service.h"

int requests_command(struct ctl *ctl, int argc, char **argv)
{
    struct empty none = {0};
    struct data_request_list list;
    bool late = false;
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: hocvu requests\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (call_data_requests_open(bus, &none, &list)) {
        ctl_bus_fault(bus, "requests cannot be read");
        return 1;
    }
    printf("%u open requests\n", list.n_requests);
    for (uint32_t i = 0; i < list.n_requests; i++) {
        const struct data_request_row *row = &list.requests[i];
        char id[UUID_TEXT], acknowledge[TIME_TEXT], due[TIME_TEXT];
        uuid_format(&row->request_id, id);
        time_format(row->acknowledge_due, acknowledge);
        time_format(row->due, due);
        printf("%s  %-9.*s %-12.*s acknowledge %.16s  answer %.16s%s\n", id, (int)row->kind.n, row->kind.p,
               (int)row->state.n, row->state.p, acknowledge, due, row->late ? "  LATE" : "");
        late |= row->late;
    }
    return late ? 1 : 0;
}
