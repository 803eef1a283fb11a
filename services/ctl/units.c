/*
 * units.c - `hocvu units official FILE`: the official list of provinces and communes; `hocvu decree FILE.json`: the
 * organisation changed by decree. Over the bus, for the whole nation: whoever may read the keys of the installation may
 * do that. The audit says so by naming nobody.
 */
#include "ctl.h"
#include "load.h"
#include "service.h"
#include <errno.h>

enum { FILE_MOST = 4194304 /* as official_file bounds it */ };

const char units_help[] =
    "usage: hocvu units official FILE --decree NUMBER --issued DATE --from DATE [--issuer NAME] [--dry-run]\n\n"
    "Loads the list of provinces and communes (code,parent_code,kind,name,full_name,name_en; deploy/data has it) as "
    "it\n"
    "holds from a day on, with the number of the decree and the day on which it was issued. Units that are not in the\n"
    "list stay as they are; the same file again changes nothing. --dry-run only reports.\n";

const char decree_help[] =
    "usage: hocvu decree FILE.json [--dry-run]\n\n"
    "Carries out a decree as POST /v1/decrees takes it: {\"decree_id\", \"number\", \"issued_on\", \"issuer\", "
    "\"title\",\n"
    "\"effective_from\", \"steps\": [{\"op\": \"create|rename|move|merge|split|close|recode\", \"code\", ...}]}.\n"
    "Says of each step what it does, or why it cannot be done; then nothing is changed. The same file again tells the\n"
    "first result. --dry-run only reports.\n";

/* The calls are an operator's of the whole nation. 0 or -1 after the fault was printed. */
int ctl_act_for_nation(struct bus *bus)
{
    struct unit_query query = {0};
    struct unit_list list = {0};
    PUT_FIELD(&query, unit_query, code, SPAN("VN"));
    if (call_units_public(bus, &query, &list)) {
        ctl_bus_fault(bus, "the nation");
        return -1;
    }
    if (!list.n_units) {
        fprintf(stderr, "hocvu: the installation has no nation yet; run hocvu bootstrap.\n");
        return -1;
    }
    struct grant grant = {.unit_id = list.units[0].unit_id, .roles = NATIONAL_OPERATOR | NATIONAL};
    bus_as(bus, (struct uuid){{0}}, &grant, 1);
    return 0;
}

static int read_file(const char *path, struct arena *arena, struct span *ret_text)
{
    FILE *file = fopen(path, "re");
    char *text = file ? arena_alloc(arena, FILE_MOST + 1) : NULL;
    if (!text) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        if (file)
            fclose(file);
        return -1;
    }
    size_t n = fread(text, 1, FILE_MOST + 1, file);
    bool broken = ferror(file) != 0;
    fclose(file);
    if (broken || n > FILE_MOST || n == 0) {
        fprintf(stderr, "hocvu: %s cannot be read, is empty, or has more than 4 MiB.\n", path);
        return -1;
    }
    *ret_text = (struct span){text, (uint32_t)n};
    return 0;
}

struct official_options {
    const char *path;
    struct official_file in;
    bool issued, from;
};

static struct span text_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* 0, or -1: they are not as the help says. */
static int read_options(int argc, char **argv, struct official_options *ret)
{
    *ret = (struct official_options){.in = {.decree_id = uuid7(), .issuer = SPAN("Thủ tướng Chính phủ")}};
    if (argc < 3 || strcmp(argv[1], "official") != 0)
        return -1;
    ret->path = argv[2];
    for (int i = 3; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--dry-run")) {
            PUT_FIELD(&ret->in, official_file, dry_run, true);
            continue;
        }
        if (!value)
            return -1;
        if (!strcmp(argv[i], "--decree"))
            ret->in.number = text_of(value);
        else if (!strcmp(argv[i], "--issuer"))
            ret->in.issuer = text_of(value);
        else if (!strcmp(argv[i], "--issued") && !date_parse(text_of(value), &ret->in.issued_on))
            ret->issued = true;
        else if (!strcmp(argv[i], "--from") && !date_parse(text_of(value), &ret->in.effective_from))
            ret->from = true;
        else
            return -1;
        i++;
    }
    return ret->in.number.n && ret->issued && ret->from ? 0 : -1;
}

static int load_official(struct bus *bus, struct official_options *options, struct arena *arena)
{
    struct import_report report;
    struct sample_file shown = {.name = options->path};
    char summary[200];
    if (read_file(options->path, arena, &options->in.csv) < 0)
        return 1;
    if (call_units_official(bus, &options->in, &report)) {
        ctl_bus_fault(bus, options->path);
        return 1;
    }
    load_summary(&report, summary, sizeof(summary));
    printf("%s%s\n", report.dry_run ? "dry run: " : "", summary);
    return load_complain(&shown, &report) ? 1 : 0;
}

int units_command(struct ctl *ctl, int argc, char **argv)
{
    struct official_options options;
    struct arena arena;
    if (read_options(argc, argv, &options) < 0) {
        fputs(units_help, stderr);
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus || ctl_act_for_nation(bus) < 0)
        return 1;
    arena_init(&arena, FILE_MOST + 65536);
    int result = load_official(bus, &options, &arena);
    arena_release(&arena);
    return result;
}

/* Each step with its sentence; what cannot be done on standard error. True when all can. */
static bool show_report(const struct decree_report *report)
{
    bool fine = true;
    for (uint32_t i = 0; i < report->n_steps; i++) {
        const struct decree_step_report *step = &report->steps[i];
        fine = fine && !step->refused;
        if (step->message_en.n)
            fprintf(step->refused ? stderr : stdout, "%s%u. %.*s\n", step->refused ? "hocvu: step " : "", step->nr,
                    (int)step->message_en.n, step->message_en.p);
    }
    for (uint32_t i = 0; i < report->n_clashes; i++) {
        const struct decree_clash *clash = &report->clashes[i];
        char person[UUID_TEXT], grant[UUID_TEXT], other[UUID_TEXT], day[DATE_TEXT];
        uuid_format(&clash->person_id, person);
        uuid_format(&clash->grant_id, grant);
        uuid_format(&clash->other_grant_id, other);
        date_format(clash->from, day);
        fprintf(stderr,
                "hocvu: person %s has duties that exclude each other from %s: %.*s of %.*s (grant %s) and %.*s of %.*s "
                "(grant %s). Take one of them away.\n",
                person, day, (int)clash->role.n, clash->role.p, (int)clash->unit_code.n, clash->unit_code.p, grant,
                (int)clash->other_role.n, clash->other_role.p, (int)clash->other_code.n, clash->other_code.p, other);
    }
    printf("%s%.*s: %u units changed, %u tenures go along\n", report->dry_run ? "dry run, " : "", (int)report->state.n,
           report->state.p, report->units_changed, report->people_moved);
    return fine;
}

static int carry_out(struct bus *bus, const char *path, bool dry_run, struct arena *arena)
{
    struct decree decree;
    struct decree_report report;
    struct fault fault;
    struct span text;
    if (read_file(path, arena, &text) < 0)
        return 1;
    int code = msg_from_json(&msg_decree, &decree, arena, text, &fault);
    if (code) {
        fprintf(stderr, "hocvu: %s: %s%s%s\n", path, err_find(code)->en, *fault.field ? " It is about " : "",
                fault.field);
        return 1;
    }
    if (dry_run)
        PUT_FIELD(&decree, decree, dry_run, true);
    if (call_org_decree(bus, &decree, &report)) {
        ctl_bus_fault(bus, path);
        return 1;
    }
    return show_report(&report) ? 0 : 1;
}

int decree_command(struct ctl *ctl, int argc, char **argv)
{
    struct arena arena;
    bool dry_run = argc == 3 && !strcmp(argv[2], "--dry-run");
    if (argc < 2 || argc > 3 || (argc == 3 && !dry_run)) {
        fputs(decree_help, stderr);
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus || ctl_act_for_nation(bus) < 0)
        return 1;
    arena_init(&arena, (size_t)4 * FILE_MOST);
    int result = carry_out(bus, argv[1], dry_run, &arena);
    arena_release(&arena);
    return result;
}
