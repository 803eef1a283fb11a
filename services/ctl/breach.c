/* breach.c - `hocvu breach open WORDS | told ID | list`: the register of breaches, and until when the authority is
 * told. */
#include "ctl.h"
#include "service.h"

const char breach_help[] = "usage: hocvu breach open WORDS     a breach of personal data was found just now; prints "
                           "its id and the time limit\n"
                           "       hocvu breach told ID        the authority has been told\n"
                           "       hocvu breach list           all; exit code 1 when one is late\n";

static void show(const struct breach_row *row)
{
    char id[UUID_TEXT], found[TIME_TEXT], due[TIME_TEXT], told[TIME_TEXT] = "-";
    uuid_format(&row->breach_id, id);
    time_format(row->found_at, found);
    time_format(row->notice_due, due);
    if (HAS(row, breach_row, told_at))
        time_format(row->told_at, told);
    printf("%s  found %.16s  due %.16s  told %.16s%s  %.*s\n", id, found, due, told, row->late ? "  LATE" : "",
           (int)row->words.n, row->words.p);
}

static int list(struct bus *bus)
{
    struct empty none = {0};
    struct breach_list all;
    bool late = false;
    if (call_breaches(bus, &none, &all)) {
        ctl_bus_fault(bus, "breaches cannot be read");
        return 1;
    }
    for (uint32_t i = 0; i < all.n_breaches; i++) {
        show(&all.breaches[i]);
        late |= all.breaches[i].late && !HAS(&all.breaches[i], breach_row, told_at);
    }
    return late ? 1 : 0;
}

int breach_command(struct ctl *ctl, int argc, char **argv)
{
    const char *what = argc >= 2 ? argv[1] : "";
    struct breach_row row;
    int code;
    bool lists = argc == 2 && !strcmp(what, "list"), opens = argc == 3 && !strcmp(what, "open");
    struct breach_ref ref;
    if (!lists && !opens && (argc != 3 || strcmp(what, "told") != 0)) {
        fputs(breach_help, stderr);
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    if (lists)
        return list(bus);
    if (opens) {
        struct breach_draft draft = {
            .breach_id = uuid7(), .found_at = now_us(), .words = {argv[2], (uint32_t)strlen(argv[2])}};
        code = call_breach_open(bus, &draft, &row);
    } else if (uuid_parse((struct span){argv[2], (uint32_t)strlen(argv[2])}, &ref.breach_id)) {
        fprintf(stderr, "hocvu: %s is not an id; hocvu breach list shows them.\n", argv[2]);
        return 2;
    } else {
        code = call_breach_told(bus, &ref, &row);
    }
    if (code) {
        ctl_bus_fault(bus, "the breach was not entered");
        return 1;
    }
    show(&row);
    return 0;
}
