/* tenure.c - `hocvu tenure reopen PERSON TENURE`: an end of a tenure that was a mistake is taken back. */
#include "ctl.h"
#include "codec.h"
#include "service.h"

const char tenure_help[] = "hocvu tenure reopen PERSON TENURE --reason WORDS [--until DATE] [--change ID]\n"
                           "\n"
                           "Takes back the end of a tenure: it goes on until the day before DATE, or without an end. "
                           "PERSON and TENURE are ids, as\n"
                           "GET /v1/people tells them. Refused when another principal tenure has taken the place, or "
                           "when the unit is no more.\n"
                           "Rights that ended with the tenure do not come again; hand them out anew. Repeat a change "
                           "that was lost with its ID.\n";

static struct span text_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* The words of `reopen`; -1: something is missing or unknown. */
static int read_words(int argc, char **argv, struct tenure_step *ret_step)
{
    struct uuid tenure;
    *ret_step = (struct tenure_step){.op = SPAN("reopen"), .change_id = uuid7()};
    if (argc < 4 || strcmp(argv[1], "reopen") != 0 || uuid_parse(text_of(argv[2]), &ret_step->person_id) ||
        uuid_parse(text_of(argv[3]), &tenure))
        return -1;
    PUT_FIELD(ret_step, tenure_step, tenure_id, tenure);
    for (int i = 4; i + 1 < argc; i += 2) {
        struct span value = text_of(argv[i + 1]);
        int32_t day;
        if (!strcmp(argv[i], "--reason"))
            ret_step->reason = value;
        else if (!strcmp(argv[i], "--until") && !date_parse(value, &day))
            PUT_FIELD(ret_step, tenure_step, valid_to, day);
        else if (strcmp(argv[i], "--change") != 0 || uuid_parse(value, &ret_step->change_id))
            return -1;
    }
    return argc % 2 == 0 && ret_step->reason.n ? 0 : -1;
}

int tenure_command(struct ctl *ctl, int argc, char **argv)
{
    struct tenure_step step;
    struct tenure_list list;
    char id[UUID_TEXT];
    if (read_words(argc, argv, &step) < 0) {
        fputs(tenure_help, stderr);
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus || ctl_act_for_nation(bus) < 0)
        return 1;
    uuid_format(&step.change_id, id);
    if (call_tenure_change(bus, &step, &list)) {
        ctl_bus_fault(bus, id);
        return 1;
    }
    for (uint32_t i = 0; i < list.n_tenures; i++) {
        const struct tenure_shown *t = &list.tenures[i];
        char from[DATE_TEXT], to[DATE_TEXT] = "-";
        date_format(t->valid_from, from);
        if (HAS(t, tenure_shown, valid_to))
            date_format(t->valid_to, to);
        uuid_format(&t->tenure_id, id);
        printf("%s %s %s %.*s %.*s\n", id, from, to, (int)t->kind.n, t->kind.p, (int)t->unit_code.n, t->unit_code.p);
    }
    return 0;
}
